//! Results: what is written on assets, what the requester is told, what the process shows.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{
    Question, field_update, leave_collection, matches_path, present, text_or_none,
    write_any_version,
};
use forebay_sdk::handler::{DecisionRecord, interfaces};
use forebay_sdk::{Error, Field, Timestamp, Value, time};

use super::{Steps, Wanted};
use crate::DAM;
use crate::state::{Item, Link, Review};

/// Value of `share_state` while a link works.
const SHARED: &str = "shared";

impl Steps<'_> {
    // ---- On the assets --------------------------------------------------------------------------

    /// Write to each asset what was approved, before there is a link.
    pub(crate) fn note_approved(&self, review: &Review, until: Timestamp) -> Result<(), Error> {
        let with = self.shared_with(review)?;
        let by = review.approved_by.join(", ");
        let until = self.date_of(until)?;
        for item in review.passing() {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            let fields = [
                ("share_state", "approved".into()),
                ("shared_with", text_or_none(with.as_str())),
                ("shared_until", Value::Date(until.clone())),
                ("share_decision", format!("approved by {by}").into()),
                ("share_run", self.cx.run_id().into()),
            ];
            self.write_fields(&asset, &fields)?;
        }
        Ok(())
    }

    /// Write to each asset what became of it.
    pub(crate) fn note_shared(&self, review: &Review, link: &Link) -> Result<(), Error> {
        let with = self.shared_with(review)?;
        let by = review.approved_by.join(", ");
        let until = self.date_of(link.until)?;
        for item in review.passing() {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            self.write_fields(&asset, &[("share_state", SHARED.into())])?;
            let text = format!("Shared with {with} until {until}, approved by {by}.");
            self.comment(item, &text)?;
        }
        self.note_refused(review)
    }

    /// Who gets it, as the asset says it: classes, or addresses where that is configured.
    fn shared_with(&self, review: &Review) -> Result<String, Error> {
        if self.config.write_addresses {
            return Ok(review.wish.recipient.0.join(", "));
        }
        Ok(self.standing(&review.wish)?.classes.join(", "))
    }

    /// Write to each asset that is not shared why it is not.
    pub(crate) fn note_refused(&self, review: &Review) -> Result<(), Error> {
        for item in review.failing() {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            // What another request shared stays noted.
            let states = self.config.fields.texts(&asset.fields, "share_state");
            if states.iter().any(|state| state == SHARED) {
                continue;
            }
            let decision = format!("refused: {}", item.why_not());
            let fields = [
                ("share_state", "refused".into()),
                ("share_decision", decision.into()),
                ("share_run", self.cx.run_id().into()),
            ];
            self.write_fields(&asset, &fields)?;
            self.comment(item, &format!("Not shared: {}", item.why_not()))?;
        }
        Ok(())
    }

    /// Note on the assets what became of the link, where they were not shared again since.
    pub(crate) fn note_end(&self, link: &Link, state: &str) -> Result<(), Error> {
        for id in &link.assets {
            let Some(asset) = present(self.cx, id)? else {
                continue;
            };
            let runs = self.config.fields.texts(&asset.fields, "share_run");
            if runs.iter().any(|run| run == self.cx.run_id()) {
                self.write_fields(&asset, &[("share_state", state.into())])?;
            }
        }
        Ok(())
    }

    /// The link stays, as the assets say.
    pub(crate) fn note_still_shared(&self, link: &Link) -> Result<(), Error> {
        self.note_end(link, SHARED)
    }

    /// Take the assets of a link out of use.
    pub(crate) fn restrict_all(&self, link: &Link, state: &str) -> Result<(), Error> {
        for id in &link.assets {
            if let Some(asset) = present(self.cx, id)? {
                self.restrict(&asset, state)?;
            }
        }
        Ok(())
    }

    /// The assets of a request that is dealt with leave the staging collection.
    pub(crate) fn leave_staging(&self, review: &Review) -> Result<(), Error> {
        let staging = &self.config.preventive.staging_album;
        if staging.is_empty() {
            return Ok(());
        }
        for item in &review.items {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            let inside = |path: &String| matches_path(staging, path);
            let places = asset.containers.iter();
            for place in places.filter(|place| place.path.as_ref().is_some_and(inside)) {
                leave_collection(self.cx, &place.entity.id, &asset.id)?;
            }
        }
        Ok(())
    }

    // ---- Writing --------------------------------------------------------------------------------

    /// Write to an asset as it stands now. What is written is about shares, not about a version.
    pub(super) fn write(&self, asset: &Asset, update: &AssetUpdate) -> Result<(), Error> {
        write_any_version(self.cx, asset, update)
    }

    fn write_fields(&self, asset: &Asset, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Take an asset out of use, and say why in its fields.
    pub(super) fn restrict(&self, asset: &Asset, state: &str) -> Result<(), Error> {
        let fields = [
            ("share_state", state.into()),
            ("share_run", self.cx.run_id().into()),
        ];
        let update = field_update(&self.config.fields, &fields).status(AssetStatus::Restricted);
        self.write(asset, &update)
    }

    /// Put a comment on a version, where the DAM has comments on versions.
    fn comment(&self, item: &Item, text: &str) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::VERSIONS) {
            return Ok(());
        }
        match self.cx.versions().comment(&item.id, &item.version, text) {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other,
        }
    }

    // ---- To people ------------------------------------------------------------------------------

    /// Tell whoever asked for the share.
    fn tell_requester(
        &self,
        review: &Review,
        what: &str,
        title: &str,
        text: &str,
    ) -> Result<(), Error> {
        let group = self.config.fallback_group.as_str();
        self.inform(&review.wish.requester, group, what, title, text)
    }

    /// The requester gets the link, and learns why an asset is not in it.
    pub(crate) fn send_link(&self, review: &Review, link: &Link) -> Result<(), Error> {
        let until = time::to_rfc3339(link.until);
        let mut text = format!("The link {} works until {until}.", link.address());
        for item in review.failing() {
            text.push_str(&format!("\n{} is not in it: {}", item.name, item.why_not()));
        }
        let what = format!("shared-{}", review.links);
        self.tell_requester(review, &what, "A link was made", &text)
    }

    /// The requester and the audit learn why nothing is shared.
    pub(crate) fn explain_refusal(&self, review: &Review, why: &str) -> Result<(), Error> {
        let mut record = DecisionRecord::new("refused", "system");
        record.comment = Some(why.to_owned());
        self.cx.decision(&record);
        let reason = |item: &Item| format!("* {}: {}", item.name, item.why_not());
        let reasons: Vec<_> = review.items.iter().map(reason).collect();
        let text = format!("Nothing is shared: {why}.\n{}", reasons.join("\n"));
        self.tell_requester(review, "refused", "Nothing is shared", &text)
    }

    /// The requester learns that the link does not work longer.
    pub(crate) fn explain_no_extension(&self, review: &Review, why: &str) -> Result<(), Error> {
        let what = format!("not-extended-{}", review.round);
        self.tell_requester(review, &what, "A link does not work longer", why)
    }

    /// The process shows the link, and is over.
    pub(crate) fn close_desk_with(&self, review: &mut Review, link: &Link) -> Result<(), Error> {
        if !review.desk.is_open() {
            return Ok(());
        }
        let shown = [
            Field::new("link", link.address()),
            Field::new("sharedUntil", time::to_rfc3339(link.until)),
            Field::new("sharedAssets", Value::Texts(link.assets.clone())),
        ];
        review.desk.show(self.cx, &shown)?;
        self.close_desk(&mut review.desk, SHARED)
    }

    /// The requester is asked to tell the recipients of a recall; operators hear of it.
    pub(crate) fn have_recipients_told(
        &self,
        review: &mut Review,
        wanted: &Wanted,
        ended: &str,
    ) -> Result<(), Error> {
        review.round += 1;
        let id = format!("told:{}", review.round);
        let question = match self.config.person(&review.wish.requester) {
            Some(person) => Question::to_person(&id, "share-recall", &person),
            None => Question::to_group(&id, "share-recall", &self.config.fallback_group),
        };
        let (by, reason) = (wanted.by(), &wanted.reason);
        let recipients = review.wish.recipient.0.join(", ");
        let text = format!("{by} recalled it: {reason}\n{ended}\nRecipients: {recipients}");
        let question = question
            .title("Tell the recipients that a link was recalled")
            .text(text)
            .outcomes(&["done"]);
        self.ask(review, vec![question])?;
        self.tell_operators(&format!("recalled by {by}; {ended}"));
        Ok(())
    }
}

impl Link {
    fn address(&self) -> &str {
        self.address.as_deref().unwrap_or(&self.share)
    }
}
