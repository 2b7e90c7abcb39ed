//! A small handler, written as an author would, driven directly and as the host drives it.

use std::cell::RefCell;
use std::rc::Rc;

use forebay_sdk::assets::*;
use forebay_sdk::bindings::use_case_handler::exports::forebay::flow::use_case_handler::Guest;
use forebay_sdk::handler::*;
use forebay_sdk::testing::{START, Script};
use forebay_sdk::*;
use serde_json::json;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Tag that a watched asset gets.
    tag: String,
    /// Hours until the asset is looked at again.
    #[serde(default = "default_hours")]
    hours: i64,
}

fn default_hours() -> i64 {
    24
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct State {
    asset: Entity,
    looks: u32,
}

struct Watch;

impl Handler for Watch {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 2;

    fn describe() -> HandlerDescription {
        let dam = Role::new("dam", "the library to watch")
            .requires(&[interfaces::ASSET_SOURCE])
            .uses(&[interfaces::COMMENTS])
            .events(&["asset.created"]);
        HandlerDescription::new("watch", "0.1.0", "Tags assets and looks again.")
            .role(dam)
            .outcomes(&["seen"])
    }

    fn check(_: &Cx, config: &Config, _: bool) -> Vec<Finding> {
        match config.tag.is_empty() {
            true => vec![Finding::error("tag", "the tag is empty", "name a tag")],
            false => Vec::new(),
        }
    }

    fn admit(_: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
        let Delivery::Event(incoming) = delivery else {
            return Admission::refuse("only events start a run");
        };
        if connections.of("dam") != Some(incoming.connection.as_str()) {
            return Admission::ignore("another library");
        }
        let entity = incoming.event.entity.clone();
        Admission::start(entity.id.clone(), entity, "watch").label("kind", "asset")
    }

    fn handle(
        cx: &Cx,
        config: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        match (state, delivery) {
            (None, Delivery::Event(incoming)) => {
                let asset = incoming.event.entity;
                let update = AssetUpdate::default().add_tag(&config.tag);
                cx.assets().update(&asset.id, &update)?;
                cx.notify(
                    "log",
                    &format!("watching {} from {}", asset.id, cx.run_id()),
                );
                let due = cx.now() + config.hours * time::HOUR;
                let id = asset.id.clone();
                Ok(Step::wait(State { asset, looks: 0 })
                    .timer("look", due)
                    .subscribe_to("dam", "asset", id, &["asset.deleted"])
                    .party("librarians")
                    .due(due)
                    .waiting_on("time to pass"))
            }
            (Some(state), Delivery::Timer(_)) => {
                let looks = state.looks + 1;
                cx.decision(&DecisionRecord {
                    asset: Some(state.asset.id.clone()),
                    ..DecisionRecord::new("looked", "system")
                });
                Ok(
                    Step::complete(State { looks, ..state }, "seen", "looked again")
                        .label("looks", looks.to_string()),
                )
            }
            (Some(state), _) => Ok(Step::cancel(state, "gone", "the asset is gone")),
            (None, _) => Err(Error::invalid("a run begins with an event")),
        }
    }

    fn migrate(state: serde_json::Value, from_version: u32) -> Result<State, String> {
        match (from_version, state["asset"].as_str()) {
            (1, Some(id)) => Ok(State {
                asset: Entity::new("asset", id),
                looks: 0,
            }),
            _ => Err(format!("version {from_version} is unknown")),
        }
    }
}

export_handler!(Watch);

/// Records updates; the assets themselves do not matter here.
#[derive(Default)]
struct Library {
    updates: RefCell<Vec<(String, AssetUpdate)>>,
}

impl AssetSource for Library {
    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        self.updates
            .borrow_mut()
            .push((id.to_owned(), update.clone()));
        Ok(Updated {
            asset: asset(id),
            changes: Vec::new(),
        })
    }
}

fn asset(id: &str) -> Asset {
    Asset {
        id: id.to_owned(),
        name: "hero.jpg".to_owned(),
        kind: AssetKind::Image,
        status: AssetStatus::Pending,
        vendor_status: "Pending".to_owned(),
        version: "1".to_owned(),
        change_token: "t1".to_owned(),
        checksum: None,
        size: None,
        created_at: START,
        created_by: None,
        modified_at: START,
        modified_by: None,
        expires_at: None,
        trashed: false,
        readiness: Readiness {
            preview: true,
            files_closed: true,
            failure: None,
            placeholder: false,
        },
        fields: Vec::new(),
        tags: Vec::new(),
        containers: Vec::new(),
        links: Vec::new(),
        extra: Vec::new(),
    }
}

fn created() -> Delivery {
    Delivery::Event(Incoming {
        connection: "canto-main".to_owned(),
        role: "dam".to_owned(),
        event: Event::new(
            "asset.created",
            Entity::new("asset", "image/7"),
            "v1",
            START,
        ),
    })
}

fn config() -> Config {
    Config {
        tag: "watched".to_owned(),
        hours: 24,
    }
}

#[test]
fn a_first_activation_acts_and_waits() {
    let library = Rc::new(Library::default());
    let script = Script::new()
        .assets(library.clone())
        .connection("dam", "canto-main");
    let cx = Cx::scripted(script.clone());
    let step = Watch::handle(&cx, &config(), None, created()).unwrap();

    let waiting = step.waiting().unwrap();
    assert_eq!(waiting.timers[0].due_at, START + 24 * time::HOUR);
    assert_eq!(
        waiting.subscriptions[0].entity,
        Entity::new("asset", "image/7")
    );
    assert_eq!(waiting.subscriptions[0].kinds, ["asset.deleted"]);
    assert_eq!(waiting.waiting_on.summary, "time to pass");
    assert_eq!(library.updates.borrow()[0].1.tags.add, ["watched"]);
    let notice = ("log".to_owned(), "watching image/7 from run-1".to_owned());
    assert_eq!(script.notices(), [notice]);
}

