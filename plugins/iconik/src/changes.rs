//! Events by polling: one scan of what was modified since, in pages, then comments, then the delete
//! queue, then who has come into watched collections.
//!
//! A scan starts at the watermark of the scan before, less the overlap, because the search index
//! comes late. Its own watermark is the latest modification it saw, by the vendor's clock.

use forebay_sdk::connector::{ChangeOptions, ChangePage};
use forebay_sdk::{Error, Event, Timestamp, time, warn};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::segments::{COMMENT, RawSegment};
use crate::watched::Watches;
use crate::wire::{Page, RawAsset, RawVersion};

/// The cursor's form. A host that goes back to an older connector sees that it cannot read it.
const CURSOR_VERSION: u32 = 1;

/// How long after its creation an asset or version is still reported as new, although it was seen by
/// a scan that began later: an asset may stay invisible for hours and then be modified.
const NEW_FOR: Timestamp = time::DAY;

/// Where polling stands.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    v: u32,
    /// Nothing created earlier is new.
    start: Timestamp,
    /// Everything modified before has been seen.
    watermark: Timestamp,
    /// The scan being made.
    #[serde(default)]
    scan: Option<Scan>,
    /// Who is in the watched collections.
    #[serde(default, skip_serializing_if = "Watches::is_empty")]
    watches: Watches,
}

#[derive(Debug, Serialize, Deserialize)]
struct Scan {
    since: Timestamp,
    latest: Timestamp,
    stage: Stage,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stage {
    /// Assets modified since, after this place in the order.
    Modified(Vec<Json>),
    /// Comments written or changed since, after this place in the order.
    Comments(Vec<Json>),
    /// The delete queue, from this page.
    Deleted(u32),
    /// The watched collection of this number in the settings.
    Watched(usize),
}

impl Iconik {
    pub(crate) fn next_changes(
        &self,
        cursor: Option<&str>,
        options: &ChangeOptions,
    ) -> Result<ChangePage, Error> {
        let mut cursor = match (cursor, options.start_at) {
            (Some(text), _) => Cursor::read(text)?,
            (None, Some(start)) => Cursor::starting(start),
            (None, None) => return self.seeded(),
        };
        let mut scan = match cursor.scan.take() {
            Some(scan) => scan,
            None => self.new_scan(&mut cursor, options),
        };
        let (mut events, next) = match &scan.stage {
            Stage::Modified(after) => {
                let assets = self.modified_since(scan.since, after, options.limit)?;
                self.after_modified(&cursor, &mut scan, &assets)?
            }
            Stage::Comments(after) => {
                let segments = self.comments_since(scan.since, after, options.limit)?;
                self.after_comments(&cursor, &mut scan, &segments)?
            }
            Stage::Deleted(number) => self.deleted_since(scan.since, *number)?,
            Stage::Watched(number) => self.watched(*number, &mut cursor.watches, options.limit)?,
        };
        events.sort_by_key(|event| event.occurred_at);
        match next {
            Some(stage) => cursor.scan = Some(Scan { stage, ..scan }),
            // A date in the future must not hide what comes until then.
            None => cursor.watermark = cursor.watermark.max(scan.latest.min(self.call.now())),
        }
        self.answer(events, &cursor)
    }

    /// The first call tells nothing, and sees who is in the watched collections.
    fn seeded(&self) -> Result<ChangePage, Error> {
        let mut cursor = Cursor::starting(self.call.now());
        cursor.scan = self.watched_stage(0).map(|stage| Scan {
            since: cursor.start,
            latest: cursor.start,
            stage,
        });
        self.answer(Vec::new(), &cursor)
    }

    fn answer(&self, events: Vec<Event>, cursor: &Cursor) -> Result<ChangePage, Error> {
        let text = serde_json::to_string(cursor)
            .map_err(|error| Error::invalid(format!("the cursor cannot be written: {error}")))?;
        let watching = !self.settings.watched_collections.is_empty();
        Ok(ChangePage {
            events,
            cursor: text,
            more: cursor.scan.is_some(),
            next_poll_seconds: watching.then_some(self.settings.watched_every_seconds),
        })
    }

