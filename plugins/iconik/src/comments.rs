//! Comments: segments of the type `COMMENT`. The external id of a segment is ours, and makes writing
//! one safe to repeat.

use forebay_sdk::assets::{Comment, CommentPage, Comments, Draft};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent, paging};
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::segments::{COMMENT, RawSegment};
use crate::wire::Page;

impl Comments for Iconik {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<CommentPage, Error> {
        let number: u32 = paging::decode(page)?.unwrap_or(1);
        let url = self.asset_url(asset, "segments/");
        let request = self.http.get(url);
        let request = SEGMENTS
            .iter()
            .fold(request, |request, (name, value)| request.query(name, value));
        let found: Page<RawSegment> = self.page(request, number)?;
        let next = found.has_next().then(|| paging::encode(&(number + 1)));
        Ok(CommentPage {
            next: next.transpose()?,
            comments: present(found.objects),
        })
    }

    fn add(&self, asset: &str, draft: &Draft) -> Result<Comment, Error> {
        let url = self.asset_url(asset, "segments/");
        let standing: Vec<RawSegment> = self.all(&url, &SEGMENTS)?;
        let ours = |segment: &RawSegment| segment.external_id.as_ref() == Some(&draft.external_id);
        if let Some(written) = standing.into_iter().find(ours) {
            return Ok(written.into());
        }
        let call = self.http.post(url).json(&body(draft));
        // Repeating looks for the external id first.
        let written: RawSegment = call.send_effect()?.or_repeat()?.json()?;
        Ok(written.into())
    }

    fn edit(&self, asset: &str, comment: &str, text: &str) -> Result<Comment, Error> {
        let standing = self.segment(asset, comment)?;
        if standing.segment_text == text {
            return Ok(standing.into());
        }
        self.patch(asset, comment, json!({"segment_text": text}))
    }

    fn remove(&self, asset: &str, comment: &str) -> Result<(), Error> {
        let call = self.http.delete(self.segment_url(asset, comment));
        let gone = call.send_effect().or_absent()?;
        gone.map(Outcome::or_repeat).transpose()?;
        Ok(())
    }

    fn resolve(&self, asset: &str, comment: &str, resolved: bool) -> Result<Comment, Error> {
        let standing = self.segment(asset, comment)?;
        if standing.segment_checked == resolved {
            return Ok(standing.into());
        }
        self.patch(asset, comment, json!({"segment_checked": resolved}))
    }
}

/// Comments on all versions, oldest first.
const SEGMENTS: [(&str, &str); 3] = [
    ("segment_type", COMMENT),
    ("include_all_versions", "true"),
    ("sort", "date_created"),
];

impl Iconik {
    fn segment_url(&self, asset: &str, segment: &str) -> String {
        self.asset_url(asset, &format!("segments/{}/", encode_component(segment)))
    }

    fn segment(&self, asset: &str, segment: &str) -> Result<RawSegment, Error> {
        self.http
            .get(self.segment_url(asset, segment))
            .send()?
            .json()
    }

    fn patch(&self, asset: &str, segment: &str, mut change: Json) -> Result<Comment, Error> {
        // The vendor's schema requires the type in every body.
        change["segment_type"] = json!(COMMENT);
        let call = self
            .http
            .patch(self.segment_url(asset, segment))
            .json(&change);
        let written: RawSegment = call.send_effect()?.or_repeat()?.json()?;
        Ok(written.into())
    }
}

fn present(segments: Vec<RawSegment>) -> Vec<Comment> {
    let present = segments
        .into_iter()
        .filter(|segment| segment.status != "DELETED");
    present.map(Comment::from).collect()
}

fn body(draft: &Draft) -> Json {
    let mut body = json!({
        "segment_type": COMMENT, "segment_text": draft.text, "external_id": draft.external_id,
    });
    if let Some(version) = &draft.version {
        body["version_id"] = json!(version);
    }
    if let Some(parent) = &draft.parent {
        body["parent_id"] = json!(parent);
    }
    if let Some(span) = &draft.span {
        body["time_start_milliseconds"] = json!(span.start);
        body["time_end_milliseconds"] = json!(span.end);
    }
    body
}
