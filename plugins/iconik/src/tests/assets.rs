//! Reading: how an asset is put together, searched and described.

use forebay_sdk::assets::fields::FieldType;
use forebay_sdk::assets::*;
use forebay_sdk::http::Method;
use forebay_sdk::{Connector, Error, FieldsExt, Value, time};
use serde_json::json;

use super::*;

#[test]
fn an_asset_is_put_together_from_its_services() {
    let vendor = bare();
    let stored = json!({"campaign": values(&["Spring"]), "markets": values(&["DE"]),
        "rights_end": values(&["2026-06-30"]), "takes": {"field_values": [{"value": 3}]},
        "run": {"field_values": []}});
    vendor
        .on(Method::Get, ASSET, 200, asset())
        .on(Method::Get, METADATA, 200, metadata(stored))
        .on(Method::Get, APPROVAL, 200, json!({"status": "MIXED"}));
    let asset = AssetSource::get(&iconik(&vendor), "a1").unwrap();
    assert_eq!(asset.name, "Spot.mp4");
    assert_eq!(asset.kind, AssetKind::Video);
    assert_eq!(
        asset.status,
        AssetStatus::Pending,
        "disagreement is an open question"
    );
    assert_eq!(asset.vendor_status, "MIXED");
    assert_eq!(asset.version, "v1");
    assert_eq!(asset.checksum.as_deref(), Some("md5:abc"));
    assert_eq!(asset.size, Some(7));
    assert_eq!(asset.change_token, "2024-03-01T10:00:00Z");
    assert_eq!(asset.containers[0].path.as_deref(), Some("/Ingest/Cards"));
    assert_eq!(asset.links[0].href, "https://iconik.test/asset/a1");
    assert_eq!(
        asset.expires_at,
        time::parse_rfc3339("2026-07-01T00:00:00Z")
    );
    assert_eq!(asset.fields.text("campaign"), Some("Spring"));
    assert_eq!(
        asset.fields.value("markets"),
        Some(&Value::texts(["DE"])),
        "several may stand there"
    );
    assert_eq!(asset.fields.value("takes"), Some(&Value::Integer(3)));
    assert_eq!(asset.fields.value("run"), Some(&Value::None));
    assert!(
        asset.readiness.preview && asset.readiness.files_closed && !asset.readiness.placeholder
    );
}

#[test]
fn media_that_is_not_there_yet_is_told() {
    let file =
        |status: &str| json!({"id": "f1", "name": "x", "version_id": "v1", "status": status});
    let other = json!({"id": "f0", "version_id": "v0", "status": "FAILED"});
    let cases = [
        ("ASSET", json!([]), json!([]), "placeholder"),
        ("PLACEHOLDER", json!([]), json!([]), "placeholder"),
        ("ASSET", json!([file("GROWING"), other]), json!([]), "open"),
        ("PLACEHOLDER", json!([file("CLOSED")]), json!([]), "filled"),
        (
            "ASSET",
            json!([file("CLOSED")]),
            json!([{"id": "p", "version_id": "v1", "status": "FAILED", "name": "1080p"}]),
            "failed",
        ),
    ];
    for (kind, files, proxies, expected) in cases {
        let vendor = Recorded::new();
        vendor
            .on(
                Method::Get,
                "/API/files/v1/assets/a1/files/",
                200,
                json!({"objects": files}),
            )
            .on(
                Method::Get,
                "/API/files/v1/assets/a1/proxies/",
                200,
                json!({"objects": proxies}),
            );
        let mut raw = asset();
        raw["type"] = kind.into();
        let raw = serde_json::from_value(raw).unwrap();
        let ready = iconik(&vendor).media(&raw).unwrap().readiness;
        assert!(!ready.preview, "{expected}");
        assert_eq!(ready.placeholder, expected == "placeholder", "{expected}");
        assert_eq!(ready.files_closed, expected != "open", "{expected}");
        assert_eq!(ready.failure.is_some(), expected == "failed", "{expected}");
    }
}

