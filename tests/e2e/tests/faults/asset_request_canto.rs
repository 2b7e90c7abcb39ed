//! canto-3: a picture is asked for in the engine's form, selected, delivered in a link and accepted.
//!
//! The picture that is delivered is not what the run is about: where it is deleted the team chooses
//! again (F8), so that fault has tests of its own here. The field that is taken away (F13) is written
//! with the delivery, which closes a request that nobody has to accept. Credentials (F7) are revoked
//! there, too: acceptance needs none of the DAM's.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, Asset, CANTO, DAY, Dam, Flow, HOUR, MINUTE, Setup, World};
use forebay_model::audit::AuditEntry;
use forebay_model::run::RunState;
use forebay_simulators::canto::NewAsset;
use serde_json::json;

use crate::asset_request::{ACCEPT, RITA, SELECT, is_closed};
use crate::matrix::{Case, Jump, NewVersion, Refused, assert_escalated_once};

const DEFINITION: &str = "assetRequest";

const FLOW: &str = r#"
key_prefix = "canto-3"
requester_task = false
routing = [{ when = {}, to = { group = "marketing-ops", sla = "3bd" } }]
"#;

/// The delivery closes the request.
const UNASKED: &str = r#"
key_prefix = "canto-3"
requester_task = false
routing = [{ when = {}, to = { group = "marketing-ops", sla = "3bd" } }]
accept = { required = false }
"#;

/// Others choose, everything goes elsewhere, and nobody accepts.
const CHANGED: &str = r#"
key_prefix = "canto-3"
routing = [{ when = {}, to = { group = "legal", sla = "1bd" } }]
delivery = { album = "/Elsewhere/{request_id}" }
accept = { required = false }
"#;

/// What Canto leaves to the settings: a list of shares, and a way to end them.
const SHARING: &str = r#"sharing = { title_key = "title", list = { path = "/api/v1/share/list" }, revoke = { method = "DELETE", path = "/api/v1/share/{id}" } }"#;

fn setup(config: &str) -> Setup {
    let flow = Flow::new("canto-3", "asset-request", config).role("dam", CANTO);
    Setup::of([flow]).settings(CANTO, SHARING)
}

fn furnish(world: &World) {
    world.canto.add_user("u1", "Uta Uploader");
    world.engine.add_group("marketing-ops", &[ANN]);
}

fn picture(world: &World, name: &str) -> Asset {
    let picture = NewAsset::new(name, "pixels", "u1")
        .in_album("/Library")
        .approved(None)
        .with("asset_type", "product-image")
        .with("market", json!(["DE"]))
        .with("territories", json!(["DE"]));
    Asset::Canto(world.canto.add_asset(picture).unwrap())
}

/// A person fills in the form; the picture that fits is there.
fn start(world: &World) -> Asset {
    let picture = picture(world, "a.jpg");
    let form = [
        ("type", "product-image"),
        ("market", "DE"),
        ("requester", RITA),
    ];
    world.fill_in(DEFINITION, "form-1", &form).unwrap();
    picture
}

fn delivered_once(world: &World, asset: &Asset, effects: &BTreeMap<String, u64>) {
    assert_eq!(effects["canto: create-share"], 1);
    assert_eq!(effects["canto: create-album"], 1);
    assert!(
        !effects.contains_key("opentext: start-process"),
        "the form is the process"
    );
    let Asset::Canto(id) = asset else { return };
    assert_eq!(world.canto.live_shares_of(id).len(), 1);
    assert_ne!(world.canto_field(id, "request_id"), "");
}

