//! Callbacks of process models.

use forebay_sdk::connector::{EventSource as _, WebhookRequest};
use forebay_sdk::http::Method;
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Error, Event};
use serde_json::{Value as Json, json};

use super::changes::{LATER, finished, poll, quiet, seed, told};
use super::{PAST_PROCESSES, call, engine, error_of, opentext, past};

fn callback(body: &Json) -> WebhookRequest {
    WebhookRequest {
        endpoint: "callback".to_owned(),
        method: "POST".to_owned(),
        path: "/hooks/wf/callback".to_owned(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        received_at: START,
    }
}

fn called(vendor: &Recorded, settings: &Json, event: &str) -> Result<Vec<Event>, Error> {
    let body = json!({"processInstanceId": "p1", "businessKey": "k1", "event": event});
    engine(call(vendor, settings)).webhook(&callback(&body))
}

#[test]
fn a_callback_and_a_poll_tell_the_same() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    finished(&vendor);
    let past_p1 = format!("{PAST_PROCESSES}/p1");
    vendor.on(Method::Get, &past_p1, 200, past("p1", Some(LATER), None));
    let by_callback = called(&vendor, &settings, "process-completed").unwrap();
    let by_poll = poll(
        &vendor,
        &settings,
        START + 6 * MINUTE,
        Some(&seed(&settings)),
    )
    .events;
    assert_eq!(told(&by_callback), told(&by_poll));
}

#[test]
fn a_callback_that_is_faster_than_the_end_is_tried_again() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    finished(&vendor);
    let past_p1 = format!("{PAST_PROCESSES}/p1");
    vendor.on(Method::Get, &past_p1, 200, past("p1", None, None));
    assert_eq!(
        error_of(called(&vendor, &settings, "process-completed")).case(),
        "unavailable"
    );
    assert_eq!(
        called(&vendor, &settings, "task-completed").unwrap().len(),
        3
    );
    let vendor = Recorded::new();
    vendor.on(Method::Get, &past_p1, 404, json!({}));
    assert_eq!(
        error_of(called(&vendor, &settings, "task-completed")).case(),
        "unavailable"
    );
}

#[test]
fn a_callback_of_a_foreign_definition_or_without_process_leads_to_nothing() {
    let settings = opentext(json!({"definitions": ["assetRework"]}));
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        &format!("{PAST_PROCESSES}/p1"),
        200,
        past("p1", Some(LATER), None),
    );
    assert_eq!(called(&vendor, &settings, "process-completed").unwrap(), []);
    let nameless = engine(call(&vendor, &settings)).webhook(&callback(&json!({"event": "x"})));
    assert_eq!(error_of(nameless).case(), "invalid");
}
