//! A DAM in memory, for tests of handlers.
#![expect(
    clippy::panic,
    reason = "a test that asks for what is not there has failed"
)]

mod media;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::START;
use crate::capability::assets::{
    Access, AccessSnapshot, ArchiveState, Asset, AssetKind, AssetPage, AssetSource, AssetStatus,
    AssetUpdate, Change, Collection, Collections, Comment, Comparison, Container, ContentPage,
    ExpiryChange, Filter, MediaState, Query, Readiness, Share, ShareActivity, Updated, UsageReport,
};
use crate::types::{Entity, Error, Field, FieldsExt, Timestamp, Value};

/// The double. Collections are known by their path. Tests change its public parts at will.
#[derive(Debug, Default)]
pub struct Library {
    /// Assets by id.
    pub assets: RefCell<BTreeMap<String, Asset>>,
    /// Paths of collections.
    pub collections: RefCell<Vec<String>>,
    /// Access template of assets; none: `open`.
    pub access: RefCell<BTreeMap<String, String>>,
    /// Shares in the order they were made.
    pub shares: RefCell<Vec<Share>>,
    /// Activity as `sharing.activity` tells it.
    pub activity: RefCell<Vec<ShareActivity>>,
    /// Relations as kind, origin and target.
    pub relations: RefCell<Vec<(String, String, String)>>,
    /// Comments by asset.
    pub comments: RefCell<Vec<(String, Comment)>>,
    /// Where media stands; none: online without copies.
    pub media: RefCell<BTreeMap<String, MediaState>>,
    /// Assets of which a copy stays when they are purged, as on a storage that is out of reach.
    pub stubborn: RefCell<Vec<String>>,
    /// Figures of assets.
    pub usage: RefCell<BTreeMap<String, UsageReport>>,
    /// Calls that changed something, in order: `update a1`, `share s1`, `purge a1`.
    pub effects: RefCell<Vec<String>>,
    /// Time of changes.
    pub now: Cell<Timestamp>,
    /// Fail the next calls whose effect starts with this, that often.
    pub fail: RefCell<Option<(String, u32)>>,
    changes: Cell<u64>,
}

impl Library {
    /// An empty library at [`START`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Cell::new(START),
            ..Self::default()
        }
    }

    /// Put an approved image into the library, filed in `path`.
    pub fn add(&self, id: &str, path: &str, fields: &[(&str, &str)]) {
        let asset = Asset {
            id: id.to_owned(),
            name: format!("{id}.jpg"),
            kind: AssetKind::Image,
            status: AssetStatus::Approved,
            vendor_status: "Approved".to_owned(),
            version: format!("{id}-v1"),
            change_token: "0".to_owned(),
            checksum: Some(format!("md5:{id}")),
            size: Some(1_000),
            created_at: START,
            created_by: Some("uploader@example.com".to_owned()),
            modified_at: START,
            modified_by: None,
            expires_at: None,
            trashed: false,
            readiness: Readiness {
                preview: true,
                files_closed: true,
                failure: None,
                placeholder: false,
            },
            fields: fields
                .iter()
                .map(|(name, value)| Field::new(*name, *value))
                .collect(),
            tags: Vec::new(),
            containers: Vec::new(),
            links: Vec::new(),
            extra: Vec::new(),
        };
        self.assets.borrow_mut().insert(id.to_owned(), asset);
        if !path.is_empty() {
            self.file(path, id);
        }
    }

    /// A person changes an asset by hand.
    ///
    /// # Panics
    /// Where there is no such asset.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Asset)) {
        let mut assets = self.assets.borrow_mut();
        let asset = assets
            .get_mut(id)
            .unwrap_or_else(|| panic!("no asset {id}"));
        change(asset);
        asset.modified_at = self.now.get();
        asset.change_token = self.token();
    }

    /// The value of a field, as text; empty where it has none.
    #[must_use]
    pub fn field(&self, id: &str, name: &str) -> String {
        let assets = self.assets.borrow();
        let value = assets.get(id).and_then(|asset| asset.fields.value(name));
        value.map(Value::to_plain).unwrap_or_default()
    }

    /// The release status of an asset; none where it is gone.
    #[must_use]
    pub fn status(&self, id: &str) -> Option<AssetStatus> {
        self.assets.borrow().get(id).map(|asset| asset.status)
    }

    /// The paths an asset is filed in.
    #[must_use]
    pub fn filed(&self, id: &str) -> Vec<String> {
        let assets = self.assets.borrow();
        let places = assets.get(id).map(|asset| asset.containers.clone());
        let paths = places.unwrap_or_default().into_iter();
        paths.filter_map(|place| place.path).collect()
    }

    fn token(&self) -> String {
        self.changes.set(self.changes.get() + 1);
        self.changes.get().to_string()
    }

    fn file(&self, path: &str, id: &str) {
        if !self.collections.borrow().iter().any(|known| known == path) {
            self.collections.borrow_mut().push(path.to_owned());
        }
        if let Some(asset) = self.assets.borrow_mut().get_mut(id) {
            let place = Container {
                entity: Entity::new("collection", path),
                path: Some(path.to_owned()),
            };
            if !asset.containers.contains(&place) {
                asset.containers.push(place);
            }
        }
    }

    fn effect(&self, what: String) -> Result<(), Error> {
        let mut fail = self.fail.borrow_mut();
        if let Some((prefix, left)) = fail.as_mut()
            && *left > 0
            && what.starts_with(prefix.as_str())
        {
            *left -= 1;
            return Err(Error::invalid(format!("the DAM refuses: {what}")));
        }
        self.effects.borrow_mut().push(what);
        Ok(())
    }

    fn with<T>(&self, id: &str, look: impl FnOnce(&mut Asset) -> T) -> Result<T, Error> {
        let mut assets = self.assets.borrow_mut();
        let asset = assets
            .get_mut(id)
            .ok_or_else(|| Error::not_found(format!("no asset {id}")))?;
        Ok(look(asset))
    }

    fn media_of(&self, id: &str) -> MediaState {
        let known = self.media.borrow().get(id).cloned();
        known.unwrap_or_else(|| MediaState {
            asset: id.to_owned(),
            state: ArchiveState::Online,
            failure: None,
            copies: Vec::new(),
            trashed: None,
            job: None,
        })
    }
}

