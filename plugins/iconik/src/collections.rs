//! Collections, by path of titles or by id.
//!
//! Two collections may have the same title and parent, and iconik has no call that makes one only
//! where there is none. So the one made first is meant by every call, and whoever makes one looks
//! again: had somebody else made one before, its own goes, empty as it is.

use std::collections::BTreeSet;

use forebay_sdk::assets::{Collection, Collections, ContentPage};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Entity, Error, OrAbsent, Timestamp, lenient, paging, time, warn};
use serde::Deserialize;
use serde_json::json;

use crate::Iconik;
use crate::asset::slashed;
use crate::wire::Page;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawCollection {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) title: String,
    #[serde(deserialize_with = "lenient::string")]
    status: String,
    #[serde(deserialize_with = "lenient::string")]
    object_type: String,
    #[serde(deserialize_with = "lenient::string")]
    parent_id: String,
    #[serde(deserialize_with = "lenient::string")]
    date_created: String,
}

impl RawCollection {
    /// When it was made.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        time::parse_lenient(&self.date_created)
    }

    /// Is it an asset, as contents of a collection are?
    pub(crate) fn is_asset(&self) -> bool {
        matches!(self.object_type.as_str(), "assets" | "")
    }

    /// Is it in the trash?
    pub(crate) fn is_deleted(&self) -> bool {
        self.status == "DELETED"
    }
}

impl Collections for Iconik {
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        let found = self.collection_named(path)?;
        Ok(found.map(|found| collection(found, path)))
    }

    fn create(&self, path: &str) -> Result<Collection, Error> {
        let mut found: Option<RawCollection> = None;
        for title in titles(path)? {
            let child = match self.child(found.as_ref(), title)? {
                Some(child) => child,
                None => self.agreed_child(found.as_ref(), title)?,
            };
            found = Some(child);
        }
        let found = found.ok_or_else(|| no_path(path))?;
        Ok(collection(found, path))
    }

    fn contents(&self, collection: &str, page: Option<&str>) -> Result<ContentPage, Error> {
        let number: u32 = paging::decode(page)?.unwrap_or(1);
        let url = self.collection_url(collection, "contents/");
        let found: Page<RawCollection> = self.page(self.http.get(url), number)?;
        let next = found.has_next().then(|| paging::encode(&(number + 1)));
        let present = found.objects.iter().filter(|object| !object.is_deleted());
        let entities = present.filter_map(|object| match object.object_type.as_str() {
            "collections" => Some(Entity::new("collection", &object.id)),
            _ if object.is_asset() => Some(Entity::new("asset", &object.id)),
            _ => None,
        });
        Ok(ContentPage {
            entities: entities.collect(),
            next: next.transpose()?,
        })
    }

    fn add(&self, collection: &str, asset: &str) -> Result<(), Error> {
        if self.holds(collection, asset)? {
            return Ok(());
        }
        let url = self.collection_url(collection, "contents/");
        let body = json!({"object_id": asset, "object_type": "assets"});
        match self.http.post(url).json(&body).send_effect() {
            Ok(outcome) => outcome.or_repeat().map(|_| ()),
            // Somebody else was faster.
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, collection: &str, asset: &str) -> Result<(), Error> {
        if !self.holds(collection, asset)? {
            return Ok(());
        }
        let asset = encode_component(asset);
        let url = self.collection_url(collection, &format!("contents/assets/{asset}/"));
        let gone = self.http.delete(url).send_effect().or_absent()?;
        gone.map(Outcome::or_repeat).transpose()?;
        Ok(())
    }
}

impl Iconik {
    /// The collection at a path of titles; the oldest of several.
    pub(crate) fn collection_named(&self, path: &str) -> Result<Option<RawCollection>, Error> {
        let mut found: Option<RawCollection> = None;
        for title in titles(path)? {
            let Some(child) = self.child(found.as_ref(), title)? else {
                return Ok(None);
            };
            found = Some(child);
        }
        Ok(found)
    }

    pub(crate) fn collection_url(&self, id: &str, rest: &str) -> String {
        self.url(&format!(
            "assets/v1/collections/{}/{rest}",
            encode_component(id)
        ))
    }

