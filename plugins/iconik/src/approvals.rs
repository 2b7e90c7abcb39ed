//! The approval panel: who was asked about a version, and who voted.
//!
//! iconik takes requests and votes for the current version only. So a decision on another one is a
//! conflict: it must never be applied to a version nobody looked at.

use forebay_sdk::assets::{Approval, ApprovalRequest, ApprovalStatus, Approvals, Vote};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent, Timestamp, lenient};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::wire::{RawAsset, moment};

/// An approval as iconik tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawApproval {
    /// The vendor's word for where it stands.
    #[serde(rename = "status", deserialize_with = "lenient::string")]
    pub(crate) word: String,
    #[serde(deserialize_with = "lenient::list")]
    users: Vec<String>,
    #[serde(deserialize_with = "lenient::list")]
    groups: Vec<String>,
    #[serde(deserialize_with = "lenient::list")]
    externals: Vec<String>,
    /// Absent where all must approve.
    #[serde(deserialize_with = "lenient::optional_integer")]
    min_number: Option<i64>,
    #[serde(deserialize_with = "lenient::optional_string")]
    request_date: Option<String>,
    /// The caller's own vote.
    #[serde(deserialize_with = "lenient::string")]
    user_status: String,
    #[serde(deserialize_with = "lenient::list")]
    approvals_by: Vec<RawVote>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawVote {
    #[serde(deserialize_with = "lenient::string")]
    user: String,
    #[serde(deserialize_with = "lenient::string")]
    external: String,
    #[serde(deserialize_with = "lenient::string")]
    status: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    change_date: Option<String>,
}

impl RawApproval {
    pub(crate) fn status(&self) -> ApprovalStatus {
        status_of(&self.word)
    }

    pub(crate) fn votes(&self) -> impl Iterator<Item = &RawVote> {
        self.approvals_by.iter().filter(|vote| {
            matches!(
                status_of(&vote.status),
                ApprovalStatus::Approved | ApprovalStatus::NotApproved
            )
        })
    }

    pub(crate) fn requested_at(&self) -> Option<Timestamp> {
        moment(self.request_date.as_ref())
    }

    /// Nobody asked, or the request has been withdrawn.
    fn is_requested(&self) -> bool {
        self.request_date.is_some() || self.status() == ApprovalStatus::Requested
    }

    fn quorum(&self) -> u32 {
        self.min_number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or_default()
    }

    fn asks(&self, wanted: &Asked<'_>, quorum: u32) -> bool {
        let same = |a: &[String], b: &[&str]| {
            a.len() == b.len() && b.iter().all(|entry| a.iter().any(|other| other == entry))
        };
        self.is_requested()
            && same(&self.users, &wanted.users)
            && same(&self.groups, &wanted.groups)
            && same(&self.externals, &wanted.externals)
            && self.quorum() == quorum
    }
}

impl From<RawApproval> for Approval {
    fn from(raw: RawApproval) -> Self {
        let votes = raw.votes().map(|vote| Vote {
            voter: if vote.user.is_empty() {
                vote.external.clone()
            } else {
                vote.user.clone()
            },
            status: status_of(&vote.status),
            at: moment(vote.change_date.as_ref()),
        });
        Self {
            status: raw.status(),
            votes: votes.collect(),
            quorum: raw.quorum(),
            requested_at: raw.requested_at(),
            reviewers: [raw.users, raw.groups, raw.externals].concat(),
        }
    }
}

fn status_of(word: &str) -> ApprovalStatus {
    match word {
        "REQUESTED" => ApprovalStatus::Requested,
        "APPROVED" => ApprovalStatus::Approved,
        "NOT_APPROVED" => ApprovalStatus::NotApproved,
        "MIXED" => ApprovalStatus::Mixed,
        _ => ApprovalStatus::None,
    }
}

impl RawVote {
    /// The vote as one text, for the identity of an event.
    pub(crate) fn identity(&self) -> String {
        let at = moment(self.change_date.as_ref()).unwrap_or_default();
        format!("{}{}={}@{at}", self.user, self.external, self.status)
    }
}

/// Reviewers by what they are: who has a mail address is an external.
struct Asked<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
    externals: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a ApprovalRequest) -> Self {
        let users = request.users.iter().map(String::as_str);
        let (externals, users) = users.partition(|user| user.contains('@'));
        Self {
            users,
            externals,
            groups: request.groups.iter().map(String::as_str).collect(),
        }
    }

    /// The body of a request. That all must approve is said by leaving the number out.
    fn body(&self, quorum: u32) -> Json {
        let mut body = json!({
            "users": self.users, "groups": self.groups, "externals": self.externals,
            "status": "REQUESTED",
        });
        if quorum > 0 {
            body["min_number"] = json!(quorum);
        }
        body
    }
}

impl Approvals for Iconik {
    fn get(&self, asset: &str, version: &str) -> Result<Approval, Error> {
        let response = self.http.get(self.approval_url(asset, version)).send()?;
        Ok(response.json::<RawApproval>()?.into())
    }

