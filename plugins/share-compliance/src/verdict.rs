//! What people decide about a share nobody asked for.

use forebay_sdk::assets::{AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, field_update, present};
use forebay_sdk::{Error, Field};

use crate::course::{Course, Next, about, every_share};
use crate::request::watched;
use crate::state::{Case, Found};

impl Course<'_> {
    pub(crate) fn rule(&self, mut case: Case, answers: Vec<Answer>) -> Next {
        for answer in answers {
            for found in &case.found {
                let item = found.item();
                let record = answer.record(&case.desk.process);
                self.cx.decision(&about(record, &item));
            }
            if answer.question.starts_with("author:") {
                let explained = [Field::new("explanation", answer.comment.as_str())];
                case.desk.show(self.cx, &explained)?;
                continue;
            }
            let by = answer.actor();
            match answer.outcome.as_str() {
                "release" if self.still_works(&case)? => {
                    let why = "the share still works; end it by hand first, or keep or allow it";
                    self.ask_about(&mut case, Some(why))?;
                }
                "release" => {
                    self.take_out(&case)?;
                    self.restore(&case, "released", by)?;
                    let summary = format!("{by} gave the assets free; the share is over");
                    return self.settle(case, "released", &summary);
                }
                "keep" => {
                    let summary = format!("{by} keeps the assets restricted");
                    return self.settle(case, "kept_restricted", &summary);
                }
                "allow" => {
                    self.restore(&case, "allowed", by)?;
                    let summary = format!("{by} allows it");
                    return self.settle(case, "allowed", &summary);
                }
                other => {
                    let why = format!("`{other}` is no decision here");
                    self.ask_about(&mut case, Some(&why))?;
                }
            }
        }
        self.wait_for_ruling(case)
    }

    /// Does the share still work, as far as the DAM shows it?
    fn still_works(&self, case: &Case) -> Result<bool, Error> {
        let Some(id) = &case.suspect.share else {
            return Ok(false);
        };
        let listed = self.shares(&every_share())?.unwrap_or_default();
        Ok(listed.iter().any(|share| share.id == *id && share.active))
    }

    /// Assets given free leave the place that outsiders see.
    fn take_out(&self, case: &Case) -> Result<(), Error> {
        if case.suspect.place.is_none() {
            return Ok(());
        }
        for found in &case.found {
            let Some(asset) = present(self.cx, &found.id)? else {
                continue;
            };
            for place in &asset.containers {
                let paths: Vec<_> = place.path.iter().cloned().collect();
                if watched(self.config, &paths).is_some() {
                    self.cx.collections().remove(&place.entity.id, &asset.id)?;
                }
            }
        }
        Ok(())
    }

    /// Give assets back what was taken from them for the case.
    fn restore(&self, case: &Case, state: &str, by: &str) -> Result<(), Error> {
        for found in &case.found {
            let Some(asset) = present(self.cx, &found.id)? else {
                continue;
            };
            let fields = [
                ("share_state", state.into()),
                ("share_decision", format!("{state} by {by}").into()),
                ("share_run", self.cx.run_id().into()),
            ];
            let update = field_update(&self.config.fields, &fields);
            self.write(&asset, &restored(update, found, asset.status))?;
        }
        Ok(())
    }
}

/// What an asset gets back: its status, if it was approved and nobody changed it since.
fn restored(update: AssetUpdate, found: &Found, status: AssetStatus) -> AssetUpdate {
    let before = found.restricted.as_ref().filter(|before| before.approved);
    match before.filter(|_| status == AssetStatus::Restricted) {
        None => update,
        Some(before) => {
            let update = update.status(AssetStatus::Approved);
            let expires = before.expires_at;
            expires.into_iter().fold(update, AssetUpdate::expires_at)
        }
    }
}
