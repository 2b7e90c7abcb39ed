//! The connector against recorded answers of Canto, one test for each peculiarity.

mod account;
mod collections;
mod deliveries;
mod find;
mod lifecycle;
mod poll;
mod repeats;
mod reports;
mod sharing;
mod writing;

use forebay_sdk::Connector;
use forebay_sdk::http::Method;
use forebay_sdk::testing::{self, CallBuilder, Recorded};
use serde_json::{Value as Json, json};

use crate::Canto;

/// Path of the asset of [`hero`].
const HERO: &str = "/api/v1/image/abc";

/// Name of the user the connection acts as.
const INTEGRATION: &str = "Forebay Integration";

/// A vendor whose token is good.
fn vendor() -> Recorded {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        "/api/v1/",
        200,
        json!({"search": "/api/v1/search"}),
    );
    vendor
}

/// A call with usual settings.
fn call(vendor: &Recorded) -> CallBuilder {
    call_with(vendor, json!({}))
}

/// A call with further settings.
fn call_with(vendor: &Recorded, further: Json) -> CallBuilder {
    let mut settings = json!({"tenant": "acme", "integration_user": INTEGRATION});
    if let (Some(settings), Json::Object(further)) = (settings.as_object_mut(), further) {
        settings.extend(further);
    }
    testing::call(&settings).transport(vendor.clone().into_transport())
}

fn canto(vendor: &Recorded) -> Canto {
    Canto::new(call(vendor).build()).unwrap()
}

/// An asset as Canto tells it, with one version.
fn hero() -> Json {
    json!({
        "id": "abc", "scheme": "image", "name": "hero.jpg", "size": "2976538",
        "created": "20251201100000000", "time": "20251201100000000",
        "lastUploaded": "20251201100000000",
        "owner": "u1", "ownerName": "Ann Example", "description": "", "copyright": "",
        "termsAndConditions": "", "md5": "0cc175b9c0f1b6a831c399e269772661",
        "approvalStatus": "Pending", "tag": ["spring"], "keyword": null,
        "relatedAlbums": [{"id": "A9", "name": "Spring", "scheme": "album", "idPath": "F1/A9",
                           "namePath": "Campaigns/Spring", "size": "14"}],
        "versionHistory": [version(1, "v1", true, "20251201100000000")],
        "default": {"Name": "hero.jpg", "Copyright": null, "Author": null,
                    "Modified by": "Ann Example"},
        "additional": {"review_state": null, "review_run": null, "Markets": ["DE", "FR"]},
        "url": {"preview": "https://c.test/p", "download": "https://c.test/d",
                "directUrlPreview": "https://c.test/direct/p",
                "directUrlOriginal": "https://c.test/direct/o", "detail": "https://c.test/x"},
    })
}

fn version(no: u32, id: &str, current: bool, created: &str) -> Json {
    json!({"no": no.to_string(), "versionId": id, "currentVersion": current,
           "ownerName": "Ann Example", "created": created, "time": created, "comment": ""})
}

/// An asset with these keys in place of [`hero`]'s.
fn changed(keys: Json) -> Json {
    let mut asset = hero();
    if let (Some(asset), Json::Object(keys)) = (asset.as_object_mut(), keys) {
        asset.extend(keys);
    }
    asset
}

/// A page of search results that holds all there is.
fn page(results: &[Json]) -> Json {
    json!({"facets": [], "results": results, "limit": 100, "found": results.len(),
           "sortBy": "time", "sortDirection": "ascending", "matchExpr": ""})
}