#[test]
fn a_timer_completes_and_is_audited() {
    let script = Script::new();
    script.set_now(START + time::DAY);
    let fired = Delivery::Timer(Fired {
        name: "look".to_owned(),
        due_at: START,
    });
    let state = State {
        asset: Entity::new("asset", "image/7"),
        looks: 0,
    };
    let step = Watch::handle(&Cx::scripted(script.clone()), &config(), Some(state), fired).unwrap();
    assert_eq!(step.outcome(), Some("seen"));
    assert_eq!(step.state.looks, 1);
    assert_eq!(step.labels, [("looks".to_owned(), "1".to_owned())]);
    assert_eq!(script.decisions()[0].asset.as_deref(), Some("image/7"));
}

#[test]
fn what_is_not_plugged_in_is_unsupported_and_not_available() {
    let cx = Cx::scripted(Script::new().assets(Rc::new(Library::default())));
    assert!(cx.available("dam", interfaces::ASSET_SOURCE));
    assert!(!cx.available("dam", interfaces::COMMENTS));
    assert!(cx.comments().list("x", None).unwrap_err().is_unsupported());
}

#[test]
fn every_start_of_a_run_is_kept_for_the_test() {
    let script = Script::new();
    let cx = Cx::scripted(script.clone());
    cx.spawn("child", "k", &json!({"n": 1})).unwrap();
    cx.spawn("child", "l", &json!({"n": 2})).unwrap();
    assert_eq!(script.spawned()[0].input, r#"{"n":1}"#);
    assert_eq!(script.spawned().len(), 2);
}

/// What follows goes the way the host goes: JSON in, JSON out.
type Host = Exported<Watch>;

fn run(state_version: u32) -> RunContext {
    RunContext {
        run: "r".to_owned(),
        flow: "f".to_owned(),
        business_key: "k".to_owned(),
        connections: Vec::new(),
        state_version,
        activation: 1,
    }
}

#[test]
fn the_host_gets_schemas_for_configuration_and_state() {
    let info = <Host as Guest>::describe();
    assert_eq!((info.name.as_str(), info.state_version), ("watch", 2));
    let config: serde_json::Value = serde_json::from_str(&info.config_schema).unwrap();
    assert_eq!(config["additionalProperties"], false);
    assert_eq!(config["properties"]["hours"]["default"], 24);
    let state: serde_json::Value = serde_json::from_str(&info.state_schema).unwrap();
    assert_eq!(state["required"], json!(["asset", "looks"]));
}

#[test]
fn state_goes_out_and_in_as_json() {
    let state = r#"{"asset":{"kind":"asset","id":"image/7"},"looks":4}"#;
    let fired = Delivery::Timer(Fired {
        name: "look".to_owned(),
        due_at: START,
    });
    let config = r#"{"tag":"t"}"#.to_owned();
    let step = <Host as Guest>::handle(run(2), config, Some(state.to_owned()), fired).unwrap();
    assert_eq!(step.state, state.replace('4', "5"));
    assert!(matches!(step.next, Next::Completed(Completion { outcome, .. }) if outcome == "seen"));
}

#[test]
fn what_cannot_be_read_is_said_in_plain_words() {
    let findings = <Host as Guest>::check(r#"{"tags":"t"}"#.to_owned(), false);
    assert!(
        findings[0].message.contains("unknown field `tags`"),
        "{findings:?}"
    );
    let empty = <Host as Guest>::check(r#"{"tag":""}"#.to_owned(), false);
    assert_eq!(empty[0].path, "tag");

    let config = r#"{"tag":"t"}"#.to_owned();
    let broken = <Host as Guest>::handle(run(2), config, Some("{}".to_owned()), created());
    let message = broken.err().unwrap().to_string();
    assert!(message.contains("state of version 2"), "{message}");
}

#[test]
fn old_state_is_taken_over_or_refused() {
    let new = <Host as Guest>::migrate(r#"{"asset":"image/7"}"#.to_owned(), 1).unwrap();
    assert_eq!(
        new,
        r#"{"asset":{"kind":"asset","id":"image/7"},"looks":0}"#
    );
    let refused = <Host as Guest>::migrate("{}".to_owned(), 9).unwrap_err();
    assert_eq!(refused, "version 9 is unknown");
}

#[test]
fn admission_knows_the_connection_behind_the_role() {
    let connections = |name: &str| vec![("dam".to_owned(), name.to_owned())];
    let config = || r#"{"tag":"t"}"#.to_owned();
    let admit = |name| <Host as Guest>::admit(config(), connections(name), created());
    assert!(matches!(admit("canto-main"), Admission::Start(start)
        if start.business_key == "image/7" && start.labels.len() == 1));
    assert!(matches!(admit("other"), Admission::Ignore(why) if why == "another library"));
}

#[test]
#[should_panic(expected = "configuration cannot be used")]
fn a_configuration_that_cannot_be_read_traps_rather_than_losing_the_event() {
    let _ = <Host as Guest>::admit("{}".to_owned(), Vec::new(), created());
}
