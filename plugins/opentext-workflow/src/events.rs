//! From rows of the history to events, the same for polling and for callbacks.
//!
//! A process starts and ends once, a task is made and completed once. So the change token of these
//! events is a fixed word, and no difference in how two interfaces write a time can make one
//! happening look like two. A process may be suspended again and again; see `changes`.

use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Entity, Event, Field, FieldsExt as _, Timestamp, Value};

use crate::describe::{
    PROCESS_COMPLETED, PROCESS_STARTED, PROCESS_SUSPENDED, PROCESS_TERMINATED, TASK_COMPLETED,
    TASK_CREATED,
};
use crate::settings::Settings;
use crate::wire::{ProcessRow, TaskRow};
use crate::{map, variables};

/// A process started.
pub(crate) fn process_started(row: &ProcessRow) -> Option<Event> {
    let at = row.started_at()?;
    let event = Event::new(
        PROCESS_STARTED,
        Entity::new("process", &row.id),
        "started",
        at,
    );
    Some(Event {
        actor: row.start_user_id.clone(),
        data: process_data(row, "active"),
        ..event
    })
}

/// A process came to its end, or somebody ended it.
pub(crate) fn process_ended(row: &ProcessRow) -> Option<Event> {
    let at = row.ended_at()?;
    let (kind, state) = match map::state(row) {
        ProcessState::Terminated => (PROCESS_TERMINATED, "terminated"),
        _ => (PROCESS_COMPLETED, "completed"),
    };
    let event = Event::new(kind, Entity::new("process", &row.id), "ended", at);
    Some(Event {
        data: process_data(row, state),
        ..event
    })
}

/// A process was found suspended; `since` tells this suspension from the next.
pub(crate) fn process_suspended(row: &ProcessRow, since: Timestamp) -> Event {
    let token = format!("suspended:{since}");
    let event = Event::new(
        PROCESS_SUSPENDED,
        Entity::new("process", &row.id),
        token,
        since,
    );
    Event {
        data: process_data(row, "suspended"),
        ..event
    }
}

/// A task was made.
pub(crate) fn task_created(row: &TaskRow, settings: &Settings) -> Option<Event> {
    let at = row.created_at()?;
    let event = Event::new(TASK_CREATED, Entity::new("task", &row.id), "created", at);
    Some(Event {
        related: related(row),
        data: task_data(row, settings, "open"),
        ..event
    })
}

/// A task was completed; one that was taken away is none.
pub(crate) fn task_completed(row: &TaskRow, settings: &Settings) -> Option<Event> {
    let at = row.ended_at().filter(|_| row.is_completed())?;
    let event = Event::new(
        TASK_COMPLETED,
        Entity::new("task", &row.id),
        "completed",
        at,
    );
    let mut data = task_data(row, settings, "completed");
    let own = variables::read_local(&row.variables);
    if let Some(outcome) = own.value(&settings.task_outcome_variable) {
        data.push(Field::new("outcome", outcome.to_plain()));
    }
    Some(Event {
        actor: row.assignee.clone(),
        related: related(row),
        data,
        ..event
    })
}

fn process_data(row: &ProcessRow, state: &str) -> Vec<Field> {
    vec![
        Field::new("business-key", row.business_key.clone().unwrap_or_default()),
        Field::new("definition", row.definition().unwrap_or_default()),
        Field::new("state", state),
    ]
}

fn task_data(row: &TaskRow, settings: &Settings, state: &str) -> Vec<Field> {
    let mut data = vec![
        Field::new("name", row.name.as_str()),
        Field::new("definition", row.definition().unwrap_or_default()),
        Field::new("state", state),
    ];
    data.extend(map::group(row, settings).map(|group| Field::new("group", Value::Text(group))));
    data
}

fn related(row: &TaskRow) -> Vec<Entity> {
    if row.process_instance_id.is_empty() {
        return Vec::new();
    }
    vec![Entity::new("process", &row.process_instance_id)]
}
