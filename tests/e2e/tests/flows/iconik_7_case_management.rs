//! iconik-7: a case protects its media at once, before people are asked. The acceptance scenarios of
//! the use case, in virtual time, through the real host and components.

use forebay_e2e::{ANN, CARA, Flow, ICONIK, MINUTE, Setup, World};
use forebay_model::run::Run;
use forebay_simulators::common::Rule;
use forebay_simulators::iconik::{Choice, NewAsset};
use serde_json::json;

const FLOW: &str = r#"
key_prefix = "iconik-7"
duty_group = "duty"
restrict_template = "restricted"
"#;

const FIELDS: [&str; 6] = [
    "case_ids",
    "case_state",
    "case_type",
    "case_priority",
    "case_flag",
    "legal_hold",
];

struct Desk {
    world: World,
    asset: String,
}

impl Desk {
    async fn of(lines: &str) -> Self {
        let lines = format!("{lines}\n[flows.iconik-7.retry]\nmaximum = \"1m\"\n");
        let flow = Flow::new("iconik-7", "case-management", FLOW)
            .role("dam", ICONIK)
            .lines(&lines);
        let actions = r#"custom_actions = [{ name = "Open case", context = "asset" }]"#;
        let setup = Setup::of([flow]).settings(ICONIK, actions);
        let world = World::start(setup).await.unwrap();
        for group in [
            "legal-ops",
            "broadcast-desk",
            "viewer-relations",
            "duty",
            "dam-admins",
        ] {
            world.engine.add_group(group, &[ANN, CARA]);
        }
        world.add_iconik_fields(&FIELDS);
        world
            .iconik
            .add_template("restricted", &[("legal", &["read"])]);
        let clip = NewAsset::new("spot.mov", "frames", "uta").in_collection("Published/2027");
        let asset = world.iconik.add_asset(clip);
        world.settle().await.unwrap();
        Self { world, asset }
    }

    /// A person opens a case in the workflow engine.
    async fn open(&self, case: &str, kind: &str) {
        let form = json!({"case_type": kind, "assets": self.asset});
        let form = form.as_object().unwrap();
        self.world
            .engine
            .start_process("mediaCase", case, form)
            .unwrap();
        self.world.endure(MINUTE, MINUTE).await.unwrap();
    }

    async fn minutes(&self, minutes: u32) {
        self.world.pass(MINUTE * minutes, MINUTE).await.unwrap();
    }

    async fn run_of(&self, end: &str) -> Run {
        let mut runs = self.world.runs_of("iconik-7").await.unwrap();
        runs.retain(|run| run.business_key.ends_with(end));
        assert_eq!(runs.len(), 1, "{runs:#?}");
        runs.remove(0)
    }

