//! What the runs of a master and of its regions tell each other.

use forebay_sdk::Error;
use serde::{Deserialize, Serialize};

use super::Steps;
use crate::state::{Campaign, Region, Standing};

/// Signal of a region: where it stands.
pub(crate) const REPORT: &str = "report";
/// Signal to a region: it may be released.
pub(crate) const RELEASE: &str = "release";
/// Signal to a region: its master's run ends without it.
pub(crate) const ALONE: &str = "alone";

/// Where a region stands, as it tells its master.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) region: String,
    pub(crate) version: String,
    pub(crate) standing: Standing,
    pub(crate) asset: String,
}

impl Steps<'_> {
    /// Tell the master's run where the region stands; without one, the master itself.
    pub(crate) fn report(&self, region: &Region) -> Result<(), Error> {
        if region.campaign.is_empty() {
            return self.show_alone(region);
        }
        let report = Report {
            region: region.region.clone(),
            version: region.master.version.clone(),
            standing: region.standing,
            asset: region.file_id().to_owned(),
        };
        self.cx.signal(&region.campaign, REPORT, &report)
    }

    /// Tell each region at work that it may be released, once.
    pub(crate) fn tell_of_release(&self, campaign: &mut Campaign) -> Result<(), Error> {
        for entry in campaign.regions.values_mut() {
            if entry.standing.is_open() && !entry.told && !entry.run.is_empty() {
                self.cx.signal(&entry.run, RELEASE, &())?;
                entry.told = true;
            }
        }
        Ok(())
    }

    /// Tell regions still in work that their master's run ends without them.
    pub(crate) fn leave_open_alone(&self, campaign: &Campaign) -> Result<(), Error> {
        for entry in campaign.regions.values() {
            if entry.standing.is_open() && !entry.run.is_empty() {
                self.cx.signal(&entry.run, ALONE, &())?;
            }
        }
        Ok(())
    }
}
