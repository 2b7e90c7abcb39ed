//! Assets that arrive together (rule C-08): gathered, reviewed in one process, each on its own.

mod gathering;
mod leaving;
mod reviewing;
mod time;

use forebay_sdk::Event;
use forebay_sdk::testing::Stage;
use forebay_sdk::time::MINUTE;
use forebay_sdk::workflow::Process;
use serde_json::{Value as Json, json};

use crate::Approval;

/// The definition of a batch's review.
const BATCH: &str = "assetApprovalBatch";
/// Where the assets are filed.
const CARD: &str = "/Ingest/Card 7";
const EVA: &str = "eva@example.com";

/// Two stages one after the other, with batches.
fn config(changes: Json) -> Json {
    let mut config = json!({
        "stages": [{"name": "technical"}, {"name": "legal", "policy": "all"}],
        "routing": [
            {"when": {"stage": "legal"}, "to": {"group": "lawyers", "sla": "2d"}},
            {"to": {"group": "media-ops", "sla": "2d"}},
        ],
        "batch": {"enabled": true},
        "notify": {"uploader": false},
    });
    if let (Some(map), Json::Object(changes)) = (config.as_object_mut(), changes) {
        map.extend(changes);
    }
    config
}

/// The same with one stage.
fn one_stage(changes: Json) -> Json {
    let mut config = config(json!({"stages": [{"name": "technical"}]}));
    if let (Some(map), Json::Object(changes)) = (config.as_object_mut(), changes) {
        map.extend(changes);
    }
    config
}

struct Batches {
    stage: Stage<Approval>,
}

impl Batches {
    fn new(config: &Json) -> Self {
        Self {
            stage: Stage::new(config),
        }
    }

    /// Assets `clip-1`, `clip-2`, … are uploaded.
    fn upload(&self, count: usize) {
        for number in 1..=count {
            self.upload_one(&format!("clip-{number}"), CARD);
        }
    }

    fn upload_one(&self, id: &str, path: &str) {
        self.stage.dam.add(id, path, &[]);
        self.stage.dam_event("asset.created", id, &[]);
    }

    /// Until the window has closed.
    fn close_window(&self) {
        self.stage.wind(2 * MINUTE);
    }

    fn started(&self, definition: &str) -> Vec<Process> {
        let mut processes = self.stage.people.processes();
        processes.retain(|process| process.definition == definition);
        processes
    }

    /// Somebody answers an open question, and the engine tells the run of the batch.
    fn answer(&self, question: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
        self.stage.people.answer(question, by, outcome, values);
        for process in self.started(BATCH) {
            self.told(&process.id);
        }
    }

    fn told(&self, process: &str) {
        let entity = forebay_sdk::Entity::new("process", process);
        let event = Event::new("task.completed", entity, "1", self.stage.now());
        self.stage.event("workflow", event);
    }

    fn outcome(&self, asset: &str) -> String {
        self.stage.outcome(&format!("approval:dam-main:{asset}"))
    }

    fn outcomes(&self, count: usize) -> Vec<String> {
        let numbers = 1..=count;
        numbers
            .map(|number| self.outcome(&format!("clip-{number}")))
            .collect()
    }

    /// Keys of the live runs that gather or review.
    fn batches(&self) -> Vec<String> {
        let mut live = self.stage.live();
        live.retain(|key| key.contains(":batch:"));
        live
    }

    /// How the runs that gathered or reviewed ended, in order.
    fn ends(&self) -> Vec<String> {
        let runs = self.stage.runs().into_iter();
        let runs = runs.filter(|run| run.key.contains(":batch:"));
        let end =
            |end: &forebay_sdk::handler::Completion| format!("{}: {}", end.outcome, end.summary);
        runs.filter_map(|run| run.end().map(end)).collect()
    }

    /// Decisions in the audit about an asset, as `actor: decision`.
    fn audit(&self, asset: &str) -> Vec<String> {
        let records = self.stage.script.decisions().into_iter();
        let about = records.filter(|record| record.asset.as_deref() == Some(asset));
        let decided = about.filter(|record| record.action == "decision");
        decided
            .map(|record| format!("{}: {}", record.actor, record.decision.unwrap_or_default()))
            .collect()
    }
}
