//! Albums and folders.

use forebay_sdk::assets::Collections;
use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::testing::Recorded;
use forebay_sdk::{Entity, http::Response};
use serde_json::{Value as Json, json};

use super::{HERO, canto, changed, hero, page, vendor};

const ALBUM: &str = "/api/v1/batch/album";

fn tree(results: Json) -> Json {
    json!({"results": results, "sortBy": "name", "sortDirection": "ascending"})
}

/// A library with the folder `Campaigns` (F1) and in it the album `Spring` (A9).
fn library() -> Recorded {
    let vendor = vendor();
    let folder = json!([{"id": "F1", "name": "Campaigns", "scheme": "folder", "size": "2"}]);
    vendor.on(Method::Get, "/api/v1/tree", 200, tree(folder));
    let spring = json!([
        {"id": "F5", "name": "Spring", "scheme": "folder", "size": "0"},
        {"id": "A9", "name": "Spring", "scheme": "album", "size": "14"},
    ]);
    vendor.on(Method::Get, "/api/v1/tree/F1", 200, tree(spring));
    let info = json!({"id": "A9", "name": "Spring", "scheme": "album", "idPath": "F1/A9"});
    vendor.on(Method::Get, "/api/v1/info/album/A9", 200, info);
    vendor
}

fn writes(vendor: &Recorded) -> Vec<String> {
    vendor
        .seen()
        .into_iter()
        .filter(|line| !line.starts_with("GET"))
        .collect()
}

#[test]
fn a_path_names_an_album_first_and_absence_is_an_answer() {
    let canto = canto(&library());
    let found = canto.find("/Campaigns/Spring/").unwrap().unwrap();
    assert_eq!(
        (found.id.as_str(), found.path.as_str()),
        ("album/A9", "/Campaigns/Spring")
    );
    assert_eq!(found.size, Some(14));
    assert_eq!(canto.find("Campaigns").unwrap().unwrap().id, "folder/F1");
    assert!(canto.find("/Campaigns/Autumn").unwrap().is_none());
    assert!(canto.find("/Elsewhere/Spring").unwrap().is_none());
    assert_eq!(canto.find("//").unwrap_err().case(), "invalid");
}

#[test]
fn a_folder_that_answers_with_itself_is_understood() {
    let vendor = vendor();
    let folder = json!([{"id": "F1", "name": "Campaigns", "scheme": "folder"}]);
    vendor.on(Method::Get, "/api/v1/tree", 200, tree(folder));
    let itself = json!([{"id": "F1", "name": "Campaigns", "scheme": "folder",
                         "children": [{"id": "A9", "name": "Spring", "scheme": "album"}]}]);
    vendor.on(Method::Get, "/api/v1/tree/F1", 200, tree(itself));
    assert_eq!(
        canto(&vendor)
            .find("/Campaigns/Spring")
            .unwrap()
            .unwrap()
            .id,
        "album/A9"
    );
}

#[test]
fn what_stands_there_is_not_made_again() {
    let vendor = library();
    assert_eq!(
        canto(&vendor).create("/Campaigns/Spring").unwrap().id,
        "album/A9"
    );
    assert!(writes(&vendor).is_empty());
}

#[test]
fn missing_folders_and_the_album_are_made() {
    let vendor = library();
    vendor.on(
        Method::Post,
        "/api/v1/folder/F1/Q%26A",
        200,
        json!({"id": "F7"}),
    );
    vendor.on(Method::Get, "/api/v1/tree/F7", 200, tree(json!([])));
    vendor.on(Method::Post, "/api/v1/album/F7/New", 200, json!({"id": 71}));
    let made = canto(&vendor).create("/Campaigns/Q&A/New").unwrap();
    assert_eq!(
        (made.id.as_str(), made.path.as_str()),
        ("album/71", "/Campaigns/Q&A/New")
    );
    let alone = canto(&vendor).create("/Alone").unwrap_err();
    assert_eq!(alone.case(), "invalid", "an album needs a folder");
}

