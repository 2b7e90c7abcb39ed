//! How the run of a master ends before its regions are done.

use forebay_sdk::blocks::present;
use forebay_sdk::{Error, Step};

use crate::course::{Course, Next};
use crate::state::{Campaign, Standing};

impl Course<'_> {
    pub(crate) fn cancelled(&self, mut campaign: Campaign) -> Next {
        self.stop_open(&mut campaign, "cancelled")?;
        campaign.desk.cancel(self.cx, "cancelled by an operator")?;
        Ok(Step::cancel(
            campaign.into_state(),
            "cancelled",
            "by an operator",
        ))
    }

    /// The master is out of use: so is what is made from it, as far as `withdraw_cascade` says.
    pub(crate) fn withdrawn(&self, mut campaign: Campaign, why: &str) -> Next {
        self.stop_open(&mut campaign, "withdrawn")?;
        self.cascade(&campaign, why)?;
        if let Some(asset) = present(self.cx, &campaign.master.asset)?
            && !campaign.regions.is_empty()
        {
            self.show(&campaign, &asset)?;
        }
        campaign.desk.close(self.cx, "withdrawn")?;
        Ok(Step::complete(campaign.into_state(), "withdrawn", why))
    }

    pub(crate) fn cascade(&self, campaign: &Campaign, why: &str) -> Result<(), Error> {
        if !self.config.withdraw_cascade {
            return Ok(());
        }
        for entry in campaign.regions.values() {
            if matches!(entry.standing, Standing::Approved | Standing::Outdated) {
                self.restrict(&entry.asset, "withdrawn", why)?;
            }
        }
        Ok(())
    }

    /// Rule C-13: the master is deleted or in the trash; it may come back within the grace.
    pub(crate) fn master_gone(&self, mut campaign: Campaign) -> Next {
        let since = *campaign.gone_since.get_or_insert(self.cx.now());
        if self.cx.now() < self.given_up_at(since)? {
            return self.wait_for_regions(campaign);
        }
        self.stop_open(&mut campaign, "withdrawn")?;
        self.cascade(&campaign, "the master was deleted")?;
        campaign.desk.cancel(self.cx, "asset deleted")?;
        Ok(Step::cancel(
            campaign.into_state(),
            "asset-gone",
            "the master was deleted",
        ))
    }
}
