//! What the real program answers to deliveries, and what it keeps of them.

use std::collections::BTreeSet;

use forebay_e2e::{Binary, Site, WEBHOOK_TOKEN};
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::canto::{Canto, CantoOptions, NewAsset};
use forebay_simulators::common::{Fault, Rule};
use serde_json::{Value, json};

const UPLOAD: &str = "/hooks/canto-main/upload";

fn upload_of(asset: &ContentId, token: &str) -> Value {
    json!({ "secure_token": token, "scheme": asset.scheme, "id": asset.id, "displayname": "a.jpg" })
}

fn status(host: &Binary, path: &str, body: &str) -> u16 {
    host.deliver(path, body).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn only_genuine_deliveries_are_stored() {
    let canto = Canto::start(CantoOptions::default()).await.unwrap();
    let small = "[http]\nwebhook_body_limit = 4096\n";
    let site = Site::with_plugins(&(Site::canto(&canto, "") + small), &["canto"]).unwrap();
    let host = site.serve().unwrap();
    let asset = canto
        .add_asset(NewAsset::new("a.jpg", "pixels", "u1"))
        .unwrap();
    let forged = upload_of(&asset, "not-the-token").to_string();
    let genuine = upload_of(&asset, WEBHOOK_TOKEN).to_string();

    let (code, problem) = host.deliver(UPLOAD, &forged).unwrap();
    assert_eq!(
        (code, &problem["type"]),
        (401, &json!("urn:forebay:problem:forged"))
    );
    let mut without = upload_of(&asset, "");
    without.as_object_mut().unwrap().remove("secure_token");
    assert_eq!(status(&host, UPLOAD, &without.to_string()), 401);
    assert_eq!(status(&host, UPLOAD, "{\"secure_token\": "), 400);
    assert_eq!(status(&host, UPLOAD, "[]"), 400);
    assert_eq!(status(&host, "/hooks/canto-main/uplod", &genuine), 404);
    assert_eq!(status(&host, "/hooks/canto-mian/upload", &genuine), 404);
    let large = json!({ "secure_token": WEBHOOK_TOKEN, "padding": "x".repeat(4096) });
    assert_eq!(status(&host, UPLOAD, &large.to_string()), 413);
    assert_eq!(host.get("/v1/events").unwrap().1["items"], json!([]));

    let (code, answer) = host.deliver(UPLOAD, &genuine).unwrap();
    assert_eq!(code, 200, "{answer:#}");
    // Numbers of deliveries are given in order: none of those before got one.
    assert_eq!(answer, json!({ "accepted": 1 }));
    let events = host
        .until("/v1/events", "the event is there", |events| {
            events["items"][0].is_object()
        })
        .unwrap();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events:#}");
    assert_eq!(events["items"][0]["source"], "webhook");
    assert_eq!(events["items"][0]["event"]["kind"], "asset.created");
    assert!(!events.to_string().contains(WEBHOOK_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_not_acknowledged_and_what_was_acknowledged_is_kept() {
    /// 3 MiB in blocks of 512 bytes: above an empty store and every file of the start.
    const BLOCKS: u32 = 6_144;
    /// Bytes that deliveries are padded with.
    const PADDINGS: [usize; 3] = [200 << 10, 20 << 10, 0];
    /// Deliveries that surely do not fit.
    const MOST: u32 = 300;
    let canto = Canto::start(CantoOptions::default()).await.unwrap();
    // Polling would find the assets of deliveries that were refused.
    canto
        .frame()
        .faults()
        .add(Rule::always("search", Fault::status(500)));
    let site = Site::with_plugins(&Site::canto(&canto, ""), &["canto"]).unwrap();
    // The first start compiles and keeps the plugin, which needs room of its own.
    site.serve().unwrap().kill().unwrap();

    let host = site.serve_on_full_disk(BLOCKS).unwrap();
    let mut acknowledged = BTreeSet::new();
    // Large ones first, then ever smaller ones, until there is room for none.
    for padding in PADDINGS {
        let refused = (0..MOST).find_map(|_| {
            let (asset, told) = upload(&canto, &"x".repeat(padding));
            let (code, answer) = host.deliver(UPLOAD, &told).unwrap();
            if code == 200 {
                acknowledged.insert(asset);
                return None;
            }
            Some((code, answer))
        });
        let (code, problem) = refused.unwrap();
        assert_eq!(code, 503, "{problem:#}");
        assert_eq!(problem["type"], "urn:forebay:problem:unavailable");
    }
    assert!(!acknowledged.is_empty(), "the limit leaves no room at all");
    // The last pages hold what asks whether there is room, and then not even that.
    let reasons = (0..MOST).find_map(|_| {
        let (code, answer) = host.get("/readyz").unwrap();
        (code == 503).then(|| answer["reasons"].clone())
    });
    assert_eq!(reasons, Some(json!(["the store cannot be written"])));
    host.kill().unwrap();

    // With room again, everything that was acknowledged is there, and the next one is taken.
    let host = site.serve().unwrap();
    let (asset, told) = upload(&canto, "");
    assert_eq!(status(&host, UPLOAD, &told), 200);
    acknowledged.insert(asset);
    let kept = |events: &Value| -> Vec<String> {
        let events = events["items"].as_array().unwrap().iter();
        events
            .map(|event| event["event"]["entity"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let events = host
        .until("/v1/events?limit=500", "all events are there", |events| {
            acknowledged.is_subset(&kept(events).into_iter().collect())
        })
        .unwrap();
    assert_eq!(
        kept(&events).len(),
        acknowledged.len(),
        "each once, and nothing else"
    );
}

/// A new asset, and what Canto tells about it.
fn upload(canto: &Canto, padding: &str) -> (String, String) {
    let asset = canto
        .add_asset(NewAsset::new("a.jpg", "pixels", "u1"))
        .unwrap();
    let mut told = upload_of(&asset, WEBHOOK_TOKEN);
    told["padding"] = json!(padding);
    (
        format!("{}/{}", asset.scheme.word(), asset.id),
        told.to_string(),
    )
}
