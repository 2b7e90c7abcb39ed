//! The iconik simulator's replies against the vendor's own OpenAPI documents.
//!
//! The documents may not be shipped with this product. They are looked for in the folder named by
//! `FOREBAY_VENDOR_SPECS`, else in `shared/vendors/specs` beside the checkout; where there are none
//! the test says so and passes.

mod judge;

use std::time::Duration;

use forebay_simulators::iconik::{INTEGRATION_USER, NewAsset};
use serde_json::{Value, json};

use self::judge::Judge;

const GROUP: &str = "0b8c2a52-0000-11ef-8000-0000000000e1";

#[tokio::test]
async fn replies_have_the_shapes_of_the_vendors_documents() {
    let Some(mut judge) = Judge::new().await else {
        eprintln!("SKIPPED: no vendor documents; set FOREBAY_VENDOR_SPECS to judge the shapes");
        return;
    };
    let asset = NewAsset::new("clip.mp4", "frames", INTEGRATION_USER).with("region", "EMEA");
    let asset = judge
        .world
        .iconik
        .add_asset(asset.in_collection("Ingest/Web"));
    assets(&mut judge, &asset).await;
    approvals_and_versions(&mut judge, &asset).await;
    shares_and_relations(&mut judge, &asset).await;
    custom_actions(&mut judge).await;
    archive(&mut judge, &asset).await;
    collections(&mut judge, &asset).await;
    metadata_and_search(&mut judge, &asset).await;
    access(&mut judge, &asset).await;
    files_and_jobs(&mut judge, &asset).await;
    webhooks(&mut judge).await;
    trash(&mut judge, &asset).await;
    judge.close();
}

fn id(reply: &Value) -> String {
    reply["id"].as_str().unwrap_or_default().to_owned()
}

async fn assets(judge: &mut Judge, asset: &str) {
    judge.get("assets", "/v1/assets/", &[]).await;
    judge
        .post("assets", "/v1/assets/", &[], json!({"title": "x"}))
        .await;
    judge
        .get("assets", "/v1/assets/{asset_id}/", &[asset])
        .await;
    judge
        .patch(
            "assets",
            "/v1/assets/{asset_id}/",
            &[asset],
            json!({"title": "y"}),
        )
        .await;
    judge
        .get("assets", "/v1/assets/{asset_id}/", &["nope"])
        .await;
    let history = json!({"operation_type": "CUSTOM", "operation_description": "x"});
    judge
        .post(
            "assets",
            "/v1/assets/{asset_id}/history/",
            &[asset],
            history,
        )
        .await;
    judge
        .get("assets", "/v1/assets/{asset_id}/history/", &[asset])
        .await;
    let segments = "/v1/assets/{asset_id}/segments/";
    let comment = json!({"segment_type": "COMMENT", "segment_text": "x", "external_id": "1"});
    let segment = id(&judge.post("assets", segments, &[asset], comment).await);
    judge.get("assets", segments, &[asset]).await;
    let one = "/v1/assets/{asset_id}/segments/{segment_id}/";
    judge.get("assets", one, &[asset, &segment]).await;
    judge
        .patch(
            "assets",
            one,
            &[asset, &segment],
            json!({"segment_checked": true}),
        )
        .await;
    judge.delete("assets", one, &[asset, &segment]).await;
}

async fn approvals_and_versions(judge: &mut Judge, asset: &str) {
    let version = judge
        .world
        .iconik
        .asset(asset)
        .unwrap()
        .current()
        .to_owned();
    let request = "/v1/{object_type}/{object_id}/approvals/request/";
    let object = ["assets", asset];
    let asked = json!({"users": [INTEGRATION_USER], "min_number": 1});
    judge.post("assets", request, &object, asked).await;
    let votes = "/v1/{object_type}/{object_id}/approvals/";
    judge
        .put("assets", votes, &object, json!({"status": "APPROVED"}))
        .await;
    judge.get("assets", votes, &object).await;
    judge.get("assets", request, &object).await;
    let of_version = "/v1/{object_type}/{object_id}/versions/{version_id}/approvals/request/";
    judge
        .get("assets", of_version, &["assets", asset, &version])
        .await;
    let of_version = "/v1/{object_type}/{object_id}/versions/{version_id}/approvals/";
    judge
        .get("assets", of_version, &["assets", asset, &version])
        .await;
    judge.delete("assets", request, &object).await;
    let bulk = json!({"object_ids": [asset], "object_type": "assets", "status": "APPROVED"});
    judge.post("assets", "/v1/approvals/bulk/", &[], bulk).await;
    judge
        .post(
            "assets",
            "/v1/assets/{asset_id}/versions/",
            &[asset],
            json!({"copy_metadata": true}),
        )
        .await;
    let promote = "/v1/assets/{asset_id}/versions/{version_id}/promote/";
    judge
        .put("assets", promote, &[asset, &version], Value::Null)
        .await;
}

