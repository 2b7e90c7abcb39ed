//! Validation as a whole: every check runs, whatever the others find.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use forebay_model::Digest;
use forebay_model::flow::{ConnectionSpec, FlowSpec, PollPolicy, RetryPolicy};
use forebay_model::plugin::Plugin;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::configuration::{Configuration, ConfiguredConnection, Sections};
use crate::defaults::{self, Endless};
use crate::document::Document;
use crate::path::Path;
use crate::problem::{Problem, Problems};
use crate::schema::{self, SchemaSet};
use crate::{connection, flow, raw, schedule, settings, suggest, upkeep};

/// The plugins a configuration may name.
pub trait Catalog {
    /// The newest accepted plugin of this name.
    fn plugin(&self, name: &str) -> Option<Arc<Plugin>>;

    /// Names of all accepted plugins.
    fn names(&self) -> Vec<String>;
}

/// The plugins that a test holds for, in the order of their names.
pub(crate) fn plugins_of_kind(
    catalog: &dyn Catalog,
    holds: impl Fn(&Plugin) -> bool,
) -> Vec<Arc<Plugin>> {
    let mut names = catalog.names();
    names.sort_unstable();
    let plugins = names.iter().filter_map(|name| catalog.plugin(name));
    plugins.filter(|plugin| holds(plugin)).collect()
}

/// One of the two kinds of plugins, and the words to speak of it.
pub(crate) struct Kind {
    /// Key that names a plugin of this kind.
    pub(crate) key: &'static str,
    /// Is a plugin of this kind?
    pub(crate) holds: fn(&Plugin) -> bool,
    /// What to say of a plugin of the other kind.
    pub(crate) other: &'static str,
    /// What to do where there is no such plugin.
    pub(crate) mend: &'static str,
}