fn fits(asset: &Asset, filter: &Filter) -> bool {
    let field = filter.subject.strip_prefix("field:");
    let value = match filter.subject.as_str() {
        "status" => {
            // Generated types write `AssetStatus::Approved`; searches name the last word.
            let word = format!("{:?}", asset.status).to_lowercase();
            Value::text(word.rsplit(':').next().unwrap_or_default())
        }
        "expires" => asset.expires_at.map_or(Value::None, Value::Timestamp),
        "created" => Value::Timestamp(asset.created_at),
        "modified" => Value::Timestamp(asset.modified_at),
        "tag" => Value::Texts(asset.tags.clone()),
        "container" => Value::Texts(
            asset
                .containers
                .iter()
                .flat_map(|place| [Some(place.entity.id.clone()), place.path.clone()])
                .flatten()
                .collect(),
        ),
        _ => field
            .and_then(|name| asset.fields.value(name))
            .cloned()
            .unwrap_or(Value::None),
    };
    let time = || match &value {
        Value::Timestamp(at) => Some(*at),
        other => crate::time::parse_lenient(&other.to_plain())
            .or_else(|| crate::time::start_of_date(&other.to_plain())),
    };
    match &filter.comparison {
        Comparison::OneOf(wanted) => match &value {
            Value::Texts(texts) => texts.iter().any(|text| wanted.contains(text)),
            other => wanted.contains(&other.to_plain()),
        },
        Comparison::AtLeast(from) => time().is_some_and(|at| at >= *from),
        Comparison::Before(end) => time().is_some_and(|at| at < *end),
        Comparison::Present => !value.is_empty(),
        Comparison::Absent => value.is_empty(),
    }
}