async fn shares_and_relations(judge: &mut Judge, asset: &str) {
    let object = ["assets", asset];
    let share = json!({"title": "x", "allow_download": false, "allow_comments": false,
        "allow_approving_comments": false, "allow_setting_approve_status": false,
        "emails": ["eva@example.test"], "expires": "2030-01-01T00:00:00Z"});
    let shares = "/v1/{object_type}/{object_id}/shares/";
    let of_url = "/v1/{object_type}/{object_id}/shares/url/";
    let of_many = json!({"object_ids": [asset], "share_by_url": true});
    let mut many = share.clone();
    many.as_object_mut()
        .unwrap()
        .extend(of_many.as_object().unwrap().clone());
    judge.post("assets", of_url, &object, share.clone()).await;
    judge
        .post("assets", "/v1/share/{object_type}/", &["assets"], many)
        .await;
    let mailed = id(&judge.post("assets", shares, &object, share).await);
    judge.get("assets", shares, &object).await;
    judge.get("assets", "/v1/shares/", &[]).await;
    judge.get("assets", "/v1/shares/all/", &[]).await;
    let one = "/v1/{object_type}/{object_id}/shares/{share_id}/";
    let users = "/v1/{object_type}/{object_id}/shares/{share_id}/users/";
    let ids = ["assets", asset, mailed.as_str()];
    judge.get("assets", one, &ids).await;
    judge.get("assets", users, &ids).await;
    judge.delete("assets", one, &ids).await;

    let types = "/v1/assets/relation_types/";
    let kind = json!({"name": "derived", "source_label": "a", "destination_label": "b"});
    let other = json!({"title": "other"});
    let other = id(&judge.post("assets", "/v1/assets/", &[], other).await);
    judge.post("assets", types, &[], kind).await;
    judge.get("assets", types, &[]).await;
    let relations = "/v1/assets/{asset_id}/relations/";
    let relation = json!({"relation_type": "derived", "related_to_asset_id": other});
    judge.post("assets", relations, &[asset], relation).await;
    judge.get("assets", relations, &[asset]).await;
    let gone = "/v1/assets/{asset_id}/relations/{relation_type}/{related_to_asset_id}/";
    judge
        .delete("assets", gone, &[asset, "derived", &other])
        .await;
}

async fn custom_actions(judge: &mut Judge) {
    let actions = "/v1/custom_actions/{context}/";
    let action = json!({"title": "Start", "context": "ASSET", "type": "POST",
        "url": "http://127.0.0.1:9/", "headers": {"X": "y"}, "metadata_view": null});
    let made = judge
        .post("assets", actions, &["ASSET"], action.clone())
        .await;
    judge.get("assets", actions, &["ASSET"]).await;
    judge.get("assets", "/v1/custom_actions/", &[]).await;
    let one = "/v1/custom_actions/{context}/{action_id}/";
    let ids = ["ASSET", made["id"].as_str().unwrap_or_default()];
    judge.put("assets", one, &ids, action).await;
    judge.delete("assets", one, &ids).await;
}

