//! What the host gets from a configuration that is right.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{GOOD, VARIABLES, plugins};
use forebay_config::{Configuration, Environment, LogFormat, SchemaSet, Scope, Sources, schema};
use forebay_model::Digest;
use forebay_model::flow::Mode;
use serde_json::json;

fn configuration(text: &str, more: &[(&str, &str)]) -> Configuration {
    let environment = Environment::fixed(VARIABLES.into_iter().chain(more.iter().copied()));
    Sources::with(environment)
        .parse(Path::new("/etc/forebay"), &[("forebay.toml", text)])
        .validate(&SchemaSet::default(), &plugins())
        .unwrap()
}

#[test]
fn everything_arrives_with_its_defaults() {
    let configuration = configuration(GOOD, &[]);
    assert!(
        configuration.warnings.is_empty(),
        "{}",
        configuration.warnings
    );
    assert_eq!(configuration.host.listen.to_string(), "127.0.0.1:9000");
    assert_eq!(
        configuration.host.plugin_dir,
        PathBuf::from("/etc/forebay/plugins")
    );
    assert_eq!(configuration.host.drain_timeout, Duration::from_secs(30));
    assert_eq!(
        configuration.store.path,
        PathBuf::from("/etc/forebay/data/forebay.db")
    );
    assert_eq!(configuration.log.format, LogFormat::Json);
    assert!(configuration.api_keys[0].matches("an-api-key-that-is-long"));
    assert!(!configuration.api_keys[0].allows(Scope::Admin));

    let canto = &configuration.connections[0];
    assert_eq!(
        canto.spec.settings,
        json!({"tenant": "acme", "domain": "canto.com", "auth": "header", "rates": {"per_minute": 60}})
    );
    assert_eq!(canto.spec.poll.interval, Duration::from_secs(300));
    assert_eq!(canto.spec.poll.page, 200);
    assert_eq!(canto.plugin, Digest::of(b"canto"));
    assert_eq!(
        canto.secrets.expose("webhook_token"),
        Some("hook-new-value")
    );
    assert!(canto.secrets.matches("webhook_token", b"hook-old-value"));

    let flow = &configuration.flows[0];
    assert_eq!(
        (flow.enabled, flow.mode, flow.max_active),
        (true, Mode::Observe, 50)
    );
    assert_eq!(flow.retry.budget, Duration::from_secs(2 * 24 * 3600));
    assert_eq!(flow.retry.maximum, Duration::from_secs(300));
    assert_eq!(
        flow.config,
        json!({
            "definition": "asset-approval",
            "routing": [
                {"when": {"region": "EMEA"}, "to": "emea", "sla": "3bd"},
                {"to": "dam-admins", "sla": "1bd"},
            ],
            "on_timeout": "park",
            "asset_gone": {"grace": "15m"},
        })
    );
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let configuration = configuration("", &[]);
    assert_eq!(configuration.host.listen.to_string(), "127.0.0.1:8484");
    assert!(configuration.connections.is_empty() && configuration.flows.is_empty());
}

#[test]
fn the_environment_overrides_single_values() {
    let variables = [
        ("FOREBAY_HOST__LISTEN", "0.0.0.0:80"),
        ("FOREBAY_STORE__GROUP_COMMIT__MAX_WRITES", "7"),
        ("FOREBAY_LOG__FORMAT", "text"),
        ("FOREBAY_LOG__LEVEL", ""),
        ("FOREBAY_API_KEY", "belongs to somebody else"),
    ];
    let configuration = configuration(GOOD, &variables);
    assert_eq!(configuration.host.listen.to_string(), "0.0.0.0:80");
    assert_eq!(configuration.store.group_commit.max_writes, 7);
    assert_eq!(configuration.log.format, LogFormat::Text);
    assert_eq!(configuration.log.level, "info");
}