#[test]
fn files_are_paged_by_the_last_id() {
    let file = |id: &str| json!({"id": id, "version_id": "v1", "status": "CLOSED", "size": 1});
    let files = "/API/files/v1/assets/a1/files/";
    let query = |last: &str| format!("{files}?per_page=1&generate_signed_url=false{last}");
    let vendor = Recorded::new();
    vendor
        .on(
            Method::Get,
            &query(""),
            200,
            json!({"objects": [file("f1")]}),
        )
        .on(
            Method::Get,
            &query("&last_id=f1"),
            200,
            json!({"objects": [file("f2")]}),
        )
        .on(
            Method::Get,
            &query("&last_id=f2"),
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Get,
            "/API/files/v1/assets/a1/proxies/",
            200,
            json!({"objects": []}),
        );
    let raw = serde_json::from_value(asset()).unwrap();
    let media = with_settings(&vendor, json!({"page_size": 1}))
        .media(&raw)
        .unwrap();
    assert_eq!(media.size, Some(2));
    assert_eq!(media.checksum, None, "two files have no one checksum");
}

#[test]
fn which_version_is_current_is_a_setting() {
    let versions = json!({"versions": [
        {"id": "v2", "version_number": 2}, {"id": "v3", "version_number": 3, "status": "FAILED"},
        {"id": "v1", "version_number": 1},
    ]});
    for (rule, expected) in [("last", "v1"), ("first", "v2"), ("highest-number", "v2")] {
        let vendor = Recorded::new();
        vendor.on(Method::Get, ASSET, 200, with(asset(), versions.clone()));
        let iconik = with_settings(&vendor, json!({"current_version": rule}));
        let page = Versions::list(&iconik, "a1", None).unwrap();
        let current: Vec<_> = page
            .versions
            .iter()
            .filter(|v| v.current)
            .map(|v| v.id.as_str())
            .collect();
        assert_eq!(current, [expected], "{rule}");
        assert_eq!(
            page.versions[0].number, 2,
            "newest first, without the failed one"
        );
    }
}

#[test]
fn errors_carry_the_vendors_words_in_both_forms() {
    let cases = [
        (
            404,
            json!({"errors": ["Asset not found"]}),
            "not-found",
            "Asset not found",
        ),
        (
            400,
            json!({"errors": {"title": "Missing data."}}),
            "invalid",
            "title: Missing data.",
        ),
        (
            403,
            json!({"errors": ["can_read_assets"]}),
            "denied",
            "can_read_assets",
        ),
    ];
    for (status, body, case, words) in cases {
        let vendor = Recorded::new();
        vendor.on(Method::Get, ASSET, status, body);
        let error = AssetSource::get(&iconik(&vendor), "a1").unwrap_err();
        assert_eq!(error.case(), case);
        assert_eq!(error.detail().vendor.as_ref().unwrap().message, words);
    }
}

#[test]
fn a_search_reads_what_the_index_names() {
    let vendor = vendor();
    let found = json!({"objects": [{"id": "a1", "_sort": [1, "a1"]}, {"id": "gone", "_sort": [2, "gone"]}],
        "total": 9});
    vendor
        .on(Method::Post, "/API/search/v1/search/", 200, found)
        .on(
            Method::Get,
            "/API/assets/v1/assets/gone/",
            404,
            json!({"errors": ["Asset not found"]}),
        );
    let query = Query {
        limit: 2,
        ..Query::default()
            .filter("modified", Comparison::Before(testing::START))
            .filter(
                "field:campaign",
                Comparison::OneOf(vec!["Spring".to_owned()]),
            )
    };
    let page = iconik(&vendor).search(&query).unwrap();
    assert_eq!(page.assets.len(), 1, "what has gone meanwhile is left out");
    assert_eq!(page.total, Some(9));
    let terms = vendor.body(0)["filter"]["terms"].clone();
    assert_eq!(
        terms[1]["range"]["max"], "2026-01-01T11:59:59.999Z",
        "the vendor's range holds its end"
    );
    assert_eq!(
        terms[2],
        json!({"name": "metadata.campaign", "value_in": ["Spring"]})
    );
    let next = Query {
        page: page.next,
        ..query
    };
    iconik(&vendor).search(&next).unwrap();
    let sent = vendor
        .requests()
        .iter()
        .rposition(|r| r.url.contains("/search/"))
        .unwrap();
    assert_eq!(vendor.body(sent)["search_after"], json!([2, "gone"]));
}

