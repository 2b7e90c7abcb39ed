//! The host's own sections, and what a schema cannot say about values: addresses, orders, lengths.
//!
//! A section that does not fit its structure gives nothing here: the schema has reported it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use forebay_model::{SecretSet, Severity};
use serde_json::{Map, Value, json};
use url::Url;

use crate::configuration::{
    ApiKey, GroupCommitSettings, HostSettings, LogSettings, STORE_KEY, StoreSettings,
};
use crate::document::Document;
use crate::path::Path;
use crate::problem::Problem;
use crate::validate::typed;
use crate::{raw, secret};

/// Shorter keys can be guessed: 16 characters of base64 hold 96 bits.
const SHORTEST_API_KEY: usize = 16;

/// Polling more often would spend a vendor's whole rate budget on looking.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// File of the database in the data directory.
const DATABASE: &str = "forebay.db";

fn section<T: serde::de::DeserializeOwned>(document: &Document, name: &str) -> Option<T> {
    typed(document.value.get(name).unwrap_or(&json!({})))
}

/// `[host]`.
pub(crate) fn host(document: &Document, problems: &mut Vec<Problem>) -> Option<HostSettings> {
    let raw: raw::Host = section(document, "host")?;
    let listen: Option<SocketAddr> = raw.listen.parse().ok();
    if listen.is_none() {
        problems.push(document.at_value(
            &Path::of(&["host", "listen"]),
            "not an IP address with a port",
            "write `127.0.0.1:8484`, `0.0.0.0:8484` or `[::1]:8484`",
        ));
    }
    let public_url = raw.public_url.as_deref().map(public_url);
    if let Some(Err(message)) = &public_url {
        problems.push(document.at_value(
            &Path::of(&["host", "public_url"]),
            *message,
            "write the address vendors reach, such as `https://forebay.example`",
        ));
    }
    Some(HostSettings {
        listen: listen?,
        public_url: public_url.and_then(Result::ok),
        data_dir: document.directory.join(raw.data_dir),
        plugin_dir: document.directory.join(raw.plugin_dir),
        drain_timeout: raw.drain_timeout.0,
    })
}

/// `[host]` as far as its entries can be read one by one, the others as if they had not been written.
/// Only where its directories are there already: a misspelt `plugin_dir` must not bring the default
/// one into being.
pub(crate) fn readable_host(document: &Document) -> Option<HostSettings> {
    let written = document.value.get("host")?.as_object()?;
    let fits = |(key, value): &(&String, &Value)| {
        typed::<raw::Host>(&json!({ (*key).as_str(): value })).is_some() && *key != "listen"
    };
    let readable: Map<String, Value> = written
        .iter()
        .filter(fits)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let raw: raw::Host = typed(&Value::Object(readable))?;
    let settings = HostSettings {
        listen: raw.listen.parse().ok()?,
        public_url: None,
        data_dir: document.directory.join(raw.data_dir),
        plugin_dir: document.directory.join(raw.plugin_dir),
        drain_timeout: raw.drain_timeout.0,
    };
    (settings.data_dir.is_dir() && settings.plugin_dir.is_dir()).then_some(settings)
}

fn public_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("not an http or https URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment, which cannot be gone on from");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds credentials, which would be sent to vendors");
    }
    Ok(url)
}

/// `[api]`: the keys, with their values fetched and hashed.
pub(crate) fn api_keys(document: &Document, problems: &mut Vec<Problem>) -> Vec<ApiKey> {
    let Some(raw) = section::<raw::Api>(document, "api") else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    let mut names = BTreeSet::new();
    for (index, key) in raw.keys.into_iter().enumerate() {
        let path = Path::of(&["api", "keys"]).index(index);
        if !names.insert(key.name.clone()) {
            problems.push(document.at_value(
                &path.key("name"),
                "another key has this name",
                "give every key its own: the audit names keys",
            ));
        }
        let path = path.key("key");
        let values = secret::fetch(document, &path, &key.key, problems);
        if values
            .iter()
            .any(|value| value.chars().count() < SHORTEST_API_KEY)
        {
            let message = format!("a key shorter than {SHORTEST_API_KEY} characters");
            problems.push(document.at_value(
                &path,
                message,
                "make one with `openssl rand -base64 32`",
            ));
        }
        keys.push(ApiKey::new(
            key.name,
            key.scopes,
            values.iter().map(String::as_str),
        ));
    }
    keys
}

/// `[log]`.
pub(crate) fn log(document: &Document) -> Option<LogSettings> {
    let raw: raw::Log = section(document, "log")?;
    Some(LogSettings {
        format: raw.format,
        level: raw.level,
    })
}

/// `[store]`.
pub(crate) fn store(
    document: &Document,
    host: Option<&HostSettings>,
    problems: &mut Vec<Problem>,
) -> Option<StoreSettings> {
    let raw: raw::Store = section(document, "store")?;
    let path = match raw.path {
        Some(path) => document.directory.join(path),
        None => host?.data_dir.join(DATABASE),
    };
    let group_commit = GroupCommitSettings {
        wait: raw.group_commit.wait.0,
        max_writes: raw.group_commit.max_writes,
    };
    let mut keys = SecretSet::default();
    if let Some(written) = &raw.key {
        let path = Path::of(&["store", "key"]);
        for key in secret::fetch(document, &path, written, problems) {
            keys.insert(STORE_KEY, key);
        }
        // A key that is wanted and cannot be had must not become none.
        if !keys.contains(STORE_KEY) {
            return None;
        }
    }
    Some(StoreSettings {
        path,
        group_commit,
        keys,
        check_up_to: raw.check_up_to,
    })
}

/// `poll` of a connection.
pub(crate) fn check_poll(
    document: &Document,
    connection: &str,
    written: &Value,
    problems: &mut Vec<Problem>,
) {
    let Some(poll) = written.get("poll").and_then(typed::<raw::Poll>) else {
        return;
    };
    if poll.interval.0 < SHORTEST_POLL {
        let path = Path::of(&["connections", connection, "poll", "interval"]);
        let message = format!("shorter than {} s", SHORTEST_POLL.as_secs());
        problems.push(document.at_value(&path, message, "the default is `15m`"));
    }
    if poll.overlap.0 < poll.interval.0 {
        problems.push(document.at_key(
            &Path::of(&["connections", connection, "poll", "overlap"]),
            Severity::Warning,
            "shorter than the interval: an event that the vendor reports late may be missed",
            "read back at least one interval; events seen twice are recognised",
        ));
    }
}

/// `retry` of a flow.
pub(crate) fn check_retry(
    document: &Document,
    flow: &str,
    written: &Value,
    problems: &mut Vec<Problem>,
) {
    let Some(retry) = written.get("retry").and_then(typed::<raw::Retry>) else {
        return;
    };
    let path = Path::of(&["flows", flow, "retry"]);
    let mut error = |key: &str, message: &str, mend: &str| {
        problems.push(document.at_value(&path.key(key), message, mend));
    };
    if retry.initial.0.is_zero() {
        error(
            "initial",
            "no pause at all would hammer the vendor",
            "the default is `1s`",
        );
    }
    if retry.maximum.0 < retry.initial.0 {
        error("maximum", "shorter than `initial`", "the default is `5m`");
    }
}