#[test]
fn wrong_overrides_name_their_variable() {
    let environment = Environment::fixed([
        ("FOREBAY_HOST__LISEN", "x"),
        ("FOREBAY_LOG__FORMAT", "xml"),
        ("FOREBAY_STORE__GROUP_COMMIT", "x"),
        ("FOREBAY_STORE__GROUP_COMMIT__MAX_WRITES", "many"),
    ]);
    let document = Sources::with(environment).parse(Path::new(""), &[("forebay.toml", "")]);
    let problems = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap_err();
    assert_eq!(
        problems.to_string(),
        "\
error: unknown variable
  --> environment FOREBAY_HOST__LISEN at host.lisen
  mend: did you mean `listen`?

error: not one of the allowed values
  --> environment FOREBAY_LOG__FORMAT at log.format
  mend: known are `json`, `text`

error: names a table
  --> environment FOREBAY_STORE__GROUP_COMMIT at store.group_commit
  mend: name one of its keys after `__`

error: not a whole number
  --> environment FOREBAY_STORE__GROUP_COMMIT__MAX_WRITES at store.group_commit.max_writes
  mend: write digits only

4 errors"
    );
}

#[test]
fn the_hash_follows_meaning_and_not_writing() {
    let hash = |text: &str| configuration(text, &[]).hash;
    let reordered = GOOD.replace(
        "handler = \"approval\"\nmode = \"observe\"",
        "mode = \"observe\"\nhandler = \"approval\"",
    );
    assert_ne!(reordered, GOOD);
    assert_eq!(hash(&reordered), hash(GOOD));
    let spelled_out = GOOD.replace("to = \"emea\" }", "to = \"emea\", sla = \"3bd\" }");
    assert_eq!(hash(&spelled_out), hash(GOOD));
    assert_ne!(hash(&GOOD.replace("1bd", "2bd")), hash(GOOD));
}

#[test]
fn files_beside_the_main_one_are_read_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("conf.d")).unwrap();
    let (main, flows) = GOOD.split_once("[flows.canto-1-approval]").unwrap();
    fs::write(at("forebay.toml"), main).unwrap();
    fs::write(
        at("conf.d/flow.toml"),
        format!("[flows.canto-1-approval]{flows}"),
    )
    .unwrap();
    fs::write(at("conf.d/.hidden.toml"), "not toml").unwrap();
    fs::write(at("conf.d/notes.txt"), "not toml").unwrap();
    let document = Sources::with(Environment::fixed(VARIABLES))
        .load(&at("forebay.toml"))
        .unwrap();
    let configuration = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap();
    assert_eq!(configuration.flows.len(), 1);
    assert_eq!(configuration.host.data_dir, at("data"));
    let (file, line, column) = document.locate("flows.canto-1-approval.handler").unwrap();
    assert_eq!(
        (file, line, column),
        (at("conf.d/flow.toml").display().to_string(), 2, 1)
    );
    assert_eq!(document.locate("engine"), None);
}

#[test]
fn a_main_file_that_is_not_there_is_the_only_problem() {
    let problems = Sources::process()
        .load(Path::new("/nowhere/forebay.toml"))
        .unwrap_err();
    assert!(
        problems.to_string().starts_with("error: cannot be read: "),
        "{problems}"
    );
    assert_eq!(problems.iter().count(), 1);
}

#[cfg(unix)]
#[test]
fn secrets_come_from_files_and_open_files_are_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("app-secret");
    let text = GOOD.replace("env = \"APP_SECRET\"", "file = \"app-secret\"");
    let load = |content: &str, mode: u32| {
        fs::write(&secret, content).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        Sources::with(Environment::fixed(VARIABLES))
            .parse(directory.path(), &[("forebay.toml", &text)])
            .validate(&SchemaSet::default(), &plugins())
    };
    let closed = load("from-a-file\r\n", 0o600).unwrap();
    assert!(closed.warnings.is_empty());
    assert_eq!(
        closed.connections[0].secrets.expose("app_secret"),
        Some("from-a-file")
    );
    let open = load("from-a-file\n", 0o644).unwrap();
    assert!(
        open.warnings
            .to_string()
            .contains("every user of this machine may read")
    );
    let empty = load("\n", 0o600).unwrap_err();
    assert!(empty.to_string().contains("is empty"), "{empty}");
}

