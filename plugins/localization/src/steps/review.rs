//! The review of a localized file: it is kept back, reviewers are asked, and their answer is written.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{
    Answer, Question, enabled_user, field_update, text_or_none, workflow_user,
};
use forebay_sdk::{Error, Value};

use super::Steps;
use crate::config::OnMasterUpdate;
use crate::state::{Region, Standing, Subject};

/// Question to the reviewers.
pub(crate) const REVIEW: &str = "review";
/// The version may be released.
pub(crate) const APPROVE: &str = "approve";

impl Steps<'_> {
    /// Keep a file back, and take it as it is now for the one that is reviewed.
    pub(crate) fn keep_back(&self, region: &mut Region, asset: &Asset) -> Result<Asset, Error> {
        let update = self.bound_fields(region)?.status(AssetStatus::Pending);
        self.write(&asset.id, &update)?;
        let now = self.cx.assets().get(&asset.id)?;
        region.file = Some(Subject::of(&now));
        region.rights_run = None;
        region.reviews += 1;
        region.standing = Standing::InReview;
        Ok(now)
    }

    /// What stands on a file from its arrival on.
    fn bound_fields(&self, region: &Region) -> Result<AssetUpdate, Error> {
        let config = self.region_config(&region.region)?;
        let fields = [
            ("region", Value::text(region.region.as_str())),
            ("language", Value::text(config.language.as_str())),
            ("master_asset", Value::text(region.master.asset.as_str())),
            (
                "master_version",
                Value::text(region.master.version.as_str()),
            ),
            ("review_state", Value::text("in-review")),
            ("review_run", Value::text(self.cx.run_id())),
        ];
        Ok(field_update(&self.config.fields, &fields))
    }

    /// May it be released?
    pub(crate) fn ask_reviewers(&self, region: &mut Region, now: &Asset) -> Result<(), Error> {
        let config = self.region_config(&region.region)?;
        let code = &region.region;
        let id = format!("{REVIEW}:{code}:{}", region.reviews);
        let links: Vec<_> = now.links.iter().map(|link| link.href.as_str()).collect();
        let text = format!(
            "\"{}\" ({}) is the version of \"{}\" for {} in {}.\n{}",
            now.name,
            now.id,
            region.master.name,
            region.region,
            config.language,
            links.join("\n")
        );
        // Four eyes: who made it does not decide about it.
        let uploader = self.workflow_user(now.created_by.as_deref())?;
        let adapter = Some(region.adapter.clone()).filter(|adapter| !adapter.is_empty());
        let question = Question::to_group(&id, &format!("Review {code}"), &config.reviewers)
            .title(format!("{}: review \"{}\"", region.region, now.name))
            .text(text)
            .outcomes(&[APPROVE, "reject"])
            .exclude(uploader.into_iter().chain(adapter))
            .sla(config.sla.review);
        self.ask_in(region, question)
    }

    /// Does the master's run begin this region anew with another version?
    pub(crate) fn is_overtaken(&self, region: &Region, master: &Asset) -> bool {
        let anew = self.config.on_master_update == OnMasterUpdate::RestartOpen;
        anew && !region.campaign.is_empty() && master.version != region.master.version
    }

    /// A review that does not count, because the master has another version.
    pub(crate) fn not_applied(&self, subject: &Subject) {
        self.note(
            "not-applied",
            subject,
            "the master has another version by now",
        );
    }

    /// The reviewers did not approve: it stands on the file. Why, for the team.
    pub(crate) fn write_rejection(
        &self,
        region: &Region,
        answer: &Answer,
    ) -> Result<String, Error> {
        let fields = [
            ("review_state", Value::text("rejected")),
            ("review_comment", text_or_none(answer.comment.as_str())),
        ];
        self.write_fields(region.file_id(), &fields)?;
        let (by, comment) = (answer.actor(), &answer.comment);
        Ok(format!("{by} did not approve: {comment}"))
    }

    /// The user of the workflow engine behind a user of the DAM, if it is switched on there.
    pub(super) fn workflow_user(&self, dam_user: Option<&str>) -> Result<Option<String>, Error> {
        enabled_user(self.cx, workflow_user(&self.config.users, dam_user))
    }
}
