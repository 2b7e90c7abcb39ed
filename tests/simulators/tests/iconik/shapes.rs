//! The iconik simulator's replies against the vendor's own OpenAPI documents.
//!
//! The documents may not be shipped with this product. They are looked for in the folder named by
//! `FOREBAY_VENDOR_SPECS`, else in `shared/vendors/specs` beside the checkout; where there are none
//! the test says so and passes.
use std::path::PathBuf;

use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::iconik::{
    DEFAULT_APP_ID, DEFAULT_AUTH_TOKEN, INTEGRATION_USER, Iconik, IconikOptions, NewAsset,
};
use reqwest::Method;
use serde_json::{Value, json};

const GROUP: &str = "0b8c2a52-0000-11ef-8000-0000000000e1";

#[expect(
    clippy::disallowed_methods,
    reason = "where the documents are is told by the environment"
)]
fn specs() -> Option<PathBuf> {
    let beside = || {
        let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        checkout.join("../shared/vendors/specs")
    };
    let folder = std::env::var("FOREBAY_VENDOR_SPECS").map_or_else(|_| beside(), PathBuf::from);
    Some(folder.join("iconik")).filter(|folder| folder.is_dir())
}

/// OpenAPI 3.0 as JSON Schema: `nullable` becomes a type, formats that are no formats go.
fn translate(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(translate),
        Value::Object(map) => {
            map.values_mut().for_each(translate);
            if map.get("format").is_some_and(|format| format == "url") {
                map.remove("format");
            }
            if map
                .remove("nullable")
                .is_some_and(|nullable| nullable == true)
            {
                if let Some(kind) = map.get("type").cloned() {
                    map.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(choices)) = map.get_mut("enum") {
                    choices.push(Value::Null);
                }
            }
        }
        _ => {}
    }
}

/// The document does not say so, but addresses of pages that are not there, and scroll ids of lists
/// that are not scrolled, are told as null by the service.
fn without_absent_pages(mut reply: Value) -> Value {
    if let Value::Object(map) = &mut reply {
        map.retain(|key, value| {
            !(value.is_null() && (key.ends_with("_url") || key == "scroll_id"))
        });
    }
    reply
}

struct Judge {
    iconik: Iconik,
    client: reqwest::Client,
    folder: PathBuf,
    findings: Vec<String>,
    judged: usize,
}

impl Judge {
    /// Make a call; check its status and reply against the operation of a service's document.
    async fn call(
        &mut self,
        method: Method,
        service: &str,
        operation: &str,
        ids: &[&str],
        body: Value,
    ) -> Value {
        let mut path = operation.to_owned();
        for id in ids {
            let (start, end) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(start..=end, id);
        }
        let url = format!("{}/API/{service}{path}", self.iconik.base_url());
        let call = self.client.request(method.clone(), url);
        let call = call
            .header("App-ID", DEFAULT_APP_ID)
            .header("Auth-Token", DEFAULT_AUTH_TOKEN);
        let call = if body.is_null() {
            call
        } else {
            call.json(&body)
        };
        let reply = call.send().await.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        let reply: Value = serde_json::from_str(&text).unwrap_or_default();
        self.judge(&method, service, operation, status, &reply);
        reply
    }

    fn judge(
        &mut self,
        method: &Method,
        service: &str,
        operation: &str,
        status: u16,
        reply: &Value,
    ) {
        self.judged += 1;
        let name = format!("{method} {service}{operation} {status}");
        let text = std::fs::read_to_string(self.folder.join(format!("{service}.json"))).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let method = method.as_str().to_lowercase();
        let told =
            document["paths"][operation][method.as_str()]["responses"][status.to_string()].clone();
        if told.is_null() {
            return self.findings.push(format!("{name}: not in the document"));
        }
        let mut schema = told["content"]["application/json"]["schema"].clone();
        // Some operations are documented with a reply where 204 leaves no room for one.
        if schema.is_null() || status == 204 {
            return;
        }
        translate(&mut schema);
        translate(&mut document["components"]);
        schema["components"] = document["components"].take();
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft4);
        let validator = options
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let reply = without_absent_pages(reply.clone());
        for error in validator.iter_errors(&reply) {
            self.findings
                .push(format!("{name}: {} at {}", error, error.instance_path()));
        }
    }
}

