//! Checking one connection against its connector: plugin, settings, authentication, secrets.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebay_model::manifest::{AuthScheme, ConnectorInfo};
use forebay_model::plugin::Plugin;
use forebay_model::template::setting_text;
use forebay_model::{SecretSet, Severity};
use serde_json::{Value, json};

use crate::document::Document;
use crate::path::Path;
use crate::problem::Problem;
use crate::validate::{Catalog, Kind, find_plugin};
use crate::{schema, secret, suggest};

/// What checking a connection brought to light.
pub(crate) struct Checked {
    /// Its connector, if there is one.
    pub(crate) plugin: Option<Arc<Plugin>>,
    /// Its settings with defaults.
    pub(crate) settings: Value,
    /// Its secrets.
    pub(crate) secrets: SecretSet,
}

/// Check the connection `name` as `written`.
pub(crate) fn check(
    document: &Document,
    catalog: &dyn Catalog,
    name: &str,
    written: &Value,
    problems: &mut Vec<Problem>,
) -> Checked {
    let path = Path::of(&["connections", name]);
    let mut settings = written
        .get("settings")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let plugin = find_plugin(document, catalog, &path, written, &CONNECTOR, problems);
    let info = plugin.as_ref().and_then(|plugin| plugin.connector());
    let secrets = fetch_secrets(document, &path, info, written, problems);
    if let Some(info) = info {
        check_settings(document, &path, info, &mut settings, problems);
        let auth = chosen_auth(document, &path, info, &settings, problems);
        check_secrets(document, &path, info, auth, written, problems);
    }
    Checked {
        plugin,
        settings,
        secrets,
    }
}

/// What a connection names.
const CONNECTOR: Kind = Kind {
    key: "plugin",
    holds: |plugin| plugin.connector().is_some(),
    other: "a handler, a connection needs a connector",
    mend: "put the connector's file into the plugin directory",
};

fn check_settings(
    document: &Document,
    path: &Path,
    info: &ConnectorInfo,
    settings: &mut Value,
    problems: &mut Vec<Problem>,
) {
    let owner = format!("the settings schema of `{}` {}", info.name, info.version);
    let path = path.key("settings");
    problems.extend(schema::complete(
        document,
        &path,
        settings,
        &info.settings_schema,
        &owner,
    ));
}

/// The first way to authenticate whose conditions hold.
fn chosen_auth<'a>(
    document: &Document,
    path: &Path,
    info: &'a ConnectorInfo,
    settings: &Value,
    problems: &mut Vec<Problem>,
) -> Option<&'a AuthScheme> {
    let holds = |setting: &str, wanted: &str| {
        setting_text(settings, setting).is_some_and(|text| text == wanted)
    };
    let chosen = info.auth.iter().find(|choice| {
        choice
            .when
            .iter()
            .all(|condition| holds(&condition.setting, &condition.equals))
    });
    if chosen.is_none() && !info.auth.is_empty() {
        let deciding: Vec<&str> = info
            .auth
            .iter()
            .flat_map(|choice| &choice.when)
            .map(|condition| condition.setting.as_str())
            .collect();
        problems.push(document.at_key(
            &path.key("settings"),
            Severity::Error,
            format!(
                "no way to authenticate of `{}` applies to these settings",
                info.name
            ),
            format!("it depends on {}", suggest::list(&deciding)),
        ));
    }
    chosen.map(|choice| &choice.scheme)
}

/// The secrets as written. One that webhooks are compared with may hold several values, a line each:
/// that is how the contract lets it be rotated where only one text can be given.
fn fetch_secrets(
    document: &Document,
    path: &Path,
    info: Option<&ConnectorInfo>,
    written: &Value,
    problems: &mut Vec<Problem>,
) -> SecretSet {
    let mut secrets = SecretSet::default();
    for (name, source) in written
        .get("secrets")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = path.key("secrets").key(name);
        let compared = info.is_some_and(|info| is_of_webhook(info, name));
        for value in secret::fetch(document, &path, source, problems) {
            if compared {
                let lines = value.lines().filter(|line| !line.is_empty());
                lines.for_each(|line| secrets.insert(name.as_str(), line));
            } else {
                secrets.insert(name.as_str(), value);
            }
        }
    }
    secrets
}

/// Are all secrets there that the connector needs, and no others? A secret that is written but
/// could not be fetched counts as there: that is reported already.
fn check_secrets(
    document: &Document,
    path: &Path,
    info: &ConnectorInfo,
    auth: Option<&AuthScheme>,
    written: &Value,
    problems: &mut Vec<Problem>,
) {
    let path = path.key("secrets");
    let given: BTreeSet<&str> = written
        .get("secrets")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut missing = |name: &str, severity: Severity, what_for: String| {
        if !given.contains(name) {
            problems.push(document.at_key(
                &path.key(name),
                severity,
                format!("the secret `{name}` is missing, {what_for}"),
                format!(
                    "add `{name} = {{ env = \"…\" }}` or `{name} = {{ file = \"…\" }}` to `secrets`"
                ),
            ));
        }
    };
    let auth_secrets = auth.map(AuthScheme::secrets).unwrap_or_default();
    for name in &auth_secrets {
        missing(
            name,
            Severity::Error,
            format!("`{}` authenticates with it", info.name),
        );
    }
    for endpoint in &info.webhooks {
        // Polling alone finds every event too, so that a connection without webhooks is complete.
        let what_for = format!(
            "every delivery to the webhook `{}` will be refused",
            endpoint.name
        );
        missing(&endpoint.secret, Severity::Warning, what_for);
    }
    for name in info
        .body_secrets
        .iter()
        .filter(|name| !is_of_webhook(info, name))
    {
        missing(
            name,
            Severity::Error,
            format!("`{}` sends it to its vendor", info.name),
        );
    }
    let known: Vec<&str> = all_secrets(info).into_iter().collect();
    for name in given.iter().filter(|name| !known.contains(*name)) {
        problems.push(document.at_key(
            &path.key(name),
            Severity::Warning,
            format!("`{}` has no use for a secret `{name}`", info.name),
            suggest::mend(name, &known, "remove it"),
        ));
    }
}

/// Is deliveries' authenticity proved by this secret?
fn is_of_webhook(info: &ConnectorInfo, name: &str) -> bool {
    info.webhooks.iter().any(|endpoint| endpoint.secret == name)
}

/// Every secret the connector may ever use, in any of its ways to authenticate.
fn all_secrets(info: &ConnectorInfo) -> BTreeSet<&str> {
    let auth = info.auth.iter().flat_map(|choice| choice.scheme.secrets());
    let webhooks = info
        .webhooks
        .iter()
        .map(|endpoint| endpoint.secret.as_str());
    let bodies = info.body_secrets.iter().map(String::as_str);
    auth.chain(webhooks).chain(bodies).collect()
}
