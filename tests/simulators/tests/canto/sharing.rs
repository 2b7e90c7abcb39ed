//! Share links, what recipients do with them, and reports.

use forebay_simulators::canto::values::Scheme;

use crate::support::*;

/// Ask for a link; the answer is its text.
async fn share(world: &World, detail: Value, id: &ContentId) -> (StatusCode, String) {
    let body = json!({"shareDetail": detail,
                      "contents": [{"scheme": id.scheme.word(), "id": id.id}]});
    let call = world.call(Method::PUT, "/api/v1/share/batch").json(&body);
    let reply = call.send().await.unwrap();
    (reply.status(), reply.text().await.unwrap())
}

/// What a recipient gets: no token, no account.
async fn recipient(world: &World, address: &str) -> StatusCode {
    world.client.get(address).send().await.unwrap().status()
}

#[tokio::test]
async fn a_link_is_plain_text_and_works_without_a_token() {
    let world = world().await;
    let id = world.hero();
    let detail = json!({"title": "Spring", "allowDownloadOriginal": true, "expires": ""});
    let (status, link) = share(&world, detail, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(recipient(&world, &link).await, StatusCode::OK);
    let page = world.client.get(&link).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("hero.jpg"));
    let file = world
        .client
        .get(format!("{link}/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(file.text().await.unwrap(), "pixels");
    let other = ContentId::new(Scheme::Image, "other");
    assert_eq!(
        recipient(&world, &format!("{link}/{other}")).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(world.canto.frame().recorder().effects("create-share"), 1);

    let (_, looked_at) = share(&world, json!({}), &id).await;
    let download = format!("{looked_at}/{id}");
    assert_eq!(recipient(&world, &download).await, StatusCode::FORBIDDEN);
    let nothing = ContentId::new(Scheme::Image, "nothing");
    assert_eq!(
        share(&world, json!({}), &nothing).await.0,
        StatusCode::NOT_FOUND
    );
    let odd = share(&world, json!({"expires": "soon"}), &id).await.0;
    assert_eq!(odd, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_link_ends_at_its_date_or_by_hand() {
    let world = world().await;
    let id = world.hero();
    let ends = date(START.plus(10 * MINUTE));
    let (_, dated) = share(&world, json!({"title": "dated", "expires": ends}), &id).await;
    let (_, open) = share(&world, json!({"title": "open"}), &id).await;
    let list = world.get("/api/v1/share/list?limit=1").await;
    assert_eq!(
        (&list["found"], &list["results"][0]["title"]),
        (&json!(2), &json!("open"))
    );
    let entry = &list["results"][0];
    assert_eq!(
        (&entry["link"], &entry["status"]),
        (&json!(open), &json!("active"))
    );
    assert_eq!(entry["contents"], json!([{"scheme": "image", "id": id.id}]));

    world.clock.advance(10 * MINUTE);
    assert_eq!(recipient(&world, &dated).await, StatusCode::GONE);
    assert_eq!(recipient(&world, &open).await, StatusCode::OK);
    let path = format!("/api/v1/share/{}", entry["id"].as_str().unwrap());
    for _ in 0..2 {
        let reply = world.call(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK);
    }
    assert_eq!(recipient(&world, &open).await, StatusCode::GONE);
    assert_eq!(world.canto.frame().recorder().effects("revoke-share"), 1);
    let list = world.get("/api/v1/share/list").await;
    let states: Vec<_> = list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["status"])
        .collect();
    assert_eq!(states, ["revoked", "expired"]);
    assert_eq!(
        recipient(&world, &world.url("/share/unknown")).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_album_may_be_shared_as_a_whole() {
    let world = world().await;
    let id = world.hero();
    world
        .canto
        .put_into(&id, "/Campaigns/Spring", "ann")
        .unwrap();
    let album = world
        .canto
        .library(|library, now| library.album_at("/Campaigns/Spring", "ann", now));
    let body = json!({"shareDetail": {}, "contents": [{"scheme": "album", "id": album.unwrap()}]});
    let call = world.call(Method::PUT, "/api/v1/share/batch").json(&body);
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(world.canto.live_shares_of(&id).len(), 1);
    world
        .canto
        .take_out_of(&id, "/Campaigns/Spring", "ann")
        .unwrap();
    assert!(world.canto.live_shares_of(&id).is_empty());
}

#[tokio::test]
async fn what_was_done_is_reported_late() {
    let world = world().await;
    world.canto.add_user("ann", "Ann Example");
    world.canto.set_report_delay(10 * MINUTE);
    let id = world.hero();
    world.canto.view(&id, "ann");
    let made = world
        .canto
        .share_by("ann", std::slice::from_ref(&id), "past every process", None);
    let link = world.canto.link_of(&made.unwrap());
    assert_eq!(world.get("/api/v1/report/activity").await["found"], 0);
    world.clock.advance(10 * MINUTE);
    assert_eq!(recipient(&world, &link).await, StatusCode::OK);

    let report = world.get("/api/v1/report/activity").await;
    let lines = report["results"].as_array().unwrap();
    let actions: Vec<_> = lines
        .iter()
        .map(|line| line["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["view", "share"],
        "the recipient's look is too new"
    );
    assert_eq!(lines[1]["userName"], "Ann Example");
    assert_eq!(lines[1]["share"], world.canto.shares()[0].id);
    let since = START.0 / 1000 + 1;
    let path = format!("/api/v1/report/activity?since={since}");
    assert_eq!(world.get(&path).await["found"], 0);
    let of_other = world
        .get("/api/v1/report/activity?scheme=image&id=other")
        .await;
    assert_eq!(of_other["found"], 0);
    assert_eq!(world.canto.activities().len(), 3);
}
