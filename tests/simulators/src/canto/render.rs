//! Assets and containers as Canto writes them.

use forebay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::library::{Asset, Container, Version};
use super::values::{content_type, date, extension};
use super::{Tenant, picture};

/// Token of direct links. They work without a bearer token; who knows one may fetch the file.
pub(super) const DIRECT_TOKEN: &str = "sim-direct";

/// Property that holds a built-in text, the key it is read under, and its label in `default`.
pub(super) const PROPERTIES: [(&str, &str, &str); 4] = [
    ("Description", "description", "Description"),
    ("Copyright", "copyright", "Copyright"),
    (
        "Terms and Conditions",
        "termsAndConditions",
        "Terms and Conditions",
    ),
    ("Author", "author", "Author"),
];

/// The object of asset detail, search results and bulk detail.
pub(super) fn asset(tenant: &Tenant, asset: &Asset, now: Timestamp) -> Value {
    let library = &tenant.library;
    let file = asset.current();
    let size = file.content.len().to_string();
    let text = |name: &str| asset.properties.get(name).cloned().unwrap_or_default();
    let mut reply = json!({
        "id": asset.id.id,
        "scheme": asset.id.scheme.word(),
        "name": asset.name,
        "size": size,
        "created": date(asset.created),
        "time": date(asset.modified),
        "lastUploaded": date(file.created),
        "owner": asset.owner,
        "ownerName": library.user_name(&asset.owner),
        "description": text("Description"),
        "copyright": text("Copyright"),
        "termsAndConditions": text("Terms and Conditions"),
        "md5": file.md5(),
        "approvalStatus": library.status(asset),
        // Absent lists come in three shapes: missing, null, empty.
        "tag": asset.tags,
        "keyword": (!asset.keywords.is_empty()).then_some(&asset.keywords),
        "versionHistory": asset.versions.iter().map(|v| version(tenant, asset, v)).collect::<Vec<_>>(),
        "default": defaults(tenant, asset),
        "additional": additional(tenant, asset),
        "metadata": {"MIME Type": content_type(&asset.name), "File Type Extension": extension(&asset.name)},
        "url": urls(tenant, asset, now),
    });
    let albums = albums(tenant, asset);
    if !albums.is_empty() {
        reply["relatedAlbums"] = Value::Array(albums);
    }
    if let Some((width, height)) = picture::dimensions(&file.content) {
        reply["width"] = width.to_string().into();
        reply["height"] = height.to_string().into();
        reply["default"]["Dimensions"] = format!("{width} x {height}").into();
    }
    if let Some(expires) = asset.expires {
        reply[&tenant.options.expiry_property] = date(expires).into();
    }
    reply
}

fn version(tenant: &Tenant, asset: &Asset, version: &Version) -> Value {
    let base = format!(
        "{}/api_binary/v1/{}/{}",
        tenant.base_url, asset.id, version.id
    );
    json!({
        "no": version.number.to_string(),
        "versionId": version.id,
        "currentVersion": version.id == asset.current().id,
        "ownerName": tenant.library.user_name(&version.by),
        "created": date(version.created),
        "time": date(version.created),
        "comment": version.comment,
        "uri": {"preview": format!("{base}/preview"), "download": base},
    })
}

fn defaults(tenant: &Tenant, asset: &Asset) -> Value {
    let mut labels = Map::new();
    labels.insert("Name".to_owned(), asset.name.clone().into());
    let kilobytes = asset.current().content.len().div_ceil(1024);
    labels.insert("Size".to_owned(), format!("{kilobytes} KB").into());
    labels.insert("Content Type".to_owned(), content_type(&asset.name).into());
    labels.insert(
        "Date uploaded".to_owned(),
        date(asset.current().created).into(),
    );
    labels.insert("Date modified".to_owned(), date(asset.modified).into());
    labels.insert(
        "Uploaded by".to_owned(),
        tenant.library.user_name(&asset.owner).into(),
    );
    labels.insert(
        "Modified by".to_owned(),
        tenant.library.user_name(&asset.modified_by).into(),
    );
    for (property, _, label) in PROPERTIES {
        labels.insert(
            label.to_owned(),
            asset.properties.get(property).cloned().into(),
        );
    }
    Value::Object(labels)
}

/// Custom fields by display name; those without a value are null.
fn additional(tenant: &Tenant, asset: &Asset) -> Value {
    let fields = tenant.library.fields.iter();
    fields
        .map(|f| {
            (
                f.name.clone(),
                asset.fields.get(&f.name).cloned().unwrap_or_default(),
            )
        })
        .collect()
}

fn albums(tenant: &Tenant, asset: &Asset) -> Vec<Value> {
    let containers = tenant.library.containers.values();
    let holding = containers.filter(|container| container.content.contains(&asset.id));
    holding
        .map(|album| {
            json!({
                "id": album.id,
                "name": album.name,
                "scheme": "album",
                "idPath": tenant.library.id_path(&album.id),
                "namePath": tenant.library.name_path(&album.id),
                "size": album.content.len().to_string(),
            })
        })
        .collect()
}

fn urls(tenant: &Tenant, asset: &Asset, now: Timestamp) -> Value {
    let base = &tenant.base_url;
    let binary = format!("{base}/api_binary/v1/{}", asset.id);
    let direct = format!("{base}/direct/{}/{DIRECT_TOKEN}", asset.id);
    let mut urls = json!({
        "download": binary,
        "metadata": format!("{binary}/metadata"),
        "directUrlOriginal": format!("{direct}/original"),
        "detail": format!("{base}/api/v1/{}", asset.id),
    });
    // Previews are missing while they are made.
    if now >= asset.preview_at {
        urls["preview"] = format!("{binary}/preview").into();
        urls["directUrlPreview"] = format!("{direct}/m800/800").into();
    }
    urls
}

/// A folder or an album; `layer` says how many levels below it are told, -1 for all.
pub(super) fn container(tenant: &Tenant, container: &Container, layer: i32) -> Value {
    let mut reply = json!({
        "id": container.id,
        "name": container.name,
        "scheme": if container.is_album { "album" } else { "folder" },
        "idPath": tenant.library.id_path(&container.id),
        "namePath": tenant.library.name_path(&container.id),
        "size": tenant.library.size_of(container).to_string(),
        "owner": container.owner,
        "ownerName": tenant.library.user_name(&container.owner),
        "created": date(container.created),
        "time": date(container.created),
        "description": container.description,
    });
    if !container.is_album && layer != 0 {
        let children = tenant.library.children(Some(&container.id));
        reply["children"] = children
            .map(|child| self::container(tenant, child, layer - 1))
            .collect();
    }
    reply
}
