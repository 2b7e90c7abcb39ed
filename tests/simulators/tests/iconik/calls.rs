//! What holds for every call: headers, errors, pages, rates, delays and lost replies.

use std::time::Duration;

use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik::DEFAULT_AUTH_TOKEN;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANN, MINUTE, world};

#[tokio::test]
async fn both_headers_are_wanted_and_errors_are_a_list_or_a_map() {
    let world = world().await;
    let url = format!("{}/API/assets/v1/assets/", world.iconik.base_url());
    let alone = world
        .client
        .get(&url)
        .header("Auth-Token", DEFAULT_AUTH_TOKEN);
    let reply = alone.send().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert_eq!(
        reply.json::<Value>().await.unwrap(),
        json!({"errors": ["Unauthorized"]})
    );
    let bearer = world
        .client
        .get(&url)
        .bearer_auth(DEFAULT_AUTH_TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(bearer.status(), 200);
    let missing = world
        .send(Method::GET, "assets/v1/assets/nope/", Value::Null)
        .await;
    assert_eq!(missing, (404, json!({"errors": ["Asset not found"]})));
    let untitled = world.post("assets/v1/assets/", json!({})).await;
    assert_eq!(
        untitled,
        (
            400,
            json!({"errors": {"title": "Missing data for required field."}})
        )
    );
    world.iconik.frame().tokens().revoke_credentials(true);
    assert_eq!(world.status_of("assets/v1/assets/").await, 401);
}

#[tokio::test]
async fn paths_end_with_a_slash() {
    let world = world().await;
    assert_eq!(world.status_of("assets/v1/assets").await, 404);
    assert_eq!(world.status_of("assets/v1/assets/").await, 200);
}

#[tokio::test]
async fn pages_link_relatively_and_end_with_404() {
    let world = world().await;
    assert_eq!(world.get("assets/v1/assets/").await["objects"], json!([]));
    for _ in 0..3 {
        world.clip();
    }
    let first = world.get("assets/v1/assets/?per_page=2").await;
    assert_eq!((&first["pages"], &first["total"]), (&json!(2), &json!(3)));
    assert_eq!(
        first["next_url"],
        "/API/assets/v1/assets/?page=2&per_page=2"
    );
    assert_eq!(first["prev_url"], Value::Null);
    let second = world.get("assets/v1/assets/?per_page=2&page=2").await;
    assert_eq!(second["objects"].as_array().unwrap().len(), 1);
    assert_eq!(second["next_url"], Value::Null);
    let past = world
        .send(
            Method::GET,
            "assets/v1/assets/?per_page=2&page=3",
            Value::Null,
        )
        .await;
    assert_eq!(past.0, 404);
    assert_eq!(world.status_of("assets/v1/assets/?page=x").await, 400);
}

#[tokio::test]
async fn calls_left_are_told_and_then_refused() {
    let world = world().await;
    world
        .iconik
        .frame()
        .rates()
        .limit("api", 2, Duration::from_secs(20));
    let call = || {
        world
            .call_as(DEFAULT_AUTH_TOKEN, Method::GET, "assets/v1/assets/")
            .send()
    };
    assert_eq!(call().await.unwrap().headers()["ratelimit-remaining"], "1");
    assert_eq!(call().await.unwrap().headers()["ratelimit-remaining"], "0");
    assert_eq!(call().await.unwrap().status(), 429);
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(call().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_event_may_come_before_its_asset_can_be_read_or_found() {
    let world = world().await;
    world.iconik.frame().faults().set_visibility_delay(MINUTE);
    let id = world.clip();
    let path = format!("assets/v1/assets/{id}/");
    assert_eq!(world.status_of(&path).await, 404);
    assert_eq!(
        world.post("search/v1/search/", json!({})).await.1["total"],
        0
    );
    world.clock.advance(MINUTE);
    assert_eq!(world.get(&path).await["title"], "clip.mp4");
    assert_eq!(
        world
            .post("search/v1/search/", json!({"doc_types": ["assets"]}))
            .await
            .1["total"],
        1
    );
}

#[tokio::test]
async fn a_comment_may_be_written_though_its_reply_is_lost() {
    let world = world().await;
    let id = world.clip();
    world
        .iconik
        .frame()
        .faults()
        .add(Rule::once("create-segment", Fault::CommitThenTimeout));
    let path = format!("assets/v1/assets/{id}/segments/");
    let body = json!({"segment_type": "COMMENT", "external_id": "wf-1"});
    let call = world
        .call_as(DEFAULT_AUTH_TOKEN, Method::POST, &path)
        .json(&body);
    assert!(call.send().await.is_err());
    assert_eq!(world.get(&path).await["objects"][0]["external_id"], "wf-1");
    assert_eq!(world.iconik.frame().recorder().effects("create-segment"), 1);
}

#[tokio::test]
async fn a_person_uploads_and_approves_on_the_page() {
    let world = world().await;
    let base = world.iconik.base_url();
    let form = reqwest::multipart::Form::new()
        .part(
            "file",
            reqwest::multipart::Part::bytes(&b"frames"[..]).file_name("spot.mp4"),
        )
        .text("collection", "Ingest/Web")
        .text("region", "EMEA")
        .text("by", ANN);
    let sent = world
        .client
        .post(format!("{base}/upload"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    let list = sent.text().await.unwrap();
    assert!(list.contains("spot.mp4") && list.contains("Ingest/Web") && list.contains("N/A"));
    let id = world
        .iconik
        .domain(|domain, _| domain.assets.keys().next().unwrap().clone());
    let act = [("act", "APPROVED"), ("by", ANN)];
    let page = world
        .client
        .post(format!("{base}/asset/{id}"))
        .form(&act)
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<span class=\"pill approved\">APPROVED</span>") && page.contains("EMEA")
    );
}
