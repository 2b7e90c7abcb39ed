//! Small pieces the cases are made of.

use std::time::Duration;

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Incoming, Signal};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, StepRecord};
use forebay_model::step::{Completion, Timer, WaitingOn};
use forebay_model::{
    ConnectionName, Digest, Entity, Event, FlowName, InterfaceName, RunId, Timestamp,
};
use serde_json::{Value, json};

use crate::Store;
use crate::intake::{EventBatch, RoutePlan};
use crate::query::PageRequest;
use crate::runs::{
    After, Claim, ClaimRequest, Claimed, Control, Controlled, NewRun, PutOff, StartOutcome,
    StepCommit, Wait,
};

pub const LEASE: Duration = Duration::from_secs(30);

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(1_700_000_000_000 + seconds * 1000)
}

pub fn dam() -> ConnectionName {
    "dam".into()
}

pub fn entity(id: &str) -> Entity {
    Entity {
        kind: "asset".into(),
        id: id.into(),
    }
}

pub fn event(id: &str, token: &str) -> Event {
    Event {
        kind: "asset.updated".into(),
        entity: entity(id),
        version: None,
        change_token: token.into(),
        occurred_at: at(0),
        actor: None,
        origin: None,
        related: Vec::new(),
        data: Vec::new(),
        raw_digest: None,
    }
}

pub fn batch(events: Vec<Event>) -> EventBatch {
    EventBatch {
        connection: dam(),
        events,
        source: "poll",
        received_at: at(0),
        cursor: None,
    }
}

/// Store an event; returns its number.
pub async fn arrives(store: &dyn Store, event: Event) -> u64 {
    let identity = event.identity(&dam());
    store.record_events(batch(vec![event])).await.unwrap();
    let page = store
        .events(Default::default(), PageRequest::default())
        .await
        .unwrap();
    page.items
        .into_iter()
        .find(|stored| stored.identity == identity)
        .unwrap()
        .id
}

pub fn new_run(key: &str, second: i64) -> NewRun {
    let flow = FlowName::from("flow");
    NewRun {
        id: RunId::derive(&flow, key, &second.to_string()),
        flow,
        business_key: key.into(),
        title: format!("run {key}"),
        subject: entity(key),
        labels: vec![("market".into(), "DE".into())],
        handler: Digest::of(b"handler"),
        config_hash: "hash".into(),
        delivery: DeliveryContent::Request("{}".into()),
        request: None,
        actor: "system".into(),
        at: at(second),
    }
}

/// The same, started by an event.
pub fn started_by(event: Event, key: &str, second: i64) -> NewRun {
    let incoming = Incoming {
        connection: dam(),
        role: "source".into(),
        event,
    };
    NewRun {
        delivery: DeliveryContent::Event(Box::new(incoming)),
        ..new_run(key, second)
    }
}

pub fn plan(starts: Vec<NewRun>) -> RoutePlan {
    RoutePlan {
        starts,
        ..RoutePlan::default()
    }
}

/// Start a run at this second.
pub async fn started(store: &dyn Store, key: &str, second: i64) -> RunId {
    match store.start_run(new_run(key, second)).await.unwrap() {
        StartOutcome::Started(run) => run,
        other => panic!("not started: {other:?}"),
    }
}

pub fn request(second: i64) -> ClaimRequest {
    ClaimRequest {
        timers: 0,
        owner: "host".into(),
        now: at(second),
        lease: LEASE,
        limit: 10,
        room: Vec::new(),
    }
}

pub async fn claimed(store: &dyn Store, second: i64) -> Vec<Claimed> {
    store.claim(request(second)).await.unwrap()
}

/// Claim the one run that is due.
pub async fn claim_one(store: &dyn Store, second: i64) -> Claimed {
    let mut all = claimed(store, second).await;
    assert_eq!(all.len(), 1, "exactly one run should be due");
    all.remove(0)
}

pub async fn nothing_due(store: &dyn Store, second: i64) {
    assert_eq!(claimed(store, second).await, []);
}

pub fn wait(id: &str) -> Wait {
    Wait {
        connection: dam(),
        role: "source".into(),
        entity: entity(id),
        kinds: Vec::new(),
    }
}

pub fn timer(name: &str, second: i64) -> Timer {
    Timer {
        name: name.into(),
        due_at: at(second),
    }
}

