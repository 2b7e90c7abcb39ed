//! Putting back exactly what stood before a case, unless another case still holds the asset.

use forebay_sdk::assets::{Asset, ShareRequest};
use forebay_sdk::blocks::{present, text_or_none};
use forebay_sdk::{Error, Value};

use crate::admit::Request;
use crate::course::{Course, Next};
use crate::state::{Before, Case};

impl Course<'_> {
    /// Put everything back and close the case. What is deleted cannot be put back: its case stays open
    /// until it returns. Nor can what its guard has not noted and protected yet: the guard is asked for
    /// it again, because it lets go of what is deleted, and it may have ended.
    pub(crate) fn restore_all(&self, mut case: Case, by: &str) -> Next {
        for asset in case.assets.keys() {
            if present(self.cx, asset)?.is_none() {
                return self.wait(case, false);
            }
        }
        let unknown: Vec<_> = case
            .assets
            .iter()
            .filter(|(_, member)| member.before.is_none())
            .map(|(asset, _)| asset.clone())
            .collect();
        if !unknown.is_empty() {
            self.ask_guard(&mut case, unknown)?;
            return self.wait(case, false);
        }
        self.put_back(&case)?;
        self.close(&mut case, "restored", &format!("restored by {by}"))
    }

    /// Put every asset back of which is known what stood on it.
    pub(crate) fn put_back(&self, case: &Case) -> Result<(), Error> {
        for (id, member) in &case.assets {
            let Some(asset) = present(self.cx, id)? else {
                continue;
            };
            let others = self.leave(&asset)?;
            if let Some(other) = others.first() {
                // The strictest state holds until both are closed.
                self.hand_over(other, id, member.before.clone().unwrap_or_default())?;
                continue;
            }
            if let Some(before) = &member.before {
                self.restore(&asset, before)?;
            }
        }
        Ok(())
    }

    /// Take this case off the asset; the cases that are left.
    fn leave(&self, asset: &Asset) -> Result<Vec<String>, Error> {
        let ours = self.cx.business_key();
        let mut cases = self.cases_on(asset);
        cases.retain(|case| case != ours);
        self.write_fields(&asset.id, &[("case_ids", text_or_none(cases.join(",")))])?;
        Ok(cases)
    }

    fn hand_over(&self, other: &str, asset: &str, before: Before) -> Result<(), Error> {
        let mut record = self.record("kept-for-another-case", asset);
        record.comment = Some(format!("{other} still holds it"));
        self.cx.decision(&record);
        let name = other.rsplit(':').next().unwrap_or(other).to_owned();
        let input = Request {
            case: name,
            inherit: Some((asset.to_owned(), before)),
            ..Request::default()
        };
        // The guard outlives its case, and knows whether the case is still open.
        let guard = format!("{other}:guard");
        self.cx.spawn(self.cx.flow(), &guard, &input).map(drop)
    }

    fn restore(&self, asset: &Asset, before: &Before) -> Result<(), Error> {
        if let Some(access) = &before.access {
            self.cx.access().restore(access)?;
        }
        for path in &before.collections {
            let collection = self.cx.collections().create(path)?;
            self.cx.collections().add(&collection.id, &asset.id)?;
        }
        let now = self.cx.now();
        // A share that has ended meanwhile is not revived.
        let live = before
            .shares
            .iter()
            .filter(|share| share.expires_at.is_none_or(|end| end > now));
        for share in live {
            self.cx.sharing().create(&ShareRequest {
                assets: share.assets.clone(),
                collection: share.collection.clone(),
                title: share.title.clone(),
                message: None,
                recipients: share.recipients.clone(),
                download: share.download,
                watermark: false,
                protected: false,
                expires_at: share.expires_at,
                external_id: format!("{}:{}", self.cx.business_key(), share.id),
            })?;
        }
        let field = self.config.legal_hold_field.clone();
        let fields = [
            (field.as_str(), text_or_none(&before.legal_hold)),
            ("case_flag", Value::None),
        ];
        self.write_fields(&asset.id, &fields)?;
        self.cx.decision(&self.record("restored", &asset.id));
        Ok(())
    }
}
