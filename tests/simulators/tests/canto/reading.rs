//! Reading assets and searching.

use crate::support::*;

#[tokio::test]
async fn an_asset_has_numbers_as_text_and_dates_of_seventeen_digits() {
    let world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let asset = NewAsset::new("hero.jpg", "pixels", "ann").in_album("/Incoming/Web");
    let id = world
        .canto
        .add_asset(asset.with("market", vec!["DE", "FR"]))
        .unwrap();
    let asset = world.detail(&id).await;
    assert_eq!(asset["size"], "6");
    assert_eq!(asset["time"], "20240131094512007");
    assert_eq!(asset["ownerName"], "Ann Example");
    assert_eq!(asset["approvalStatus"], "Pending");
    assert_eq!(asset["additional"]["market"], json!(["DE", "FR"]));
    assert_eq!(asset["additional"]["campaign"], Value::Null);
    assert_eq!(asset["relatedAlbums"][0]["namePath"], "Incoming/Web");
    assert_eq!(asset["relatedAlbums"][0]["size"], "1");
    assert_eq!(asset["tag"], json!([]), "empty");
    assert_eq!(asset["keyword"], Value::Null, "null");
    let alone = world.hero();
    assert!(
        world.detail(&alone).await.get("relatedAlbums").is_none(),
        "missing"
    );
    let version = &asset["versionHistory"][0];
    assert_eq!(
        (&version["no"], &version["currentVersion"]),
        (&json!("1"), &json!(true))
    );
}

#[tokio::test]
async fn the_same_id_may_stand_for_two_assets() {
    let world = world().await;
    for name in ["hero.jpg", "hero.mp4"] {
        let asset = NewAsset {
            id: Some("same".to_owned()),
            ..NewAsset::new(name, "x", "ann")
        };
        world.canto.add_asset(asset).unwrap();
    }
    assert_eq!(world.get("/api/v1/image/same").await["name"], "hero.jpg");
    assert_eq!(world.get("/api/v1/video/same").await["name"], "hero.mp4");
    assert_eq!(world.status_of("/api/v1/audio/same").await, 404);
}

#[tokio::test]
async fn search_pages_by_offset_and_filters_dates_in_seconds() {
    let world = world().await;
    for name in ["a.jpg", "b.jpg", "c.mp4"] {
        world
            .canto
            .add_asset(NewAsset::new(name, "x", "ann"))
            .unwrap();
        world.clock.advance(MINUTE);
    }
    let page = world
        .get("/api/v1/search?sortBy=time&sortDirection=ascending&limit=2")
        .await;
    assert_eq!((&page["found"], &page["limit"]), (&json!(3), &json!(2)));
    assert_eq!(page["results"][1]["name"], "b.jpg");
    let rest = world
        .get("/api/v1/search?sortBy=time&sortDirection=ascending&limit=2&start=2")
        .await;
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    let since = START.0 / 1000 + 60;
    let recent = world
        .get(&format!(
            "/api/v1/search?lastModified={since}..{}",
            since + 600
        ))
        .await;
    assert_eq!(recent["found"], 2);
    assert_eq!(
        world.get("/api/v1/search?scheme=video%7Caudio").await["found"],
        1
    );
    assert_eq!(world.get("/api/v1/search?keyword=A.J").await["found"], 1);
    assert_eq!(world.get("/api/v1/video").await["found"], 1);
    assert_eq!(
        world.get("/api/v1/search?approval=approved").await["found"],
        0
    );
    assert_eq!(
        world
            .status_of("/api/v1/search?lastModified=yesterday")
            .await,
        400
    );
}

#[tokio::test]
async fn custom_fields_can_be_searched_by_value_and_by_absence() {
    let world = world().await;
    world
        .canto
        .add_asset(NewAsset::new("a.jpg", "x", "ann").with("asset_type", "video"))
        .unwrap();
    world
        .canto
        .add_asset(NewAsset::new("b.jpg", "x", "ann"))
        .unwrap();
    let found = world
        .get("/api/v1/search?cf_asset_type.keyword=%22video%22")
        .await;
    assert_eq!(found["results"][0]["name"], "a.jpg");
    let absent = world
        .get("/api/v1/search?asset_type.keyword=%22__null__%22")
        .await;
    assert_eq!(absent["results"][0]["name"], "b.jpg");
}