impl AssetSource for Library {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        self.with(id, |asset| asset.clone())
    }

    fn search(&self, query: &Query) -> Result<AssetPage, Error> {
        let assets = self.assets.borrow();
        let fit = |asset: &&Asset| {
            !asset.trashed
                && query.filters.iter().all(|filter| fits(asset, filter))
                && query
                    .text
                    .as_ref()
                    .is_none_or(|text| asset.name.contains(text))
        };
        let found: Vec<_> = assets.values().filter(fit).cloned().collect();
        let from: usize = query
            .page
            .as_ref()
            .and_then(|page| page.parse().ok())
            .unwrap_or_default();
        let to = (from + query.limit as usize).min(found.len());
        Ok(AssetPage {
            assets: found[from.min(to)..to].to_vec(),
            next: (to < found.len()).then(|| to.to_string()),
            total: Some(found.len() as u64),
        })
    }

    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        let before = self.get(id)?;
        if update
            .guard
            .as_ref()
            .is_some_and(|guard| *guard != before.change_token)
        {
            return Err(Error::conflict("the asset was changed meanwhile"));
        }
        let mut asset = before.clone();
        for field in &update.fields {
            asset.fields.retain(|old| old.name != field.name);
            if !field.value.is_empty() {
                asset.fields.push(field.clone());
            }
        }
        asset.status = update.status.unwrap_or(asset.status);
        asset.tags.retain(|tag| !update.tags.remove.contains(tag));
        for tag in &update.tags.add {
            if !asset.tags.contains(tag) {
                asset.tags.push(tag.clone());
            }
        }
        match update.expiry {
            ExpiryChange::Keep => {}
            ExpiryChange::Set(at) => asset.expires_at = Some(at),
            ExpiryChange::Clear => asset.expires_at = None,
        }
        if asset == before {
            let changes = Vec::new();
            return Ok(Updated { asset, changes });
        }
        self.effect(format!("update {id}"))?;
        asset.change_token = self.token();
        asset.modified_at = self.now.get();
        self.assets
            .borrow_mut()
            .insert(id.to_owned(), asset.clone());
        let changes = vec![Change {
            subject: "asset".to_owned(),
            before: before.change_token,
            after: asset.change_token.clone(),
        }];
        Ok(Updated { asset, changes })
    }
}

impl Collections for Library {
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        let collections = self.collections.borrow();
        let found = collections.iter().find(|known| *known == path);
        Ok(found.map(|path| Collection {
            id: path.clone(),
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            path: path.clone(),
            size: None,
        }))
    }

    fn create(&self, path: &str) -> Result<Collection, Error> {
        if self.find(path)?.is_none() {
            self.effect(format!("create {path}"))?;
            self.collections.borrow_mut().push(path.to_owned());
        }
        self.find(path)?.ok_or_else(|| Error::not_found(path))
    }

    fn contents(&self, collection: &str, _page: Option<&str>) -> Result<ContentPage, Error> {
        let assets = self.assets.borrow();
        let inside = assets.values().filter(|asset| {
            let mut places = asset.containers.iter();
            !asset.trashed && places.any(|place| place.entity.id == collection)
        });
        Ok(ContentPage {
            entities: inside
                .map(|asset| Entity::new("asset", asset.id.as_str()))
                .collect(),
            next: None,
        })
    }

    fn add(&self, collection: &str, asset: &str) -> Result<(), Error> {
        if self.filed(asset).iter().any(|path| path == collection) {
            return Ok(());
        }
        self.effect(format!("file {asset} in {collection}"))?;
        self.file(collection, asset);
        Ok(())
    }

    fn remove(&self, collection: &str, asset: &str) -> Result<(), Error> {
        if !self.filed(asset).iter().any(|path| path == collection) {
            return Ok(());
        }
        self.effect(format!("unfile {asset} from {collection}"))?;
        self.with(asset, |asset| {
            asset
                .containers
                .retain(|place| place.entity.id != collection);
        })
    }
}

impl Access for Library {
    fn snapshot(&self, asset: &str) -> Result<AccessSnapshot, Error> {
        let access = self.access.borrow();
        let template = access.get(asset).map_or("open", String::as_str).to_owned();
        Ok(AccessSnapshot {
            asset: asset.to_owned(),
            summary: template.clone(),
            content: template,
        })
    }

    fn apply(&self, asset: &str, template: &str) -> Result<(), Error> {
        if self.snapshot(asset)?.content != template {
            self.effect(format!("access {asset} {template}"))?;
            self.access
                .borrow_mut()
                .insert(asset.to_owned(), template.to_owned());
        }
        Ok(())
    }

    fn restore(&self, snapshot: &AccessSnapshot) -> Result<(), Error> {
        self.apply(&snapshot.asset, &snapshot.content)
    }
}
