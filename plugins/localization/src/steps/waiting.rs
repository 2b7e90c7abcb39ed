//! What a run waits for.

use forebay_sdk::{Error, Step};

use super::Steps;
use crate::state::{Campaign, Region, Standing};
use crate::{DAM, WORKFLOW};

/// Timer: a deleted asset did not come back.
pub(crate) const GONE: &str = "gone";

impl Steps<'_> {
    /// A master waits for its regions, and for those who are asked about it as a whole.
    pub(crate) fn wait_for_regions(&self, campaign: Campaign) -> Result<Step<Campaign>, Error> {
        let master = campaign.master.asset.clone();
        let mut wait = Step::wait(campaign.clone()).subscribe(DAM, "asset", master);
        if let Some(since) = campaign.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        for entry in campaign.regions.values() {
            if entry.standing.is_open() && !entry.run.is_empty() {
                wait = wait.until_ended(entry.run.as_str());
            }
        }
        wait = campaign.desk.watch(wait, WORKFLOW);
        let open = campaign.regions.iter();
        let open = open
            .filter(|(_, entry)| entry.standing.is_open() || entry.standing == Standing::Outdated);
        let codes: Vec<_> = open.map(|(code, _)| code.as_str()).collect();
        let name = &campaign.master.name;
        Ok(wait.waiting_on(format!("\"{name}\" for {}", codes.join(", "))))
    }

    /// A region waits for people, for its file, and for the review of its rights.
    pub(crate) fn wait_in(&self, region: Region) -> Result<Step<Region>, Error> {
        let wait = Step::wait(region.clone());
        let mut wait = region.desk.watch(wait, WORKFLOW);
        if let Some(due) = region.desk.due() {
            wait = wait.due(due);
        }
        let master = region.master.asset.as_str();
        wait = wait.subscribe_to(DAM, "asset", master, &["asset.restored"]);
        if let Some(file) = &region.file {
            wait = wait.subscribe(DAM, "asset", file.asset.as_str());
        }
        if let Some(album) = region.album.as_ref().filter(|album| !album.is_empty()) {
            wait = wait.subscribe_to(DAM, "collection", album.as_str(), &["collection.added"]);
        }
        if let Some(run) = &region.rights_run {
            wait = wait.until_ended(run.as_str());
        }
        if let Some(since) = region.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        let (code, name) = (&region.region, &region.master.name);
        Ok(wait.waiting_on(match region.standing {
            Standing::InReview => format!("the review of \"{name}\" for {code}"),
            Standing::RightsReview => format!("the rights to use \"{name}\" in {code}"),
            Standing::Ready => format!("the release of \"{name}\" for {code} with the others"),
            _ => format!("the version of \"{name}\" for {code}"),
        }))
    }
}
