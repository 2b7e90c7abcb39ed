//! Folders and albums.

use crate::support::*;

#[tokio::test]
async fn albums_are_made_filled_and_emptied_by_id_path() {
    let world = world().await;
    let id = world.hero();
    let make = async |path: &str| -> Value {
        let reply = world.call(Method::POST, path).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.json().await.unwrap()
    };
    let folder = make("/api/v1/folder/Campaigns").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let album = make(&format!("/api/v1/album/{folder}/Spring")).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = world
        .call(Method::POST, "/api/v1/folder/Campaigns")
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 400);
    let change = async |method: Method, path: String| {
        let body = json!({"albumPath": path, "contents":
            [{"scheme": "image", "id": id.id, "displayName": "hero.jpg"}]});
        world
            .call(method, "/api/v1/batch/album")
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        change(Method::POST, album.clone()).await,
        404,
        "a path, not an id"
    );
    for _ in 0..2 {
        assert_eq!(change(Method::POST, format!("{folder}/{album}")).await, 200);
    }
    assert_eq!(world.canto.frame().recorder().effects("add-to-album"), 1);
    assert_eq!(
        world.get(&format!("/api/v1/album/{album}")).await["found"],
        1
    );
    assert_eq!(
        world.get(&format!("/api/v1/folder/{folder}")).await["found"],
        1
    );
    let tree = world.get("/api/v1/tree?layer=-1").await;
    assert_eq!(
        tree["results"][0]["children"][0]["idPath"],
        format!("{folder}/{album}")
    );
    assert_eq!(tree["results"][0]["size"], "1");
    assert!(
        world.get("/api/v1/tree?layer=1").await["results"][0]
            .get("children")
            .is_none()
    );
    assert_eq!(
        world.get(&format!("/api/v1/info/album/{album}")).await["namePath"],
        "Campaigns/Spring"
    );
    assert_eq!(
        change(Method::DELETE, format!("{folder}/{album}")).await,
        200
    );
    assert_eq!(
        world.get(&format!("/api/v1/album/{album}")).await["found"],
        0
    );
}
