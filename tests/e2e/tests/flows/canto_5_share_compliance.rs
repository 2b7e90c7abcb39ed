//! canto-5: agencies, partners and distributors get only what was approved for them, and it can be
//! proven. The acceptance scenarios of the use case, in virtual time, through the real host and
//! components.

use std::time::Duration;

use forebay_e2e::{ANN, CANTO, CARA, DAY, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::Timestamp;
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Fault, Rule};
use serde_json::{Value, json};

const FLOW: &str = r#"
key_prefix = "canto-5"
recipients = [
    { match = "*@agency-a.example", class = "agency", contract_until = "2027-12-31", allowed_channels = ["social", "print"] },
    { match = "*", class = "unknown", policy = "deny_unless_legal" },
]
"#;

/// What Canto leaves to the settings: a list of shares, a way to end them, a report.
const SHARING: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, revoke = { method = "DELETE", path = "/api/v1/share/{id}" }, activity = { path = "/api/v1/report/activity?since={since}", delay_hours = 0 } }"#;
/// The same without a way to end shares.
const NO_REVOKE: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, activity = { path = "/api/v1/report/activity?since={since}", delay_hours = 0 } }"#;

/// Midnight after 2026-11-30.
const END_OF_NOVEMBER: Timestamp = Timestamp(1_796_083_200_000);
const QUARTER: Duration = Duration::from_secs(15 * 60);
/// Who asks, and who shares by hand.
const RITA: &str = "uploader@example.test";

fn flow() -> Flow {
    Flow::new("canto-5", "share-compliance", FLOW).role("dam", CANTO)
}

async fn world_of(flow: Flow, sharing: &str) -> World {
    let setup = Setup::of([flow]).settings(CANTO, sharing);
    let world = World::start(setup).await.unwrap();
    world.engine.add_group("partner-compliance", &[ANN]);
    world
}

async fn world() -> World {
    world_of(flow(), SHARING).await
}

/// An approved picture with rights in Germany.
fn picture(world: &World, name: &str, channels: &[&str]) -> ContentId {
    let asset = NewAsset::new(name, "pixels", "u1")
        .in_album("/Library")
        .approved(None)
        .with("channels", json!(channels))
        .with("territories", json!(["DE"]));
    world.canto.add_asset(asset).unwrap()
}

fn wish(assets: &[&ContentId], recipient: &str) -> Value {
    let assets: Vec<_> = assets.iter().map(ToString::to_string).collect();
    json!({
        "assets": assets, "recipient": recipient, "purpose": "Spring campaign",
        "channel": "social", "territory": "DE", "until": "2026-12-20",
        "requester": RITA, "reference": "r1",
    })
}

/// A request for agency A under review.
async fn asked(world: &World, assets: &[&ContentId]) {
    let wish = wish(assets, "bo@agency-a.example");
    world.request("canto-5", wish).await.unwrap();
    world.settle().await.unwrap();
    assert_eq!(world.open_stages(), ["share-review"]);
}

async fn decide(world: &World, task: &str, person: &str, outcome: &str) {
    world
        .decide(task, person, outcome, &[("comment", "seen")])
        .unwrap();
    world.minute().await.unwrap();
}

