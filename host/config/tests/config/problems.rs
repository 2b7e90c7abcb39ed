//! What an operator reads when a configuration is wrong.

use std::path::Path;

use crate::common::{GOOD, VARIABLES, plugins};
use forebay_config::{Document, Environment, Problems, SchemaSet, Severity, Sources};
use forebay_model::{Finding, FlowName};
use serde_json::json;

fn document(files: &[(&str, &str)]) -> Document {
    Sources::with(Environment::fixed(VARIABLES)).parse(Path::new("/etc/forebay"), files)
}

fn problems(text: &str) -> Problems {
    match document(&[("forebay.toml", text)]).validate(&SchemaSet::default(), &plugins()) {
        Ok(configuration) => configuration.warnings,
        Err(problems) => problems,
    }
}

/// The problems of [`GOOD`] with one text replaced by another.
fn after(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old} is not in the configuration");
    problems(&GOOD.replacen(old, new, 1)).to_string()
}

#[test]
fn a_wrong_field_an_unknown_key_a_missing_binding_and_a_finding_come_together() {
    let text = GOOD
        .replace("listen = \"127", "lisen = \"127")
        .replace("mode = \"observe\"", "mod = \"observe\"")
        .replace(", workflow = \"otwf-main\"", "");
    let document = document(&[("forebay.toml", &text)]);
    let mut problems = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap_err();
    let unreachable = Finding {
        severity: Severity::Error,
        path: "routing[1].when".into(),
        message: "the rule is unreachable: the rule before it matches everything".into(),
        mend: "put it first".into(),
    };
    problems.extend([document.finding(&FlowName::from("canto-1-approval"), &unreachable)]);
    assert_eq!(
        problems.to_string(),
        "\
error: unknown key `lisen`
  --> forebay.toml:3:1 at host.lisen
  mend: did you mean `listen`?

error: unknown key `mod`
  --> forebay.toml:22:1 at flows.canto-1-approval.mod
  mend: did you mean `mode`?

error: the role `workflow` of `approval` is not bound
  --> forebay.toml:23:1 at flows.canto-1-approval.connections.workflow
  mend: add `workflow = \"otwf-main\"` to `connections`

error: the rule is unreachable: the rule before it matches everything
  --> forebay.toml:30:3 at flows.canto-1-approval.config.routing[1].when
  mend: put it first

4 errors"
    );
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let cases = [
        (
            "listen = \"127.0.0.1:9000\"",
            "listen = 9000",
            "host.listen",
            "expected a text",
        ),
        (
            "127.0.0.1:9000",
            "localhost:9000",
            "host.listen",
            "not an IP address with a port",
        ),
        (
            "[\"read\",",
            "[\"raed\",",
            "api.keys[0].scopes[0]",
            "did you mean `read`?",
        ),
        (
            "plugin = \"canto\"",
            "plugin = \"cantoo\"",
            "connections.canto-main.plugin",
            "did you mean `canto`?",
        ),
        (
            "plugin = \"canto\"",
            "plugin = \"approval\"",
            "connections.canto-main.plugin",
            "is a handler",
        ),
        (
            "handler = \"approval\"",
            "handler = \"canto\"",
            "flows.canto-1-approval.handler",
            "is a connector",
        ),
        (
            "handler = \"approval\"",
            "",
            "flows.canto-1-approval.handler",
            "add `handler = …`",
        ),
        (
            "{ tenant = \"acme\" }",
            "{ tenat = \"acme\" }",
            "connections.canto-main.settings.tenat",
            "did you mean `tenant`?",
        ),
        (
            "{ tenant = \"acme\" }",
            "{}",
            "connections.canto-main.settings.tenant",
            "(Name of the tenant)",
        ),
        (
            "\"5m\"",
            "\"5 minutes\"",
            "connections.canto-main.poll.interval",
            "write a number and a unit",
        ),
        (
            "\"5m\"",
            "\"10ms\"",
            "connections.canto-main.poll.interval",
            "shorter than 1 s",
        ),
        (
            "\"2d\"",
            "\"1h\", initial = \"9m\"",
            "flows.canto-1-approval.retry.maximum",
            "shorter than `initial`",
        ),
        (
            "[flows.canto-1-approval]",
            "[flows.\"Canto 1\"]",
            "flows.\"Canto 1\"",
            "lowercase letters",
        ),
        (
            "dam = \"canto-main\"",
            "dam = \"canto-mian\"",
            "flows.canto-1-approval.connections.dam",
            "did you mean `canto-main`?",
        ),
        (
            "dam = \"canto-main\"",
            "damm = \"canto-main\"",
            "flows.canto-1-approval.connections.damm",
            "did you mean `dam`?",
        ),
        (
            "dam = \"canto-main\"",
            "dam = \"otwf-main\"",
            "flows.canto-1-approval.connections.dam",
            "bind a connection of `canto`",
        ),
        (
            "app_secret = { env = \"APP_SECRET\" },",
            "",
            "connections.canto-main.secrets.app_secret",
            "authenticates with it",
        ),
        (
            "signing_key = { env = \"SIGNING\" },",
            "",
            "connections.canto-main.secrets.signing_key",
            "sends it to its vendor",
        ),
        (
            "webhook_token = [",
            "webhook_tokn = [",
            "connections.canto-main.secrets.webhook_tokn",
            "did you mean `webhook_token`?",
        ),
        (
            "env = \"APP_SECRET\"",
            "env = \"APP_SECRE\"",
            "connections.canto-main.secrets.app_secret",
            "`APP_SECRE` is not set",
        ),
        (
            "env = \"APP_SECRET\"",
            "file = \"absent\"",
            "connections.canto-main.secrets.app_secret",
            "starts at `/etc/forebay`",
        ),
        (
            "env = \"API_KEY\"",
            "env = \"TOKEN\"",
            "api.keys[0].key",
            "shorter than 16 characters",
        ),
        (
            "sla = \"1bd\"",
            "sla = 1",
            "flows.canto-1-approval.config.routing[1].sla",
            "expected a text, found a whole number",
        ),
        (
            "sla = \"1bd\"",
            "slaa = \"1bd\"",
            "flows.canto-1-approval.config.routing[1].slaa",
            "did you mean `sla`?",
        ),
        (
            "definition = \"asset-approval\"",
            "definition = nan",
            "flows.canto-1-approval.config.definition",
            "not a finite number",
        ),
        ("[host]", "hots = 1\n[host]", "hots", "did you mean `host`?"),
    ];
    for (old, new, path, words) in cases {
        let told = after(old, new);
        assert!(
            told.contains(&format!(" at {path}\n")),
            "{new}: {path} not in\n{told}"
        );
        assert!(told.contains(words), "{new}: {words} not in\n{told}");
        assert!(
            told.contains("--> forebay.toml:"),
            "{new}: no place in\n{told}"
        );
    }
}

