//! The use case.

use forebay_sdk::handler::{Connections, DecisionRecord};
use forebay_sdk::{
    Admission, Cx, Delivery, Entity, Error, Finding, Handler, HandlerDescription, Role, Step,
    Timestamp, time,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agency::{Agency, Imported, Licence, LicenceState};

/// Configuration of a flow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Minutes between two looks at an order that is not confirmed yet.
    #[serde(default = "default_recheck_minutes")]
    recheck_minutes: u32,
    /// Looks after which an unconfirmed order is given up.
    #[serde(default = "default_looks")]
    looks: u32,
}

/// An hour: agencies confirm orders within a working day.
fn default_recheck_minutes() -> u32 {
    60
}

/// Three days of hourly looks: the longest weekend.
fn default_looks() -> u32 {
    72
}

/// What starts a run over REST.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The asset, by the reference the licence was bought under.
    asset: String,
    /// What it is wanted for: `web`, `print`, `broadcast`.
    purpose: String,
}

/// What a run keeps.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    request: Request,
    /// Looks so far.
    looks: u32,
}

/// The handler.
pub struct LicenceCheck;

impl Handler for LicenceCheck {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "licence-check",
            env!("CARGO_PKG_VERSION"),
            "Says whether an asset's licence covers a purpose, and marks it as used.",
        )
        .role(
            Role::new("agency", "the agency that sold the licence")
                .requires(&["acme:licensing/licences"]),
        )
        .outcomes(&["granted", "refused", "withdrawn"])
    }

    fn check(_: &Cx, config: &Config, _: bool) -> Vec<Finding> {
        let positive = |path: &str, value: u32| {
            (value == 0).then(|| Finding::error(path, format!("{path} is 0"), "set at least 1"))
        };
        let found = [
            positive("recheck_minutes", config.recheck_minutes),
            positive("looks", config.looks),
        ];
        found.into_iter().flatten().collect()
    }

    fn admit(_: &Config, _: &Connections, delivery: &Delivery) -> Admission {
        match delivery.request::<Request>() {
            Ok(Request { asset, purpose }) => Admission::start(
                format!("{asset}#{purpose}"),
                Entity::new("asset", asset.clone()),
                format!("licence of {asset} for {purpose}"),
            )
            .label("purpose", purpose),
            Err(error) => Admission::refuse(error.message()),
        }
    }

    fn handle(
        cx: &Cx,
        config: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        activate(&Imported, cx, config, state, delivery)
    }
}

forebay_sdk::export_handler!(LicenceCheck);

fn activate(
    agency: &dyn Agency,
    cx: &Cx,
    config: &Config,
    state: Option<State>,
    delivery: Delivery,
) -> Result<Step<State>, Error> {
    let state = match (state, &delivery) {
        (None, _) => State {
            request: delivery.request()?,
            looks: 0,
        },
        (Some(state), Delivery::Signal(signal)) if signal.name == "withdraw" => {
            return Ok(Step::cancel(
                state,
                "withdrawn",
                format!("withdrawn by {}", signal.sender),
            ));
        }
        (Some(state), _) => state,
    };
    let state = State {
        looks: state.looks + 1,
        ..state
    };
    let licence = agency.lookup(&state.request.asset)?;
    match judge(licence.as_ref(), &state.request.purpose, cx.now()) {
        Verdict::Granted(order) => {
            agency.mark_used(order, &state.request.purpose)?;
            decide(cx, &state, "granted", order);
            let summary = format!("order {order} covers {}", state.request.purpose);
            Ok(Step::complete(state, "granted", summary))
        }
        Verdict::Later if state.looks < config.looks => {
            let next = cx.now() + Timestamp::from(config.recheck_minutes) * time::MINUTE;
            let summary = format!(
                "the agency to confirm the order for {}",
                state.request.asset
            );
            Ok(Step::wait(state)
                .timer("recheck", next)
                .due(next)
                .waiting_on(summary))
        }
        Verdict::Later => refuse(cx, state, "the order was not confirmed in time"),
        Verdict::Refused(why) => refuse(cx, state, &why),
    }
}

enum Verdict<'a> {
    Granted(&'a str),
    Later,
    Refused(String),
}

fn judge<'a>(licence: Option<&'a Licence>, purpose: &str, now: Timestamp) -> Verdict<'a> {
    let Some(licence) = licence else {
        return Verdict::Refused("no licence was bought".to_owned());
    };
    match licence.state {
        LicenceState::Revoked => Verdict::Refused("the agency took the licence back".to_owned()),
        LicenceState::Expired => Verdict::Refused("the licence has ended".to_owned()),
        _ if licence.ends_at.is_some_and(|end| end <= now) => {
            Verdict::Refused("the licence has ended".to_owned())
        }
        _ if !licence.uses.iter().any(|used| used == purpose) => {
            Verdict::Refused(format!("the licence does not cover {purpose}"))
        }
        LicenceState::Pending => Verdict::Later,
        LicenceState::Valid => Verdict::Granted(&licence.order),
    }
}

fn refuse(cx: &Cx, state: State, why: &str) -> Result<Step<State>, Error> {
    decide(cx, &state, "refused", why);
    Ok(Step::complete(state, "refused", why))
}

fn decide(cx: &Cx, state: &State, decision: &str, rule: &str) {
    cx.decision(&DecisionRecord {
        asset: Some(state.request.asset.clone()),
        decision: Some(decision.to_owned()),
        rule: Some(rule.to_owned()),
        ..DecisionRecord::new("decision", "system")
    });
}

#[cfg(test)]
mod tests;
