//! The metrics of the host: one list of all their names, which says what each tells.
//!
//! Rooms record them where things happen; tests hold the list against those places, against the
//! documentation and against the examples of alarms.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// How a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from nothing at each start.
    Counter,
    /// How things stand.
    Gauge,
    /// Measured values, shown as quantiles with `_count` and `_sum`.
    Histogram,
}

use Kind::{Counter, Gauge, Histogram};

/// Name, kind and meaning of every metric.
pub const METRICS: &[(&str, Kind, &str)] = &[
    (
        "forebay_webhooks_total",
        Counter,
        "Deliveries of vendors, by what became of them",
    ),
    (
        "forebay_events_ignored_total",
        Counter,
        "Events that started nothing in a flow, by reason",
    ),
    (
        "forebay_schedules_fired_total",
        Counter,
        "Instants of schedules that were fired",
    ),
    (
        "forebay_activations_total",
        Counter,
        "Steps of runs, by how they ended",
    ),
    ("forebay_retries_total", Counter, "Activations put off"),
    (
        "forebay_parked_total",
        Counter,
        "Runs parked by the host, by code",
    ),
    ("forebay_runs", Gauge, "Live runs, by flow and state"),
    (
        "forebay_runs_stalled",
        Gauge,
        "Runs that should move and do not, up to 100",
    ),
    (
        "forebay_connection_refused",
        Gauge,
        "1 while a vendor refuses the credentials of a connection",
    ),
    (
        "forebay_poll_age_seconds",
        Gauge,
        "Seconds since a connection was last read to the end",
    ),
    (
        "forebay_guest_calls_total",
        Counter,
        "Calls into plugins, by function and result",
    ),
    (
        "forebay_guest_call_seconds",
        Histogram,
        "Time of calls into plugins",
    ),
    (
        "forebay_plugins_refused_total",
        Counter,
        "Plugin files kept out, by code",
    ),
    (
        "forebay_plugin_log_dropped_total",
        Counter,
        "Log lines beyond the budget of a plugin",
    ),
    (
        "forebay_egress_requests_total",
        Counter,
        "Requests to vendors, by outcome",
    ),
    (
        "forebay_egress_request_seconds",
        Histogram,
        "Time of requests to vendors",
    ),
    (
        "forebay_egress_breaker_open",
        Gauge,
        "Not 0 while nothing is sent over a connection because it failed too often",
    ),
    (
        "forebay_egress_rate_limited_total",
        Counter,
        "Requests held back by our own budget",
    ),
    (
        "forebay_egress_auth_retries_total",
        Counter,
        "Requests repeated with a new token",
    ),
    (
        "forebay_egress_token_replacements_total",
        Counter,
        "Tokens that vendors refused before their time",
    ),
    ("forebay_store_bytes", Gauge, "Size of the database"),
    (
        "forebay_store_free_bytes",
        Gauge,
        "How much of the database is free",
    ),
    (
        "forebay_store_over_limit",
        Gauge,
        "1 if the database is larger than it may be and nothing may go",
    ),
    (
        "forebay_store_damaged",
        Gauge,
        "1 once the database was found damaged; nothing is written any more",
    ),
    ("forebay_store_commit_seconds", Histogram, "Time of commits"),
    (
        "forebay_store_commit_jobs",
        Histogram,
        "Transactions that shared a commit",
    ),
    ("forebay_store_commits_total", Counter, "Commits"),
    (
        "forebay_store_commits_in_doubt_total",
        Counter,
        "Commits whose end is not known, looked up again",
    ),
    (
        "forebay_store_queue_depth",
        Gauge,
        "Transactions that wait for the writer",
    ),
    (
        "forebay_retention_removed_total",
        Counter,
        "Old history removed, by kind",
    ),
    (
        "forebay_retention_bytes_total",
        Counter,
        "Bytes given back by retention",
    ),
    (
        "forebay_http_request_duration_seconds",
        Histogram,
        "Time of requests to this host, by path and status",
    ),
];

/// Tell the recorder what its metrics mean, for the `HELP` lines of `/metrics`.
pub(crate) fn describe() {
    for (name, kind, help) in METRICS.iter().copied() {
        match kind {
            Counter => describe_counter!(name, help),
            Gauge => describe_gauge!(name, help),
            Histogram => describe_histogram!(name, help),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};
    use std::{fs, iter};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn known() -> BTreeMap<&'static str, Kind> {
        let known: BTreeMap<_, _> = METRICS
            .iter()
            .map(|(name, kind, _)| (*name, *kind))
            .collect();
        assert_eq!(known.len(), METRICS.len(), "one is listed twice");
        known
    }

    /// All Rust sources below a folder.
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let files = files
            .into_iter()
            .filter(|path| path.extension().is_some_and(|it| it == "rs"));
        files
            .chain(folders.iter().flat_map(|folder| sources(folder)))
            .collect()
    }

    /// The names after each place where the text has this macro.
    fn recorded<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
        let calls = text.split(word).skip(1);
        let names = calls.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
        names.filter(|name| name.starts_with("forebay_"))
    }

    /// Everything in a text that looks like the name of a metric.
    fn named(text: &str) -> BTreeSet<&str> {
        let starts = text.match_indices("forebay_").map(|(at, _)| &text[at..]);
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        starts
            .map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or(rest))
            .collect()
    }

    #[test]
    fn the_list_is_what_the_rooms_record() {
        let mut recorded_somewhere = BTreeMap::new();
        for room in fs::read_dir(root().join("host")).unwrap() {
            for file in sources(&room.unwrap().path().join("src")) {
                let text = fs::read_to_string(file).unwrap();
                for (word, kind) in [
                    ("counter!(", Counter),
                    ("gauge!(", Gauge),
                    ("histogram!(", Histogram),
                ] {
                    let names = recorded(&text, word).map(str::to_owned);
                    recorded_somewhere.extend(names.zip(iter::repeat(kind)));
                }
            }
        }
        let known = known()
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), kind));
        assert_eq!(recorded_somewhere, known.collect());
    }

    #[test]
    fn the_documentation_tells_of_every_metric() {
        let text = fs::read_to_string(root().join("docs/operations.md")).unwrap();
        let (told, known) = (named(&text), known());
        let missing: Vec<_> = known.keys().filter(|name| !told.contains(*name)).collect();
        assert!(missing.is_empty(), "not in docs/operations.md: {missing:?}");
        let wrong: Vec<_> = told
            .iter()
            .filter(|name| !known.contains_key(*name))
            .collect();
        assert!(wrong.is_empty(), "docs/operations.md tells of {wrong:?}");
    }

    #[test]
    fn the_examples_of_alarms_name_metrics_that_exist() {
        let text = fs::read_to_string(root().join("examples/monitoring/alerts.yml")).unwrap();
        let known = known();
        let exists = |name: &str| {
            let parts = ["_count", "_sum"]
                .iter()
                .find_map(|part| name.strip_suffix(part));
            known.contains_key(name) || parts.is_some_and(|of| known.get(of) == Some(&Histogram))
        };
        let named = named(&text);
        assert!(named.len() > 10, "the rules were not read: {named:?}");
        let wrong: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
        assert!(wrong.is_empty(), "the rules name {wrong:?}");
        for (name, kind) in &known {
            if *kind == Counter {
                let plain = format!("{name} >");
                assert!(
                    !text.contains(&plain),
                    "{name} only grows; it wants increase() or rate()"
                );
            }
        }
    }
}