#[test]
fn a_webhook_secret_may_hold_a_value_a_line() {
    let variables = [("HOOK_NEW", "hook-1\nhook-2\n"), ("APP_SECRET", "one\ntwo")];
    let configuration = configuration(GOOD, &variables);
    let secrets = &configuration.connections[0].secrets;
    assert_eq!(secrets.expose("webhook_token"), Some("hook-1"));
    assert!(secrets.matches("webhook_token", b"hook-2"));
    assert_eq!(secrets.expose("app_secret"), Some("one\ntwo"));
}

#[test]
fn no_secret_is_in_a_debug_form() {
    let debug = format!("{:?}", configuration(GOOD, &[]));
    for (_, value) in VARIABLES {
        assert!(!debug.contains(value), "{value}");
    }
}

#[test]
fn the_schema_describes_every_key_and_stands_on_its_own() {
    let limits = json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}});
    let schema = schema(&SchemaSet {
        limits,
        ..SchemaSet::default()
    });
    assert_eq!(
        schema["$defs"]["section-limits"]["$ref"],
        "#/$defs/section-limits/$defs/a"
    );
    assert_eq!(
        schema["$defs"]["Host"]["properties"]["listen"]["default"],
        "127.0.0.1:8484"
    );
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            let described = property["description"].is_string() || name.starts_with("section-");
            let tag = name == "SecretSource";
            assert!(described || tag, "{name}.{key} has no description");
        }
    }
}

#[test]
fn the_manual_has_every_key_and_its_default() {
    const MANUAL: &str = include_str!("../../../../docs/configuration.md");
    let schema = schema(&SchemaSet::default());
    let row = |section: &str, key: &str| {
        let start = MANUAL.find(&format!("\n## `{section}`")).unwrap();
        let text = &MANUAL[start + 1..];
        let text = &text[..text.find("\n## ").unwrap()];
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")));
        row.unwrap_or_else(|| unreachable!("{section} has no row for {key}"))
            .to_owned()
    };
    let homes = [
        ("Host", "[host]", ""),
        ("Log", "[log]", ""),
        ("Store", "[store]", ""),
        ("GroupCommit", "[store]", "group_commit."),
        ("Key", "[api]", ""),
        ("Connection", "[connections.NAME]", ""),
        ("Poll", "[connections.NAME]", "poll."),
        ("Flow", "[flows.NAME]", ""),
        ("Retry", "[flows.NAME]", "retry."),
        ("Concurrency", "[flows.NAME]", "concurrency."),
        ("Schedule", "[flows.NAME]", ""),
    ];
    for (definition, section, prefix) in homes {
        for (key, property) in schema["$defs"][definition]["properties"]
            .as_object()
            .unwrap()
        {
            let table = property["$ref"]
                .as_str()
                .and_then(|it| schema.pointer(&it[1..]));
            if table.is_some_and(|table| table["type"] == "object") {
                continue;
            }
            let row = row(section, &format!("{prefix}{key}"));
            let default = &property["default"];
            let plain = !default.is_null() && !default.is_object();
            assert!(
                !plain || row.contains(&format!("| `{default}` |")),
                "{row}: {default}"
            );
        }
    }
}

#[test]
fn the_example_of_the_manual_has_the_right_structure() {
    let manual = include_str!("../../../../docs/configuration.md");
    let (_, example) = manual
        .split_once("## A whole configuration\n\n```toml\n")
        .unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let document = Sources::with(Environment::fixed(VARIABLES))
        .parse(Path::new(""), &[("forebay.toml", example)]);
    let problems = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap_err();
    let unknown: Vec<_> = problems
        .iter()
        .filter(|problem| problem.message.starts_with("unknown key"))
        .filter(|problem| !problem.path.contains(".config."))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