    fn is_restricted(&self) -> bool {
        self.world.iconik_access(&self.asset) == ["legal"]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_1_a_takedown_protects_before_any_person() {
    let desk = Desk::of("").await;
    desk.open("T1", "takedown").await;
    assert!(desk.is_restricted());
    assert!(desk.world.iconik_collections(&desk.asset).is_empty());
    assert_eq!(desk.world.iconik_field(&desk.asset, "legal_hold"), "yes");
    desk.minutes(2).await;
    let process = &desk.world.processes_of("mediaCase")[0];
    let confirmed = process.text("confirmations").unwrap_or_default();
    assert!(
        confirmed.contains("protected at 2026-11-16T09:0"),
        "{confirmed}"
    );
    assert_eq!(desk.world.processes_of("mediaCase").len(), 1);
    assert!(
        desk.world
            .open_stages()
            .contains(&"Decide the case".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_2_an_outage_alarms_and_protection_follows() {
    let desk = Desk::of("").await;
    let frame = desk.world.iconik.frame();
    let now = desk.world.clock_now();
    frame.faults().add(Rule::outage(now, now.plus(10 * MINUTE)));
    desk.open("T1", "takedown").await;
    desk.world.endure(3 * MINUTE, MINUTE).await.unwrap();
    assert!(
        !desk
            .world
            .open_stages()
            .contains(&"Protection is late".to_owned())
    );
    desk.world.endure(3 * MINUTE, MINUTE).await.unwrap();
    assert!(
        desk.world
            .open_stages()
            .contains(&"Protection is late".to_owned())
    );
    desk.world.endure(5 * MINUTE, MINUTE).await.unwrap();
    assert!(desk.is_restricted());
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_3_the_master_of_a_field_stands_and_both_are_recorded() {
    let desk = Desk::of("").await;
    desk.open("T1", "takedown").await;
    desk.minutes(2).await;
    let process = desk.world.processes_of("mediaCase").remove(0).id;
    let high = json!({"priority": "high"});
    let high = high.as_object().unwrap();
    desk.world.engine.set_variables(&process, high).unwrap();
    let iconik = &desk.world.iconik;
    iconik.set_field(&desk.asset, "case_priority", "low", "uta");
    desk.minutes(2).await;
    assert_eq!(
        desk.world.iconik_field(&desk.asset, "case_priority"),
        "high"
    );
    let shown = desk.world.processes_of("mediaCase").remove(0);
    assert_eq!(shown.text("priority"), Some("high"));
    let audit = desk.world.audit(&desk.run_of(":T1").await).await.unwrap();
    let mut both = audit
        .iter()
        .filter(|entry| entry.action == "changed-on-both-sides");
    let words = both.next().unwrap().details.to_string();
    assert!(
        words.contains("`low`") && words.contains("`high`"),
        "{words}"
    );
    assert!(both.next().is_none(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_4_restored_equals_what_stood_before() {
    let desk = Desk::of("").await;
    let before = desk.world.iconik_access(&desk.asset);
    desk.open("T1", "takedown").await;
    desk.minutes(2).await;
    desk.world
        .decide("Decide the case", ANN, "restore", &[])
        .unwrap();
    desk.minutes(2).await;
    assert_eq!(
        desk.run_of(":T1").await.outcome.as_deref(),
        Some("restored")
    );
    assert_eq!(desk.world.iconik_access(&desk.asset), before);
    let filed = desk.world.iconik_collections(&desk.asset);
    assert_eq!(filed.len(), 1, "{filed:?}");
    assert!(filed[0].ends_with("Published/2027"));
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_5_two_cases_keep_an_asset_until_both_are_closed() {
    let desk = Desk::of("").await;
    desk.open("T1", "takedown").await;
    desk.open("T2", "takedown").await;
    desk.minutes(2).await;
    for case in [":T1", ":T2"] {
        assert!(desk.is_restricted(), "{case}");
        desk.world
            .decide("Decide the case", ANN, "restore", &[])
            .unwrap();
        desk.minutes(3).await;
        assert_eq!(desk.run_of(case).await.outcome.as_deref(), Some("restored"));
    }
    assert!(!desk.is_restricted());
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_6_protection_does_not_wait_for_the_workflow_engine() {
    let desk = Desk::of("").await;
    let frame = desk.world.engine.frame();
    let now = desk.world.clock_now();
    frame.faults().add(Rule::outage(now, now.plus(10 * MINUTE)));
    let choice = Choice::asset(&desk.asset).with("case_type", "takedown");
    assert!(desk.world.iconik.invoke_action("Open case", "uta", &choice));
    desk.world.endure(2 * MINUTE, MINUTE).await.unwrap();
    assert!(desk.is_restricted());
    assert!(desk.world.processes_of("mediaCase").is_empty());
    desk.world.endure(15 * MINUTE, MINUTE).await.unwrap();
    let processes = desk.world.processes_of("mediaCase");
    assert_eq!(processes.len(), 1);
    let opened = processes[0].text("openedAt").unwrap_or_default();
    assert!(opened.starts_with("2026-11-16T09:00"), "{opened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_an_upheld_case_opened_again_restores_what_first_stood_there() {
    let desk = Desk::of("").await;
    let before = desk.world.iconik_access(&desk.asset);
    for (case, decision) in [("T1", "stay-down"), ("T2", "restore"), ("T1", "restore")] {
        desk.open(case, "takedown").await;
        desk.minutes(2).await;
        assert!(desk.is_restricted(), "{case}: {decision}");
        desk.world
            .decide("Decide the case", ANN, decision, &[])
            .unwrap();
        desk.minutes(3).await;
    }
    assert_eq!(desk.world.iconik_access(&desk.asset), before);
    let filed = desk.world.iconik_collections(&desk.asset);
    assert_eq!(filed.len(), 1, "{filed:?}");
    let runs = desk.world.runs_of("iconik-7").await.unwrap();
    let of_case = runs.iter().filter(|run| run.business_key.ends_with(":T1"));
    let mut outcomes: Vec<_> = of_case.filter_map(|run| run.outcome.as_deref()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["restored", "upheld"]);
    let audit = desk.world.audit(&desk.run_of(":T1:guard").await).await;
    let audit = audit.unwrap();
    let reopened = audit.iter().filter(|entry| entry.action == "reopened");
    assert_eq!(reopened.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_notes_and_comments_stand_on_both_sides_once() {
    let mut desk = Desk::of("").await;
    desk.open("T1", "takedown").await;
    desk.minutes(2).await;
    let process = desk.world.processes_of("mediaCase").remove(0).id;
    desk.world.engine.say(&process, ANN, "the agency called");
    let iconik = &desk.world.iconik;
    iconik.comment(&desk.asset, "uta", "seen on the web", None, None);
    desk.minutes(2).await;
    desk.world.crash().await.unwrap();
    desk.world.restart().await.unwrap();
    desk.minutes(3).await;
    let comments = desk.world.iconik.comments(&desk.asset);
    let there = comments.iter().map(|it| it["segment_text"].as_str());
    let there: Vec<_> = there.map(Option::unwrap_or_default).collect();
    let copy = format!("{ANN}: the agency called");
    assert_eq!(there, ["seen on the web", copy.as_str()]);
    let notes = desk.world.engine.comments(&process);
    let here: Vec<_> = notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(here.len(), 2, "{here:?}");
    assert_eq!(here[0], "the agency called");
    assert!(here[1].contains(": seen on the web"), "{here:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_7_case_management_observing_writes_nothing() {
    let desk = Desk::of("mode = \"observe\"").await;
    let input = json!({"case": "T1", "case_type": "takedown", "assets": [desk.asset]});
    desk.world.request("iconik-7", input).await.unwrap();
    desk.minutes(2).await;
    assert_eq!(
        desk.run_of(":T1").await.outcome.as_deref(),
        Some("observed")
    );
    assert!(!desk.is_restricted());
}
