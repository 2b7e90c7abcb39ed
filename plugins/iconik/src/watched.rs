//! Entries into collections, found by comparing.
//!
//! That an asset was put into a collection is told by iconik's webhook alone: neither of them keeps
//! when. For the collections that the settings name, the cursor therefore remembers who is in them,
//! and who is new has come in since.
//!
//! Webhook and poll could not give an entry the same identity, for a webhook cannot know the cursor
//! and nothing at the vendor tells one entry from the next. So an entry into a watched collection is
//! told by the poll alone, which comes more often then; the webhook tells the others.

use std::collections::{BTreeMap, BTreeSet};

use forebay_sdk::{
    Entity, Error, Event, Field, Finding, Timestamp, Value, debug, digest, time, warn,
};
use serde::{Deserialize, Serialize};

use crate::Iconik;
use crate::asset::slashed;
use crate::collections::RawCollection;
use crate::webhook::ADDED;
use crate::wire::Page;

/// Characters of a digest that stand for a member: 48 bits, so of thirty thousand million entries into
/// the largest collection one is taken for a member.
const MARK: usize = 12;

/// The setting that findings point at.
const SETTING: &str = "watched_collections";

/// What is watched, by the path in the settings.
pub(crate) type Watches = BTreeMap<String, Watch>;

/// What is known of a watched collection.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// Since when it is watched.
    since: Timestamp,
    /// The collection that stands at the path; empty before there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    /// Who is in it.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    known: Members,
    /// Who was not found in it last time. A list that changes while its pages are read may leave out
    /// somebody; who is missing twice has left.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    missed: Members,
}

/// Assets, each by a short digest of its id; written as one text, which is a third of a list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
struct Members(BTreeSet<String>);

/// What one page tells of a collection.
#[derive(Default)]
pub(crate) struct Entries {
    /// Who has come in.
    pub(crate) events: Vec<Event>,
    /// There are more, to be told by the next page.
    pub(crate) more: bool,
}

impl Iconik {
    /// Who has come into the collection at this path, so many at most. A collection that is seen for
    /// the first time holds nobody new, unless it was made after the watch began.
    pub(crate) fn entries(
        &self,
        path: &str,
        watches: &mut Watches,
        limit: u32,
    ) -> Result<Entries, Error> {
        let room = self.room(path, watches);
        let watch = watches
            .entry(path.to_owned())
            .or_insert_with(|| Watch::from(self.call.now()));
        let found = match self.found_with_members(path, room) {
            Ok(found) => found,
            Err(Error::Denied(why)) => {
                warn!("the collection {path} is out of reach: {}", why.message);
                return Ok(Entries::default());
            }
            Err(error) => return Err(error),
        };
        let Some((collection, members)) = found else {
            return Ok(Entries::default());
        };
        let (new, more) = watch.compare(&collection, &members, limit as usize);
        let now = self.call.now();
        let events = new
            .into_iter()
            .map(|asset| entered(&watch.id, path, asset, now));
        Ok(Entries {
            events: events.collect(),
            more,
        })
    }

    /// How many members the collection at this path may have beside those of the others.
    fn room(&self, path: &str, watches: &Watches) -> usize {
        let others = watches.iter().filter(|(other, _)| *other != path);
        let taken: usize = others.map(|(_, watch)| watch.known.0.len()).sum();
        (self.settings.watched_members as usize).saturating_sub(taken)
    }

    fn found_with_members(
        &self,
        path: &str,
        room: usize,
    ) -> Result<Option<(RawCollection, Vec<RawCollection>)>, Error> {
        let Some(collection) = self.collection_named(path)? else {
            debug!("there is no collection {path} to be watched");
            return Ok(None);
        };
        let Some(members) = self.members(&collection.id, room)? else {
            let most = self.settings.watched_members;
            warn!(
                "watched collections hold more than {most} assets: nobody looks who comes into {path}"
            );
            return Ok(None);
        };
        Ok(Some((collection, members)))
    }

    /// The assets in a collection; absent where there are more than there is room for.
    fn members(&self, collection: &str, room: usize) -> Result<Option<Vec<RawCollection>>, Error> {
        let url = self.collection_url(collection, "contents/");
        let (mut all, mut number) = (Vec::new(), 1);
        loop {
            let request = self.http.get(&url).query("object_types", "assets");
            let page: Page<RawCollection> = self.page(request, number)?;
            let more = page.has_next();
            all.extend(page.objects.into_iter().filter(RawCollection::is_asset));
            if all.len() > room {
                return Ok(None);
            }
            if !more {
                return Ok(Some(all));
            }
            number += 1;
        }
    }