#[tokio::test]
async fn replies_have_the_shapes_of_the_vendors_documents() {
    let Some(folder) = specs() else {
        eprintln!("SKIPPED: no vendor documents; set FOREBAY_VENDOR_SPECS to judge the shapes");
        return;
    };
    let clock = VirtualClock::new(Timestamp(1_709_287_200_000));
    let options = IconikOptions {
        clock: clock.into(),
        ..IconikOptions::default()
    };
    let iconik = Iconik::start(options).await.unwrap();
    let template = iconik.add_template("in-review", &[(GROUP, &["read"])]);
    let asset = NewAsset::new("clip.mp4", "frames", INTEGRATION_USER).with("region", "EMEA");
    let asset = iconik.add_asset(asset.in_collection("Ingest/Web"));
    let view = iconik.workflow_view();
    let client = reqwest::Client::builder().build().unwrap();
    let mut judge = Judge {
        iconik,
        client,
        folder,
        findings: Vec::new(),
        judged: 0,
    };
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (a, none) = (asset.as_str(), Value::Null);
    let id = |reply: &Value| reply["id"].as_str().unwrap_or_default().to_owned();

    judge
        .call(get.clone(), "assets", "/v1/assets/", &[], none.clone())
        .await;
    judge
        .call(
            post.clone(),
            "assets",
            "/v1/assets/",
            &[],
            json!({"title": "x"}),
        )
        .await;
    let read = judge
        .call(
            get.clone(),
            "assets",
            "/v1/assets/{asset_id}/",
            &[a],
            none.clone(),
        )
        .await;
    let collection = read["in_collections"][0].as_str().unwrap().to_owned();
    let version = read["versions"][0]["id"].as_str().unwrap().to_owned();
    judge
        .call(
            Method::PATCH,
            "assets",
            "/v1/assets/{asset_id}/",
            &[a],
            json!({"title": "y"}),
        )
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/assets/{asset_id}/",
            &["nope"],
            none.clone(),
        )
        .await;
    let history = json!({"operation_type": "CUSTOM", "operation_description": "x"});
    judge
        .call(
            post.clone(),
            "assets",
            "/v1/assets/{asset_id}/history/",
            &[a],
            history,
        )
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/assets/{asset_id}/history/",
            &[a],
            none.clone(),
        )
        .await;
    let segments = "/v1/assets/{asset_id}/segments/";
    let comment = json!({"segment_type": "COMMENT", "segment_text": "x", "external_id": "1"});
    let segment = id(&judge
        .call(post.clone(), "assets", segments, &[a], comment)
        .await);
    judge
        .call(get.clone(), "assets", segments, &[a], none.clone())
        .await;
    let one = "/v1/assets/{asset_id}/segments/{segment_id}/";
    judge
        .call(get.clone(), "assets", one, &[a, &segment], none.clone())
        .await;
    judge
        .call(
            Method::PATCH,
            "assets",
            one,
            &[a, &segment],
            json!({"segment_checked": true}),
        )
        .await;
    judge
        .call(Method::DELETE, "assets", one, &[a, &segment], none.clone())
        .await;

    let request = "/v1/{object_type}/{object_id}/approvals/request/";
    let object = ["assets", a];
    let asked = json!({"users": [INTEGRATION_USER], "min_number": 1});
    judge
        .call(post.clone(), "assets", request, &object, asked)
        .await;
    let votes = "/v1/{object_type}/{object_id}/approvals/";
    judge
        .call(
            put.clone(),
            "assets",
            votes,
            &object,
            json!({"status": "APPROVED"}),
        )
        .await;
    judge
        .call(get.clone(), "assets", votes, &object, none.clone())
        .await;
    judge
        .call(get.clone(), "assets", request, &object, none.clone())
        .await;
    let of_version = "/v1/{object_type}/{object_id}/versions/{version_id}/approvals/request/";
    judge
        .call(
            get.clone(),
            "assets",
            of_version,
            &["assets", a, &version],
            none.clone(),
        )
        .await;
    let of_version = "/v1/{object_type}/{object_id}/versions/{version_id}/approvals/";
    judge
        .call(
            get.clone(),
            "assets",
            of_version,
            &["assets", a, &version],
            none.clone(),
        )
        .await;
    judge
        .call(Method::DELETE, "assets", request, &object, none.clone())
        .await;
    let bulk = json!({"object_ids": [a], "object_type": "assets", "status": "APPROVED"});
    judge
        .call(post.clone(), "assets", "/v1/approvals/bulk/", &[], bulk)
        .await;
    judge
        .call(
            post.clone(),
            "assets",
            "/v1/assets/{asset_id}/versions/",
            &[a],
            json!({"copy_metadata": true}),
        )
        .await;
    let promote = "/v1/assets/{asset_id}/versions/{version_id}/promote/";
    judge
        .call(put.clone(), "assets", promote, &[a, &version], none.clone())
        .await;

    judge_media(&mut judge, a).await;

    let c = collection.as_str();
    judge
        .call(get.clone(), "assets", "/v1/collections/", &[], none.clone())
        .await;
    judge
        .call(
            post.clone(),
            "assets",
            "/v1/collections/",
            &[],
            json!({"title": "x"}),
        )
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/collections/{collection_id}/",
            &[c],
            none.clone(),
        )
        .await;
    let contents = "/v1/collections/{collection_id}/contents/";
    judge
        .call(get.clone(), "assets", contents, &[c], none.clone())
        .await;
    let object = json!({"object_id": a, "object_type": "assets"});
    judge
        .call(post.clone(), "assets", contents, &[c], object)
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/collections/{collection_id}/full/path/",
            &[c],
            none.clone(),
        )
        .await;
    let out = "/v1/collections/{collection_id}/contents/{object_type}/{object_id}/";
    judge
        .call(
            Method::DELETE,
            "assets",
            out,
            &[c, "assets", a],
            none.clone(),
        )
        .await;

    judge
        .call(get.clone(), "metadata", "/v1/views/", &[], none.clone())
        .await;
    judge
        .call(
            get.clone(),
            "metadata",
            "/v1/views/{view_id}/",
            &[&view],
            none.clone(),
        )
        .await;
    judge
        .call(get.clone(), "metadata", "/v1/fields/", &[], none.clone())
        .await;
    judge
        .call(
            get.clone(),
            "metadata",
            "/v1/fields/{field_name}/",
            &["region"],
            none.clone(),
        )
        .await;
    let values = "/v1/{object_type}/{object_id}/views/{view_id}/";
    let written = json!({"metadata_values": {"run": {"field_values": [{"value": "r1"}]}}});
    judge
        .call(
            put.clone(),
            "metadata",
            values,
            &["assets", a, &view],
            written,
        )
        .await;
    judge
        .call(
            get.clone(),
            "metadata",
            values,
            &["assets", a, &view],
            none.clone(),
        )
        .await;
    let criteria = json!({"doc_types": ["assets"], "sort": [{"name": "date_modified"}]});
    judge
        .call(post.clone(), "search", "/v1/search/", &[], criteria)
        .await;

    judge
        .call(get.clone(), "acls", "/v1/acl/templates/", &[], none.clone())
        .await;
    let apply = "/v1/acl/templates/{template_id}/{object_type}/{object_key}/";
    judge
        .call(
            post.clone(),
            "acls",
            apply,
            &[&template, "assets", a],
            none.clone(),
        )
        .await;
    judge
        .call(
            get.clone(),
            "acls",
            "/v1/acl/{object_type}/{object_key}/",
            &["assets", a],
            none.clone(),
        )
        .await;
    let grant = json!({"object_keys": [a], "permissions": ["read"], "group_ids": [GROUP], "mode": "OVERWRITE"});
    judge
        .call(
            put.clone(),
            "acls",
            "/v1/acl/{object_type}/",
            &["assets"],
            grant,
        )
        .await;
    let held = "/v1/groups/{group_id}/acl/{object_type}/{object_key}/";
    judge
        .call(
            put.clone(),
            "acls",
            held,
            &[GROUP, "assets", a],
            json!({"permissions": ["read"]}),
        )
        .await;
    judge
        .call(
            Method::DELETE,
            "acls",
            held,
            &[GROUP, "assets", a],
            none.clone(),
        )
        .await;

    judge
        .call(get.clone(), "files", "/v1/storages/", &[], none.clone())
        .await;
    for kind in ["formats", "file_sets", "files", "proxies", "keyframes"] {
        let list = format!("/v1/assets/{{asset_id}}/{kind}/");
        judge
            .call(get.clone(), "files", &list, &[a], none.clone())
            .await;
    }
    let format = json!({"name": "ORIGINAL"});
    let format = id(&judge
        .call(
            post.clone(),
            "files",
            "/v1/assets/{asset_id}/formats/",
            &[a],
            format,
        )
        .await);
    let set = json!({"name": "x", "base_dir": "", "component_ids": [], "format_id": format});
    let set = id(&judge
        .call(
            post.clone(),
            "files",
            "/v1/assets/{asset_id}/file_sets/",
            &[a],
            set,
        )
        .await);
    let file = json!({"original_name": "x.mp4", "directory_path": "", "type": "FILE", "file_set_id": set, "format_id": format});
    let file = id(&judge
        .call(
            post.clone(),
            "files",
            "/v1/assets/{asset_id}/files/",
            &[a],
            file,
        )
        .await);
    let one = "/v1/assets/{asset_id}/files/{file_id}/";
    judge
        .call(
            Method::PATCH,
            "files",
            one,
            &[a, &file],
            json!({"status": "CLOSED"}),
        )
        .await;
    judge
        .call(get.clone(), "files", one, &[a, &file], none.clone())
        .await;
    let url = "/v1/assets/{asset_id}/files/{file_id}/download_url/";
    judge
        .call(get.clone(), "files", url, &[a, &file], none.clone())
        .await;
    let transcode = "/v1/assets/{asset_id}/files/{file_id}/keyframes/";
    let job = judge
        .call(post.clone(), "files", transcode, &[a, &file], json!({}))
        .await;

    judge
        .call(get.clone(), "jobs", "/v1/jobs/", &[], none.clone())
        .await;
    let job = job["job_id"].as_str().unwrap();
    judge
        .call(
            get.clone(),
            "jobs",
            "/v1/jobs/{job_id}/",
            &[job],
            none.clone(),
        )
        .await;
    let custom =
        json!({"title": "x", "type": "CUSTOM", "status": "STARTED", "custom_type": "review"});
    judge
        .call(post.clone(), "jobs", "/v1/jobs/", &[], custom)
        .await;

    let hook = json!({"url": "http://127.0.0.1:9/", "event_type": "assets", "status": "DISABLED"});
    let hook = judge
        .call(post.clone(), "notifications", "/v1/webhooks/", &[], hook)
        .await;
    judge
        .call(
            get.clone(),
            "notifications",
            "/v1/webhooks/",
            &[],
            none.clone(),
        )
        .await;
    let one = "/v1/webhooks/{webhook_id}/";
    let hook_id = id(&hook);
    judge
        .call(get.clone(), "notifications", one, &[&hook_id], none.clone())
        .await;
    judge
        .call(put.clone(), "notifications", one, &[&hook_id], hook)
        .await;
    judge
        .call(
            Method::DELETE,
            "notifications",
            one,
            &[&hook_id],
            none.clone(),
        )
        .await;

    judge
        .call(
            Method::DELETE,
            "assets",
            "/v1/assets/{asset_id}/",
            &[a],
            none.clone(),
        )
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/delete_queue/assets/",
            &[],
            none.clone(),
        )
        .await;
    judge
        .call(
            put.clone(),
            "assets",
            "/v1/assets/{asset_id}/restore/",
            &[a],
            none.clone(),
        )
        .await;

    assert!(judge.judged > 60, "judged {} replies only", judge.judged);
    assert!(judge.findings.is_empty(), "{}", judge.findings.join("\n"));
}

