//! The trash, long libraries, and what a test puts in.

use forebay_simulators::canto::picture;

use crate::support::*;

async fn batch(world: &World, method: Method, path: &str, id: &ContentId) -> Value {
    let body = json!([{"scheme": id.scheme.word(), "id": id.id}]);
    let call = world.call(method, path).json(&body);
    call.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_trash_is_listed_emptied_and_given_back() {
    let world = world().await;
    let (kept, lost) = (world.hero(), world.hero());
    for id in [&kept, &lost] {
        let reply = batch(&world, Method::DELETE, "/api/v1/batch/content", id).await;
        assert_eq!(reply["status"], "success");
    }
    assert!(world.canto.is_trashed(&kept));
    assert_eq!(world.get("/api/v1/trash").await["found"], 2);
    let back = batch(&world, Method::POST, "/api/v1/trash/restore", &kept).await;
    assert_eq!(back["status"], "success");
    assert_eq!(world.canto.status(&kept).as_deref(), Some("Pending"));
    let gone = batch(&world, Method::DELETE, "/api/v1/trash", &lost).await;
    assert_eq!(gone["status"], "success");
    let again = batch(&world, Method::DELETE, "/api/v1/trash", &lost).await;
    let failed = json!([{"scheme": "image", "id": lost.id}]);
    assert_eq!(
        (&again["status"], &again["deleteFail"]),
        (&json!("fail"), &failed)
    );
    assert_eq!(world.get("/api/v1/trash").await["found"], 0);
    let effects = world.canto.frame().recorder().all_effects();
    assert_eq!(
        (effects["purge-content"], effects["restore-content"]),
        (1, 1)
    );
}

#[tokio::test]
async fn two_thousand_assets_are_paged_to_the_end() {
    let world = world().await;
    for number in 0..2_000 {
        let new = NewAsset::new("hero.jpg", "pixels", "ann").with_id(&format!("a{number}"));
        world.canto.add_asset(new).unwrap();
    }
    let (mut seen, mut start) = (std::collections::BTreeSet::new(), 0);
    loop {
        let path = format!("/api/v1/search?sortBy=name&start={start}&limit=300");
        let page = world.get(&path).await;
        assert_eq!(page["found"], 2_000);
        let results = page["results"].as_array().unwrap();
        if results.is_empty() {
            break;
        }
        start += results.len();
        seen.extend(results.iter().map(|asset| asset["id"].to_string()));
    }
    assert_eq!(seen.len(), 2_000);
}

#[tokio::test]
async fn an_asset_may_be_old_approved_and_a_picture_of_a_size() {
    let world = world().await;
    let created = Timestamp(START.0 - 86_400_000);
    let new = NewAsset::picture("hero.png", 800, 600, "ann")
        .approved(Some(START.plus(MINUTE)))
        .since(created)
        .with("licence_end", "2024-01-31");
    let id = world.canto.add_asset(new).unwrap();
    let detail = world.detail(&id).await;
    assert_eq!(
        (&detail["width"], &detail["height"]),
        (&json!("800"), &json!("600"))
    );
    assert_eq!(detail["created"], date(created));
    assert_eq!(detail["approvalStatus"], "Approved");
    assert_eq!(world.canto.field(&id, "licence_end"), "2024-01-31");
    world
        .canto
        .upload_file_version(&id, picture::png(3200, 2100), "ann");
    assert_eq!(world.detail(&id).await["width"], "3200");
    world.clock.advance(MINUTE);
    assert_eq!(world.canto.status(&id).as_deref(), Some("Expired"));
}

#[tokio::test]
async fn people_move_assets_between_albums_and_webhooks_tell() {
    let world = world().await;
    let (receiver, frame) = receiver().await;
    for event in ["assign-album", "remove-album"] {
        let url = format!("{}/{event}", receiver.base_url());
        world.canto.add_hook(event, &url, "token");
    }
    let id = world.hero();
    assert!(
        world
            .canto
            .put_into(&id, "/External/Agency", "ann")
            .unwrap()
    );
    assert!(
        !world
            .canto
            .put_into(&id, "/External/Agency", "ann")
            .unwrap(),
        "once"
    );
    assert_eq!(world.canto.albums_of(&id), ["/External/Agency"]);
    assert!(
        world
            .canto
            .take_out_of(&id, "/External/Agency", "ann")
            .unwrap()
    );
    assert!(world.canto.albums_of(&id).is_empty());
    world.canto.frame().courier().idle().await;
    let paths: Vec<_> = frame
        .recorder()
        .calls()
        .into_iter()
        .map(|call| call.path)
        .collect();
    assert_eq!(paths, ["/assign-album", "/remove-album"]);
}