    /// Does the poll tell who comes into this collection? Of two with the same path it watches the one
    /// that the path means.
    pub(crate) fn is_watched(&self, collection: &str) -> Result<bool, Error> {
        if self.settings.watched_collections.is_empty() {
            return Ok(false);
        }
        let Some(path) = self.collection_path(collection)? else {
            return Ok(false);
        };
        let mut watched = self.settings.watched_collections.iter();
        if !watched.any(|watched| slashed(watched) == path) {
            return Ok(false);
        }
        let meant = self.collection_named(&path)?;
        Ok(meant.is_some_and(|meant| meant.id == collection))
    }

    /// What the operator should know: collections that are not there, or that hold too many.
    pub(crate) fn watch_findings(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        let mut held = 0;
        for path in &self.settings.watched_collections {
            let counted = match self.collection_named(path) {
                Ok(Some(collection)) => self.count(&collection.id).map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            match counted {
                Ok(Some(count)) => held += count,
                Ok(None) => findings.push(Finding::warning(
                    SETTING,
                    format!("there is no collection {path}"),
                    "make it, or correct its path; when it is made everything in it is taken as put in",
                )),
                Err(Error::Denied(why)) => findings.push(Finding::error(
                    SETTING,
                    format!("the credentials may not see the collection {path}: {}", why.message),
                    "let the integration's user read the collection",
                )),
                Err(error) => return Err(error),
            }
        }
        let most = self.settings.watched_members;
        if held > i64::from(most) {
            findings.push(Finding::error(
                SETTING,
                format!("the watched collections hold {held} assets, more than {most}: who is put into those beyond it starts nothing"),
                "take out what is done, watch fewer collections, or raise watched_members: then what came in meanwhile is told",
            ));
        }
        Ok(findings)
    }

    /// How many assets are in a collection; none where iconik does not say.
    fn count(&self, collection: &str) -> Result<i64, Error> {
        let url = self.collection_url(collection, "contents/");
        let request = self.http.get(url).query("object_types", "assets");
        let page: Page<RawCollection> = self.page(request, 1)?;
        Ok(page.total.unwrap_or_default())
    }
}

impl Watch {
    fn from(since: Timestamp) -> Self {
        Self {
            since,
            id: String::new(),
            known: Members::default(),
            missed: Members::default(),
        }
    }

    /// Who is new in the collection, so many at most, and whether there are more.
    fn compare<'a>(
        &mut self,
        collection: &RawCollection,
        members: &'a [RawCollection],
        limit: usize,
    ) -> (Vec<&'a RawCollection>, bool) {
        let present: BTreeSet<String> = members.iter().map(|member| mark(&member.id)).collect();
        if self.id != collection.id {
            self.id.clone_from(&collection.id);
            self.missed.0.clear();
            self.known.0.clear();
            if collection.created().is_none_or(|at| at < self.since) {
                self.known.0.clone_from(&present);
            }
        }
        // What is in the trash comes in when it is restored.
        let is_new = |member: &&RawCollection| {
            !member.is_deleted() && !self.known.0.contains(&mark(&member.id))
        };
        let mut new: Vec<&RawCollection> = members.iter().filter(is_new).collect();
        let more = new.len() > limit;
        new.truncate(limit);
        self.known
            .0
            .extend(new.iter().map(|member| mark(&member.id)));
        if !more {
            let missing = self.known.0.difference(&present).cloned();
            let (gone, missed): (BTreeSet<String>, BTreeSet<String>) =
                missing.partition(|member| self.missed.0.contains(member));
            self.known.0.retain(|member| !gone.contains(member));
            self.missed.0 = missed;
        }
        (new, more)
    }
}

impl Members {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Members {
    fn from(text: String) -> Self {
        let marks = text.as_bytes().chunks(MARK).map(String::from_utf8_lossy);
        Self(marks.map(String::from).collect())
    }
}

impl From<Members> for String {
    fn from(members: Members) -> Self {
        members.0.into_iter().collect()
    }
}

/// What stands for a member.
fn mark(id: &str) -> String {
    let mut digest = digest::sha256_hex(id.as_bytes());
    digest.truncate(MARK);
    digest
}

/// Who put it in is not told, and when only as the time it was found.
fn entered(collection: &str, path: &str, asset: &RawCollection, found: Timestamp) -> Event {
    let token = format!("{}:{}", asset.id, time::to_rfc3339(found));
    Event {
        related: vec![Entity::new("asset", &asset.id)],
        data: vec![
            Field::new("asset", asset.id.as_str()),
            Field::new("name", asset.title.as_str()),
            Field::new("paths", Value::Texts(vec![slashed(path)])),
        ],
        ..Event::new(ADDED, Entity::new("collection", collection), token, found)
    }
}