    /// These collections and all above them, each once.
    pub(crate) fn with_ancestors<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<BTreeSet<String>, Error> {
        let mut all = BTreeSet::new();
        for id in ids {
            let mut next = Some(id.to_owned());
            while let Some(id) = next.take().filter(|id| all.insert(id.clone())) {
                let found = self.http.get(self.collection_url(&id, "")).send();
                let found = found
                    .or_absent()?
                    .map(|reply| reply.json::<RawCollection>());
                let parent = found.transpose()?.map(|found| found.parent_id);
                next = parent.filter(|parent| !parent.is_empty());
            }
        }
        Ok(all)
    }

    /// Is the asset in the collection? The asset knows its collections.
    fn holds(&self, collection: &str, asset: &str) -> Result<bool, Error> {
        let raw = self.raw_asset(asset)?;
        Ok(raw.collections().any(|id| id == collection))
    }

    /// The collection of this title below another, or at the root.
    fn child(
        &self,
        parent: Option<&RawCollection>,
        title: &str,
    ) -> Result<Option<RawCollection>, Error> {
        let below: Vec<RawCollection> = match parent {
            Some(parent) => {
                let url = self.collection_url(&parent.id, "contents/");
                self.all(&url, &[("object_types", "collections")])?
            }
            None => {
                let url = self.url("assets/v1/collections/");
                let mut roots: Vec<RawCollection> = self.all(&url, &[("is_root", "true")])?;
                roots.retain(|root| root.parent_id.is_empty());
                roots
            }
        };
        let fits = |found: &RawCollection| {
            found.title == title
                && !found.is_deleted()
                && matches!(found.object_type.as_str(), "collections" | "")
        };
        let mut fitting: Vec<_> = below.into_iter().filter(fits).collect();
        fitting.sort_by(|a, b| (&a.date_created, &a.id).cmp(&(&b.date_created, &b.id)));
        Ok(fitting.into_iter().next())
    }

    /// The collection that is missing: the one made here, or that of somebody who was faster.
    fn agreed_child(
        &self,
        parent: Option<&RawCollection>,
        title: &str,
    ) -> Result<RawCollection, Error> {
        let made = self.create_child(parent, title)?;
        match self.child(parent, title)? {
            Some(first) if first.id != made.id => {
                // What is kept is right already, so a twin that cannot be removed is only untidy.
                if let Err(error) = self.remove_empty(&made) {
                    warn!("the empty collection {title} ({}) stays: {error}", made.id);
                }
                Ok(first)
            }
            // A list that does not hold it yet holds no older one that this call could know of.
            _ => Ok(made),
        }
    }

    /// Remove a collection in which nothing is. What is put into it between the look and the removal
    /// stays where else it is, and iconik's delete queue keeps the collection.
    fn remove_empty(&self, made: &RawCollection) -> Result<(), Error> {
        let contents = self.http.get(self.collection_url(&made.id, "contents/"));
        let inside: Page<RawCollection> = self.page(contents, 1)?;
        if !inside.objects.is_empty() {
            warn!("the collection {} is in use beside its twin", made.id);
            return Ok(());
        }
        let gone = self.http.delete(self.collection_url(&made.id, ""));
        gone.send_effect().or_absent()?;
        Ok(())
    }

    fn create_child(
        &self,
        parent: Option<&RawCollection>,
        title: &str,
    ) -> Result<RawCollection, Error> {
        let mut body = json!({"title": title});
        if let Some(parent) = parent {
            body["parent_id"] = json!(parent.id);
        }
        let call = self
            .http
            .post(self.url("assets/v1/collections/"))
            .json(&body);
        // Repeating walks the path first.
        call.send_effect()?.or_repeat()?.json()
    }
}

pub(crate) fn titles(path: &str) -> Result<Vec<&str>, Error> {
    let titles: Vec<_> = path
        .split('/')
        .map(str::trim)
        .filter(|title| !title.is_empty())
        .collect();
    if titles.is_empty() {
        return Err(no_path(path));
    }
    Ok(titles)
}

fn no_path(path: &str) -> Error {
    Error::invalid(format!("`{path}` is no path of a collection")).with_field("path")
}

fn collection(found: RawCollection, path: &str) -> Collection {
    Collection {
        id: found.id,
        name: found.title,
        path: slashed(path),
        // iconik tells the number of assets only with a request for each collection.
        size: None,
    }
}
