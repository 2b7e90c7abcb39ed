//! Albums and folders. An album holds content, a folder holds albums and folders; a path names an
//! album first. The opaque id is `album/ID` or `folder/ID`, and stays when a container is moved.

use forebay_sdk::assets::{Collection, Collections, ContentPage};
use forebay_sdk::http::{Method, encode_component};
use forebay_sdk::{Entity, Error, OrAbsent, paging};
use serde::Deserialize;
use serde_json::json;

use crate::Canto;
use crate::map::collection_id;
use crate::wire::{Container, Content, ContentId, Page};

/// Scheme of what holds content.
const ALBUM: &str = "album";
/// Scheme of what holds containers.
const FOLDER: &str = "folder";

/// What Canto answers to the making of a container.
#[derive(Deserialize)]
struct Made {
    #[serde(default, deserialize_with = "forebay_sdk::lenient::string")]
    id: String,
}

impl Collections for Canto {
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        self.find_collection(path)
    }

    /// The last name becomes an album, the names before it folders.
    fn create(&self, path: &str) -> Result<Collection, Error> {
        let names = names(path)?;
        let (folders, last) = names.split_at(names.len() - 1);
        let mut parent: Option<String> = None;
        for name in folders {
            parent = Some(self.stand_or_make(parent.as_deref(), FOLDER, name)?.id);
        }
        if parent.is_none() && self.child(None, ALBUM, last[0])?.is_none() {
            let message = format!("Canto has albums in folders only: give `{path}` a folder");
            return Err(Error::invalid(message).with_field("path"));
        }
        let album = self.stand_or_make(parent.as_deref(), ALBUM, last[0])?;
        Ok(collection(&album, &names))
    }

    fn contents(&self, collection: &str, page: Option<&str>) -> Result<ContentPage, Error> {
        let (scheme, id) = parse(collection)?;
        let start: u64 = paging::decode(page)?.unwrap_or_default();
        let mut entities = Vec::new();
        if scheme == FOLDER && start == 0 {
            let children = self.children(Some(id))?;
            entities.extend(children.iter().map(entity));
        }
        let limit = self.settings.page(u32::MAX);
        let request = self
            .read(&format!("/api/v1/{scheme}/{}", encode_component(id)))
            .query("sortBy", "time")
            .query("sortDirection", "ascending")
            .query("start", start)
            .query("limit", limit);
        let found: Page = self.confirmed(request.send())?.json()?;
        let assets = found.results.iter().filter_map(Content::content_id);
        entities.extend(assets.map(|id| Entity::new("asset", id.to_string())));
        let next = found
            .more(start, limit)
            .then(|| start + found.results.len() as u64);
        Ok(ContentPage {
            entities,
            next: next.map(|start| paging::encode(&start)).transpose()?,
        })
    }

    fn add(&self, collection: &str, asset: &str) -> Result<(), Error> {
        let album = album_of(collection)?;
        let id = ContentId::parse(asset)?;
        let content = self.content(&id)?;
        match content.is_in(album) {
            true => Ok(()),
            false => self.change_album(Method::Post, &self.album_path(album)?, &content),
        }
    }

    fn remove(&self, collection: &str, asset: &str) -> Result<(), Error> {
        let album = album_of(collection)?;
        let content = self.content(&ContentId::parse(asset)?).or_absent()?;
        let Some(content) = content.filter(|content| content.is_in(album)) else {
            return Ok(());
        };
        let Some(path) = self.album_path(album).or_absent()? else {
            return Ok(());
        };
        self.change_album(Method::Delete, &path, &content)
    }
}

impl Canto {
    pub(crate) fn find_collection(&self, path: &str) -> Result<Option<Collection>, Error> {
        let names = names(path)?;
        let (folders, last) = names.split_at(names.len() - 1);
        let mut parent: Option<String> = None;
        for name in folders {
            match self.child(parent.as_deref(), FOLDER, name)? {
                Some(folder) => parent = Some(folder.id),
                None => return Ok(None),
            }
        }
        let children = self.children(parent.as_deref())?;
        let of = |scheme: &str| {
            children
                .iter()
                .find(|child| child.scheme == scheme && child.name == last[0])
        };
        Ok(of(ALBUM)
            .or_else(|| of(FOLDER))
            .map(|found| collection(found, &names)))
    }