#[test]
fn a_lost_answer_to_a_making_is_repeated_and_a_race_is_lost_gracefully() {
    let lost = library();
    lost.reply(
        Method::Post,
        "/api/v1/album/F1/New",
        Err(TransportError::Lost("cut".to_owned())),
    );
    assert_eq!(
        canto(&lost).create("/Campaigns/New").unwrap_err().case(),
        "unavailable"
    );

    let raced = vendor();
    let folder = json!([{"id": "F1", "name": "Campaigns", "scheme": "folder"}]);
    raced.on(Method::Get, "/api/v1/tree", 200, tree(folder));
    raced.on(Method::Get, "/api/v1/tree/F1", 200, tree(Json::Null));
    let theirs = json!([{"id": "A3", "name": "New", "scheme": "album"}]);
    raced.on(Method::Get, "/api/v1/tree/F1", 200, tree(theirs));
    let taken = b"there is already a \"New\" here".to_vec();
    let refused = Ok(Response {
        status: 400,
        headers: Vec::new(),
        body: taken,
    });
    raced.reply(Method::Post, "/api/v1/album/F1/New", refused);
    assert_eq!(
        canto(&raced).create("/Campaigns/New").unwrap().id,
        "album/A3"
    );
}

#[test]
fn an_asset_is_put_in_and_taken_out_once() {
    let elsewhere = library();
    elsewhere.on(
        Method::Get,
        HERO,
        200,
        changed(json!({"relatedAlbums": []})),
    );
    elsewhere.on(Method::Post, ALBUM, 200, json!("success"));
    canto(&elsewhere).add("album/A9", "image/abc").unwrap();
    let last = elsewhere.requests().len() - 1;
    let expected = json!({"albumPath": "F1/A9", "contents": [
        {"scheme": "image", "id": "abc", "displayName": "hero.jpg"}]});
    assert_eq!(elsewhere.body(last), expected);
    canto(&elsewhere).remove("album/A9", "image/abc").unwrap();
    assert_eq!(
        writes(&elsewhere),
        [format!("POST {ALBUM}")],
        "not in: nothing to take out"
    );

    let inside = library();
    inside
        .on(Method::Get, HERO, 200, hero())
        .on(Method::Delete, ALBUM, 200, json!("success"));
    canto(&inside).add("album/A9", "image/abc").unwrap();
    canto(&inside).remove("album/A9", "image/abc").unwrap();
    assert_eq!(writes(&inside), [format!("DELETE {ALBUM}")]);
}

#[test]
fn what_is_gone_is_out_and_folders_hold_no_content() {
    let gone = library();
    gone.on(Method::Get, HERO, 404, Json::Null);
    canto(&gone).remove("album/A9", "image/abc").unwrap();
    assert!(
        canto(&gone)
            .add("album/A9", "image/abc")
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(
        canto(&gone)
            .add("folder/F1", "image/abc")
            .unwrap_err()
            .case(),
        "invalid"
    );
    assert_eq!(
        canto(&gone).add("A9", "image/abc").unwrap_err().case(),
        "invalid"
    );
}

#[test]
fn contents_are_paged_and_a_folder_shows_its_containers_first() {
    let vendor = library();
    vendor.on(Method::Get, "/api/v1/folder/F1", 200, page(&[hero()]));
    let content = canto(&vendor).contents("folder/F1", None).unwrap();
    let expected = [
        Entity::new("collection", "folder/F5"),
        Entity::new("collection", "album/A9"),
        Entity::new("asset", "image/abc"),
    ];
    assert_eq!(
        (content.entities.as_slice(), content.next),
        (expected.as_slice(), None)
    );

    vendor.on(
        Method::Get,
        "/api/v1/album/A9",
        200,
        json!({"results": [hero()], "found": 3}),
    );
    let first = canto(&vendor).contents("album/A9", None).unwrap();
    canto(&vendor)
        .contents("album/A9", first.next.as_deref())
        .unwrap();
    let last = vendor.seen().pop().unwrap();
    assert!(last.contains("start=1&"), "{last}");
}
