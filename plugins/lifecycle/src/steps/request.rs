//! What a first delivery asks for, and the business key it has.

use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Entity, Event, FieldsExt};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::config::Config;
use crate::state::{Review, Unit};

/// A start over REST, by a schedule, or by another run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    /// Walk through the assets of all policies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) scan: bool,
    /// Added by the host for schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Json>,
    /// Look at this asset; with `policy`, review it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) asset: String,
    /// Bring the asset back from the archive.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) restore: bool,
    /// The policy of a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    /// Review the assets of this campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) campaign: Option<String>,
    /// Review these assets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) assets: Vec<String>,
    /// The date they were extended to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// How often they were extended.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) extensions: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Request {
    pub(crate) fn key(&self, prefix: &str, dam: &str) -> String {
        if self.scan {
            let due = self.schedule.as_ref().map(|schedule| &schedule["due-at"]);
            let due = due.and_then(Json::as_str).unwrap_or("now");
            return format!("{prefix}:{dam}:scan:{due}");
        }
        let about = self.campaign.as_deref().unwrap_or(&self.asset);
        let key = match &self.policy {
            Some(policy) => format!("{prefix}:{dam}:{policy}:{about}"),
            None if self.restore => format!("{prefix}:{dam}:restore:{about}"),
            None => format!("{prefix}:{dam}:look:{about}"),
        };
        match &self.until {
            Some(until) => format!("{key}:until:{until}"),
            None => key,
        }
    }

    /// What the run is about, or why there can be none.
    pub(crate) fn subject(&self, config: &Config) -> Result<Entity, String> {
        if self.scan {
            return Ok(Entity::new("scan", &config.key_prefix));
        }
        if let Some(policy) = &self.policy
            && config.policy(policy).is_none()
        {
            return Err(format!("there is no policy `{policy}`"));
        }
        match (&self.campaign, self.asset.as_str(), &self.policy) {
            (Some(campaign), _, Some(_)) => Ok(Entity::new("campaign", campaign)),
            (Some(_), _, None) => Err("`policy` is missing: the one to review it by".to_owned()),
            (None, "", _) => Err("`asset` is missing: the id of an asset, or `campaign` and \
                                  `policy`, or `scan = true`"
                .to_owned()),
            (None, asset, _) => Ok(Entity::new("asset", asset)),
        }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        match &self.policy {
            _ if self.scan => Purpose::Scan,
            _ if self.restore => Purpose::Restore,
            Some(_) => Purpose::Review,
            None => Purpose::Look,
        }
    }

    /// The review that is asked for.
    pub(crate) fn into_review(self) -> Review {
        let mut assets = self.assets;
        if self.campaign.is_none() && assets.is_empty() {
            assets.push(self.asset.clone());
        }
        Review {
            unit: Unit {
                policy: self.policy.unwrap_or_default(),
                group: self.campaign,
                first: self.asset,
                until: self.until,
                extensions: self.extensions,
                assets,
            },
            ..Review::default()
        }
    }
}

/// What a run is for.
pub(crate) enum Purpose {
    /// Walk through the assets of all policies.
    Scan,
    /// Bring an asset back from the archive.
    Restore,
    /// Review a campaign or an asset.
    Review,
    /// See what an asset needs.
    Look,
}

/// What a first delivery asks for, or why it is none of this flow's business.
pub(crate) fn request_of(config: &Config, delivery: &Delivery) -> Result<Request, Declined> {
    delivery.asks(|incoming| of_event(config, &incoming.event))
}

fn of_event(config: &Config, event: &Event) -> Result<Request, String> {
    let Some(asset) = event.entities("asset").next() else {
        return Err(format!("the event {} names no asset", event.kind));
    };
    match event.kind.as_str() {
        "asset.updated" if config.look_at_changes => {}
        "asset.updated" => return Err("changes are found by scans here".to_owned()),
        "action.invoked" => {
            let action = event.data.text("action").unwrap_or_default();
            let listed = &config.action_ids;
            if !listed.is_empty() && !listed.iter().any(|known| known == action) {
                return Err(format!("the action {action} asks for nothing here"));
            }
        }
        other => return Err(format!("the event {other} starts nothing here")),
    }
    Ok(Request {
        asset: asset.id.clone(),
        ..Request::default()
    })
}
