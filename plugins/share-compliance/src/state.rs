//! What a run remembers between activations.

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Answer, Desk, Scan};
use forebay_sdk::{Error, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::steps::ask::{Suspect, Wish};

/// One of the things a run can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It looks for shares nobody asked for.
    Scan(Sweep),
    /// It is about a share somebody asks for.
    Request(Box<Review>),
    /// It is about a share nobody asked for.
    Case(Box<Case>),
}

impl State {
    pub(crate) fn request(review: Review) -> Self {
        Self::Request(Box::new(review))
    }

    pub(crate) fn case(case: Case) -> Self {
        Self::Case(Box::new(case))
    }
}

/// How far a scan has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sweep {
    /// The reports of shares were read.
    pub shares_read: bool,
    /// Place in the list of watched collections.
    pub album: usize,
    /// Place in its content.
    pub content: Scan,
    /// Cases started.
    pub hits: u64,
}

/// One asset of a request, as it was looked at last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Item {
    /// The asset.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The checksum of that version.
    pub checksum: Option<String>,
    /// Checks it fails, each with the reason. Nothing: it may be shared.
    pub problems: Vec<String>,
    /// A reviewer refused it, for this reason.
    pub refused: Option<String>,
    /// Its rights end here.
    pub ends: Option<Timestamp>,
    /// It is deleted or in the trash.
    pub gone: bool,
}

impl Item {
    /// May it be in the link?
    #[must_use]
    pub fn passes(&self) -> bool {
        self.problems.is_empty() && self.refused.is_none()
    }

    /// Why it is not in the link.
    #[must_use]
    pub fn why_not(&self) -> String {
        match &self.refused {
            Some(reason) => reason.clone(),
            None => self.problems.join("; "),
        }
    }
}

/// A request for a share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Review {
    /// What is wished for.
    pub wish: Wish,
    /// Its assets.
    pub items: Vec<Item>,
    /// Where it stands.
    pub phase: Phase,
    /// Where people are asked.
    pub desk: Desk,
    /// How often people were asked.
    pub round: u32,
    /// Questions whose approval is still missing.
    pub awaited: Vec<String>,
    /// Who approved in this round.
    pub approved_by: Vec<String>,
    /// What reviewers demanded.
    pub demands: Demands,
    /// The link.
    pub link: Option<Link>,
    /// How many links were made.
    pub links: u32,
    /// Since when all assets are deleted or in the trash.
    pub gone_since: Option<Timestamp>,
}

impl Review {
    /// A request for what is wished for.
    pub(crate) fn of(wish: Wish) -> Self {
        Self {
            wish,
            ..Self::default()
        }
    }

    /// The link of a request that is shared.
    pub(crate) fn shared_link(&self) -> Result<Link, Error> {
        let link = self.link.clone();
        link.ok_or_else(|| Error::invalid("the request is shared without a link"))
    }

    /// The assets that may be in the link.
    pub(crate) fn passing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.passes())
    }

    /// The assets that may not.
    pub(crate) fn failing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.passes())
    }

    /// May no asset be in the link?
    pub(crate) fn nothing_passes(&self) -> bool {
        self.passing().next().is_none()
    }

    /// Is this an answer that is still missing?
    pub(crate) fn awaits(&self, answer: &Answer) -> bool {
        self.awaited.contains(&answer.question)
    }

    /// Has everybody who was asked agreed? While deleted assets are awaited nobody is asked: no
    /// answer missing is no approval.
    pub(crate) fn is_agreed(&self) -> bool {
        self.awaited.is_empty() && !self.approved_by.is_empty()
    }

    /// Is there a link that works?
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.phase, Phase::Shared | Phase::Extending(_))
    }

    /// Is there a link, or was one recalled?
    pub(crate) fn has_had_link(&self) -> bool {
        self.is_shared() || self.phase == Phase::Recalled
    }

    /// People decide about what is there now; what they said before no longer counts.
    pub(crate) fn begin_round(&mut self) {
        self.phase = Phase::Reviewing;
        self.awaited.clear();
        self.approved_by.clear();
        self.demands = Demands::default();
        for item in &mut self.items {
            item.refused = None;
        }
    }

    /// Does an asset of this link fail a check?
    pub(crate) fn has_problems_in(&self, link: &Link) -> bool {
        let mut inside = self.items.iter().filter(|item| link.holds(item));
        inside.any(|item| !item.problems.is_empty())
    }

    /// A longer time was not granted: what reviewers said about it is forgotten.
    pub(crate) fn keep_link_as_it_is(&mut self) {
        for item in &mut self.items {
            if self.link.as_ref().is_some_and(|link| link.holds(item)) {
                item.refused = None;
            }
        }
        self.awaited.clear();
        self.phase = Phase::Shared;
    }

    /// Leave out what might have been shared, for this reason.
    pub(crate) fn leave_out_all(&mut self, why: &str) {
        for item in self.items.iter_mut().filter(|item| item.passes()) {
            item.refused = Some(why.to_owned());
        }
    }
}

/// Where a request stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Assets are still being put into the staging collection, until then.
    Gathering(Timestamp),
    /// Somebody says for whom and what for.
    #[default]
    Details,
    /// People decide.
    Reviewing,
    /// It was approved; the link is made at this time.
    Approved(Timestamp),
    /// The link works.
    Shared,
    /// The link works, and people decide whether it may until then.
    Extending(Timestamp),
    /// The link was recalled; somebody tells the recipients.
    Recalled,
}

/// What reviewers demand of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Demands {
    /// A watermark.
    pub watermark: bool,
    /// Nothing may be downloaded.
    pub look_only: bool,
    /// Originals may not be downloaded.
    pub low_resolution: bool,
    /// A line that names whom to credit.
    pub credit: Option<String>,
    /// It ends here at the latest.
    pub until: Option<Timestamp>,
}

/// A link that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Link {
    /// Id of the share.
    pub share: String,
    /// The link itself.
    pub address: Option<String>,
    /// Our own id of it.
    pub external_id: String,
    /// Its assets.
    pub assets: Vec<String>,
    /// When it was made.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

/// A share nobody asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Case {
    /// What was found.
    pub suspect: Suspect,
    /// Its assets as they were found.
    pub found: Vec<Found>,
    /// The share was ended by us, or had ended.
    pub share_dead: bool,
    /// Where people are asked.
    pub desk: Desk,
    /// How often they were asked.
    pub round: u32,
    /// How it ended; reports may still name the share.
    pub settled: Option<(String, String)>,
}

/// An asset in a share nobody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The asset.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The checksum of that version.
    pub checksum: Option<String>,
    /// It was taken out of use by us; its end of rights was this.
    pub restricted: Option<Before>,
}

/// What stood before an asset was taken out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Before {
    /// It was approved.
    pub approved: bool,
    /// Its end of rights.
    pub expires_at: Option<Timestamp>,
}

impl Case {
    /// A case of what was found.
    pub(crate) fn of(suspect: Suspect) -> Self {
        Self {
            suspect,
            ..Self::default()
        }
    }
}

impl Found {
    pub(crate) fn item(&self) -> Item {
        Item {
            id: self.id.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            checksum: self.checksum.clone(),
            ..Item::default()
        }
    }

    pub(crate) fn of(asset: &Asset) -> Self {
        Self {
            id: asset.id.clone(),
            name: asset.name.clone(),
            version: asset.version.clone(),
            checksum: asset.checksum.clone(),
            restricted: None,
        }
    }
}

impl Before {
    pub(crate) fn of(asset: &Asset) -> Self {
        Self {
            approved: asset.status == AssetStatus::Approved,
            expires_at: asset.expires_at,
        }
    }
}
