//! The simulated life of media at iconik: archive, copies, purge, shares, custom actions, relations.

use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik::types::ArchiveOutcome;
use forebay_simulators::iconik::{Choice, INTEGRATION_USER};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANN, HOUR, World, receiver, world};

impl World {
    async fn open(&self, link: &str) -> u16 {
        let reply = self.client.get(link).send().await.unwrap();
        reply.status().as_u16()
    }

    /// Ask for the archive of the original; returns the format's address.
    async fn archive(&self, asset: &str, body: Value) -> String {
        let formats = self.get(&format!("files/v1/assets/{asset}/formats/")).await;
        let format = formats["objects"][0]["id"].as_str().unwrap();
        let address = format!("files/v1/assets/{asset}/formats/{format}/");
        let asked = self.post(&format!("{address}archive/"), body).await;
        assert_eq!(asked.0, 202);
        address
    }

    async fn archive_status(&self, asset: &str) -> Value {
        let asset = self.get(&format!("assets/v1/assets/{asset}/")).await;
        asset["archive_status"].clone()
    }
}

#[tokio::test]
async fn archiving_takes_hours_and_leaves_the_copy_at_hand() {
    let world = world().await;
    let clip = world.clip();
    let format = world.archive(&clip, json!({})).await;
    assert_eq!(world.archive_status(&clip).await, "ARCHIVING");
    world.clock.advance(HOUR);
    assert_eq!(world.archive_status(&clip).await, "ARCHIVING");
    world.clock.advance(HOUR * 3);
    assert_eq!(world.archive_status(&clip).await, "ARCHIVED");
    let copies = world.iconik.copies(&clip);
    assert_eq!(
        copies.iter().map(|(s, _)| s.as_str()).collect::<Vec<_>>(),
        ["Main", "Archive"]
    );
    assert_eq!(copies[0].1, copies[1].1);
    let sets = world
        .get(&format!("files/v1/assets/{clip}/file_sets/"))
        .await;
    let main = sets["objects"][0]["id"].as_str().unwrap();
    let gone = format!("files/v1/assets/{clip}/file_sets/{main}/?immediately=true");
    assert_eq!(world.delete(&gone).await, 204);
    assert_eq!(world.iconik.copies(&clip).len(), 1);
    let back = world.post(&format!("{format}restore/"), json!({})).await;
    assert_eq!(back.0, 202);
    world.clock.advance(HOUR * 3);
    assert_eq!(world.archive_status(&clip).await, "NOT_ARCHIVED");
    assert_eq!(world.iconik.copies(&clip).len(), 2);
    let jobs = world.iconik.jobs(&clip);
    let kinds: Vec<_> = jobs
        .iter()
        .map(|job| (job["type"].clone(), job["status"].clone()))
        .collect();
    assert!(kinds.contains(&(json!("ARCHIVE"), json!("FINISHED"))));
    assert!(kinds.contains(&(json!("RESTORE"), json!("FINISHED"))));
    let history = world.iconik.history(&clip);
    assert_eq!(history, ["ARCHIVE", "DELETE_FILESET", "RESTORE_ARCHIVE"]);
}

#[tokio::test]
async fn archiving_may_fail_wait_or_spoil_the_copy() {
    let world = world().await;
    let [fails, waits, spoilt] = [world.clip(), world.clip(), world.clip()];
    let why = ArchiveOutcome::Fails("tape full".to_owned());
    world.iconik.set_archive_outcome(&fails, why);
    world
        .iconik
        .set_archive_outcome(&spoilt, ArchiveOutcome::ChecksumDiffers);
    world.archive(&fails, json!({})).await;
    world.archive(&spoilt, json!({})).await;
    world.clock.advance(HOUR * 4);
    assert_eq!(world.archive_status(&fails).await, "FAILED_TO_ARCHIVE");
    let jobs = world.iconik.jobs(&fails);
    let failed = jobs.iter().find(|job| job["type"] == "ARCHIVE").unwrap();
    assert_eq!(failed["error_message"], "tape full");
    let copies = world.iconik.copies(&spoilt);
    assert_ne!(copies[0].1, copies[1].1);
    world.archive(&waits, json!({})).await;
    world.iconik.set_reachable("Archive", false);
    world.clock.advance(HOUR * 9);
    assert_eq!(world.archive_status(&waits).await, "ARCHIVING");
    world.iconik.set_reachable("Archive", true);
    assert_eq!(world.archive_status(&waits).await, "ARCHIVED");
}

#[tokio::test]
async fn a_purge_waits_for_a_storage_out_of_reach() {
    let world = world().await;
    let clip = world.clip();
    assert!(world.iconik.add_copy(&clip, "Nearline"));
    assert!(world.iconik.delete(&clip, ANN));
    world.iconik.set_reachable("Nearline", false);
    let path = format!("assets/v1/assets/{clip}/");
    let purged = world
        .send(Method::DELETE, &format!("{path}purge/"), Value::Null)
        .await;
    assert_eq!(purged.0, 204);
    assert_eq!(world.get(&path).await["status"], "DELETED");
    assert_eq!(world.iconik.copies(&clip)[0].0, "Nearline");
    world.iconik.set_reachable("Nearline", true);
    assert_eq!(world.status_of(&path).await, 404);
    assert!(world.iconik.copies(&clip).is_empty());
}