async fn archive(judge: &mut Judge, asset: &str) {
    let formats = "/v1/assets/{asset_id}/formats/";
    judge
        .world
        .iconik
        .domain(|domain, _| domain.archive_delay = Duration::ZERO);
    let listed = judge.get("files", formats, &[asset]).await;
    let format = listed["objects"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let archive = "/v1/assets/{asset_id}/formats/{format_id}/archive/";
    let restore = "/v1/assets/{asset_id}/formats/{format_id}/restore/";
    judge
        .post("files", archive, &[asset, &format], json!({}))
        .await;
    judge
        .post("files", restore, &[asset, &format], json!({}))
        .await;
    let sets = "/v1/assets/{asset_id}/file_sets/";
    let sets = judge.get("files", sets, &[asset]).await;
    let set = sets["objects"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let files = "/v1/file_sets/{file_set_id}/files/";
    judge.get("files", files, &[&set]).await;
    judge.get("jobs", "/v1/jobs/", &[]).await;
}

async fn collections(judge: &mut Judge, asset: &str) {
    let read = judge.world.get(&format!("assets/v1/assets/{asset}/")).await;
    let collection = read["in_collections"][0].as_str().unwrap();
    judge.get("assets", "/v1/collections/", &[]).await;
    judge
        .post("assets", "/v1/collections/", &[], json!({"title": "x"}))
        .await;
    judge
        .get("assets", "/v1/collections/{collection_id}/", &[collection])
        .await;
    let contents = "/v1/collections/{collection_id}/contents/";
    judge.get("assets", contents, &[collection]).await;
    let object = json!({"object_id": asset, "object_type": "assets"});
    judge.post("assets", contents, &[collection], object).await;
    judge
        .get(
            "assets",
            "/v1/collections/{collection_id}/full/path/",
            &[collection],
        )
        .await;
    let out = "/v1/collections/{collection_id}/contents/{object_type}/{object_id}/";
    judge
        .delete("assets", out, &[collection, "assets", asset])
        .await;
}

async fn metadata_and_search(judge: &mut Judge, asset: &str) {
    let view = judge.world.iconik.workflow_view();
    judge.get("metadata", "/v1/views/", &[]).await;
    judge
        .get("metadata", "/v1/views/{view_id}/", &[&view])
        .await;
    judge.get("metadata", "/v1/fields/", &[]).await;
    judge
        .get("metadata", "/v1/fields/{field_name}/", &["region"])
        .await;
    let values = "/v1/{object_type}/{object_id}/views/{view_id}/";
    let written = json!({"metadata_values": {"run": {"field_values": [{"value": "r1"}]}}});
    judge
        .put("metadata", values, &["assets", asset, &view], written)
        .await;
    judge
        .get("metadata", values, &["assets", asset, &view])
        .await;
    let criteria = json!({"doc_types": ["assets"], "sort": [{"name": "date_modified"}]});
    judge.post("search", "/v1/search/", &[], criteria).await;
}

async fn access(judge: &mut Judge, asset: &str) {
    let template = judge
        .world
        .iconik
        .add_template("in-review", &[(GROUP, &["read"])]);
    judge.get("acls", "/v1/acl/templates/", &[]).await;
    let apply = "/v1/acl/templates/{template_id}/{object_type}/{object_key}/";
    judge
        .post("acls", apply, &[&template, "assets", asset], Value::Null)
        .await;
    judge
        .get(
            "acls",
            "/v1/acl/{object_type}/{object_key}/",
            &["assets", asset],
        )
        .await;
    let grant = json!({"object_keys": [asset], "permissions": ["read"], "group_ids": [GROUP], "mode": "OVERWRITE"});
    judge
        .put("acls", "/v1/acl/{object_type}/", &["assets"], grant)
        .await;
    let held = "/v1/groups/{group_id}/acl/{object_type}/{object_key}/";
    judge
        .put(
            "acls",
            held,
            &[GROUP, "assets", asset],
            json!({"permissions": ["read"]}),
        )
        .await;
    judge.delete("acls", held, &[GROUP, "assets", asset]).await;
}

async fn files_and_jobs(judge: &mut Judge, asset: &str) {
    judge.get("files", "/v1/storages/", &[]).await;
    for kind in ["formats", "file_sets", "files", "proxies", "keyframes"] {
        let list = format!("/v1/assets/{{asset_id}}/{kind}/");
        judge.get("files", &list, &[asset]).await;
    }
    let format = json!({"name": "ORIGINAL"});
    let format = id(&judge
        .post("files", "/v1/assets/{asset_id}/formats/", &[asset], format)
        .await);
    let set = json!({"name": "x", "base_dir": "", "component_ids": [], "format_id": format});
    let set = id(&judge
        .post("files", "/v1/assets/{asset_id}/file_sets/", &[asset], set)
        .await);
    let file = json!({"original_name": "x.mp4", "directory_path": "", "type": "FILE", "file_set_id": set, "format_id": format});
    let file = id(&judge
        .post("files", "/v1/assets/{asset_id}/files/", &[asset], file)
        .await);
    let one = "/v1/assets/{asset_id}/files/{file_id}/";
    judge
        .patch("files", one, &[asset, &file], json!({"status": "CLOSED"}))
        .await;
    judge.get("files", one, &[asset, &file]).await;
    let url = "/v1/assets/{asset_id}/files/{file_id}/download_url/";
    judge.get("files", url, &[asset, &file]).await;
    let transcode = "/v1/assets/{asset_id}/files/{file_id}/keyframes/";
    let job = judge
        .post("files", transcode, &[asset, &file], json!({}))
        .await;

    judge.get("jobs", "/v1/jobs/", &[]).await;
    let job = job["job_id"].as_str().unwrap();
    judge.get("jobs", "/v1/jobs/{job_id}/", &[job]).await;
    let custom =
        json!({"title": "x", "type": "CUSTOM", "status": "STARTED", "custom_type": "review"});
    judge.post("jobs", "/v1/jobs/", &[], custom).await;
}

async fn webhooks(judge: &mut Judge) {
    let hook = json!({"url": "http://127.0.0.1:9/", "event_type": "assets", "status": "DISABLED"});
    let hook = judge
        .post("notifications", "/v1/webhooks/", &[], hook)
        .await;
    judge.get("notifications", "/v1/webhooks/", &[]).await;
    let one = "/v1/webhooks/{webhook_id}/";
    let hook_id = id(&hook);
    judge.get("notifications", one, &[&hook_id]).await;
    judge.put("notifications", one, &[&hook_id], hook).await;
    judge.delete("notifications", one, &[&hook_id]).await;
}

async fn trash(judge: &mut Judge, asset: &str) {
    judge
        .delete("assets", "/v1/assets/{asset_id}/", &[asset])
        .await;
    judge.get("assets", "/v1/delete_queue/assets/", &[]).await;
    judge
        .put(
            "assets",
            "/v1/assets/{asset_id}/restore/",
            &[asset],
            Value::Null,
        )
        .await;
}
