//! The tape: what an activation has called so far, played back on a later attempt.

use forebay_model::capability::CapabilityError;
use forebay_model::journal::JournalEntry;
use forebay_model::{ConnectionName, FunctionName, RunId, Timestamp};
use serde_json::Value;

/// The journal of one activation while it runs.
#[derive(Debug)]
pub(super) struct Tape {
    run: RunId,
    activation: u32,
    entries: Vec<JournalEntry>,
    /// Entries up to here were recorded by earlier attempts.
    recorded: usize,
    /// Next entry to be asked for.
    position: usize,
    /// Entries that the store does not hold in their present form.
    unsaved: Vec<bool>,
}

/// What the tape says to a call.
#[derive(Debug, PartialEq)]
pub(super) enum Playback {
    /// It was made before, with this result.
    Recorded(Value),
    /// It was intended before, its result is unknown: make it again, as this entry.
    Repeat(usize),
    /// It is new: make it, as this entry.
    New(usize),
    /// The journal holds another call in this place.
    Differs {
        /// The recorded call.
        recorded: String,
        /// The call asked for now.
        asked: String,
    },
}

impl Tape {
    /// A tape with what earlier attempts recorded.
    pub(super) fn new(run: RunId, activation: u32, mut entries: Vec<JournalEntry>) -> Self {
        entries.sort_by_key(|entry| entry.index);
        let recorded = entries.len();
        let unsaved = vec![false; recorded];
        Self {
            run,
            activation,
            entries,
            recorded,
            position: 0,
            unsaved,
        }
    }

    /// The next call. A new one is appended without result.
    pub(super) fn next(
        &mut self,
        function: FunctionName,
        connection: Option<ConnectionName>,
        arguments: Value,
        mutating: bool,
        now: Timestamp,
    ) -> Playback {
        let index = self.position;
        self.position += 1;
        if let Some(entry) = self.entries.get(index) {
            if entry.function != function || entry.arguments != arguments {
                return Playback::Differs {
                    recorded: describe(&entry.function, &entry.arguments),
                    asked: describe(&function, &arguments),
                };
            }
            return match &entry.result {
                Some(result) => Playback::Recorded(result.clone()),
                None => Playback::Repeat(index),
            };
        }
        self.entries.push(JournalEntry {
            activation: self.activation,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            function,
            connection,
            arguments,
            mutating,
            key: format!("{}.{}.{index}", self.run, self.activation),
            attempts: 0,
            result: None,
            observed: false,
            audited: false,
            started_at: now,
            ended_at: None,
        });
        self.unsaved.push(true);
        Playback::New(index)
    }

    /// Count an attempt of an entry; returns its key and the number of the attempt.
    pub(super) fn attempt(&mut self, index: usize) -> (String, u32) {
        self.unsaved[index] = true;
        let entry = &mut self.entries[index];
        entry.attempts += 1;
        (entry.key.clone(), entry.attempts)
    }

    /// Record a result.
    pub(super) fn record(&mut self, index: usize, result: Value, observed: bool, now: Timestamp) {
        self.unsaved[index] = true;
        let entry = &mut self.entries[index];
        entry.result = Some(result);
        entry.observed = observed;
        entry.ended_at = Some(now);
    }

    /// Recorded calls that were not asked for, after the handler has returned.
    pub(super) fn left_over(&self) -> Option<String> {
        let entry = self
            .entries
            .get(self.position)
            .filter(|_| self.position < self.recorded)?;
        Some(describe(&entry.function, &entry.arguments))
    }

    /// Entries to store now, so that a crash after this point repeats nothing that is known.
    pub(super) fn take_unsaved(&mut self) -> Vec<JournalEntry> {
        let flags = self.unsaved.iter_mut().zip(&self.entries);
        flags
            .filter_map(|(flag, entry)| std::mem::take(flag).then(|| entry.clone()))
            .collect()
    }

    /// What to keep of an attempt that is put off. Without an effect nothing has to come out the same
    /// again, so that the next attempt reads afresh instead of deciding on what stood there before
    /// an outage.
    pub(super) fn take_binding(&mut self) -> Vec<JournalEntry> {
        if self.entries.iter().any(|entry| entry.mutating) {
            self.take_unsaved()
        } else {
            Vec::new()
        }
    }

