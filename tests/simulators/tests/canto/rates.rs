//! Rate levels, webhooks, faults and the page for people.

use crate::support::*;

#[tokio::test]
async fn rate_levels_are_counted_per_minute() {
    let world = world().await;
    world.canto.frame().rates().limit("level-1", 1, MINUTE);
    assert_eq!(world.status_of("/api/v1/search").await, 200);
    assert_eq!(
        world.status_of("/api/v1/tree").await,
        429,
        "the class is shared"
    );
    assert_eq!(world.status_of("/api/v1/user").await, 200, "another class");
    world.clock.advance(MINUTE);
    assert_eq!(world.status_of("/api/v1/tree").await, 200);
}

#[tokio::test]
async fn webhooks_carry_a_token_and_not_the_name_of_their_event() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    for event in [
        "upload",
        "update-metadata",
        "new-version",
        "delete-asset",
        "assign-album",
    ] {
        world.canto.add_hook(
            event,
            &format!("{}/{event}", receiver.base_url()),
            "s3cret-token",
        );
    }
    let asset = NewAsset::new("hero.jpg", "x", "ann").in_album("/Incoming/Web");
    let id = world.canto.add_asset(asset).unwrap();
    world.canto.set_field(&id, "market", "DE", "ann").unwrap();
    world.canto.upload_version(&id, "y", "ann");
    let first = world.canto.asset(&id).unwrap().versions[0].id.clone();
    world.canto.make_current(&id, &first, "ann").unwrap();
    world.canto.delete(&id, "ann").unwrap();
    world.canto.frame().courier().idle().await;
    let calls = received.recorder().calls();
    let paths: Vec<_> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/upload",
            "/assign-album",
            "/update-metadata",
            "/new-version",
            "/new-version",
            "/delete-asset"
        ]
    );
    let album = calls[1].json()["album"].clone();
    assert_eq!(
        calls[1].json(),
        json!({"secure_token": "s3cret-token", "scheme": "image",
        "id": id.id, "album": album, "displayname": "hero.jpg"})
    );
    assert!(album.as_str().unwrap().starts_with('A'));
}

#[tokio::test]
async fn webhooks_can_be_set_up_over_http_and_come_twice() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    let hook = json!({"event": "upload", "url": format!("{}/u", receiver.base_url()), "secure-token": "t"});
    let added = world
        .client
        .post(world.url("/_sim/webhooks"))
        .json(&hook)
        .send()
        .await
        .unwrap();
    assert_eq!(added.status(), 204);
    world.canto.frame().courier().set(CourierSwitches {
        copies: 2,
        ..CourierSwitches::default()
    });
    world.hero();
    world.canto.frame().courier().idle().await;
    assert_eq!(received.recorder().calls().len(), 2);
    let odd = json!({"event": "explode", "url": "http://127.0.0.1:1/", "secure-token": "t"});
    let refused = world
        .client
        .post(world.url("/_sim/webhooks"))
        .json(&odd)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn an_ingest_ends_and_reports_without_anybody_calling() {
    let world = world().await;
    let (receiver, received) = receiver().await;
    world
        .canto
        .add_hook("upload", &format!("{}/upload", receiver.base_url()), "t");
    world.canto.set_processing(MINUTE, Duration::ZERO);
    crate::files::upload(&world, &[], "x").await;
    world.clock.advance(MINUTE);
    while received.recorder().calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        received.recorder().calls()[0].json()["displayname"],
        "new.jpg"
    );
}

#[tokio::test]
async fn an_event_may_come_before_its_change_can_be_read() {
    let world = world().await;
    let old = world.hero();
    world.canto.frame().faults().set_visibility_delay(MINUTE);
    let new = world.hero();
    world.canto.set_status(&old, "Approved", "ann").unwrap();
    assert_eq!(world.status_of(&format!("/api/v1/{new}")).await, 404);
    assert_eq!(world.detail(&old).await["approvalStatus"], "Pending");
    world.clock.advance(MINUTE);
    assert_eq!(world.status_of(&format!("/api/v1/{new}")).await, 200);
    assert_eq!(world.detail(&old).await["approvalStatus"], "Approved");
}

#[tokio::test]
async fn an_edit_may_be_done_though_its_reply_is_lost() {
    let world = world().await;
    let id = world.hero();
    world
        .canto
        .frame()
        .faults()
        .add(Rule::once("edit", Fault::CommitThenTimeout));
    let body = json!({"contents": [{"scheme": "image", "id": id.id}],
        "properties": [{"propertyId": "approvalStatus", "propertyValue": "Approved"}]});
    let call = world.call(Method::PUT, "/api/v1/batch/edit").json(&body);
    assert!(call.send().await.is_err());
    assert_eq!(world.canto.asset(&id).unwrap().status, "Approved");
    world
        .canto
        .frame()
        .faults()
        .add(Rule::once("read-asset", Fault::too_many(120)));
    let reply = world
        .call(Method::GET, &format!("/api/v1/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            reply.status().as_u16(),
            reply.headers()["retry-after"].as_bytes()
        ),
        (429, &b"120"[..])
    );
}

#[tokio::test]
async fn a_person_uploads_and_sets_a_status_on_the_page() {
    let world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let form = multipart::Form::new()
        .part(
            "file",
            multipart::Part::bytes(&b"pixels"[..]).file_name("hero.jpg"),
        )
        .text("album", "/Incoming/Web")
        .text("market", "DE, AT")
        .text("asset_type", "image")
        .text("by", "ann");
    let sent = world
        .client
        .post(world.url("/upload"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let list = reqwest::get(world.url("/"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        list.contains("hero.jpg") && list.contains("/Incoming/Web") && list.contains("Pending")
    );
    let id = world
        .canto
        .library(|library, _| library.assets.keys().next().unwrap().clone());
    assert_eq!(
        world.detail(&id).await["additional"]["market"],
        json!(["DE", "AT"])
    );
    let act = [("act", "status"), ("by", "ann"), ("status", "Approved")];
    let acted = world
        .client
        .post(world.url(&format!("/library/{id}")))
        .form(&act)
        .send()
        .await
        .unwrap();
    assert_eq!(acted.status(), 303);
    let page = reqwest::get(world.url(&format!("/library/{id}")))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("<span class=\"pill approved\">Approved</span>") && page.contains("DE, AT")
    );
}
