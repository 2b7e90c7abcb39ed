//! The link: made for what was approved and still passes, with what was demanded of it.

use forebay_sdk::assets::{DownloadRight, Share, ShareRequest};
use forebay_sdk::blocks::{present, text_or_none};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Error, Field, Step, Timestamp, Value, time};

use crate::config::Want;
use crate::course::{Course, Next};
use crate::state::{Item, Link, Phase, Review};

/// Value of `share_state` while a link works.
const SHARED: &str = "shared";

impl Course<'_> {
    /// Look at everything once more, then make the link.
    pub(crate) fn make_link(&self, mut review: Review) -> Next {
        let Some(changes) = self.refresh(&mut review)? else {
            return self.gone(review);
        };
        if !changes.is_empty() {
            return self.ask_anew(review, &changes.join("; "));
        }
        let until = match &review.wish.until {
            Some(date) => self.end_of_date(date)?,
            None => {
                let expires = self.config.preventive.link.expires;
                expires.after(self.cx, &self.config.calendar, self.cx.now(), 100)?
            }
        };
        let until = self.earliest(&review, until)?;
        if until <= self.cx.now() {
            return self.ask_anew(review, "the link would end before it begins");
        }
        // What cannot be noted is not shared.
        self.note_approved(&review, until)?;
        match self.create(&mut review, until)? {
            Err(why) => self.ask_anew(review, &why),
            Ok(()) => self.hand_over(review),
        }
    }

    /// The earliest of: the end asked for, the end of the contract, what a reviewer said, and the
    /// end of rights of each asset in the link.
    pub(crate) fn earliest(&self, review: &Review, asked: Timestamp) -> Result<Timestamp, Error> {
        let contract = self.standing(&review.wish)?.contract_until;
        let passing = review.items.iter().filter(|item| item.passes());
        let rights = passing.filter_map(|item| item.ends);
        let limits = [contract, review.demands.until].into_iter().flatten();
        Ok(limits.chain(rights).fold(asked, Timestamp::min))
    }

    /// Make the link until then. The inner error says what the DAM cannot do that was demanded.
    pub(crate) fn create(
        &self,
        review: &mut Review,
        until: Timestamp,
    ) -> Result<Result<(), String>, Error> {
        let passing = review.items.iter().filter(|item| item.passes());
        let assets: Vec<_> = passing.map(|item| item.id.clone()).collect();
        let external_id = format!("{}-{}", self.cx.run_id(), review.links + 1);
        let original = self.config.preventive.link.allow_original
            && review.wish.original
            && !review.demands.low_resolution;
        let request = ShareRequest {
            assets: assets.clone(),
            collection: None,
            title: review.wish.purpose.clone(),
            message: review
                .demands
                .credit
                .as_ref()
                .map(|line| format!("Credit: {line}")),
            recipients: Vec::new(),
            download: match (review.demands.look_only, original) {
                (true, _) => DownloadRight::None,
                (false, true) => DownloadRight::Original,
                (false, false) => DownloadRight::Proxy,
            },
            watermark: false,
            protected: false,
            expires_at: Some(until),
            external_id: external_id.clone(),
        };
        let share = match self.create_as_wanted(review, request)? {
            Ok(share) => share,
            Err(why) => return Ok(Err(why)),
        };
        review.links += 1;
        review.link = Some(Link {
            share: share.id,
            address: share.link,
            external_id,
            assets,
            from: self.cx.now(),
            until,
        });
        Ok(Ok(()))
    }

    /// What is wanted only where the DAM can is left out where it cannot: it refuses before anything
    /// happens.
    fn create_as_wanted(
        &self,
        review: &Review,
        request: ShareRequest,
    ) -> Result<Result<Share, String>, Error> {
        let wanted = &self.config.preventive.link;
        let mark = if review.demands.watermark {
            Want::Always
        } else {
            wanted.watermark
        };
        let mut reason = String::new();
        for (watermark, protected) in ways(mark, wanted.password) {
            let request = ShareRequest {
                watermark,
                protected,
                ..request.clone()
            };
            match self.cx.sharing().create(&request) {
                Ok(share) => {
                    self.log_link(review, &share, &request, &reason);
                    return Ok(Ok(share));
                }
                Err(error) if error.is_unsupported() => error.message().clone_into(&mut reason),
                Err(error) => return Err(error),
            }
        }
        Ok(Err(format!(
            "the DAM cannot make the link as it is wanted: {reason}"
        )))
    }

    fn log_link(&self, review: &Review, share: &Share, request: &ShareRequest, reason: &str) {
        let passing = review.items.iter().filter(|item| item.passes());
        for item in passing {
            let mut record = self.record("link-made", item);
            record.comment = (!reason.is_empty()).then(|| format!("less than wanted: {reason}"));
            let until = request.expires_at.map_or(Value::None, Value::Timestamp);
            record.details = vec![
                Field::new("share", share.id.as_str()),
                Field::new("recipient", review.wish.recipient.0.join(", ")),
                Field::new("until", until),
                Field::new("watermark", request.watermark),
                Field::new("protected", request.protected),
                Field::new("approved-by", review.approved_by.join(", ")),
            ];
            self.cx.decision(&record);
        }
    }

    /// The link is there: say so on the assets, to the requester, and in the process.
    pub(crate) fn hand_over(&self, mut review: Review) -> Next {
        self.note_shared(&review)?;
        self.leave_staging(&review)?;
        let Some(link) = review.link.clone() else {
            return self.wait(review);
        };
        let address = link.address.as_deref().unwrap_or(&link.share);
        let until = time::to_rfc3339(link.until);
        let mut text = format!("The link {address} works until {until}.");
        for item in review.items.iter().filter(|item| !item.passes()) {
            text.push_str(&format!("\n{} is not in it: {}", item.name, item.why_not()));
        }
        let group = self.config.fallback_group.as_str();
        let what = format!("shared-{}", review.links);
        self.inform(
            &review.wish.requester,
            group,
            &what,
            "A link was made",
            &text,
        )?;
        let shown = [
            Field::new("link", address),
            Field::new("sharedUntil", until.as_str()),
            Field::new("sharedAssets", Value::Texts(link.assets.clone())),
        ];
        if review.desk.is_open() {
            review.desk.show(self.cx, &shown)?;
            review.desk.close(self.cx, SHARED)?;
            review.desk = forebay_sdk::blocks::Desk::default();
        }
        review.phase = Phase::Shared;
        let step = self.wait(review)?;
        Ok(step.label("share", link.share))
    }

    /// Write to each asset what was approved, before there is a link.
    pub(crate) fn note_approved(&self, review: &Review, until: Timestamp) -> Result<(), Error> {
        let with = self.shared_with(review)?;
        let by = review.approved_by.join(", ");
        let until = self.date_of(until)?;
        for item in review.items.iter().filter(|item| item.passes()) {
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
    fn note_shared(&self, review: &Review) -> Result<(), Error> {
        let Some(link) = &review.link else {
            return Ok(());
        };
        let with = self.shared_with(review)?;
        let by = review.approved_by.join(", ");
        let until = self.date_of(link.until)?;
        for item in review.items.iter().filter(|item| item.passes()) {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            self.write_fields(&asset, &[("share_state", SHARED.into())])?;
            let text = format!("Shared with {with} until {until}, approved by {by}.");
            self.comment(&item.id, &item.version, &text)?;
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

    fn note_refused(&self, review: &Review) -> Result<(), Error> {
        let refused = review.items.iter().filter(|item| !item.passes());
        for item in refused {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            // What another request shared stays noted.
            let states = self.config.fields.texts(&asset.fields, "share_state");
            if states.iter().any(|state| state == SHARED) {
                continue;
            }
            let fields = [
                ("share_state", "refused".into()),
                (
                    "share_decision",
                    format!("refused: {}", item.why_not()).into(),
                ),
                ("share_run", self.cx.run_id().into()),
            ];
            self.write_fields(&asset, &fields)?;
            let text = format!("Not shared: {}", item.why_not());
            self.comment(&item.id, &item.version, &text)?;
        }
        Ok(())
    }

    /// The assets of a request that is dealt with leave the staging collection.
    fn leave_staging(&self, review: &Review) -> Result<(), Error> {
        let staging = &self.config.preventive.staging_album;
        if staging.is_empty() {
            return Ok(());
        }
        for item in &review.items {
            let Some(asset) = present(self.cx, &item.id)? else {
                continue;
            };
            let inside = |path: &String| forebay_sdk::blocks::matches_path(staging, path);
            let places = asset.containers.iter();
            for place in places.filter(|place| place.path.as_ref().is_some_and(inside)) {
                match self.cx.collections().remove(&place.entity.id, &asset.id) {
                    Err(error) if error.is_unsupported() || error.is_not_found() => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }

    /// Nothing is shared; the assets and the requester are told why.
    pub(crate) fn refuse(&self, mut review: Review, why: &str) -> Next {
        for item in review.items.iter_mut().filter(|item| item.passes()) {
            item.refused = Some(why.to_owned());
        }
        self.note_refused(&review)?;
        self.leave_staging(&review)?;
        let mut record = DecisionRecord::new("refused", "system");
        record.comment = Some(why.to_owned());
        self.cx.decision(&record);
        let reasons: Vec<_> = review.items.iter().map(reason).collect();
        let text = format!("Nothing is shared: {why}.\n{}", reasons.join("\n"));
        let group = self.config.fallback_group.as_str();
        self.inform(
            &review.wish.requester,
            group,
            "refused",
            "Nothing is shared",
            &text,
        )?;
        review.desk.close(self.cx, "refused")?;
        Ok(Step::complete(review.state(), "refused", why))
    }

    pub(crate) fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        // The end of a day belongs to that day.
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }
}

fn reason(item: &Item) -> String {
    format!("* {}: {}", item.name, item.why_not())
}

/// Watermark and password, from all that is wanted to all that is needed.
fn ways(watermark: Want, password: Want) -> Vec<(bool, bool)> {
    let choices = |want| match want {
        Want::Auto => vec![true, false],
        Want::Always => vec![true],
        Want::Never => vec![false],
    };
    let mut ways = Vec::new();
    for watermark in choices(watermark) {
        for password in choices(password) {
            ways.push((watermark, password));
        }
    }
    ways
}