/// Shares, relations, custom actions, archive and copies.
async fn judge_media(judge: &mut Judge, asset: &str) {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let id = |reply: &Value| reply["id"].as_str().unwrap_or_default().to_owned();
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
    judge
        .call(post.clone(), "assets", of_url, &object, share.clone())
        .await;
    judge
        .call(
            post.clone(),
            "assets",
            "/v1/share/{object_type}/",
            &["assets"],
            many,
        )
        .await;
    let mailed = id(&judge
        .call(post.clone(), "assets", shares, &object, share)
        .await);
    judge
        .call(get.clone(), "assets", shares, &object, Value::Null)
        .await;
    judge
        .call(get.clone(), "assets", "/v1/shares/", &[], Value::Null)
        .await;
    judge
        .call(get.clone(), "assets", "/v1/shares/all/", &[], Value::Null)
        .await;
    let one = "/v1/{object_type}/{object_id}/shares/{share_id}/";
    let users = "/v1/{object_type}/{object_id}/shares/{share_id}/users/";
    let ids = ["assets", asset, mailed.as_str()];
    judge
        .call(get.clone(), "assets", one, &ids, Value::Null)
        .await;
    judge
        .call(get.clone(), "assets", users, &ids, Value::Null)
        .await;
    judge
        .call(delete.clone(), "assets", one, &ids, Value::Null)
        .await;

    let types = "/v1/assets/relation_types/";
    let kind = json!({"name": "derived", "source_label": "a", "destination_label": "b"});
    let other = json!({"title": "other"});
    let other = id(&judge
        .call(post.clone(), "assets", "/v1/assets/", &[], other)
        .await);
    judge.call(post.clone(), "assets", types, &[], kind).await;
    judge
        .call(get.clone(), "assets", types, &[], Value::Null)
        .await;
    let relations = "/v1/assets/{asset_id}/relations/";
    let relation = json!({"relation_type": "derived", "related_to_asset_id": other});
    judge
        .call(post.clone(), "assets", relations, &[asset], relation)
        .await;
    judge
        .call(get.clone(), "assets", relations, &[asset], Value::Null)
        .await;
    let gone = "/v1/assets/{asset_id}/relations/{relation_type}/{related_to_asset_id}/";
    judge
        .call(
            delete.clone(),
            "assets",
            gone,
            &[asset, "derived", &other],
            Value::Null,
        )
        .await;

    let actions = "/v1/custom_actions/{context}/";
    let action = json!({"title": "Start", "context": "ASSET", "type": "POST",
        "url": "http://127.0.0.1:9/", "headers": {"X": "y"}, "metadata_view": null});
    let made = judge
        .call(post.clone(), "assets", actions, &["ASSET"], action.clone())
        .await;
    judge
        .call(get.clone(), "assets", actions, &["ASSET"], Value::Null)
        .await;
    judge
        .call(
            get.clone(),
            "assets",
            "/v1/custom_actions/",
            &[],
            Value::Null,
        )
        .await;
    let one = "/v1/custom_actions/{context}/{action_id}/";
    let ids = ["ASSET", made["id"].as_str().unwrap_or_default()];
    judge.call(Method::PUT, "assets", one, &ids, action).await;
    judge
        .call(delete.clone(), "assets", one, &ids, Value::Null)
        .await;

    let formats = "/v1/assets/{asset_id}/formats/";
    judge
        .iconik
        .domain(|domain, _| domain.archive_delay = std::time::Duration::ZERO);
    let listed = judge
        .call(get.clone(), "files", formats, &[asset], Value::Null)
        .await;
    let format = listed["objects"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let archive = "/v1/assets/{asset_id}/formats/{format_id}/archive/";
    let restore = "/v1/assets/{asset_id}/formats/{format_id}/restore/";
    judge
        .call(post.clone(), "files", archive, &[asset, &format], json!({}))
        .await;
    judge
        .call(post.clone(), "files", restore, &[asset, &format], json!({}))
        .await;
    let sets = "/v1/assets/{asset_id}/file_sets/";
    let sets = judge
        .call(get.clone(), "files", sets, &[asset], Value::Null)
        .await;
    let set = sets["objects"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let files = "/v1/file_sets/{file_set_id}/files/";
    judge
        .call(get.clone(), "files", files, &[&set], Value::Null)
        .await;
    judge.call(get, "jobs", "/v1/jobs/", &[], Value::Null).await;
}