    fn new_scan(&self, cursor: &mut Cursor, options: &ChangeOptions) -> Scan {
        if self.settings.rearm_webhooks
            && let Err(error) = self.rearm_hooks().and_then(|()| self.rearm_actions())
        {
            warn!("own webhooks could not be looked at: {error}");
        }
        // What is watched again later is seen for the first time then.
        let watched = &self.settings.watched_collections;
        cursor.watches.retain(|path, _| watched.contains(path));
        let overlap = Timestamp::from(options.overlap_seconds) * time::SECOND;
        Scan {
            since: cursor.watermark.saturating_sub(overlap).max(cursor.start),
            latest: cursor.watermark,
            stage: Stage::Modified(Vec::new()),
        }
    }

    fn comments_since(
        &self,
        since: Timestamp,
        after: &[Json],
        limit: u32,
    ) -> Result<Vec<RawSegment>, Error> {
        let mut body = json!({
            "query": "",
            "doc_types": ["segments"],
            "filter": {"operator": "AND", "terms": [
                {"name": "segment_type", "value": COMMENT},
                {"name": "date_modified", "range": {"min": time::to_rfc3339(since)}},
            ]},
            "sort": [{"name": "date_modified", "order": "asc"}],
        });
        if !after.is_empty() {
            body["search_after"] = json!(after);
        }
        let found: Page<RawSegment> = self.search_page(&body, self.scan_size(limit))?;
        Ok(found.objects)
    }

    fn after_comments(
        &self,
        cursor: &Cursor,
        scan: &mut Scan,
        segments: &[RawSegment],
    ) -> Result<(Vec<Event>, Option<Stage>), Error> {
        let new_from = scan.since.saturating_sub(NEW_FOR).max(cursor.start);
        let mut events = Vec::new();
        for segment in segments {
            scan.latest = scan.latest.max(segment.modified());
            if segment.asset_id.is_empty() || segment.status == "DELETED" {
                continue;
            }
            if segment.created() >= new_from {
                events.extend(segment.added(&segment.asset_id));
            }
            if segment.modified() > segment.created() {
                events.extend(segment.changed(&segment.asset_id));
            }
        }
        let stage = match segments.last().map(|last| last.sort.clone()) {
            Some(after) if !after.is_empty() => Some(Stage::Comments(after)),
            Some(_) => return Err(no_order()),
            None => self.deleted_stage(),
        };
        Ok((events, stage))
    }

    fn watched(
        &self,
        number: usize,
        watches: &mut Watches,
        limit: u32,
    ) -> Result<(Vec<Event>, Option<Stage>), Error> {
        let Some(path) = self.settings.watched_collections.get(number) else {
            return Ok((Vec::new(), None));
        };
        let entries = self.entries(path, watches, limit.max(1))?;
        let next = if entries.more { number } else { number + 1 };
        Ok((entries.events, self.watched_stage(next)))
    }

    fn watched_stage(&self, number: usize) -> Option<Stage> {
        (number < self.settings.watched_collections.len()).then_some(Stage::Watched(number))
    }

    fn modified_since(
        &self,
        since: Timestamp,
        after: &[Json],
        limit: u32,
    ) -> Result<Vec<RawAsset>, Error> {
        let mut body = json!({
            "query": "",
            "doc_types": ["assets"],
            "filter": {"operator": "AND", "terms": [
                {"name": "date_modified", "range": {"min": time::to_rfc3339(since)}},
            ]},
            "sort": [{"name": "date_modified", "order": "asc"}],
            "include_fields": [
                "id", "title", "type", "status", "media_type", "date_created", "date_modified",
                "date_deleted", "created_by_user", "updated_by_user", "in_collections", "versions",
                "metadata",
            ],
        });
        if !after.is_empty() {
            body["search_after"] = json!(after);
        }
        let found: Page<RawAsset> = self.search_page(&body, self.scan_size(limit))?;
        Ok(found.objects)
    }