async fn request(world: &World) -> Run {
    let mut runs = world.runs().await.unwrap();
    runs.retain(|run| run.business_key.as_str().contains(":request:"));
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

async fn cases(world: &World) -> Vec<Run> {
    let mut runs = world.runs().await.unwrap();
    runs.retain(|run| run.business_key.as_str().contains(":case:"));
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_1_the_link_holds_four_of_five() {
    let world = world().await;
    let four: Vec<_> = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
        .map(|name| picture(&world, name, &["social", "print"]))
        .into();
    let fifth = picture(&world, "e.jpg", &["print"]);
    world
        .canto
        .set_field(&four[1], "licence_end", json!("2026-11-30"), RITA)
        .unwrap();
    let mut all: Vec<_> = four.iter().collect();
    all.push(&fifth);
    asked(&world, &all).await;
    assert!(world.canto.shares().is_empty());
    decide(&world, "share-review", ANN, "approve").await;

    let shares = world.canto.shares();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].contents, four);
    // Asked for until December 20, contract until the end of 2027, one licence until November 30.
    assert_eq!(shares[0].expires, Some(END_OF_NOVEMBER));
    assert_eq!(world.canto_field(&four[0], "share_state"), "shared");
    assert_eq!(world.canto_field(&four[0], "shared_with"), "agency");
    assert_eq!(world.canto_field(&fifth, "share_state"), "refused");
    let why = world.canto_field(&fifth, "share_decision");
    assert!(why.contains("no rights for social"), "{why}");

    // The last day passes; the link is dead, and the run says for which time it worked.
    world.pass(16 * DAY, 6 * HOUR).await.unwrap();
    let run = request(&world).await;
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("shared"))
    );
    assert!(world.canto.live_shares_of(&four[0]).is_empty());
    assert_eq!(world.canto_field(&four[0], "share_state"), "ended");
    assert_eq!(world.effects()["canto: create-share"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_2_a_share_by_hand_is_restricted_within_a_quarter() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    world.settle().await.unwrap();
    world
        .canto
        .share_by(RITA, std::slice::from_ref(&asset), "for you", None)
        .unwrap();
    world.pass(QUARTER, 5 * MINUTE).await.unwrap();

    assert_eq!(world.canto_status(&asset), "Restricted");
    assert!(
        world.canto.live_shares_of(&asset).is_empty(),
        "it was ended too"
    );
    let mut tasks = world.open_stages();
    tasks.sort_unstable();
    assert_eq!(tasks, ["share-author", "share-violation"]);
    let run = cases(&world).await.remove(0);
    let audit = world.audit(&run).await.unwrap();
    let actions: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    let at = |action: &str| actions.iter().position(|other| *other == action);
    assert!(at("violation-detected").is_some(), "{actions:?}");
    assert!(at("restricted") > at("violation-detected"), "{actions:?}");

    decide(&world, "share-violation", CARA, "release").await;
    assert_eq!(world.canto_status(&asset), "Approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_2_the_task_says_so_where_a_share_cannot_be_ended() {
    let world = world_of(flow(), NO_REVOKE).await;
    let asset = picture(&world, "a.jpg", &["social"]);
    world.settle().await.unwrap();
    let share = world
        .canto
        .share_by(RITA, std::slice::from_ref(&asset), "for you", None)
        .unwrap();
    world.pass(QUARTER, 5 * MINUTE).await.unwrap();
    assert_eq!(world.canto_status(&asset), "Restricted");
    let process = world.processes_of("shareReview").remove(0);
    let asked = format!("{:?}", process.variables);
    assert!(asked.contains("cannot end the share"), "{asked}");

    // It is not given free while the link works.
    decide(&world, "share-violation", CARA, "release").await;
    assert_eq!(world.canto_status(&asset), "Restricted");
    world.canto.revoke_by(RITA, &share.id).unwrap();
    decide(&world, "share-violation", CARA, "release").await;
    assert_eq!(world.canto_status(&asset), "Approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_3_a_change_after_the_approval_stops_the_link() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    let other = picture(&world, "b.jpg", &["social"]);
    asked(&world, &[&asset, &other]).await;
    world.decide("share-review", ANN, "approve", &[]).unwrap();
    world
        .canto
        .set_field(&asset, "channels", json!(["print"]), RITA)
        .unwrap();
    world.minute().await.unwrap();

    assert!(world.canto.shares().is_empty(), "no link");
    assert_eq!(
        world.open_stages(),
        ["share-review"],
        "the reviewer is asked again"
    );
    let tasks = format!("{:?}", world.open_tasks());
    assert!(
        tasks.contains("a.jpg: channel: no rights for social"),
        "{tasks}"
    );
    decide(&world, "share-review", ANN, "approve").await;
    assert_eq!(world.canto.shares()[0].contents, [other]);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_4_a_second_recall_does_nothing() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    asked(&world, &[&asset]).await;
    decide(&world, "share-review", ANN, "approve").await;
    assert_eq!(world.canto.live_shares_of(&asset).len(), 1);
    let run = request(&world).await;
    let recall = json!({"by": CARA, "reason": "wrong picture"});
    world.signal(&run, "recall", &recall).await.unwrap();
    world.settle().await.unwrap();
    assert!(
        world.canto.live_shares_of(&asset).is_empty(),
        "the link is dead"
    );
    assert_eq!(world.canto_field(&asset, "share_state"), "recalled");

    let effects = world.effects();
    world.signal(&run, "recall", &recall).await.unwrap();
    world.minute().await.unwrap();
    assert_eq!(world.effects(), effects, "a second recall does nothing");
    assert_eq!(effects["canto: revoke-share"], 1);
    decide(&world, "share-recall", RITA, "done").await;
    assert_eq!(request(&world).await.outcome.as_deref(), Some("recalled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_5_three_overlapping_scans_make_one_case() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    world.settle().await.unwrap();
    world
        .canto
        .share_by(RITA, std::slice::from_ref(&asset), "for you", None)
        .unwrap();
    for due in ["1", "2", "3"] {
        let scan = json!({"scan": true, "schedule": {"due-at": due}});
        world.request("canto-5", scan).await.unwrap();
        world.settle().await.unwrap();
        world.pass(QUARTER, QUARTER).await.unwrap();
    }
    assert_eq!(cases(&world).await.len(), 1);
    assert_eq!(world.processes_of("shareReview").len(), 1);
    // Decided, and reported again.
    decide(&world, "share-violation", CARA, "keep").await;
    let scan = json!({"scan": true, "schedule": {"due-at": "4"}});
    world.request("canto-5", scan).await.unwrap();
    world.minute().await.unwrap();
    assert_eq!(cases(&world).await.len(), 1);
    world.pass(3 * DAY, 6 * HOUR).await.unwrap();
    assert_eq!(
        cases(&world).await[0].outcome.as_deref(),
        Some("kept_restricted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_6_an_unknown_recipient_needs_legal() {
    let routing =
        r#"routing = [{ when = {}, to = { group = "partner-compliance", sla = "1bd" } }]"#;
    let config = format!("{FLOW}\n{routing}\n");
    let flow = Flow::new("canto-5", "share-compliance", &config).role("dam", CANTO);
    let world = world_of(flow, SHARING).await;
    let asset = picture(&world, "a.jpg", &["social"]);
    let wish = wish(&[&asset], "somebody@nowhere.example");
    world.request("canto-5", wish).await.unwrap();
    world.settle().await.unwrap();
    decide(&world, "share-review", ANN, "approve").await;
    world.pass(HOUR, QUARTER).await.unwrap();
    assert!(world.canto.shares().is_empty(), "not enough");
    decide(&world, "share-legal", CARA, "approve").await;
    assert_eq!(world.canto.live_shares_of(&asset).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_a_lost_answer_makes_no_second_link() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    asked(&world, &[&asset]).await;
    let faults = world.canto.frame().faults();
    faults.add(Rule::once("create-share", Fault::CommitThenTimeout));
    world.decide("share-review", ANN, "approve", &[]).unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.canto.shares().len(), 1);
    assert_eq!(world.canto_field(&asset, "share_state"), "shared");
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_the_staging_album_asks_for_a_share() {
    let world = world().await;
    let asset = picture(&world, "a.jpg", &["social"]);
    world.settle().await.unwrap();
    world
        .canto
        .put_into(&asset, "/Share-Requests", RITA)
        .unwrap();
    world.pass(5 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), ["share-details"]);
    let details = [
        ("recipient", "bo@agency-a.example"),
        ("purpose", "Spring campaign"),
        ("channel", "social"),
        ("territory", "DE"),
    ];
    let task = &world.open_tasks()[0];
    let person = task.assignee.clone().unwrap_or_else(|| CARA.to_owned());
    world
        .decide("share-details", &person, "done", &details)
        .unwrap();
    world.minute().await.unwrap();
    decide(&world, "share-review", ANN, "approve").await;
    assert_eq!(world.canto.live_shares_of(&asset).len(), 1);
    assert_eq!(
        world.canto.albums_of(&asset),
        ["/Library"],
        "it left the staging album"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn canto_5_share_compliance_observing_writes_nothing() {
    let flow = flow().lines("mode = \"observe\"");
    let world = world_of(flow, SHARING).await;
    let asset = picture(&world, "a.jpg", &["social"]);
    let wish = wish(&[&asset], "bo@agency-a.example");
    world.request("canto-5", wish).await.unwrap();
    world
        .canto
        .share_by(RITA, std::slice::from_ref(&asset), "for you", None)
        .unwrap();
    world.pass(30 * MINUTE, 5 * MINUTE).await.unwrap();
    for run in world.runs().await.unwrap() {
        assert_eq!(run.outcome.as_deref(), Some("observed"), "{run:#?}");
    }
    assert_eq!(cases(&world).await.len(), 1);
    assert_eq!(world.canto_status(&asset), "Approved");
    // What the person did is no effect of the host.
    let ours: Vec<_> = world.effects().into_keys().collect();
    assert!(ours.is_empty(), "{ours:?}");
}
