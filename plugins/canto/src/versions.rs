//! Versions of an asset. Canto makes an older one current only in its own pages: `promote` stays
//! unsupported.

use forebay_sdk::assets::{Version, VersionPage, Versions};
use forebay_sdk::{Error, debug};
use serde_json::json;

use crate::Canto;
use crate::date;
use crate::wire::{self, ContentId};

/// What stands between two comments on the same version.
const BETWEEN: &str = "\n\n";

impl Versions for Canto {
    /// An asset's detail holds them all: there is one page.
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<VersionPage, Error> {
        let content = self.content(&ContentId::parse(asset)?)?;
        let current = content.version_id();
        let mut versions: Vec<_> = content
            .version_history
            .iter()
            .map(|version| mapped(version, &current))
            .collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(VersionPage {
            versions,
            next: None,
        })
    }

    fn promote(&self, _asset: &str, _version: &str) -> Result<(), Error> {
        Err(Error::unsupported(
            "Canto's API cannot make a version current; a person can, in Canto's version history",
        ))
    }

    /// A version has one comment. What stands there is kept above, so that nobody's words are lost;
    /// a text that stands there already is not written again.
    fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        let id = ContentId::parse(asset)?;
        let content = self.content(&id)?;
        let found = content
            .version_history
            .iter()
            .find(|known| known.version_id == version);
        let standing = &found
            .ok_or_else(|| Error::not_found(format!("{id} has no version {version}")))?
            .comment;
        if stands_in(standing, text) {
            debug!("the comment stands on version {version} of {id} already");
            return Ok(());
        }
        let comment = match self.settings.keep_version_comments && !standing.trim().is_empty() {
            true => format!("{standing}{BETWEEN}{text}"),
            false => text.to_owned(),
        };
        let body = json!({
            "scheme": id.scheme, "id": id.id, "versionId": version, "comment": comment,
        });
        let request = self.post("/api/v1/version/comment").json(&body);
        // Sent again it sets the same comment.
        self.confirmed(request.send_effect())?
            .or_repeat()
            .map(|_| ())
    }
}

/// Is the text one of the comments? A mere part of another comment is not.
fn stands_in(standing: &str, text: &str) -> bool {
    let fenced = |text: &str| format!("{BETWEEN}{}{BETWEEN}", text.trim());
    fenced(standing).contains(&fenced(text))
}

fn mapped(version: &wire::Version, current: &str) -> Version {
    Version {
        id: version.version_id.clone(),
        number: u32::try_from(version.no).unwrap_or_default(),
        current: version.version_id == current,
        created_at: date::parse(&version.created).unwrap_or_default(),
        created_by: version.owner_name.clone(),
        comment: version.comment.clone(),
    }
}