/// The plugin of this kind that is named at `path`; says why where there is none.
pub(crate) fn find_plugin(
    document: &Document,
    catalog: &dyn Catalog,
    path: &Path,
    written: &Value,
    kind: &Kind,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Plugin>> {
    let wanted = written.get(kind.key)?.as_str()?;
    let found = catalog.plugin(wanted);
    if found.as_deref().is_some_and(kind.holds) {
        return found;
    }
    let message = match found {
        Some(_) => format!("`{wanted}` is {}", kind.other),
        None => format!("there is no plugin `{wanted}`"),
    };
    let known = plugins_of_kind(catalog, kind.holds);
    let known: Vec<&str> = known.iter().map(|plugin| plugin.name()).collect();
    let mend = suggest::mend(wanted, &known, kind.mend);
    problems.push(document.at_value(&path.key(kind.key), message, mend));
    None
}

impl Document {
    /// Check everything against the schemas of all sections and against the plugins.
    ///
    /// # Errors
    ///
    /// All problems at once, also those found while reading, if any of them is an error.
    pub fn validate(
        &self,
        schemas: &SchemaSet,
        catalog: &dyn Catalog,
    ) -> Result<Configuration, Problems> {
        let mut problems = Vec::new();
        let whole = Value::Object(self.value.clone());
        let schema = schema::schema(schemas);
        problems.extend(schema::check(
            self,
            &Path::default(),
            &whole,
            &schema,
            "the schema of Forebay",
        ));

        let host = settings::host(self, &mut problems);
        let api_keys = settings::api_keys(self, &mut problems);
        let log = settings::log(self);
        let store = settings::store(self, host.as_ref(), &mut problems);
        let retention = upkeep::retention(self, &mut problems);
        let backup = upkeep::backup(self, host.as_ref());
        let sections = sections(self, schemas, &mut problems);
        let mut connections = BTreeMap::new();
        for (name, written) in self.entries("connections") {
            settings::check_poll(self, name, written, &mut problems);
            let checked = connection::check(self, catalog, name, written, &mut problems);
            connections.insert(name, checked);
        }
        let mut configs = BTreeMap::new();
        for (name, written) in self.entries("flows") {
            settings::check_retry(self, name, written, &mut problems);
            let config = flow::check(self, catalog, &connections, name, written, &mut problems);
            schedule::check(self, name, written, &config, &mut problems);
            configs.insert(name, config);
        }

        // A value that could not be read is told once, not again for what it fails to be.
        let unread: BTreeSet<&str> = self.problems.iter().map(|it| it.path.as_str()).collect();
        problems.retain(|problem| !unread.contains(problem.path.as_str()));
        let problems: Problems = problems.into_iter().chain(self.problems.clone()).collect();
        if problems.has_errors() {
            return Err(problems);
        }
        let hash = hash(whole, &sections, &connections, &configs);
        let connections = self.build_connections(connections);
        let flows = self.build_flows(configs);
        let (Some(host), Some(log), Some(store), Some(connections), Some(flows)) =
            (host, log, store, connections, flows)
        else {
            return Err(self.unbuildable(problems));
        };
        let (Some(retention), Some(backup)) = (retention, backup) else {
            return Err(self.unbuildable(problems));
        };
        let warnings = problems;
        Ok(Configuration {
            host,
            api_keys,
            log,
            store,
            retention,
            backup,
            sections,
            connections,
            flows,
            hash,
            warnings,
        })
    }

    /// What cannot be built has been reported by a check. Should a check and a structure ever
    /// disagree, the configuration is still refused.
    fn unbuildable(&self, mut problems: Problems) -> Problems {
        problems.extend([self.at_value(
            &Path::default(),
            "does not fit the structures of the host, although no check found anything",
            "report this as a defect, with the configuration",
        )]);
        problems
    }

    fn build_connections(
        &self,
        connections: BTreeMap<&str, connection::Checked>,
    ) -> Option<Vec<ConfiguredConnection>> {
        let written = self.entries("connections");
        let build = |(name, checked): (&str, connection::Checked)| {
            let raw: raw::Connection = typed(written.get(name)?)?;
            let poll = PollPolicy {
                interval: raw.poll.interval.0,
                overlap: raw.poll.overlap.0,
                page: raw.poll.page,
            };
            Some(ConfiguredConnection {
                spec: ConnectionSpec {
                    name: name.into(),
                    plugin: raw.plugin,
                    settings: checked.settings,
                    poll,
                },
                secrets: checked.secrets,
                allow_hosts: raw.allow_hosts,
                allow_private: raw.allow_private,
                plugin: checked.plugin?.digest.clone(),
            })
        };
        connections.into_iter().map(build).collect()
    }

    /// The flows whose handlers can look at their configuration, whatever is wrong elsewhere, so that
    /// a person sees everything at once. They hold name, handler and configuration; all else is as
    /// if it had not been written, because that may be what is wrong.
    #[must_use]
    pub fn readable_flows(&self, catalog: &dyn Catalog) -> Vec<FlowSpec> {
        let mut connections = BTreeMap::new();
        for (name, written) in self.entries("connections") {
            let checked = connection::check(self, catalog, name, written, &mut Vec::new());
            connections.insert(name, checked);
        }
        let mut readable = Vec::new();
        for (name, written) in self.entries("flows") {
            let mut problems = Vec::new();
            let config = flow::check(self, catalog, &connections, name, written, &mut problems);
            let inside = format!("flows.{name}.config");
            if !problems
                .iter()
                .any(|problem| problem.path.starts_with(&inside))
            {
                let bare = json!({ "handler": written.get("handler") });
                readable.extend(build_flow(name, &bare, config));
            }
        }
        readable
    }

    fn build_flows(&self, configs: BTreeMap<&str, Value>) -> Option<Vec<FlowSpec>> {
        let written = self.entries("flows");
        let build = |(name, config): (&str, Value)| build_flow(name, written.get(name)?, config);
        configs.into_iter().map(build).collect()
    }
}

fn build_flow(name: &str, written: &Value, config: Value) -> Option<FlowSpec> {
    let raw: raw::Flow = typed(written)?;
    let connections = raw
        .connections
        .into_iter()
        .map(|(role, name)| (role, name.into()))
        .collect();
    let retry = RetryPolicy {
        initial: raw.retry.initial.0,
        maximum: raw.retry.maximum.0,
        budget: raw.retry.budget.0,
    };
    let schedules = raw.schedules.into_iter();
    Some(FlowSpec {
        name: name.into(),
        schedules: schedules.map(|schedule| schedule.spec(&config)).collect(),
        handler: raw.handler,
        enabled: raw.enabled,
        mode: raw.mode,
        connections,
        config,
        retry,
        max_active: raw.concurrency.max_runs,
    })
}

/// The value as a structure; `None` where it does not fit, which the schema reports.
pub(crate) fn typed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// The sections of other rooms with the defaults of their schemas.
pub(crate) fn sections(
    document: &Document,
    schemas: &SchemaSet,
    problems: &mut Vec<Problem>,
) -> Sections {
    let mut filled = |name: &str, schema: &Value| {
        let mut value = document
            .value
            .get(name)
            .cloned()
            .unwrap_or_else(|| json!({}));
        if let Err(Endless) = defaults::fill(schema, &mut value) {
            let owner = format!("the schema of `[{name}]`");
            let path = Path::of(&[name]);
            problems.push(schema::unusable(document, &path, &owner, schema::ENDLESS));
        }
        value
    };
    Sections {
        limits: filled("limits", &schemas.limits),
        egress: filled("egress", &schemas.egress),
        engine: filled("engine", &schemas.engine),
        http: filled("http", &schemas.http),
    }
}

/// SHA-256 over what is in force. Where secrets come from counts, what they are does not.
fn hash(
    whole: Value,
    sections: &Sections,
    connections: &BTreeMap<&str, connection::Checked>,
    configs: &BTreeMap<&str, Value>,
) -> String {
    let mut effective = whole;
    effective["limits"] = sections.limits.clone();
    effective["egress"] = sections.egress.clone();
    effective["engine"] = sections.engine.clone();
    effective["http"] = sections.http.clone();
    for (name, checked) in connections {
        effective["connections"][name]["settings"] = checked.settings.clone();
    }
    for (name, config) in configs {
        effective["flows"][name]["config"] = config.clone();
    }
    Digest::of(sorted(effective).to_string().as_bytes()).to_string()
}

/// The value with the keys of all its objects in order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let ordered: BTreeMap<String, Value> = entries
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            Value::Object(Map::from_iter(ordered))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