const CASE: Case = Case {
    setup: || setup(FLOW),
    furnish,
    dam: Dam::Canto,
    start,
    is_tried: |_| true,
    waits: &[SELECT, ACCEPT],
    outcome: "fulfilled",
    released: |world, _| is_closed(world, DEFINITION),
    calm: delivered_once,
    writes: &["edit", "create-album", "add-to-album", "create-share"],
    engine_writes: &["act-on-execution"],
    read: "read-asset",
    repeatable: &[],
    definition: DEFINITION,
    restart_signal: "restart",
    gone: "",
    refused: Refused::Parks,
    // What is chosen is the asset.
    new_version: NewVersion::GoesOn,
    changed: || setup(CHANGED),
    written_field: "usage_note",
    idle_field: "campaign",
    jump: Jump {
        by: Duration::from_secs(3 * DAY.as_secs() + 3 * HOUR.as_secs()),
        check: escalated_once,
        until_parked: Some(Duration::from_secs(5 * DAY.as_secs())),
    },
};

/// Nothing is asked after the delivery, so that the delivery is the end.
const DELIVERY: Case = Case {
    setup: || setup(UNASKED),
    waits: &[SELECT],
    released: |world, _| !world.canto.shares().is_empty(),
    ..CASE
};

fn escalated_once(world: &World, audit: &[AuditEntry]) {
    assert_escalated_once(world, audit, DEFINITION);
    assert!(world.canto.shares().is_empty());
}

fault_matrix! {
    CASE;
    f1_the_host_dies_at_each_effect: host::dies_at_each_effect,
    f1_the_host_dies_with_answers_lost: host::dies_with_answers_lost,
    f2_a_hundred_copies_of_each_event: events::duplicates,
    f3_events_come_out_of_order: events::out_of_order,
    f4_waits_as_long_as_it_is_told: vendors::too_many_requests,
    f5_outlasts_an_outage: vendors::outage,
    f6_looks_before_it_repeats: vendors::answers_lost,
    f9_parks_when_its_process_is_terminated: subject::terminated,
    f10_a_new_version_comes: subject::new_version,
    f11_keeps_the_configuration_it_started_with: host::configuration_changed,
    f12_timers_fire_once_after_a_jump: host::clock_jumps,
    f12_timers_due_while_down_fire_once: host::clock_jumps_while_down,
    f14_polls_alone_do: events::poll_only,
}

fault_matrix! {
    DELIVERY;
    delivery_f5_outlasts_an_outage: vendors::outage,
    delivery_f7_waits_for_its_credentials: vendors::credentials_revoked,
    delivery_f13_parks_when_a_mapped_field_is_gone: subject::field_removed,
}

/// A world in which a request waits, with the pictures that fit it.
async fn world_with_two() -> (World, Asset, Asset) {
    let world = World::start(setup(FLOW)).await.unwrap();
    furnish(&world);
    let other = picture(&world, "b.jpg");
    let first = start(&world);
    world.endure(3 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(world.open_stages(), ["select"]);
    (world, first, other)
}

async fn choose(world: &World, asset: &Asset) {
    SELECT.end(world, asset);
    world.endure(3 * MINUTE, MINUTE).await.unwrap();
}

/// The team was asked again, and its second choice is delivered and accepted.
async fn assert_chosen_again(world: &World, first: &Asset, other: &Asset) {
    assert_eq!(world.open_stages(), ["select"]);
    choose(world, other).await;
    ACCEPT.end(world, other);
    world.endure(3 * MINUTE, MINUTE).await.unwrap();
    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("fulfilled"))
    );
    let (Asset::Canto(first), Asset::Canto(other)) = (first, other) else {
        panic!("both are in Canto")
    };
    assert_eq!(world.canto.live_shares_of(other).len(), 1);
    assert_eq!(world.canto.live_shares_of(first).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_choice_that_was_deleted_comes_back_to_the_team() {
    let (world, first, other) = world_with_two().await;
    first.delete(&world).unwrap();
    choose(&world, &first).await;
    assert!(world.canto.shares().is_empty(), "nothing is delivered");
    assert_chosen_again(&world, &first, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_a_delivery_that_was_deleted_comes_back_to_the_team() {
    let (world, first, other) = world_with_two().await;
    choose(&world, &first).await;
    assert_eq!(world.open_stages(), ["accept"]);
    first.delete(&world).unwrap();
    world.endure(20 * MINUTE, MINUTE).await.unwrap();
    assert_chosen_again(&world, &first, &other).await;
}
