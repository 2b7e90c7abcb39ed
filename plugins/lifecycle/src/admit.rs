//! Which deliveries start a run, and under which business key.

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, FieldsExt};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::DAM;
use crate::config::Config;

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
}

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(config, delivery) {
        Ok(Ok(request)) => request,
        Ok(Err(reason)) => return Admission::ignore(reason),
        Err(error) => return Admission::refuse(error.message().to_owned()),
    };
    let key = request.key(&config.key_prefix, dam);
    if request.scan {
        let scan = Entity::new("scan", &config.key_prefix);
        return Admission::start(key, scan, "scan of policies");
    }
    if let Some(policy) = &request.policy
        && config.policy(policy).is_none()
    {
        return Admission::refuse(format!("there is no policy `{policy}`"));
    }
    match (&request.campaign, request.asset.as_str(), &request.policy) {
        (Some(campaign), _, Some(_)) => {
            let title = campaign.clone();
            Admission::start(key, Entity::new("campaign", campaign), title)
                .label("campaign", campaign)
        }
        (Some(_), _, None) => Admission::refuse("`policy` is missing: the one to review it by"),
        (None, "", _) => Admission::refuse(
            "`asset` is missing: the id of an asset, or `campaign` and `policy`, or `scan = true`",
        ),
        (None, asset, _) => {
            let title = asset.to_owned();
            Admission::start(key, Entity::new("asset", asset), title).label("asset", asset)
        }
    }
}

/// What a first delivery asks for; the inner error says why it is none of this flow's business.
pub(crate) fn request_of(
    config: &Config,
    delivery: &Delivery,
) -> Result<Result<Request, String>, Error> {
    match delivery {
        Delivery::Request(_) => delivery.request::<Request>().map(Ok),
        Delivery::Event(incoming) => Ok(of_event(config, &incoming.event)),
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}

fn of_event(config: &Config, event: &Event) -> Result<Request, String> {
    let mut entities = std::iter::once(&event.entity).chain(&event.related);
    let Some(asset) = entities.find(|entity| entity.kind == "asset") else {
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
