//! The poll: one scan over everything modified since the watermark, with overlap.
//!
//! The scan goes in order of modification and moves its lower bound along, because offsets shift
//! while assets change. Assets at the bound are seen again; their events have the same identity.
//! What the poll cannot see is a deletion, and an assignment to an album: those come by webhook, and
//! every run reads its asset before it writes. Where the settings name a report of share activity, the
//! end of a scan also tells which shares were made.

use forebay_sdk::connector::{ChangeOptions, ChangePage};
use forebay_sdk::{Error, Event, Timestamp, time, warn};
use serde::{Deserialize, Serialize};

use crate::Canto;
use crate::wire::{Content, Page};

/// Version of the cursor's form.
const CURSOR_VERSION: u32 = 1;

/// How far Canto's clock may run ahead of ours: what it dates into our future is read all the same.
const CLOCK_SKEW: Timestamp = time::HOUR;

/// Where the poll stands. It is text that an operator can read, and set back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    version: u32,
    /// Everything modified before it has been told.
    #[serde(with = "instant")]
    watermark: Timestamp,
    /// When watching began: nothing before it is told, whatever the overlap.
    #[serde(with = "instant")]
    began: Timestamp,
    /// A scan that is not at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scan: Option<Scan>,
    /// Until when share activity has been read. It stays behind where the report cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shares_until: Option<Instant>,
}

/// A point in time, written as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Instant(#[serde(with = "instant")] Timestamp);

/// A scan under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    /// The watermark when it is at its end.
    #[serde(with = "instant")]
    started: Timestamp,
    /// Where it began: what was created since then is new.
    #[serde(with = "instant")]
    since: Timestamp,
    /// Where it goes on, in seconds since 1970, which is what the filter takes.
    from_second: i64,
    /// How many assets to pass over there.
    offset: u64,
}

impl Canto {
    pub(crate) fn poll(
        &self,
        cursor: Option<&str>,
        options: &ChangeOptions,
    ) -> Result<ChangePage, Error> {
        let now = self.call.now();
        let mut cursor = match (cursor, options.start_at) {
            (Some(text), _) => Cursor::read(text)?,
            (None, Some(start)) => Cursor::starting(start.min(now)),
            (None, None) => return Cursor::starting(now).page(Vec::new()),
        };
        let mut scan = cursor
            .scan
            .take()
            .unwrap_or_else(|| cursor.new_scan(now, options));
        let limit = self.settings.page(options.limit);
        let page = self.modified(&scan, now, limit)?;
        let mut events = Vec::new();
        for content in &page.results {
            if content.content_id().is_some() {
                self.tell(content, scan.since, &mut events)?;
            }
        }
        if page.more(scan.offset, limit) {
            scan.advance(&page.results);
            cursor.scan = Some(scan);
        } else {
            cursor.watermark = scan.started;
            self.tell_shares(&mut cursor, &scan, &mut events);
        }
        cursor.page(events)
    }

    /// The shares that were made, as far as the report tells yet. A report that cannot be read does
    /// not hold up what happens to assets: it is read again at the next poll, from where it stood.
    fn tell_shares(&self, cursor: &mut Cursor, scan: &Scan, events: &mut Vec<Event>) {
        let sharing = &self.settings.sharing;
        let Some(report) = &sharing.activity else {
            return;
        };
        let until = cursor.shares_until.map_or(scan.since, |until| until.0);
        let overlap = Timestamp::from(sharing.overlap_hours()) * time::HOUR;
        let since = until
            .saturating_sub(overlap)
            .max(cursor.began.min(cursor.watermark));
        match self.made_shares(report, since) {
            Ok(made) => {
                events.extend(made);
                cursor.shares_until = Some(Instant(scan.started));
            }
            Err(error) => warn!("share activity cannot be read: {error}"),
        }
    }

    fn modified(&self, scan: &Scan, now: Timestamp, limit: u32) -> Result<Page, Error> {
        let until = now.saturating_add(CLOCK_SKEW).div_euclid(time::SECOND);
        let request = self
            .read("/api/v1/search")
            .query("lastModified", format!("{}..{until}", scan.from_second))
            .query("sortBy", "time")
            .query("sortDirection", "ascending")
            .query("start", scan.offset)
            .query("limit", limit);
        self.confirmed(request.send())?.json()
    }

    /// What happened to an asset since a time, as far as it can be read off it.
    fn tell(
        &self,
        found: &Content,
        since: Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        // Some tenants leave the versions out of search results, and tokens are made of them.
        let detailed = match (found.version_history.is_empty(), found.content_id()) {
            (true, Some(id)) => match self.content(&id) {
                Ok(content) => Some(content),
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            },
            _ => None,
        };
        let content = detailed.as_ref().unwrap_or(found);
        if content.created_at() >= since {
            events.push(self.created(content));
        }
        let several = content.version_history.len() > 1;
        let made = content
            .current_version()
            .and_then(|v| crate::date::parse(&v.created));
        // When an older version was made current is told nowhere. It is reported with every change
        // of the asset: rather once too often than an unreviewed version in use.
        if several && (made.is_some_and(|made| made >= since) || content.is_promoted()) {
            events.push(self.version_current(content));
        }
        if content.modified_at() > content.created_at() {
            events.push(self.updated(content));
        }
        Ok(())
    }
}

impl Cursor {
    fn starting(at: Timestamp) -> Self {
        Self {
            version: CURSOR_VERSION,
            watermark: at,
            began: at,
            scan: None,
            shares_until: None,
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        let broken = |why: String| Error::invalid(format!("the cursor is none of Canto's: {why}"));
        let cursor: Self = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
        match cursor.version {
            CURSOR_VERSION => Ok(cursor),
            other => Err(broken(format!("it has the form {other}"))),
        }
    }

    fn new_scan(&self, now: Timestamp, options: &ChangeOptions) -> Scan {
        let overlap = Timestamp::from(options.overlap_seconds) * time::SECOND;
        // A cursor that an operator set back before the beginning counts from there.
        let began = self.began.min(self.watermark);
        let since = self.watermark.saturating_sub(overlap).max(began);
        Scan {
            started: now,
            since,
            from_second: since.div_euclid(time::SECOND),
            offset: 0,
        }
    }

    fn page(&self, mut events: Vec<Event>) -> Result<ChangePage, Error> {
        events.sort_by_key(|event| event.occurred_at);
        let cursor = serde_json::to_string(self)
            .map_err(|error| Error::invalid(format!("the cursor cannot be written: {error}")))?;
        let more = self.scan.is_some();
        Ok(ChangePage {
            events,
            cursor,
            more,
            next_poll_seconds: None,
        })
    }
}

impl Scan {
    /// Go on after these results: at the last one's second, or by counting where all are of the
    /// same second or the tenant keeps another order.
    fn advance(&mut self, results: &[Content]) {
        let times = results.iter().map(Content::modified_at);
        let last = results
            .last()
            .map(|content| content.modified_at().div_euclid(time::SECOND));
        match last.filter(|last| times.is_sorted() && *last > self.from_second) {
            Some(last) => (self.from_second, self.offset) = (last, 0),
            None => self.offset += results.len() as u64,
        }
    }
}

/// Points in time as RFC 3339.
mod instant {
    use forebay_sdk::{Timestamp, time};
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&time::to_rfc3339(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        time::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no time with a zone")))
    }
}