    /// Assets per page of a scan: most give one event.
    fn scan_size(&self, limit: u32) -> u32 {
        limit.clamp(1, self.settings.page_size)
    }

    fn after_modified(
        &self,
        cursor: &Cursor,
        scan: &mut Scan,
        assets: &[RawAsset],
    ) -> Result<(Vec<Event>, Option<Stage>), Error> {
        let new_from = scan.since.saturating_sub(NEW_FOR).max(cursor.start);
        let mut events = Vec::new();
        for raw in assets {
            scan.latest = scan.latest.max(raw.modified());
            events.extend(self.seen(raw, new_from)?);
        }
        // A page may be shorter than asked for, so only an empty one is the end.
        let stage = match assets.last().map(|last| last.sort.clone()) {
            Some(after) if !after.is_empty() => Some(Stage::Modified(after)),
            Some(_) => {
                return Err(no_order());
            }
            None if self.settings.poll_comments => Some(Stage::Comments(Vec::new())),
            None => self.deleted_stage(),
        };
        Ok((events, stage))
    }

    fn deleted_stage(&self) -> Option<Stage> {
        let queue = self.settings.poll_delete_queue.then_some(Stage::Deleted(1));
        queue.or_else(|| self.watched_stage(0))
    }

    /// What a document of the index tells. Of an asset that was created and deleted meanwhile only
    /// the deletion is told.
    fn seen(&self, raw: &RawAsset, new_from: Timestamp) -> Result<Vec<Event>, Error> {
        if raw.is_trashed() {
            return Ok(vec![self.deleted(raw)?]);
        }
        let mut events = Vec::new();
        if raw.created() >= new_from {
            events.push(self.created(raw)?);
        }
        if self.may_be_new(raw, new_from) {
            events.extend(self.version_current(raw)?);
        }
        events.extend(self.updated(raw, self.marked_run(raw))?);
        Ok(events)
    }

    /// Was the current version made lately, or may it have become current lately? When an older
    /// version was promoted is not told, so it always may: its identity keeps it one event.
    fn may_be_new(&self, raw: &RawAsset, new_from: Timestamp) -> bool {
        let Some(current) = raw.current(self.settings.current_version) else {
            return false;
        };
        let newer = |version: &RawVersion| version.number > current.number;
        current.created().is_none_or(|at| at >= new_from) || raw.versions.iter().any(newer)
    }

    fn deleted_since(
        &self,
        since: Timestamp,
        number: u32,
    ) -> Result<(Vec<Event>, Option<Stage>), Error> {
        let url = self.url("assets/v1/delete_queue/assets/");
        let queue: Page<RawAsset> = match self.page(self.http.get(url), number) {
            Ok(queue) => queue,
            Err(Error::Denied(why)) => {
                warn!("the delete queue is out of reach: {}", why.message);
                return Ok((Vec::new(), self.watched_stage(0)));
            }
            Err(error) => return Err(error),
        };
        let late = |raw: &&RawAsset| raw.deleted().unwrap_or_else(|| raw.modified()) >= since;
        let events = queue
            .objects
            .iter()
            .filter(late)
            .map(|raw| self.deleted(raw));
        let events = events.collect::<Result<_, _>>()?;
        let next = queue.has_next().then_some(Stage::Deleted(number + 1));
        Ok((events, next.or_else(|| self.watched_stage(0))))
    }
}

impl Cursor {
    fn starting(start: Timestamp) -> Self {
        Self {
            v: CURSOR_VERSION,
            start,
            watermark: start,
            scan: None,
            watches: Watches::new(),
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        let cursor: Self = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("the cursor cannot be read: {error}")))?;
        if cursor.v == CURSOR_VERSION {
            Ok(cursor)
        } else {
            let message = format!("the cursor has the form {}, which is unknown", cursor.v);
            Err(Error::invalid(message))
        }
    }
}

fn no_order() -> Error {
    Error::unavailable(
        "iconik's search results hold no `_sort`, so there is no way to the next page",
    )
}