    fn request(
        &self,
        asset: &str,
        version: &str,
        request: &ApprovalRequest,
    ) -> Result<Approval, Error> {
        self.must_be_current(asset, version)?;
        let wanted = Asked::of(request);
        let standing = self.raw_approval(asset, version)?;
        if standing.asks(&wanted, request.quorum) {
            return Ok(standing.into());
        }
        let url = self.asset_url(asset, "approvals/request/");
        let call = if standing.is_requested() {
            self.http.put(url)
        } else {
            self.http.post(url)
        };
        call.json(&wanted.body(request.quorum))
            .send_effect()?
            .or_repeat()?;
        let now = self.raw_approval(asset, version)?;
        if now.is_requested() {
            return Ok(now.into());
        }
        // A request for many is made by a job.
        Err(Error::unavailable(
            "iconik has accepted the approval request, but it is not there yet",
        ))
    }

    fn decide(
        &self,
        asset: &str,
        version: &str,
        decision: ApprovalStatus,
    ) -> Result<Approval, Error> {
        let word = match decision {
            ApprovalStatus::Approved => "APPROVED",
            ApprovalStatus::NotApproved => "NOT_APPROVED",
            _ => {
                let message = "a decision is `approved` or `not-approved`";
                return Err(Error::invalid(message).with_field("decision"));
            }
        };
        self.must_be_current(asset, version)?;
        let standing = self.raw_approval(asset, version)?;
        if self.own_vote(&standing) != word {
            self.vote(asset, word)?;
        }
        let mut now = self.raw_approval(asset, version)?;
        let waits =
            now.status() == ApprovalStatus::Requested && decision == ApprovalStatus::Approved;
        if waits && self.settings.decision_closes_request && now.quorum() != 1 {
            let url = self.asset_url(asset, "approvals/request/");
            self.http
                .patch(url)
                .json(&json!({"min_number": 1}))
                .send_effect()?
                .or_repeat()?;
            now = self.raw_approval(asset, version)?;
        }
        if self.own_vote(&now) == word {
            return Ok(now.into());
        }
        let message = format!("iconik does not hold the vote {word} on version {version}");
        Err(Error::conflict(message).with_current(now.word))
    }
}

impl Iconik {
    /// Address of the approval of one version.
    pub(crate) fn approval_url(&self, asset: &str, version: &str) -> String {
        let version = encode_component(version);
        self.asset_url(asset, &format!("versions/{version}/approvals/request/"))
    }

    /// The approval of a version; one that iconik does not know is one nobody asked for.
    pub(crate) fn raw_approval(&self, asset: &str, version: &str) -> Result<RawApproval, Error> {
        let found = self
            .http
            .get(self.approval_url(asset, version))
            .send()
            .or_absent()?;
        found.map_or_else(|| Ok(RawApproval::default()), |response| response.json())
    }

    /// Put the current version back to where people decide: own vote away, review asked for.
    pub(crate) fn reopen(&self, asset: &str, version: &str) -> Result<(), Error> {
        let standing = self.raw_approval(asset, version)?;
        if !self.own_vote(&standing).is_empty() {
            self.withdraw_vote(asset)?;
        }
        if !standing.is_requested() {
            let url = self.asset_url(asset, "approvals/request/");
            // A request needs a reviewer; until others are asked it is the one who decides.
            let own = &self.settings.integration_user;
            let users: Vec<&str> = Some(own.as_str())
                .filter(|own| !own.is_empty())
                .into_iter()
                .collect();
            let body =
                json!({"users": users, "groups": [], "externals": [], "status": "REQUESTED"});
            self.http.post(url).json(&body).send_effect()?.or_repeat()?;
        }
        Ok(())
    }

    /// Take own vote and request away.
    pub(crate) fn forget_approval(&self, asset: &str, version: &str) -> Result<(), Error> {
        let standing = self.raw_approval(asset, version)?;
        if !self.own_vote(&standing).is_empty() {
            self.withdraw_vote(asset)?;
        }
        if standing.is_requested() {
            let url = self.asset_url(asset, "approvals/request/");
            let gone = self.http.delete(url).send_effect().or_absent()?;
            gone.map(Outcome::or_repeat).transpose()?;
        }
        Ok(())
    }

    fn vote(&self, asset: &str, word: &str) -> Result<(), Error> {
        let call = self.http.put(self.asset_url(asset, "approvals/"));
        call.json(&json!({"status": word}))
            .send_effect()?
            .or_repeat()?;
        Ok(())
    }

    fn withdraw_vote(&self, asset: &str) -> Result<(), Error> {
        let gone = self
            .http
            .delete(self.asset_url(asset, "approvals/"))
            .send_effect()
            .or_absent()?;
        gone.map(Outcome::or_repeat).transpose()?;
        Ok(())
    }

    /// The integration user's vote; empty where there is none.
    fn own_vote<'a>(&self, approval: &'a RawApproval) -> &'a str {
        let own = &self.settings.integration_user;
        let told = matches!(approval.user_status.as_str(), "APPROVED" | "NOT_APPROVED");
        if told {
            return &approval.user_status;
        }
        let mine = approval
            .votes()
            .find(|vote| !own.is_empty() && vote.user == *own);
        mine.map_or("", |vote| &vote.status)
    }

    fn must_be_current(&self, asset: &str, version: &str) -> Result<RawAsset, Error> {
        let raw = self.raw_asset(asset)?;
        let current = raw.current_id(self.settings.current_version);
        if current == version {
            return Ok(raw);
        }
        let message = format!(
            "version {version} is not the current one, and iconik takes approvals for the current one only"
        );
        Err(Error::conflict(message).with_current(current))
    }
}
