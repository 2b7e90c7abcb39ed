//! From Canto's content to the contract's asset.

use forebay_sdk::assets::{Asset, AssetKind, AssetStatus, Container, Link, Readiness};
use forebay_sdk::{Entity, Field, Timestamp, Value, time};
use serde_json::Value as Json;

use crate::Canto;
use crate::date;
use crate::settings::{DateForm, Property};
use crate::wire::{self, Content, ContentId, Version};

/// Links for people, by the keys that hold them. Those that need no token are preferred; links to
/// originals are left out, because whoever has one passes by every approval.
const LINKS: [(&str, &[&str]); 3] = [
    ("detail", &["detail"]),
    ("preview", &["directUrlPreview", "preview"]),
    ("player", &["directUrlPreviewPlay"]),
];

impl Content {
    /// Its identity; absent for what is no content.
    pub(crate) fn content_id(&self) -> Option<ContentId> {
        ContentId::new(&self.scheme, &self.id)
    }

    /// The opaque id of the asset.
    pub(crate) fn asset_id(&self) -> String {
        format!("{}/{}", self.scheme, self.id)
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        let texts = [&self.created, &self.last_uploaded, &self.time];
        texts
            .into_iter()
            .find_map(|text| date::parse(text))
            .unwrap_or_default()
    }

    pub(crate) fn modified_at(&self) -> Timestamp {
        date::parse(&self.time).unwrap_or_else(|| self.created_at())
    }

    /// What changes with every change: Canto's modification time has milliseconds.
    pub(crate) fn change_token(&self) -> String {
        let texts = [&self.time, &self.last_uploaded, &self.created];
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .cloned()
            .unwrap_or_default()
    }

    /// The current version; absent where the answer tells no versions.
    pub(crate) fn current_version(&self) -> Option<&Version> {
        let marked = self
            .version_history
            .iter()
            .find(|version| version.is_current());
        marked.or_else(|| self.newest_version())
    }

    /// The version that was added last.
    pub(crate) fn newest_version(&self) -> Option<&Version> {
        self.version_history.iter().max_by_key(|version| version.no)
    }

    /// Id of the current version. Where the answer tells no versions the file's checksum stands for
    /// it: it differs for every version.
    pub(crate) fn version_id(&self) -> String {
        match self.current_version() {
            Some(version) => version.version_id.clone(),
            None => self
                .md5
                .clone()
                .unwrap_or_else(|| self.last_uploaded.clone()),
        }
    }

    /// The texts of a property: built-in or custom.
    pub(crate) fn property(&self, property: &Property) -> Vec<String> {
        match property.custom_field {
            true => self
                .additional
                .get(property.key())
                .map(wire::texts)
                .unwrap_or_default(),
            false => self.native(property.key()),
        }
    }

    /// The texts of a built-in property. Some have a key of their own, others only a label.
    pub(crate) fn native(&self, name: &str) -> Vec<String> {
        let own = match name {
            "Name" => &self.name,
            "Description" => &self.description,
            "Copyright" => &self.copyright,
            "Terms and Conditions" => &self.terms_and_conditions,
            "approvalStatus" => &self.approval_status,
            _ => {
                let found = self.rest.get(name).or_else(|| self.default.get(name));
                return found.map(wire::texts).unwrap_or_default();
            }
        };
        match own.is_empty() {
            true => self.default.get(name).map(wire::texts).unwrap_or_default(),
            false => vec![own.clone()],
        }
    }

    fn link(&self, keys: &[&str]) -> Option<String> {
        let texts = keys.iter().filter_map(|key| self.url.get(*key)?.as_str());
        texts.map(str::to_owned).find(|text| !text.is_empty())
    }

    fn has_preview(&self) -> bool {
        self.link(&["preview", "directUrlPreview"]).is_some()
    }
}

impl Canto {
    /// The asset that Canto's content is.
    pub(crate) fn asset(&self, content: &Content) -> Asset {
        let vendor_status = self.vendor_status(content);
        let size = content.size.and_then(|size| u64::try_from(size).ok());
        let links = LINKS.iter().filter_map(|(rel, keys)| {
            Some(Link {
                rel: (*rel).to_owned(),
                href: content.link(keys)?,
            })
        });
        Asset {
            id: content.asset_id(),
            name: content.name.clone(),
            kind: kind(&content.scheme),
            status: self.settings.statuses.read(&vendor_status),
            vendor_status,
            version: content.version_id(),
            change_token: content.change_token(),
            checksum: content.md5.as_ref().map(|md5| format!("md5:{md5}")),
            size,
            created_at: content.created_at(),
            created_by: content.owner.clone().or_else(|| content.owner_name.clone()),
            modified_at: content.modified_at(),
            modified_by: self.modified_by(content),
            expires_at: self.expires_at(content),
            // What is in the trash is not found any more.
            trashed: false,
            readiness: Readiness {
                preview: content.has_preview(),
                // Content appears only after its ingest has ended.
                files_closed: true,
                failure: None,
                placeholder: size == Some(0),
            },
            fields: self.fields_of(content),
            tags: content.tag.clone(),
            containers: content.related_albums.iter().map(container).collect(),
            links: links.collect(),
            extra: extra(content),
        }
    }

