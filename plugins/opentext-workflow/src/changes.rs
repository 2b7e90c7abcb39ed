//! Polling: what happened at the engine since the cursor.
//!
//! A pass reads several lists of the history, all since one watermark: started and ended processes,
//! new and completed tasks, per definition. It may take several calls; the cursor says which list
//! and row comes next. At its end the watermark moves to the latest time seen, by the engine's own
//! clock, but never past the pass's beginning: what happened while the pass ran is read by the next.
//! The history only grows, so an offset never skips a row.

use std::collections::BTreeMap;

use forebay_sdk::connector::{ChangeOptions, ChangePage};
use forebay_sdk::{Error, Event, Timestamp, time};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{Params, TASK_DETAILS};
use crate::wire::{Listing, ProcessRow, TaskRow};
use crate::{Engine, events};

/// Version of the cursor's form.
const VERSION: u32 = 1;

/// Suspended processes that are remembered. Suspending is done by hand and one by one; the cursor
/// stays below 64 KiB.
const SUSPENDED_LIMIT: usize = 500;

/// Where polling stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cursor {
    v: u32,
    /// Everything up to here has been read.
    watermark: Timestamp,
    /// Nothing before this is told: the time of the first call, or the start it was given.
    floor: Timestamp,
    /// The pass under way, if there is one.
    pass: Option<Pass>,
    /// Suspended processes, each with when it was found so.
    suspended: BTreeMap<String, Timestamp>,
}

/// A pass under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pass {
    /// When it began, by our clock.
    began: Timestamp,
    /// Everything after this is read.
    after: Timestamp,
    /// Latest time seen so far.
    latest: Timestamp,
    /// Which list comes next.
    list: usize,
    /// Which row of it.
    offset: usize,
}

/// A list of the history.
#[derive(Clone, Copy)]
enum List {
    Started,
    TasksCreated,
    TasksCompleted,
    Ended,
}

const LISTS: [List; 4] = [
    List::Started,
    List::TasksCreated,
    List::TasksCompleted,
    List::Ended,
];

/// When a row happened, and the event it is, if it is one.
type Told = (Timestamp, Option<Event>);

/// A page of rows.
struct Read {
    told: Vec<Told>,
    received: usize,
    last: bool,
}

impl Engine {
    pub(crate) fn poll(
        &self,
        cursor: Option<&str>,
        options: &ChangeOptions,
    ) -> Result<ChangePage, Error> {
        let mut cursor = match (cursor, options.start_at) {
            (Some(text), _) => read(text)?,
            (None, Some(start)) => Cursor::at(start),
            (None, None) => return self.seed(),
        };
        let now = self.call.now();
        let overlap = i64::from(options.overlap_seconds) * time::SECOND;
        let mut pass = cursor.pass.take().unwrap_or_else(|| Pass {
            began: now,
            // The engine's filters exclude the bound itself.
            after: cursor.watermark.saturating_sub(overlap).max(cursor.floor) - 1,
            latest: cursor.watermark,
            list: 0,
            offset: 0,
        });
        let limit = usize::try_from(options.limit.max(1)).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let lists = self.lists();
        while let Some((list, definition)) = lists.get(pass.list) {
            let end = self.read_list(*list, *definition, &mut pass, limit, &mut found)?;
            if end {
                (pass.list, pass.offset) = (pass.list + 1, 0);
            }
            if found.len() >= limit && pass.list < lists.len() {
                cursor.pass = Some(pass);
                return page(found, &cursor, true, None);
            }
        }
        let fresh = pass.latest > cursor.watermark;
        cursor.watermark = cursor.watermark.max(pass.latest.min(pass.began));
        found.extend(self.newly_suspended(&mut cursor.suspended)?);
        let next = self.next_poll(fresh)?;
        page(found, &cursor, false, next)
    }

    /// The first call: from now on, and whatever is suspended already is nothing new.
    fn seed(&self) -> Result<ChangePage, Error> {
        let mut cursor = Cursor::at(self.call.now());
        self.newly_suspended(&mut cursor.suspended)?;
        page(Vec::new(), &cursor, false, None)
    }

    /// The lists of a pass: each kind for each wanted definition.
    fn lists(&self) -> Vec<(List, Option<&str>)> {
        let definitions = self.definition_filters();
        let pairs = |list: List| {
            definitions
                .iter()
                .map(move |definition| (list, *definition))
        };
        LISTS.into_iter().flat_map(pairs).collect()
    }

    fn definition_filters(&self) -> Vec<Option<&str>> {
        match self.settings.definitions.as_slice() {
            [] => vec![None],
            keys => keys.iter().map(|key| Some(key.as_str())).collect(),
        }
    }

