//! canto-2: no licensed asset stays in use after its rights end. The acceptance scenarios of the use
//! case, in virtual time, through the real host and components.

use std::time::Duration;

use forebay_e2e::{ANN, CANTO, CARA, DAY, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::Timestamp;
use forebay_model::audit::AuditEntry;
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use serde_json::json;

/// The configuration of the use case.
const FLOW: &str = r#"
key_prefix = "canto-2"
calendar = { zone = "Europe/Berlin" }
routing = [{ when = {}, to = { group = "rights", sla = "3bd" } }]
"#;

/// What Canto does not document and the tenant's administrator found out.
const TRASH: &str = r#"lifecycle = { trash_path = "/api/v1/trash", purge = { method = "DELETE", path = "/api/v1/trash", body = '[{"scheme":"{scheme}","id":"{id}"}]' } }"#;

/// The question that is asked first.
const DECIDE: &str = "Rights review";
/// The question to the second person.
const AGREE: &str = "Agree to delete";

fn setup(lines: &str) -> Setup {
    let flow = Flow::new("canto-2", "rights-review", FLOW).role("dam", CANTO);
    Setup::of([flow.lines(lines)]).settings(CANTO, TRASH)
}

async fn world() -> World {
    let world = World::start(setup("")).await.unwrap();
    world.engine.add_group("rights", &[ANN, CARA]);
    world
}

/// An approved stock image that has been there for a year, with the end of its licence.
fn stock(world: &World, file: &str, end: &str) -> ContentId {
    let year_ago = Timestamp(world.clock_now().0 - 365 * DAY.as_millis() as i64);
    let image = NewAsset::new(file, "pixels", "u1")
        .in_album("/Live")
        .approved(None)
        .since(year_ago)
        .with("licence_type", "stock")
        .with("licence_end", end);
    world.canto.add_asset(image).unwrap()
}

async fn scan(world: &World) {
    world
        .request("canto-2", json!({ "scan": true }))
        .await
        .unwrap();
    world.settle().await.unwrap();
}

/// An asset whose licence ends on 20 November, under review.
async fn under_review(world: &World) -> ContentId {
    let asset = stock(world, "harbour.jpg", "2026-11-20");
    scan(world).await;
    assert_eq!(
        world.open_stages(),
        [DECIDE],
        "{:#?}",
        world.runs().await.unwrap()
    );
    asset
}

/// The runs that review an end of rights, newest first.
async fn reviews(world: &World) -> Vec<Run> {
    let mut runs = world.runs_of("canto-2").await.unwrap();
    runs.retain(|run| run.business_key.contains(":20"));
    runs
}

async fn records(world: &World, run: &Run, action: &str) -> Vec<AuditEntry> {
    let mut entries = world.audit(run).await.unwrap();
    entries.retain(|entry| entry.action == action);
    entries
}

/// What stands on the only open task.
fn text_of_task(world: &World) -> String {
    let task = world.open_tasks().remove(0);
    let text = task.locals.iter().find(|local| local.name == "text");
    text.unwrap().value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_1_scans_and_a_restart_make_one_review() {
    let mut world = world().await;
    let asset = stock(&world, "harbour.jpg", "2027-02-14");
    scan(&world).await;
    assert_eq!(world.open_stages(), [""; 0], "more than 90 days are left");
    world.pass(16 * HOUR, HOUR).await.unwrap();
    assert_eq!(world.open_stages(), [DECIDE], "90 days are left");

    scan(&world).await;
    scan(&world).await;
    world.restart().await.unwrap();
    scan(&world).await;
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    assert_eq!(world.processes_of("rightsReview").len(), 1);
    assert_eq!(world.open_stages(), [DECIDE]);
    let reviews = reviews(&world).await;
    let keys: Vec<_> = reviews
        .iter()
        .map(|run| run.business_key.as_str())
        .collect();
    assert_eq!(keys, [format!("canto-2:{CANTO}:{asset}:2027-02-14")]);
    assert_eq!(world.canto_field(&asset, "rights_status"), "in-review");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_2_undecided_at_the_end_is_restricted() {
    let world = world().await;
    let asset = under_review(&world).await;
    // The day ends in Berlin at 23:00 UTC.
    world.pass(4 * DAY + 13 * HOUR, HOUR).await.unwrap();
    world.pass(58 * MINUTE, 2 * MINUTE).await.unwrap();
    assert_eq!(world.canto_status(&asset), "Approved");
    let end = Timestamp(world.clock_now().0 + 2 * MINUTE.as_millis() as i64);
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.canto_status(&asset), "Restricted");

    let run = reviews(&world).await.remove(0);
    let ended = records(&world, &run, "rights-ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].details["rule"], "on_expiry_undecided = Restrict");
    let late = ended[0].at.since(end);
    assert!(late < Duration::from_secs(300), "{late:?}");
    assert_eq!(world.open_stages(), [DECIDE], "the question stays open");
    assert_eq!(run.state, RunState::Waiting);
    assert_eq!(world.canto_field(&asset, "rights_status"), "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_3_a_renewal_into_the_past_is_refused() {
    let world = world().await;
    let asset = under_review(&world).await;
    let before = world.canto.frame().recorder().all_effects();
    world
        .decide(DECIDE, ANN, "renew", &[("newDate", "2020-01-01")])
        .unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.open_stages(), [DECIDE], "asked again");
    let text = text_of_task(&world);
    assert!(text.contains("2020-01-01 lies in the past"), "{text}");
    assert_eq!(world.canto.frame().recorder().all_effects(), before);
    assert_eq!(world.canto_field(&asset, "licence_end"), "2026-11-20");
    assert_eq!(reviews(&world).await[0].state, RunState::Waiting);

    let form = [("newDate", "2028-12-31"), ("reference", "L-7")];
    world.decide(DECIDE, CARA, "renew", &form).unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.canto_field(&asset, "licence_end"), "2028-12-31");
    assert_eq!(world.canto_field(&asset, "renewal_reference"), "L-7");
    let reviews = reviews(&world).await;
    assert_eq!(reviews[1].outcome.as_deref(), Some("renewed"));
    assert_eq!(reviews[0].state, RunState::Waiting, "the next is armed");
    assert!(reviews[0].business_key.ends_with(":2028-12-31"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_4_a_deletion_needs_two_people_and_the_grace() {
    let world = world().await;
    let asset = stock(&world, "harbour.jpg", "2027-02-10");
    scan(&world).await;
    world.decide(DECIDE, ANN, "delete", &[]).unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.open_stages(), [AGREE]);
    let same = world.decide(AGREE, ANN, "approve", &[]);
    assert!(same.is_err(), "the same person again");
    world.minute().await.unwrap();
    assert_eq!(world.canto_status(&asset), "Approved");

    world.decide(AGREE, CARA, "approve", &[]).unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.canto_status(&asset), "Restricted");
    world.pass(29 * DAY, 6 * HOUR).await.unwrap();
    assert_eq!(world.canto_status(&asset), "Restricted", "not yet");
    assert!(!world.canto.is_trashed(&asset));
    world.pass(DAY, HOUR).await.unwrap();
    assert!(world.canto.asset(&asset).is_none());
    assert!(!world.canto.is_trashed(&asset), "for good");

    let run = reviews(&world).await.remove(0);
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("deleted"))
    );
    let deleted = records(&world, &run, "deleted").await;
    let proof = deleted[0].details["comment"].as_str().unwrap();
    assert!(proof.contains(&format!("{ANN} and {CARA}")), "{proof}");
    assert!(proof.contains("no longer knows it"), "{proof}");
    assert_eq!(world.effects()["canto: purge-content"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_5_an_end_while_the_product_was_down_comes_first() {
    let mut world = world().await;
    let ends = under_review(&world).await;
    // Its review should have opened while the product was down, before the end of the other.
    let other = stock(&world, "other.jpg", "2027-02-16");
    world
        .request("canto-2", json!({ "asset": other.to_string() }))
        .await
        .unwrap();
    world.settle().await.unwrap();
    assert_eq!(reviews(&world).await.len(), 2);
    world.crash().await.unwrap();
    world.clock.advance(6 * DAY);
    world.canto.frame().recorder().clear();
    world.boot().await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(world.canto_status(&ends), "Restricted", "at once");
    world.minute().await.unwrap();
    assert_eq!(world.canto_field(&other, "rights_status"), "in-review");
    let calls = world.canto.frame().recorder().calls();
    let first = calls.iter().find(|call| {
        let mut effects = call.effects.iter();
        effects.any(|effect| !effect.ends_with("-token") && !effect.ends_with("-webhook"))
    });
    assert_eq!(first.unwrap().effects, ["set-status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_6_a_date_extended_in_canto_supersedes_the_review() {
    let world = world().await;
    let asset = under_review(&world).await;
    world
        .canto
        .set_field(&asset, "licence_end", "2027-12-31", "u1")
        .unwrap();
    world.pass(2 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), [""; 0]);
    let process = world.processes_of("rightsReview").remove(0);
    assert_eq!(process.delete_reason.as_deref(), Some("superseded"));
    let reviews = reviews(&world).await;
    assert_eq!(reviews[1].outcome.as_deref(), Some("superseded"));
    assert_eq!(reviews[0].state, RunState::Waiting);
    assert!(reviews[0].business_key.ends_with(":2027-12-31"));

    // Nothing happens at the old end; the new lead time opens the next review.
    world.pass(10 * DAY, 12 * HOUR).await.unwrap();
    assert_eq!(world.canto_status(&asset), "Approved");
    assert_eq!(world.open_stages(), [""; 0]);
    world.clock.advance(320 * DAY);
    world.settle().await.unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.open_stages(), [DECIDE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_2_rights_expiry_observing_writes_nothing() {
    let world = World::start(setup("mode = \"observe\"")).await.unwrap();
    world.engine.add_group("rights", &[ANN]);
    let asset = stock(&world, "harbour.jpg", "2026-11-20");
    scan(&world).await;
    world.pass(HOUR, 10 * MINUTE).await.unwrap();
    let run = reviews(&world).await.remove(0);
    assert_eq!(run.outcome.as_deref(), Some("observed"));
    assert!(world.effects().is_empty(), "{:?}", world.effects());
    assert_eq!(world.canto_field(&asset, "rights_status"), "");
}