    /// Put entries back that could not be stored.
    pub(super) fn keep_unsaved(&mut self, entries: &[JournalEntry]) {
        for entry in entries {
            if let Some(flag) = self.unsaved.get_mut(entry.index as usize) {
                *flag = true;
            }
        }
    }

    /// Known effects whose audit record is still to be written; marks them as written.
    pub(super) fn take_unaudited(&mut self) -> Vec<JournalEntry> {
        let mut taken = Vec::new();
        for (entry, unsaved) in self.entries.iter_mut().zip(&mut self.unsaved) {
            if entry.mutating && entry.result.is_some() && !entry.audited {
                entry.audited = true;
                *unsaved = true;
                taken.push(entry.clone());
            }
        }
        taken
    }
}

fn describe(function: &FunctionName, arguments: &Value) -> String {
    const SHOWN: usize = 300;
    let mut text = arguments.to_string();
    if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(cut);
        text.push('…');
    }
    format!("{function}{text}")
}

/// The contract's error in a result, if it is one.
pub(super) fn error_of(result: &Value) -> Option<CapabilityError> {
    serde_json::from_value(result.get("err")?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_model::InterfaceName;
    use serde_json::json;

    fn function(name: &str) -> FunctionName {
        InterfaceName::new("forebay:assets/asset-source").function(name)
    }

    fn ask(tape: &mut Tape, name: &str, arguments: Value) -> Playback {
        tape.next(
            function(name),
            Some("dam".into()),
            arguments,
            name == "update",
            Timestamp(1),
        )
    }

    #[test]
    fn a_second_attempt_replays_results_and_repeats_intents_under_the_same_key() {
        let mut first = Tape::new("r-1".into(), 3, Vec::new());
        assert_eq!(ask(&mut first, "get", json!(["a"])), Playback::New(0));
        first.record(0, json!({"ok": 1}), false, Timestamp(2));
        assert_eq!(ask(&mut first, "update", json!(["a"])), Playback::New(1));
        assert_eq!(first.attempt(1), ("r-1.3.1".into(), 1));
        let stored = first.take_unsaved();
        assert_eq!(stored.len(), 2);
        assert!(first.take_unsaved().is_empty());

        let mut second = Tape::new("r-1".into(), 3, stored);
        assert_eq!(
            ask(&mut second, "get", json!(["a"])),
            Playback::Recorded(json!({"ok": 1}))
        );
        assert_eq!(
            ask(&mut second, "update", json!(["a"])),
            Playback::Repeat(1)
        );
        assert_eq!(second.attempt(1), ("r-1.3.1".into(), 2));
    }

    #[test]
    fn reads_bind_the_next_attempt_only_once_there_is_an_effect() {
        let mut tape = Tape::new("r-1".into(), 1, Vec::new());
        ask(&mut tape, "get", json!(["a"]));
        tape.record(0, json!({"ok": 1}), false, Timestamp(2));
        assert!(tape.take_binding().is_empty());
        ask(&mut tape, "update", json!(["a"]));
        assert_eq!(tape.take_binding().len(), 2);
    }

    #[test]
    fn other_calls_than_recorded_are_noticed() {
        let mut first = Tape::new("r-1".into(), 1, Vec::new());
        ask(&mut first, "get", json!(["a"]));
        first.record(0, json!({"ok": 1}), false, Timestamp(2));
        let stored = first.take_unsaved();

        let mut other = Tape::new("r-1".into(), 1, stored.clone());
        assert!(matches!(
            ask(&mut other, "get", json!(["b"])),
            Playback::Differs { .. }
        ));
        let fewer = Tape::new("r-1".into(), 1, stored);
        assert!(fewer.left_over().unwrap().contains("get"));
    }

    #[test]
    fn each_known_effect_is_audited_once() {
        let mut tape = Tape::new("r-1".into(), 1, Vec::new());
        ask(&mut tape, "get", json!(["a"]));
        tape.record(0, json!({"ok": 1}), false, Timestamp(2));
        ask(&mut tape, "update", json!(["a"]));
        assert!(tape.take_unaudited().is_empty());
        tape.record(1, json!({"ok": 1}), false, Timestamp(2));
        assert_eq!(tape.take_unaudited().len(), 1);
        assert!(tape.take_unaudited().is_empty());
        assert!(tape.take_unsaved().iter().any(|entry| entry.audited));
    }
}