    /// Read a page of a list; true at its end.
    fn read_list(
        &self,
        list: List,
        definition: Option<&str>,
        pass: &mut Pass,
        limit: usize,
        found: &mut Vec<Event>,
    ) -> Result<bool, Error> {
        let after = time::to_rfc3339(pass.after);
        let mut params: Vec<(&'static str, &str)> = Vec::new();
        params.extend(definition.map(|key| ("processDefinitionKey", key)));
        params.extend(list.params(&after));
        let count = self.api.page_size().min(limit);
        let Read {
            mut told,
            last,
            received,
        } = if list.is_of_tasks() {
            let url = self.api.past_tasks();
            self.read_rows(&url, &params, pass.offset, count, |row| {
                self.tell_task(list, row)
            })
        } else {
            let url = self.api.past_processes();
            self.read_rows(&url, &params, pass.offset, count, |row| {
                self.tell_process(list, row)
            })
        }?;
        // An engine that ignores the time filter sends what was told long ago.
        told.retain(|(at, _)| *at > pass.after);
        told.sort_by_key(|(at, _)| *at);
        for (at, event) in told {
            pass.latest = pass.latest.max(at);
            found.extend(event);
        }
        pass.offset += received;
        Ok(last)
    }

    fn read_rows<T: DeserializeOwned>(
        &self,
        url: &str,
        params: &Params<'_>,
        offset: usize,
        count: usize,
        tell: impl Fn(&T) -> Option<Told>,
    ) -> Result<Read, Error> {
        let page: Listing<T> = self.api.page(url, params, offset, count)?;
        Ok(Read {
            told: page.rows.iter().filter_map(tell).collect(),
            last: page.is_last(offset, count),
            received: page.rows.len(),
        })
    }

    fn tell_process(&self, list: List, row: &ProcessRow) -> Option<Told> {
        let (at, event) = match list {
            List::Started => (row.started_at()?, events::process_started(row)),
            _ => (row.ended_at()?, events::process_ended(row)),
        };
        Some((at, self.wanted(row.definition(), event)))
    }

    fn tell_task(&self, list: List, row: &TaskRow) -> Option<Told> {
        let (at, event) = match list {
            List::TasksCreated => (row.created_at()?, events::task_created(row, &self.settings)),
            _ => (row.ended_at()?, events::task_completed(row, &self.settings)),
        };
        Some((at, self.wanted(row.definition(), event)))
    }

    /// The event, unless nobody wants those of its definition.
    fn wanted(&self, definition: Option<&str>, event: Option<Event>) -> Option<Event> {
        event.filter(|_| self.is_wanted(definition))
    }

    /// Processes that were not suspended at the last look and are now.
    fn newly_suspended(
        &self,
        known: &mut BTreeMap<String, Timestamp>,
    ) -> Result<Vec<Event>, Error> {
        if !self.settings.watch_suspended {
            known.clear();
            return Ok(Vec::new());
        }
        let mut suspended: Vec<ProcessRow> = Vec::new();
        for definition in self.definition_filters() {
            let mut params = vec![("suspended", "true")];
            params.extend(definition.map(|key| ("processDefinitionKey", key)));
            suspended.extend(self.api.all::<ProcessRow>(&self.api.processes(), &params)?);
        }
        suspended.retain(|row| row.suspended && self.is_wanted(row.definition()));
        suspended.truncate(SUSPENDED_LIMIT);
        known.retain(|id, _| suspended.iter().any(|row| row.id == *id));
        let mut news = Vec::new();
        for row in suspended {
            if !known.contains_key(&row.id) {
                known.insert(row.id.clone(), self.call.now());
                news.push(events::process_suspended(&row, self.call.now()));
            }
        }
        Ok(news)
    }

    /// Come back soon while something is going on: something has just happened, or a task is due
    /// about now.
    fn next_poll(&self, fresh: bool) -> Result<Option<u32>, Error> {
        let soon = Some(self.settings.fast_poll_seconds);
        if fresh || self.settings.fast_poll_always {
            return Ok(soon);
        }
        let margin = i64::from(self.settings.fast_poll_minutes) * time::MINUTE;
        let now = self.call.now();
        let from = time::to_rfc3339(now.saturating_sub(margin));
        let to = time::to_rfc3339(now.saturating_add(margin));
        for definition in self.definition_filters() {
            let mut params = vec![("dueAfter", from.as_str()), ("dueBefore", to.as_str())];
            params.extend(definition.map(|key| ("processDefinitionKey", key)));
            let due = self.api.page::<TaskRow>(&self.api.tasks(), &params, 0, 1)?;
            let near = |row: &TaskRow| {
                row.due_at()
                    .is_some_and(|due| due.saturating_sub(now).saturating_abs() <= margin)
            };
            if due.rows.iter().any(near) {
                return Ok(soon);
            }
        }
        Ok(None)
    }
}

impl List {
    fn is_of_tasks(self) -> bool {
        matches!(self, Self::TasksCreated | Self::TasksCompleted)
    }

    fn params(self, after: &str) -> Vec<(&'static str, &str)> {
        match self {
            Self::Started => vec![("startedAfter", after)],
            Self::Ended => vec![("finished", "true"), ("finishedAfter", after)],
            Self::TasksCreated => [&TASK_DETAILS[..], &[("taskCreatedAfter", after)]].concat(),
            Self::TasksCompleted => [
                &TASK_DETAILS[..],
                &[("finished", "true"), ("taskCompletedAfter", after)],
            ]
            .concat(),
        }
    }
}

impl Cursor {
    fn at(start: Timestamp) -> Self {
        Self {
            v: VERSION,
            watermark: start,
            floor: start,
            pass: None,
            suspended: BTreeMap::new(),
        }
    }
}

fn read(text: &str) -> Result<Cursor, Error> {
    let cursor: Cursor = serde_json::from_str(text)
        .map_err(|error| Error::invalid(format!("the cursor cannot be read: {error}")))?;
    if cursor.v == VERSION {
        return Ok(cursor);
    }
    Err(Error::invalid(format!(
        "the cursor has version {}, known is {VERSION}",
        cursor.v
    )))
}

fn page(
    events: Vec<Event>,
    cursor: &Cursor,
    more: bool,
    next_poll_seconds: Option<u32>,
) -> Result<ChangePage, Error> {
    let cursor = serde_json::to_string(cursor)
        .map_err(|error| Error::invalid(format!("the cursor cannot be written: {error}")))?;
    Ok(ChangePage {
        events,
        cursor,
        more,
        next_poll_seconds,
    })
}