    fn child(
        &self,
        parent: Option<&str>,
        scheme: &str,
        name: &str,
    ) -> Result<Option<Container>, Error> {
        let children = self.children(parent)?;
        Ok(children
            .into_iter()
            .find(|child| child.scheme == scheme && child.name == name))
    }

    /// The container of this name, made where it is missing. It looks before it makes: a repeat
    /// after a lost answer finds what was made.
    fn stand_or_make(
        &self,
        parent: Option<&str>,
        scheme: &str,
        name: &str,
    ) -> Result<Container, Error> {
        if let Some(found) = self.child(parent, scheme, name)? {
            return Ok(found);
        }
        let place = parent
            .map(|id| format!("{}/", encode_component(id)))
            .unwrap_or_default();
        let path = format!("/api/v1/{scheme}/{place}{}", encode_component(name));
        match self.confirmed(self.post(&path).send_effect()) {
            Ok(outcome) => {
                let made: Made = outcome.or_repeat()?.json()?;
                if made.id.is_empty() {
                    return Err(Error::unavailable(format!(
                        "Canto gave no id for {scheme} {name}"
                    )));
                }
                Ok(Container {
                    id: made.id,
                    name: name.to_owned(),
                    scheme: scheme.to_owned(),
                    size: Some(0),
                    ..Container::default()
                })
            }
            // Somebody else may have made it in between.
            Err(refused) => self.child(parent, scheme, name)?.ok_or(refused),
        }
    }

    /// Assignments name an album by the ids on the way to it.
    fn album_path(&self, album: &str) -> Result<String, Error> {
        let path = format!("/api/v1/info/album/{}", encode_component(album));
        let container: Container = self.confirmed(self.read(&path).send())?.json()?;
        match container.id_path.is_empty() {
            true => Ok(album.to_owned()),
            false => Ok(container.id_path),
        }
    }

    fn change_album(&self, method: Method, path: &str, content: &Content) -> Result<(), Error> {
        let body = json!({
            "albumPath": path,
            "contents": [
                {"scheme": content.scheme, "id": content.id, "displayName": content.name},
            ],
        });
        let request = match method {
            Method::Delete => self.delete("/api/v1/batch/album"),
            _ => self.post("/api/v1/batch/album"),
        };
        // Content is in an album once, however often it is put there.
        self.confirmed(request.json(&body).send_effect())?
            .or_repeat()
            .map(|_| ())
    }
}

impl Content {
    pub(crate) fn is_in(&self, album: &str) -> bool {
        self.related_albums.iter().any(|known| known.id == album)
    }
}

/// Scheme and id of an opaque id.
pub(crate) fn parse(id: &str) -> Result<(&str, &str), Error> {
    let parts = id
        .split_once('/')
        .filter(|(scheme, id)| [ALBUM, FOLDER].contains(scheme) && !id.is_empty());
    parts.ok_or_else(|| {
        let message =
            format!("`{id}` is no Canto collection; it has the form album/ID or folder/ID");
        Error::invalid(message).with_field("collection")
    })
}

fn album_of(collection: &str) -> Result<&str, Error> {
    match parse(collection)? {
        (ALBUM, id) => Ok(id),
        _ => Err(
            Error::invalid("Canto puts content into albums only, not into folders")
                .with_field("collection"),
        ),
    }
}

fn names(path: &str) -> Result<Vec<&str>, Error> {
    let names: Vec<_> = path
        .split('/')
        .filter(|name| !name.trim().is_empty())
        .collect();
    match names.is_empty() {
        true => Err(Error::invalid(format!("the path `{path}` names nothing")).with_field("path")),
        false => Ok(names),
    }
}

fn collection(container: &Container, names: &[&str]) -> Collection {
    Collection {
        id: collection_id(&container.scheme, &container.id),
        name: container.name.clone(),
        path: format!("/{}", names.join("/")),
        size: container.size.and_then(|size| u64::try_from(size).ok()),
    }
}

fn entity(container: &Container) -> Entity {
    Entity::new(
        "collection",
        collection_id(&container.scheme, &container.id),
    )
}