#[tokio::test]
async fn a_link_works_until_its_share_is_deleted_or_ends() {
    let world = world().await;
    let clip = world.clip();
    let flags = json!({"title": "t", "allow_download": false, "allow_comments": false,
        "allow_approving_comments": false, "allow_setting_approve_status": false});
    let shares = format!("assets/v1/assets/{clip}/shares/");
    let incomplete = world.post(&format!("{shares}url/"), json!({})).await;
    assert_eq!(incomplete.0, 400);
    let (status, share) = world.post(&format!("{shares}url/"), flags.clone()).await;
    assert_eq!(status, 200);
    let link = share["url"].as_str().unwrap();
    assert_eq!(world.open(link).await, 200);
    assert_eq!(world.open(&format!("{link}/download")).await, 403);
    let id = share["id"].as_str().unwrap();
    let gone = world
        .send(Method::DELETE, &format!("{shares}{id}/"), Value::Null)
        .await;
    assert_eq!((gone.0, world.open(link).await), (204, 404));

    let mut mailed = flags;
    mailed["emails"] = json!(["eva@example.test"]);
    mailed["allow_download"] = json!(true);
    mailed["expires"] = json!("2024-03-01T11:00:00Z");
    let (status, share) = world.post(&shares, mailed).await;
    assert_eq!(status, 202);
    let link = share["url"].as_str().unwrap();
    assert_eq!(
        world
            .open(&format!("{link}/download?as=eva@example.test"))
            .await,
        200
    );
    assert_eq!(world.iconik.history(&clip), ["DOWNLOAD"]);
    let id = share["id"].as_str().unwrap();
    let users = world.get(&format!("{shares}{id}/users/")).await;
    assert_eq!(users["objects"][0]["access_count"], 1);
    world.clock.advance(HOUR);
    assert_eq!(world.open(link).await, 410);
}

#[tokio::test]
async fn a_custom_action_sends_what_was_chosen_and_filled_in() {
    let world = world().await;
    let clip = world.clip();
    for (fault, offered_again) in [(None, true), (Some(Fault::status(500)), false)] {
        let (running, frame) = receiver().await;
        let title = format!("Clear {offered_again}");
        if let Some(fault) = fault {
            frame.faults().add(Rule::always("hook", fault));
        }
        let body = json!({"title": title, "url": format!("{}/hook", running.base_url()),
            "headers": {"X-Secret": "s"}});
        let made = world.post("assets/v1/custom_actions/ASSET/", body).await;
        assert_eq!(made.0, 201);
        for _ in 0..3 {
            let choice = Choice::asset(&clip).with("territory", "US");
            assert!(world.iconik.invoke_action(&title, ANN, &choice));
            world.iconik.frame().courier().idle().await;
        }
        let sent = world.iconik.frame().courier().sent().pop().unwrap();
        assert_eq!(sent.body["asset_ids"], json!([clip]));
        assert_eq!(sent.body["user_id"], ANN);
        let form = &sent.body["metadata_values"]["territory"]["field_values"];
        assert_eq!(form[0]["value"], "US");
        let again = world
            .iconik
            .invoke_action(&title, ANN, &Choice::asset(&clip));
        assert_eq!(again, offered_again);
    }
    assert!(
        !world
            .iconik
            .invoke_action("Nothing", ANN, &Choice::asset(&clip))
    );
}

#[tokio::test]
async fn relations_are_of_types_that_exist() {
    let world = world().await;
    let (a, b) = (world.clip(), world.clip());
    let path = format!("assets/v1/assets/{a}/relations/");
    let relation = json!({"relation_type": "localization", "related_to_asset_id": b});
    assert_eq!(world.post(&path, relation.clone()).await.0, 400);
    let kind = json!({"name": "localization", "source_label": "a", "destination_label": "b"});
    let types = "assets/v1/assets/relation_types/";
    assert_eq!(world.post(types, kind.clone()).await.0, 201);
    assert_eq!(world.post(types, kind).await.0, 409);
    assert_eq!(world.post(&path, relation.clone()).await.0, 201);
    assert_eq!(world.post(&path, relation).await.0, 200);
    let listed = world.get(&path).await;
    assert_eq!(
        listed["objects"][0]["relations"][0]["related_from_asset_id"],
        json!(a)
    );
    let gone = format!("{path}localization/{b}/");
    assert_eq!(world.delete(&gone).await, 204);
    assert_eq!(world.get(&path).await["total"], 0);
}

#[tokio::test]
async fn comments_by_hand_are_found_by_search_and_change_their_time() {
    let world = world().await;
    let clip = world.clip();
    let comment = world
        .iconik
        .comment(&clip, ANN, "Too loud", Some(1200), None);
    let answer = world
        .iconik
        .comment(&clip, INTEGRATION_USER, "Fixed", None, Some(&comment));
    assert!(world.iconik.edit_comment(&comment, ANN, "Far too loud"));
    assert!(world.iconik.resolve_comment(&comment, ANN, true));
    assert!(world.iconik.delete_comment(&answer, ANN));
    assert!(!world.iconik.delete_comment(&answer, ANN));
    let wanted =
        json!({"doc_types": ["segments"], "sort": [{"name": "date_modified", "order": "asc"}]});
    let found = world.post("search/v1/search/", wanted).await.1;
    assert_eq!(found["total"], 1);
    let found = &found["objects"][0];
    assert_eq!(
        (&found["segment_text"], &found["segment_checked"]),
        (&json!("Far too loud"), &json!(true))
    );
    assert_ne!(found["date_created"], found["date_modified"]);
    assert_eq!(found["asset_id"], json!(clip));
}
