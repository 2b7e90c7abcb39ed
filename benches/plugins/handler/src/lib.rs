//! Handler of the benchmarks: the main job with everything left out that is not the job. It reads an
//! asset, starts a process about it, waits for the process to end, and writes the outcome back.
//!
//! A signal `reads` with a number makes that many reads and changes nothing: with it the cost of an
//! activation and of a brokered call is measured.

use forebay_sdk::assets::{AssetStatus, AssetUpdate};
use forebay_sdk::handler::{Connections, interfaces};
use forebay_sdk::workflow::workflow_sink::StartRequest;
use forebay_sdk::{
    Admission, Cx, Delivery, Entity, Error, FieldsExt as _, Finding, Handler, HandlerDescription,
    Role, Step, time,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Role of the vendor.
const VENDOR: &str = "vendor";

/// The definition of the process.
const DEFINITION: &str = "review";

/// Nothing is configured.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// What starts a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The asset.
    asset: String,
}

/// What a run keeps.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct State {
    asset: String,
    name: String,
    process: String,
    outcome: Option<String>,
}

/// The handler.
pub struct Bench;

impl Handler for Bench {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "bench-flow",
            env!("CARGO_PKG_VERSION"),
            "Reads an asset, has it reviewed, writes the outcome back.",
        )
        .role(
            Role::new(VENDOR, "DAM and workflow engine in one")
                .requires(&[interfaces::ASSET_SOURCE, interfaces::WORKFLOW_SINK]),
        )
        .outcomes(&["approved"])
    }

    fn check(_: &Cx, _: &Config, _: bool) -> Vec<Finding> {
        Vec::new()
    }

    fn admit(_: &Config, _: &Connections, delivery: &Delivery) -> Admission {
        match delivery.request::<Request>() {
            Ok(Request { asset }) => Admission::start(
                asset.clone(),
                Entity::new("asset", asset.clone()),
                format!("review of {asset}"),
            ),
            Err(error) => Admission::refuse(error.message()),
        }
    }

    fn handle(
        cx: &Cx,
        _: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        match (state, delivery) {
            (_, Delivery::Signal(signal)) => read(cx, signal.data()?),
            (Some(state), Delivery::Event(incoming)) => {
                let outcome = incoming.event.data.as_slice().text("outcome");
                finish(cx, state, outcome.unwrap_or_default())
            }
            (None, delivery) => begin(cx, &delivery.request::<Request>()?.asset),
            (Some(state), _) => Ok(wait(cx, state)),
        }
    }
}

fn begin(cx: &Cx, asset: &str) -> Result<Step<State>, Error> {
    let asset = cx.assets().get(asset)?;
    let request = StartRequest::new(DEFINITION, cx.business_key(), &asset.name)
        .variable("asset", asset.id.as_str());
    let started = cx.workflow().start(&request)?;
    let state = State {
        asset: asset.id,
        name: asset.name,
        process: started.process.id,
        outcome: None,
    };
    Ok(wait(cx, state))
}

fn wait(cx: &Cx, state: State) -> Step<State> {
    let due = cx.now() + 3 * time::DAY;
    let process = state.process.clone();
    let summary = format!("review of {}", state.name);
    Step::wait(state)
        .subscribe_to(VENDOR, "process", process, &["process.completed"])
        .timer("overdue", due)
        .due(due)
        .waiting_on(summary)
}

fn finish(cx: &Cx, state: State, outcome: &str) -> Result<Step<State>, Error> {
    let update = AssetUpdate::default()
        .status(AssetStatus::Approved)
        .field("review", outcome);
    cx.assets().update(&state.asset, &update)?;
    let summary = format!("{} is {outcome}", state.name);
    let state = State {
        outcome: Some(outcome.to_owned()),
        ..state
    };
    Ok(Step::complete(state, "approved", summary))
}

fn read(cx: &Cx, times: u32) -> Result<Step<State>, Error> {
    let mut name = String::new();
    for number in 0..times {
        name = cx.assets().get(&format!("local-{number}"))?.name;
    }
    let state = State {
        asset: name.clone(),
        name,
        process: String::new(),
        outcome: None,
    };
    Ok(Step::complete(state, "approved", "read"))
}

forebay_sdk::export_handler!(Bench);