pub fn waiting(waits: Vec<Wait>, timers: Vec<Timer>) -> After {
    After::Waiting {
        timers,
        waits,
        waiting_on: WaitingOn::default(),
    }
}

pub fn completion(outcome: &str) -> Completion {
    Completion {
        outcome: outcome.into(),
        summary: "so it ended".into(),
    }
}

pub fn step(claimed: &Claimed, after: After, second: i64) -> StepCommit {
    StepCommit {
        item: claimed.item,
        watermark: claimed.watermark,
        journal: Vec::new(),
        state: r#"{"n":1}"#.into(),
        state_version: 1,
        labels: Vec::new(),
        after,
        record: StepRecord {
            activation: claimed.run.activations + 1,
            trigger: claimed.delivery.label(),
            result: "waiting".into(),
            summary: String::new(),
            attempts: 1,
            started_at: claimed.started_at,
            ended_at: at(second),
            handler: claimed.run.handler.clone(),
        },
        audit: Vec::new(),
        spawns: Vec::new(),
        signals: Vec::new(),
        notices: Vec::new(),
        at: at(second),
    }
}

/// Claim the one run that is due and end its activation so.
pub async fn stepped(store: &dyn Store, after: After, second: i64) -> Claimed {
    let claimed = claim_one(store, second).await;
    store
        .commit_step(&claimed.claim, step(&claimed, after, second))
        .await
        .unwrap();
    claimed
}

pub fn call(claimed: &Claimed, index: u32, mutating: bool, result: Option<Value>) -> JournalEntry {
    JournalEntry {
        activation: claimed.run.activations + 1,
        index,
        function: InterfaceName::new("forebay:workflow/workflow-sink").function("start"),
        connection: Some(dam()),
        arguments: json!([0.1, "x"]),
        mutating,
        key: format!("key-{index}"),
        attempts: 1,
        result,
        observed: false,
        audited: true,
        started_at: at(0),
        ended_at: None,
    }
}

pub fn put_off(second: i64, connection: Option<ConnectionName>) -> PutOff {
    PutOff {
        journal: Vec::new(),
        retry_at: at(second),
        error: "unavailable".into(),
        connection,
        failing_since: Some(at(1)),
        attempt: 1,
        audit: Vec::new(),
        at: at(1),
    }
}

pub fn reason(code: &str) -> ParkReason {
    ParkReason::new(code, "words")
}

pub async fn parked(store: &dyn Store, claim: &Claim, journal: Vec<JournalEntry>) {
    store
        .park(claim, reason("invalid"), journal, Vec::new(), at(1))
        .await
        .unwrap();
}

pub fn signal(name: &str) -> Signal {
    Signal {
        name: name.into(),
        data: "{}".into(),
        sender: "operator:ann".into(),
    }
}

pub fn cancel(force: bool) -> Control {
    Control::Cancel {
        reason: "no need".into(),
        force,
        sender: "operator:ann".into(),
    }
}

pub fn entry(action: &str, run: &RunId) -> AuditEntry {
    AuditEntry {
        at: at(0),
        run: Some(run.as_str().to_owned()),
        flow: None,
        actor: "operator:ann".into(),
        action: action.into(),
        details: json!({"fraction": 0.1, "tiny": 1e-7, "odd": 2.225_073_858_507_201e-308}),
    }
}

pub async fn controlled(
    store: &dyn Store,
    run: &RunId,
    control: Control,
    second: i64,
) -> Controlled {
    store
        .control(run, control, entry("operator", run), at(second))
        .await
        .unwrap()
}

pub async fn get(store: &dyn Store, run: &RunId) -> Run {
    store.run(run).await.unwrap().unwrap()
}

/// Actions in a run's audit, oldest first.
pub async fn actions(store: &dyn Store, run: &RunId) -> Vec<String> {
    let page = store
        .audit_records(Some(run), PageRequest::default())
        .await
        .unwrap();
    page.items
        .into_iter()
        .map(|record| record.entry.action)
        .collect()
}

/// Labels of what waits in a run's inbox.
pub async fn inbox(store: &dyn Store, run: &RunId) -> Vec<String> {
    store
        .inbox(run)
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.delivery.label())
        .collect()
}
