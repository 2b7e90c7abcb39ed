//! A master and its regions: which there are, how their runs begin and how they are stopped.

use forebay_sdk::Error;
use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{matches_path, paths, present};

use super::{RegionRequest, Request, Steps, matrix};
use crate::DAM;
use crate::config::DefaultRegions;
use crate::state::{Campaign, Entry, Standing, Subject};

/// A master that is refused or kept back.
pub(crate) fn is_withdrawn(asset: &Asset) -> bool {
    matches!(
        asset.status,
        AssetStatus::Rejected | AssetStatus::Restricted
    )
}

impl Steps<'_> {
    // ---- Where a delivery belongs ---------------------------------------------------------------

    /// Is it in an album of masters, marked as one, or wanted by a campaign?
    pub(crate) fn is_master(&self, asset: &Asset) -> bool {
        let masters = &self.config.masters;
        let says_yes = |field: &str| {
            let texts = self.config.fields.texts(&asset.fields, field);
            let yes = ["yes", "true", "1"];
            texts
                .iter()
                .any(|text| yes.contains(&text.to_lowercase().as_str()))
        };
        let places = paths(asset);
        let mut albums = masters.albums.iter();
        says_yes(&masters.field)
            || says_yes(&masters.localize_field)
            || albums.any(|album| places.iter().any(|place| matches_path(album, place)))
    }

    /// A new file that says of which master and region it is goes to that region. What came of it.
    pub(crate) fn hand_to_region(&self, asset: &Asset) -> Result<&'static str, Error> {
        let text = |field: &str| {
            self.config
                .fields
                .texts(&asset.fields, field)
                .into_iter()
                .next()
        };
        let (Some(master), Some(code)) = (text("master_asset"), text("region")) else {
            return Ok("it is no master");
        };
        if text("review_state").is_some() || !self.config.regions.contains_key(&code) {
            return Ok("it is a regional version");
        }
        let version = match text("master_version") {
            Some(version) => version,
            None => match present(self.cx, &master)? {
                Some(master) => master.version,
                None => return Ok("its master is gone"),
            },
        };
        let wanted = RegionRequest {
            code,
            version,
            file: Some(asset.id.clone()),
            ..RegionRequest::default()
        };
        self.start_region(&master, wanted)?;
        Ok("it was given to its region")
    }

    // ---- Beginning ------------------------------------------------------------------------------

    /// A master with what it shows of its regions.
    pub(crate) fn take_up(&self, master: &Asset) -> Campaign {
        let map = &self.config.fields;
        let shown = map.texts(&master.fields, "localization_state");
        Campaign {
            master: Subject::of(master),
            regions: matrix::read(&shown.join("; ")),
            ..Campaign::default()
        }
    }

    /// Know the runs of open regions again.
    pub(crate) fn adopt_open(&self, campaign: &mut Campaign) -> Result<(), Error> {
        let master = campaign.master.asset.clone();
        for (code, entry) in &mut campaign.regions {
            if entry.standing.is_open() && self.config.regions.contains_key(code) {
                let wanted = self.wanted(code, entry);
                entry.run = self.start_region(&master, wanted)?;
            }
        }
        Ok(())
    }

    fn wanted(&self, code: &str, entry: &Entry) -> RegionRequest {
        RegionRequest {
            code: code.to_owned(),
            version: entry.version.clone(),
            campaign: self.cx.run_id().to_owned(),
            previous: entry.asset.clone(),
            ..RegionRequest::default()
        }
    }

    /// The regions a master is made for, as far as they are configured. What is not is put on
    /// record once.
    pub(crate) fn regions_of(&self, campaign: &mut Campaign, asset: &Asset) -> Vec<String> {
        let select = &self.config.select_regions;
        let named = self.config.fields.texts(&asset.fields, &select.from_field);
        if named.is_empty() {
            return match select.default {
                DefaultRegions::All => self.config.regions.keys().cloned().collect(),
                DefaultRegions::None => Vec::new(),
            };
        }
        let is_known = |code: &String| self.config.regions.contains_key(code);
        let (known, unknown): (Vec<_>, Vec<_>) = named.into_iter().partition(is_known);
        if unknown != campaign.unknown {
            if !unknown.is_empty() {
                let why = format!("not configured: {}", unknown.join(", "));
                self.note("region-unknown", &Subject::of(asset), why);
            }
            campaign.unknown = unknown;
        }
        known
    }

    /// Regions that were added midway.
    pub(crate) fn begin_added_regions(
        &self,
        campaign: &mut Campaign,
        asset: &Asset,
    ) -> Result<(), Error> {
        for code in self.regions_of(campaign, asset) {
            if !campaign.regions.contains_key(&code) {
                self.begin_in(campaign, &code, "")?;
            }
        }
        Ok(())
    }

    /// Start a region on the version in work.
    pub(crate) fn begin_in(
        &self,
        campaign: &mut Campaign,
        code: &str,
        previous: &str,
    ) -> Result<(), Error> {
        let mut entry = Entry {
            version: campaign.master.version.clone(),
            asset: previous.to_owned(),
            ..Entry::default()
        };
        entry.run = self.start_region(&campaign.master.asset, self.wanted(code, &entry))?;
        campaign.regions.insert(code.to_owned(), entry);
        Ok(())
    }

    /// Start the run of a region, or tell the live one. Its id.
    fn start_region(&self, master: &str, wanted: RegionRequest) -> Result<String, Error> {
        let request = Request {
            asset: master.to_owned(),
            region: Some(wanted),
            ..Request::default()
        };
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = request.key(&self.config.key_prefix, dam);
        self.cx.spawn(self.cx.flow(), &key, &request)
    }

    // ---- Stopping -------------------------------------------------------------------------------

    /// End the open regions; their runs clean up.
    pub(crate) fn stop_open(&self, campaign: &mut Campaign, outcome: &str) -> Result<(), Error> {
        let master = campaign.master.asset.clone();
        for (code, entry) in &mut campaign.regions {
            if entry.standing.is_open() {
                let wanted = RegionRequest {
                    stop: Some(outcome.to_owned()),
                    ..self.wanted(code, entry)
                };
                self.start_region(&master, wanted)?;
                entry.standing = Standing::Stopped;
                entry.run.clear();
            }
        }
        Ok(())
    }

    /// Finished versions go out of use with their master, as far as `withdraw_cascade` says.
    pub(crate) fn restrict_finished(&self, campaign: &Campaign, why: &str) -> Result<(), Error> {
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
}
