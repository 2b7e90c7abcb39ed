//! Putting back exactly what stood before a case, unless another case still holds the asset.

use forebay_sdk::assets::{Asset, ShareRequest};
use forebay_sdk::blocks::text_or_none;
use forebay_sdk::{Error, Value};

use super::request::Request;
use super::{Steps, case_name};
use crate::state::{Before, Case};

impl Steps<'_> {
    pub(crate) fn is_any_deleted(&self, case: &Case) -> Result<bool, Error> {
        for asset in case.assets.keys() {
            if self.present(asset)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Take this case off the asset; the cases that are left.
    pub(crate) fn leave_case(&self, asset: &Asset) -> Result<Vec<String>, Error> {
        let ours = self.cx.business_key();
        let mut cases = self.cases_on(asset);
        cases.retain(|case| case != ours);
        self.write_fields(&asset.id, &[("case_ids", text_or_none(cases.join(",")))])?;
        Ok(cases)
    }

    /// Another case still holds the asset: its guard learns what stood before.
    pub(crate) fn hand_over(
        &self,
        other: &str,
        asset: &str,
        before: Option<Before>,
    ) -> Result<(), Error> {
        let record = self.record("kept-for-another-case", asset);
        self.note(record, format!("{other} still holds it"));
        let input = Request {
            case: case_name(other).to_owned(),
            inherit: Some((asset.to_owned(), before.unwrap_or_default())),
            ..Request::default()
        };
        // The guard outlives its case, and knows whether the case is still open.
        let guard = format!("{other}:guard");
        self.cx.spawn(self.cx.flow(), &guard, &input).map(drop)
    }

    pub(crate) fn restore(&self, asset: &Asset, before: &Before) -> Result<(), Error> {
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
