//! The course of a run: what happens on each delivery, and what masters and regions share.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{
    DeskRules, field_update, matches_path, paths, present, write_any_version,
};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Delivery, Error, Step, Timestamp, Value};

use crate::DAM;
use crate::admit::{RegionRequest, Request, request_of};
use crate::config::{Config, RegionConfig};
use crate::state::{Campaign, Region, Standing, State, Subject};

/// Timer: a deleted asset did not come back.
pub(crate) const GONE: &str = "gone";
/// Signal: end the run and clean up.
pub(crate) const CANCEL: &str = "cancel";
/// Signal to a region: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: &Delivery) -> Next {
        match state {
            None => self.begin(delivery),
            Some(State::Campaign(campaign)) => self.campaign(*campaign, delivery),
            Some(State::Region(region)) => self.region(*region, delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        let request = request_of(delivery)?.map_err(Error::invalid)?;
        let master = Subject {
            asset: request.asset.clone(),
            ..Subject::default()
        };
        if let Some(wanted) = request.region {
            return self.begin_region(master, wanted);
        }
        let campaign = Campaign {
            master,
            ..Campaign::default()
        };
        let Some(asset) = present(self.cx, &request.asset)? else {
            let state = State::Campaign(Box::new(campaign));
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        let asked_for = matches!(delivery, Delivery::Request(_));
        if !asked_for && !self.is_master(&asset) {
            let summary = self.hand_to_region(&asset)?;
            let state = State::Campaign(Box::new(campaign));
            return Ok(Step::complete(state, "nothing-to-do", summary));
        }
        self.begin_campaign(campaign, &asset, asked_for)
    }

    /// Is it in an album of masters, marked as one, or wanted by a campaign?
    fn is_master(&self, asset: &Asset) -> bool {
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
    fn hand_to_region(&self, asset: &Asset) -> Result<&'static str, Error> {
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

    /// Start the run of a region, or tell the live one. Its id.
    pub(crate) fn start_region(
        &self,
        master: &str,
        wanted: RegionRequest,
    ) -> Result<String, Error> {
        let request = Request {
            asset: master.to_owned(),
            region: Some(wanted),
            ..Request::default()
        };
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = request.key(&self.config.key_prefix, dam);
        self.cx.spawn(self.cx.flow(), &key, &request)
    }

    pub(crate) fn region_config(&self, code: &str) -> Result<&RegionConfig, Error> {
        let known = self.config.regions.get(code);
        known.ok_or_else(|| Error::invalid(format!("the region {code} is not configured")))
    }

    // ---- People and time ------------------------------------------------------------------------

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// When a deleted asset is given up.
    pub(crate) fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    // ---- The audit ------------------------------------------------------------------------------

    /// A record with the asset it is about.
    pub(crate) fn about(mut record: DecisionRecord, subject: &Subject) -> DecisionRecord {
        record.asset = Some(subject.asset.clone());
        record.version = Some(subject.version.clone());
        record.checksum.clone_from(&subject.checksum);
        record
    }

    /// Put on record what the flow did to an asset, and why.
    pub(crate) fn note(&self, action: &str, subject: &Subject, why: impl Into<String>) {
        let mut record = Self::about(DecisionRecord::new(action, "system"), subject);
        record.comment = Some(why.into());
        self.cx.decision(&record);
    }

    // ---- The assets -----------------------------------------------------------------------------

    /// Write logical fields that differ to an asset as it is now. An asset that is gone is left alone.
    pub(crate) fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset as it is now. What is written here holds for every version.
    pub(crate) fn write(&self, asset: &str, update: &AssetUpdate) -> Result<(), Error> {
        let Some(now) = present(self.cx, asset)? else {
            return Ok(());
        };
        write_any_version(self.cx, &now, update)
    }

    /// Take a version out of use.
    pub(crate) fn restrict(&self, asset: &str, review_state: &str, why: &str) -> Result<(), Error> {
        let fields = [("review_state", Value::text(review_state))];
        let update = field_update(&self.config.fields, &fields).status(AssetStatus::Restricted);
        self.write(asset, &update)?;
        let subject = Subject {
            asset: asset.to_owned(),
            ..Subject::default()
        };
        self.note("kept-back", &subject, why);
        Ok(())
    }
}

impl Region {
    pub(crate) fn into_state(self) -> State {
        State::Region(Box::new(self))
    }

    /// Has the region a file that people work on?
    pub(crate) fn file_id(&self) -> &str {
        self.file.as_ref().map_or("", |file| file.asset.as_str())
    }

    /// Is a file awaited rather than decided about?
    pub(crate) fn awaits_file(&self) -> bool {
        self.standing == Standing::Adapting
    }
}

impl Campaign {
    pub(crate) fn into_state(self) -> State {
        State::Campaign(Box::new(self))
    }
}