    /// The approval status in Canto's words.
    pub(crate) fn vendor_status(&self, content: &Content) -> String {
        let approval = &self.settings.approval;
        // However the property is named in an edit, details have it under this key.
        let word = match approval.custom_field || approval.read_key.is_some() {
            true => content.property(approval).into_iter().next(),
            false => Some(content.approval_status.clone()),
        };
        word.unwrap_or_default()
    }

    /// Release status in the contract's words.
    pub(crate) fn status(&self, content: &Content) -> AssetStatus {
        self.settings.statuses.read(&self.vendor_status(content))
    }

    pub(crate) fn expires_at(&self, content: &Content) -> Option<Timestamp> {
        let texts = content.property(&self.settings.expiry);
        let text = texts.first()?;
        match self.settings.expiry_form {
            // A date ends with its day.
            DateForm::Iso => time::end_of_date(text).or_else(|| date::parse(text)),
            DateForm::Canto => date::parse(text),
        }
    }

    /// Name of the user who changed it last.
    pub(crate) fn modified_by(&self, content: &Content) -> Option<String> {
        let label = &self.settings.modified_by_label;
        content
            .default
            .get(label)
            .map(wire::texts)
            .unwrap_or_default()
            .into_iter()
            .next()
    }

    fn fields_of(&self, content: &Content) -> Vec<Field> {
        let native = self.settings.native_properties.iter().filter_map(|name| {
            let custom = content.additional.contains_key(name);
            let text = content.native(name).join(", ");
            (!custom).then(|| match text.is_empty() {
                true => Field::new(name, Value::None),
                false => Field::new(name, text),
            })
        });
        let custom = content
            .additional
            .iter()
            .map(|(name, json)| Field::new(name, value(json)));
        native.chain(custom).collect()
    }
}

/// A custom field's value.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::String(text) if text.is_empty() => Value::None,
        Json::String(text) => Value::text(text),
        Json::Bool(yes) => Value::Boolean(*yes),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(number)) => Value::Number(number),
            (None, None) => Value::text(number.to_string()),
        },
        Json::Array(_) => Value::Texts(wire::texts(json)),
        Json::Object(_) => Value::Json(json.to_string()),
    }
}

fn kind(scheme: &str) -> AssetKind {
    match scheme {
        "image" => AssetKind::Image,
        "video" => AssetKind::Video,
        "audio" => AssetKind::Audio,
        "document" => AssetKind::Document,
        "presentation" => AssetKind::Presentation,
        _ => AssetKind::Other,
    }
}

/// Opaque id of an album or a folder.
pub(crate) fn collection_id(scheme: &str, id: &str) -> String {
    format!("{scheme}/{id}")
}

fn container(album: &wire::Container) -> Container {
    let scheme = if album.scheme.is_empty() {
        "album"
    } else {
        &album.scheme
    };
    let path = (!album.name_path.is_empty())
        .then(|| format!("/{}", album.name_path.trim_start_matches('/')));
    Container {
        entity: Entity::new("collection", collection_id(scheme, &album.id)),
        path,
    }
}

/// What only Canto has.
fn extra(content: &Content) -> Vec<Field> {
    let text = |name: &str, text: &Option<String>| {
        text.as_ref().map(|text| Field::new(name, text.as_str()))
    };
    let mut extra: Vec<Field> = text("owner-name", &content.owner_name)
        .into_iter()
        .collect();
    if !content.keyword.is_empty() {
        extra.push(Field::new("keywords", content.keyword.clone()));
    }
    let colour = content
        .default
        .get("Color")
        .map(wire::texts)
        .unwrap_or_default();
    extra.extend(colour.into_iter().map(|colour| Field::new("color", colour)));
    for name in ["width", "height", "dpi"] {
        let number = content.rest.get(name).map(wire::texts).unwrap_or_default();
        extra.extend(number.into_iter().map(|number| Field::new(name, number)));
    }
    extra
}