#[test]
fn approvals_cannot_be_searched_but_a_status_field_can() {
    let query = Query::default().filter("status", Comparison::OneOf(vec!["approved".to_owned()]));
    let vendor = Recorded::new();
    assert!(iconik(&vendor).search(&query).unwrap_err().is_unsupported());
    vendor.on(
        Method::Post,
        "/API/search/v1/search/",
        200,
        json!({"objects": []}),
    );
    let settings = json!({"status_source": "field", "status_words": {"approved": "OK"}});
    with_settings(&vendor, settings).search(&query).unwrap();
    let expected = json!({"name": "metadata.review_state", "value_in": ["OK"]});
    assert_eq!(vendor.body(0)["filter"]["terms"][1], expected);
}

#[test]
fn fields_are_those_of_the_view() {
    let page = Fields::list(&iconik(&vendor()), None).unwrap();
    let found = |name: &str| page.definitions.iter().find(|d| d.name == name).unwrap();
    assert_eq!(found("rights_end").type_, FieldType::Date);
    assert_eq!(found("reviewed_at").type_, FieldType::Timestamp);
    assert_eq!(found("markets").type_, FieldType::Choices);
    assert_eq!(found("markets").choices, ["DE", "FR"]);
    assert!(!found("locked").writable);
}

#[test]
fn a_missing_view_is_named() {
    let error = with_settings(&vendor(), json!({"metadata_view_name": "Legal"}))
        .view()
        .unwrap_err();
    assert_eq!(error.message(), "there is no metadata view named Legal");
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        "/API/metadata/v1/views/x/",
        404,
        json!({"errors": ["View not found"]}),
    );
    let error = with_settings(&vendor, json!({"metadata_view": "x"}))
        .view()
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(why) if why.field.as_deref() == Some("metadata_view")));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for settings in [
        json!({"page_size": 0}),
        json!({"hooks": ["assets"]}),
        json!({"colour": 1}),
    ] {
        let settings = testing::call(&settings).build();
        assert_eq!(
            Iconik::new(settings).err().map(|e| e.case()),
            Some("invalid")
        );
    }
}

#[test]
fn the_description_names_what_the_host_must_grant() {
    let info = Iconik::describe();
    assert_eq!(info.hosts, ["{base_url}"]);
    assert_eq!(info.webhooks[0].secret, info.body_secrets[0]);
    let schema: Json = serde_json::from_str(&info.settings_schema).unwrap();
    assert_eq!(
        schema["properties"]["base_url"]["default"],
        "https://app.iconik.io"
    );
    let undocumented = schema["properties"].as_object().unwrap().iter();
    let undocumented: Vec<_> = undocumented
        .filter(|(_, p)| p.get("description").is_none())
        .map(|(name, _)| name)
        .collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[test]
fn the_check_says_what_is_missing_and_what_to_do() {
    let vendor = vendor();
    let failing = json!({"id": "w1", "name": "forebay test assets/entity", "status": "FAILING",
        "last_error": "status 503"});
    vendor
        .on(
            Method::Get,
            "/API/assets/v1/assets/",
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Post,
            "/API/search/v1/search/",
            403,
            json!({"errors": ["can_search"]}),
        )
        .on(
            Method::Get,
            "/API/acls/v1/acl/templates/",
            200,
            json!({"objects": []}),
        )
        .on(
            Method::Get,
            "/API/notifications/v1/webhooks/",
            200,
            json!({"objects": [failing]}),
        );
    let findings = with_settings(&vendor, json!({"expiry_field": "ends"}))
        .check()
        .unwrap();
    let told: Vec<_> = findings
        .iter()
        .map(|f| (f.severity, f.path.as_str()))
        .collect();
    use forebay_sdk::Severity::{Error, Warning};
    let expected = [
        (Warning, "expiry_field"),
        (Error, ""),
        (Warning, "hooks"),
        (Warning, "integration_user"),
    ];
    assert_eq!(told, expected, "{findings:#?}");
    assert!(findings.iter().all(|finding| !finding.mend.is_empty()));
    assert!(findings[2].message.ends_with("is FAILING: status 503"));
}

#[test]
fn refused_credentials_are_one_finding() {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        "/API/metadata/v1/views/",
        401,
        json!({"errors": ["bad token"]}),
    );
    let findings = iconik(&vendor).check().unwrap();
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0]
            .message
            .starts_with("iconik refuses the credentials")
    );
}
