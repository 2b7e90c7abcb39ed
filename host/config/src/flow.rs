//! Checking one flow against its handler: plugin, configuration, and a fit connection for each role.

use std::collections::BTreeMap;

use forebay_model::manifest::{HandlerInfo, Role};
use forebay_model::plugin::Plugin;
use forebay_model::{InterfaceName, Severity};
use serde_json::{Map, Value, json};

use crate::connection;
use crate::document::Document;
use crate::path::Path;
use crate::problem::Problem;
use crate::validate::{Catalog, Kind, find_plugin, plugins_of_kind};
use crate::{schema, suggest};

/// The checked connections by name.
pub(crate) type Connections<'a> = BTreeMap<&'a str, connection::Checked>;

/// Check the flow `name` as `written`; gives its configuration with defaults.
pub(crate) fn check(
    document: &Document,
    catalog: &dyn Catalog,
    connections: &Connections<'_>,
    name: &str,
    written: &Value,
    problems: &mut Vec<Problem>,
) -> Value {
    let path = Path::of(&["flows", name]);
    let mut config = written.get("config").cloned().unwrap_or_else(|| json!({}));
    let none = Map::new();
    let bindings = written
        .get("connections")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let binder = Binder {
        document,
        catalog,
        connections,
        path: path.key("connections"),
        bindings,
    };
    problems.extend(binder.unknown_connections());
    let handler = find_plugin(document, catalog, &path, written, &HANDLER, problems);
    if let Some(info) = handler.as_ref().and_then(|plugin| plugin.handler()) {
        check_config(document, &path, info, &mut config, problems);
        problems.extend(binder.unknown_roles(info));
        for role in &info.roles {
            problems.extend(binder.check_role(info, role));
        }
    }
    config
}

/// What a flow names.
const HANDLER: Kind = Kind {
    key: "handler",
    holds: |plugin| plugin.handler().is_some(),
    other: "a connector, a flow needs a handler",
    mend: "put the handler's file into the plugin directory",
};

fn check_config(
    document: &Document,
    path: &Path,
    info: &HandlerInfo,
    config: &mut Value,
    problems: &mut Vec<Problem>,
) {
    let owner = format!(
        "the configuration schema of `{}` {}",
        info.name, info.version
    );
    let path = path.key("config");
    problems.extend(schema::complete(
        document,
        &path,
        config,
        &info.config_schema,
        &owner,
    ));
}

/// The bindings of one flow among all that could be bound.
struct Binder<'a> {
    document: &'a Document,
    catalog: &'a dyn Catalog,
    connections: &'a Connections<'a>,
    path: Path,
    bindings: &'a Map<String, Value>,
}

impl Binder<'_> {
    /// Bindings to connections that do not exist.
    fn unknown_connections(&self) -> Vec<Problem> {
        if self.document.incomplete {
            return Vec::new();
        }
        let known: Vec<&str> = self.connections.keys().copied().collect();
        let unknown = |(role, bound): (&String, &Value)| {
            let bound = bound.as_str()?;
            (!self.connections.contains_key(bound)).then(|| {
                let otherwise = format!("add `[connections.{bound}]`");
                let mend = suggest::mend(bound, &known, &otherwise);
                let message = format!("there is no connection `{bound}`");
                self.document.at_value(&self.path.key(role), message, mend)
            })
        };
        self.bindings.iter().filter_map(unknown).collect()
    }

    /// Bindings of roles that the handler does not have.
    fn unknown_roles(&self, info: &HandlerInfo) -> Vec<Problem> {
        let known: Vec<&str> = info.roles.iter().map(|role| role.name.as_str()).collect();
        let unknown = self
            .bindings
            .keys()
            .filter(|role| !known.contains(&role.as_str()));
        unknown
            .map(|role| {
                let message = format!("`{}` has no role `{role}`", info.name);
                let mend = suggest::mend(role, &known, "remove it");
                self.document
                    .at_key(&self.path.key(role), Severity::Error, message, mend)
            })
            .collect()
    }

    /// Is the role bound to a connection that can do what it must?
    fn check_role(&self, info: &HandlerInfo, role: &Role) -> Vec<Problem> {
        let path = self.path.key(&role.name);
        let Some(bound) = self.bindings.get(&role.name) else {
            let (message, mend) = self.unbound(info, role);
            return vec![self.document.at_key(&path, Severity::Error, message, mend)];
        };
        let checked = bound.as_str().and_then(|name| self.connections.get(name));
        let Some(plugin) = checked.and_then(|checked| checked.plugin.as_deref()) else {
            return Vec::new();
        };
        let required = role.required.iter().map(|name| InterfaceName::new(name));
        required
            .filter(|interface| !plugin.exports(interface))
            .map(|interface| {
                let message = format!(
                    "connection `{}` cannot serve the role `{}`: its connector `{}` {} does not \
                     export `{interface}`",
                    bound.as_str().unwrap_or_default(),
                    role.name,
                    plugin.name(),
                    plugin.version(),
                );
                self.document
                    .at_value(&path, message, self.exporters(&interface))
            })
            .collect()
    }

    fn unbound(&self, info: &HandlerInfo, role: &Role) -> (String, String) {
        let message = format!("the role `{}` of `{}` is not bound", role.name, info.name);
        let fit: Vec<&str> = self
            .connections
            .iter()
            .filter(|(_, checked)| {
                checked
                    .plugin
                    .as_ref()
                    .is_some_and(|plugin| serves(plugin, role))
            })
            .map(|(name, _)| *name)
            .collect();
        let example = fit.first().copied().unwrap_or("…");
        let mut mend = format!("add `{} = \"{example}\"` to `connections`", role.name);
        match fit.as_slice() {
            [] => mend.push_str("; no connection exports all that it requires"),
            [_] => {}
            several => mend.push_str(&format!("; {} would do", suggest::list(several))),
        }
        (message, mend)
    }

    /// Which plugins could take the place of one that lacks this interface.
    fn exporters(&self, interface: &InterfaceName) -> String {
        let plugins = plugins_of_kind(self.catalog, |plugin| {
            plugin.connector().is_some() && plugin.exports(interface)
        });
        let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name()).collect();
        if names.is_empty() {
            "no known connector exports it".to_owned()
        } else {
            format!("bind a connection of {}", suggest::list(&names))
        }
    }
}

fn serves(plugin: &Plugin, role: &Role) -> bool {
    role.required
        .iter()
        .all(|interface| plugin.exports(&InterfaceName::new(interface)))
}
