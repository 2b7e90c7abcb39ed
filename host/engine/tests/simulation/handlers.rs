//! The handlers: an asset is translated and reviewed at the same time; once both is done, what was
//! decided is written back.

use std::sync::Arc;

use forebay_model::capability::CapabilityError;
use forebay_model::event::DeliveryContent;
use forebay_model::ports::{Activation, Broker, CapabilityCall, GuestError, Interrupt};
use forebay_model::step::{Completion, Next, Step, Subscription, Timer, Waiting, WaitingOn};
use forebay_model::{Entity, InterfaceName, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::vendor::{BLIND, DAM, ENGINE, asset, process};

/// The flow that reviews, and its handler.
pub(crate) const APPROVAL: &str = "approval";
/// The flow that translates, and its handler.
pub(crate) const TRANSLATION: &str = "translation";

/// Seconds until reviewers are reminded.
const REMINDER: u64 = 600;
/// Seconds a translation takes.
const TRANSLATING: u64 = 300;

pub(crate) type Answer = Result<Result<Step, CapabilityError>, GuestError>;

/// What a review remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Review {
    process: String,
    remind_at: Timestamp,
    reminded: bool,
    decided: bool,
    translated: bool,
}

/// Call a handler.
pub(crate) async fn handle(flow: &str, activation: Activation, broker: Arc<dyn Broker>) -> Answer {
    let desk = Desk(broker);
    match flow {
        APPROVAL => review(activation, desk).await,
        _ => translate(activation, desk).await,
    }
}

async fn review(activation: Activation, desk: Desk) -> Answer {
    let about = activation.business_key.clone();
    let Some(state) = &activation.state else {
        desk.dam("get", &about).await?;
        let process = desk.engine("start", &about).await?["ok"].clone();
        let input = json!({"asset": about, "parent": activation.run}).to_string();
        desk.spawn(TRANSLATION, &about, input).await?;
        let review = Review {
            process: serde_json::from_value(process).unwrap(),
            remind_at: desk.in_seconds(REMINDER),
            ..Review::default()
        };
        return wait(&about, &review);
    };
    let mut review: Review = serde_json::from_str(state).unwrap();
    match activation.delivery {
        DeliveryContent::Event(incoming) if incoming.event.kind == "process.completed" => {
            assert_eq!(review.process, incoming.event.entity.id);
            desk.dam("get", &about).await?;
            desk.dam("update", &about).await?;
            desk.dam("comment", &about).await?;
            review.decided = true;
        }
        DeliveryContent::Event(incoming) => {
            let version = format!("{about}@{}", incoming.event.change_token);
            desk.dam("comment", &version).await?;
        }
        DeliveryContent::Timer(_) => {
            desk.dam(BLIND, &about).await?;
            review.reminded = true;
        }
        DeliveryContent::Signal(signal) => review.translated |= signal.name == "translated",
        DeliveryContent::Request(_) => {}
    }
    if review.decided && review.translated {
        return completed(&review);
    }
    wait(&about, &review)
}

fn wait(about: &str, review: &Review) -> Answer {
    let subscription = |role: &str, entity: Entity| Subscription {
        role: role.into(),
        entity,
        kinds: Vec::new(),
    };
    let timer = Timer {
        name: "remind".into(),
        due_at: review.remind_at,
    };
    let timers = if review.reminded {
        Vec::new()
    } else {
        vec![timer]
    };
    waiting(
        review,
        timers,
        vec![
            subscription(DAM, asset(about)),
            subscription(ENGINE, process(about)),
        ],
    )
}

async fn translate(activation: Activation, desk: Desk) -> Answer {
    let about = activation.business_key;
    match (activation.delivery, activation.state) {
        (DeliveryContent::Request(input), None) => {
            let input: Value = serde_json::from_str(&input).unwrap();
            let timer = Timer {
                name: "done".into(),
                due_at: desk.in_seconds(TRANSLATING),
            };
            waiting(&input["parent"], vec![timer], Vec::new())
        }
        (_, Some(parent)) => {
            desk.engine("translate", &about).await?;
            let parent: String = serde_json::from_str(&parent).unwrap();
            desk.signal(parent, "translated").await?;
            completed(&Value::Null)
        }
        (delivery, None) => panic!("a translation began with {delivery:?}"),
    }
}

/// A handler's way out; an interrupt ends it, as it does in the sandbox.
struct Desk(Arc<dyn Broker>);

impl Desk {
    async fn dam(&self, function: &str, about: &str) -> Result<Value, GuestError> {
        self.call("forebay:assets/asset-source", function, about)
            .await
    }

    async fn engine(&self, function: &str, about: &str) -> Result<Value, GuestError> {
        self.call("forebay:workflow/workflow-sink", function, about)
            .await
    }

    async fn call(
        &self,
        interface: &str,
        function: &str,
        about: &str,
    ) -> Result<Value, GuestError> {
        let call = CapabilityCall {
            function: InterfaceName::new(interface).function(function),
            arguments: vec![json!(about)],
            fallible: true,
            blank: json!({"ok": ""}),
        };
        self.0.call(call).await.map_err(interrupted)
    }

    async fn spawn(&self, flow: &str, key: &str, input: String) -> Result<(), GuestError> {
        let spawned = self.0.spawn(flow.into(), key.into(), input).await;
        spawned.map_err(interrupted)?.unwrap();
        Ok(())
    }

    async fn signal(&self, run: String, name: &str) -> Result<(), GuestError> {
        let sent = self.0.signal(run, name.into(), "{}".into()).await;
        sent.map_err(interrupted)?.unwrap();
        Ok(())
    }

    fn in_seconds(&self, seconds: u64) -> Timestamp {
        self.0.now().plus(std::time::Duration::from_secs(seconds))
    }
}

fn interrupted(_: Interrupt) -> GuestError {
    GuestError::Interrupted
}

fn step(state: &impl Serialize, next: Next) -> Answer {
    Ok(Ok(Step {
        state: serde_json::to_string(state).unwrap(),
        labels: Vec::new(),
        next,
    }))
}

fn waiting(state: &impl Serialize, timers: Vec<Timer>, subscriptions: Vec<Subscription>) -> Answer {
    let waiting = Waiting {
        timers,
        subscriptions,
        waiting_on: WaitingOn::default(),
    };
    step(state, Next::Waiting(waiting))
}

fn completed(state: &impl Serialize) -> Answer {
    let completion = Completion {
        outcome: "done".into(),
        summary: String::new(),
    };
    step(state, Next::Completed(completion))
}