#[test]
fn of_several_alternatives_the_one_that_was_meant_is_explained() {
    let decide = |written: &str| {
        after(
            "definition = \"asset",
            &format!("decide = {written}\ndefinition = \"asset"),
        )
    };
    let at = "at flows.canto-1-approval.config.decide";
    let missing = decide("{ by = \"vote\" }");
    assert!(missing.contains("`quorum` is missing") && missing.contains(&format!("{at}.quorum")));
    let unknown = decide("{ by = \"vot\", quorum = 2 }");
    assert!(
        unknown.contains("did you mean `vote`?") && unknown.contains(&format!("{at}.by")),
        "{unknown}"
    );
    let shape = decide("7");
    assert!(shape.contains("error: expected a table\n"), "{shape}");
}

#[test]
fn a_value_that_cannot_be_read_is_told_once() {
    let told = after("definition = \"asset-approval\"", "definition = nan");
    assert!(told.ends_with("\n1 error"), "{told}");
}

#[test]
fn a_value_in_place_of_a_secret_is_refused_and_not_shown() {
    for inline in [
        "\"hunter2-inline\"",
        "{ value = \"hunter2-inline\" }",
        "[\"hunter2-inline\"]",
        "{ env = [\"hunter2-inline\"] }",
    ] {
        let told = after("{ env = \"APP_SECRET\" }", inline);
        assert!(
            told.contains("never stands in the configuration itself"),
            "{told}"
        );
        assert!(
            told.contains(" at connections.canto-main.secrets.app_secret"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
    for misplaced in [
        "{ env = \"hunter2-inline\" }",
        "{ file = \"hunter2-inline\" }",
    ] {
        let told = after("{ env = \"APP_SECRET\" }", misplaced);
        assert!(
            told.contains("1 error") && !told.contains("hunter2"),
            "{told}"
        );
    }
}

#[test]
fn a_syntax_error_hides_nothing_in_other_files() {
    let broken = ("conf.d/broken.toml", "[connections.iconik]\nplugin = \n");
    let other = ("conf.d/other.toml", "[log]\nlevl = \"info\"\n");
    let bound = GOOD.replace("dam = \"canto-main\"", "dam = \"iconik\"");
    let document = document(&[("forebay.toml", &bound), broken, other]);
    let problems = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap_err();
    let found: Vec<_> = problems
        .iter()
        .map(|p| (p.place.file.as_str(), p.place.line, p.path.as_str()))
        .collect();
    // `iconik` is not called unknown: it may stand in the broken file.
    assert_eq!(
        found,
        [
            ("conf.d/broken.toml", 2, ""),
            ("conf.d/other.toml", 2, "log.levl")
        ]
    );
}

#[test]
fn what_is_defined_twice_names_both_files() {
    let again = (
        "conf.d/a.toml",
        "[connections.canto-main]\nplugin = \"canto\"\n[host]\nlisten = \"[::1]:1\"\n",
    );
    let document = document(&[("forebay.toml", GOOD), again]);
    let problems = document
        .validate(&SchemaSet::default(), &plugins())
        .unwrap_err();
    assert_eq!(
        problems.to_string(),
        "\
error: defined in conf.d/a.toml and already in forebay.toml:8
  --> conf.d/a.toml:1:14 at connections.canto-main
  mend: keep one of the two

error: defined in conf.d/a.toml and already in forebay.toml:3
  --> conf.d/a.toml:4:1 at host.listen
  mend: keep one of the two

2 errors"
    );
}

#[test]
fn sections_of_other_rooms_are_checked_by_their_schemas() {
    let limits = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "memory": {"$ref": "#/$defs/bytes", "default": 64},
            "cpu": {"type": "string", "default": "5s"},
        },
        "$defs": {"bytes": {"type": "integer", "minimum": 1}},
    });
    let schemas = SchemaSet {
        limits,
        ..SchemaSet::default()
    };
    let check = |section: &str| {
        let text = format!("{GOOD}\n[limits]\n{section}\n");
        document(&[("forebay.toml", &text)]).validate(&schemas, &plugins())
    };
    let problems = check("memory = 0\ncppu = \"1s\"").unwrap_err().to_string();
    assert!(
        problems.contains("smaller than 1\n  --> forebay.toml:34:10 at limits.memory"),
        "{problems}"
    );
    assert!(problems.contains("did you mean `cpu`?"), "{problems}");
    let configuration = check("memory = 128").unwrap();
    assert_eq!(
        configuration.sections.limits,
        json!({"memory": 128, "cpu": "5s"})
    );
    assert_eq!(configuration.sections.egress, json!({}));
}

#[test]
fn problems_have_a_stable_json_form() {
    let problems = problems(&GOOD.replace("[host]", "[hots]"));
    assert_eq!(
        serde_json::to_value(&problems).unwrap(),
        json!([{
            "file": "forebay.toml", "line": 2, "column": 2, "path": "hots",
            "message": "unknown key `hots`", "mend": "did you mean `host`?", "severity": "error",
        }])
    );
}
