//! The connector against exchanges of the documented shapes, one per peculiarity.

mod assets;
mod effects;
mod events;
mod hooks;
mod media;
mod panel;

use forebay_sdk::Connector;
use forebay_sdk::http::Method;
use forebay_sdk::testing::{self, CallBuilder, Recorded};
use serde_json::{Value as Json, json};

use crate::Iconik;

pub(super) const ASSET: &str = "/API/assets/v1/assets/a1/";
pub(super) const METADATA: &str = "/API/metadata/v1/assets/a1/views/view-1/";
pub(super) const VOTES: &str = "/API/assets/v1/assets/a1/approvals/";
pub(super) const REQUEST: &str = "/API/assets/v1/assets/a1/approvals/request/";
pub(super) const APPROVAL: &str = "/API/assets/v1/assets/a1/versions/v1/approvals/request/";
pub(super) const OWN_USER: &str = "user-own";

/// A vendor that answers for one whole asset: `a1` with the version `v1`, in the collection `c1`.
pub(super) fn vendor() -> Recorded {
    let vendor = bare();
    vendor
        .on(Method::Get, ASSET, 200, asset())
        .on(Method::Get, METADATA, 200, metadata(json!({})))
        .on(Method::Get, APPROVAL, 200, json!({"status": "N/A"}));
    vendor
}

/// As [`vendor`], without the asset, its metadata and its approval.
pub(super) fn bare() -> Recorded {
    let vendor = Recorded::new();
    let file = json!({"id": "f1", "name": "Spot.mp4", "version_id": "v1", "status": "CLOSED",
        "type": "FILE", "size": 7, "checksum": "abc"});
    let proxy = json!({"id": "p1", "version_id": "v1", "status": "CLOSED"});
    vendor
        .on(
            Method::Get,
            "/API/metadata/v1/views/",
            200,
            json!({"objects": [view()]}),
        )
        .on(
            Method::Get,
            "/API/files/v1/assets/a1/files/",
            200,
            json!({"objects": [file]}),
        )
        .on(
            Method::Get,
            "/API/files/v1/assets/a1/proxies/",
            200,
            json!({"objects": [proxy]}),
        )
        .on(
            Method::Get,
            "/API/assets/v1/collections/c1/full/path/",
            200,
            json!("Ingest/Cards"),
        );
    vendor
}

pub(super) fn view() -> Json {
    let field = |name: &str, kind: &str| json!({"name": name, "label": name, "field_type": kind});
    json!({"id": "view-1", "name": "Workflow", "view_fields": [
        field("campaign", "string"), field("run", "string"), field("rights_end", "date"),
        field("reviewed_at", "datetime"), field("takes", "integer"),
        {"name": "markets", "label": "Markets", "field_type": "string", "multi": true,
         "options": [{"label": "Germany", "value": "DE"}, {"label": "France", "value": "FR"}]},
        {"name": "locked", "label": "Locked", "field_type": "string", "read_only": true},
    ]})
}

pub(super) fn asset() -> Json {
    json!({"id": "a1", "title": "Spot.mp4", "type": "ASSET", "status": "ACTIVE",
        "external_id": null, "in_collections": ["c1"],
        "versions": [{"id": "v1", "status": "ACTIVE", "version_number": 1,
                      "date_created": "2024-03-01T10:00:00.000000+00:00"}],
        "created_by_user": "uma", "updated_by_user": "uma",
        "date_created": "2024-03-01T10:00:00.000000+00:00",
        "date_modified": "2024-03-01T10:00:00.000000+00:00"})
}

/// An object with some of its keys replaced.
pub(super) fn with(mut object: Json, changes: Json) -> Json {
    if let (Json::Object(object), Json::Object(changes)) = (&mut object, changes) {
        object.extend(changes);
    }
    object
}

pub(super) fn metadata(values: Json) -> Json {
    json!({"metadata_values": values, "object_id": "a1", "object_type": "assets"})
}

/// A field's values as metadata replies hold them.
pub(super) fn values(values: &[&str]) -> Json {
    let values: Vec<Json> = values.iter().map(|value| json!({"value": value})).collect();
    json!({"field_values": values})
}

pub(super) fn call(vendor: &Recorded) -> CallBuilder {
    let settings = json!({"base_url": "https://iconik.test", "integration_user": OWN_USER});
    testing::call(&settings).transport(vendor.clone().into_transport())
}

pub(super) fn iconik(vendor: &Recorded) -> Iconik {
    Iconik::new(call(vendor).build()).unwrap()
}

pub(super) fn with_settings(vendor: &Recorded, settings: Json) -> Iconik {
    let settings = with(json!({"base_url": "https://iconik.test"}), settings);
    let call = testing::call(&settings).transport(vendor.clone().into_transport());
    Iconik::new(call.build()).unwrap()
}

/// Requests that change something, as `PUT /path`.
pub(super) fn effects(vendor: &Recorded) -> Vec<String> {
    let mut seen = vendor.seen();
    seen.retain(|line| !line.starts_with("GET") && !line.contains("/search/"));
    seen
}
