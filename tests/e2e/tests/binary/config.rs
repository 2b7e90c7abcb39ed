//! What an operator is told about a configuration, by the real program.

use std::process::Output;

use forebay_e2e::Site;
use forebay_simulators::canto::{Canto, CantoOptions};
use serde_json::json;

/// Both connections, and a flow that is right except for what a test replaces.
const GOOD: &str = r#"
[connections.canto-main]
plugin = "canto"
allow_hosts = ["http://127.0.0.1:9"]
settings = { base_url = "http://127.0.0.1:9", oauth_url = "http://127.0.0.1:9", integration_user = "Forebay Integration" }
secrets = { app_id = { env = "CANTO_APP_ID" }, app_secret = { env = "CANTO_APP_SECRET" }, webhook_token = { env = "CANTO_WEBHOOK_TOKEN" } }

[connections.otwf-main]
plugin = "opentext-workflow"
allow_hosts = ["http://127.0.0.1:9"]
settings = { base_url = "http://127.0.0.1:9", tenant = "test-tenant" }
secrets = { client_id = { env = "OT_CLIENT_ID" }, client_secret = { env = "OT_CLIENT_SECRET" }, callback_secret = { env = "OT_CALLBACK_SECRET" } }

[flows.canto-1]
handler = "approval"
mode = "enforce"
connections = { dam = "canto-main", workflow = "otwf-main" }

[flows.canto-1.config]
key_prefix = "canto-1"
stages = [{ name = "brand", policy = "any" }]

[[flows.canto-1.config.routing]]
when = {}
to = { group = "brand-reviewers", sla = "3bd" }
"#;

const PLUGINS: [&str; 3] = ["canto", "opentext-workflow", "approval"];

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The number of the line of the configuration file that holds this text.
fn line_of(site: &Site, text: &str) -> usize {
    let file = std::fs::read_to_string(site.config()).unwrap();
    file.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn a_right_configuration_is_said_to_be_right() {
    let site = Site::with_plugins(GOOD, &PLUGINS).unwrap();
    let output = site.check(&[]).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("1 flows, 2 connections, nothing wrong"),
        "{said}"
    );
}

#[test]
fn four_mistakes_of_four_kinds_are_told_at_once() {
    let unreachable = r#"
[[flows.canto-1.config.routing]]
when = {}
to = { group = "nobody-gets-here", sla = "1bd" }
"#;
    let wrong = GOOD
        .replace(
            "integration_user = \"Forebay Integration\"",
            "integration_usr = \"Forebay\"",
        )
        .replace("mode = \"enforce\"", "mod = \"enforce\"")
        .replace(", workflow = \"otwf-main\"", "");
    let site = Site::with_plugins(&(wrong + unreachable), &PLUGINS).unwrap();
    let output = site.check(&[]).unwrap();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    let expected = [
        (
            "integration_usr",
            "connections.canto-main.settings.integration_usr",
            "did you mean `integration_user`?",
        ),
        ("mod = ", "flows.canto-1.mod", "did you mean `mode`?"),
        (
            "connections = { dam",
            "flows.canto-1.connections.workflow",
            "add `workflow = \"otwf-main\"` to `connections`",
        ),
        (
            "when = {}",
            "flows.canto-1.config.routing[1]",
            "remove it, move it above routing[0]",
        ),
    ];
    for (text, path, mend) in expected {
        let lines = match path.ends_with("routing[1]") {
            // The second rule starts where its table does.
            true => line_of(&site, "nobody-gets-here") - 2..=line_of(&site, "nobody-gets-here"),
            false => line_of(&site, text)..=line_of(&site, text),
        };
        let problem = told
            .split("\n\n")
            .find(|problem| problem.contains(&format!(" at {path}\n")));
        let problem = problem.unwrap_or_else(|| unreachable!("nothing about {path} in\n{told}"));
        let placed = lines
            .into_iter()
            .any(|line| problem.contains(&format!("forebay.toml:{line}:")));
        assert!(placed, "{path} is told at another line:\n{told}");
        assert!(problem.contains(mend), "{path} has another mend:\n{told}");
        assert!(problem.starts_with("error: "), "{problem}");
    }
    assert!(told.trim_end().ends_with("4 errors"), "{told}");
}

#[test]
fn a_mistake_of_the_host_does_not_hide_those_that_take_plugins_to_find() {
    let wrong = GOOD.replace(", workflow = \"otwf-main\"", "");
    let site = Site::with_plugins(&wrong, &PLUGINS).unwrap();
    let text = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), text.replacen("listen =", "lisen =", 1)).unwrap();
    let output = site.check(&[]).unwrap();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("forebay.toml:2:1 at host.lisen\n  mend: did you mean `listen`?"),
        "{told}"
    );
    assert!(
        told.contains("the role `workflow` of `approval` is not bound"),
        "{told}"
    );
    assert!(told.trim_end().ends_with("2 errors"), "{told}");
}

#[test]
fn a_host_does_not_start_with_what_the_check_refuses() {
    let wrong = GOOD.replace("mode = \"enforce\"", "mod = \"enforce\"");
    let site = Site::with_plugins(&wrong, &PLUGINS).unwrap();
    let refused = site.serve().err().unwrap().to_string();
    assert!(refused.contains("did you mean `mode`?"), "{refused}");
}

#[test]
fn a_vendor_that_is_not_allowed_is_refused_by_the_check_with_both_sides_named() {
    let wrong = GOOD.replacen(
        "allow_hosts = [\"http://127.0.0.1:9\"]",
        "allow_hosts = [\"*.canto.com\"]",
        1,
    );
    let site = Site::with_plugins(&wrong, &PLUGINS).unwrap();
    let output = site.check(&[]).unwrap();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for words in [
        "denied: http://127.0.0.1:9: the operator does not allow it",
        "asked for: http://127.0.0.1:9",
        "allowed: *.canto.com",
        "connections.canto-main",
        "allow_hosts",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_asks_for_a_host_that_was_not_granted_is_denied_at_run_time() {
    // Tokens may be fetched, and one of the two hosts that the connector asks for is allowed; the
    // other, which it really uses, is not.
    let (identity, library) = (
        Canto::start(CantoOptions::default()).await.unwrap(),
        Canto::start(CantoOptions::default()).await.unwrap(),
    );
    let (oauth, base) = (identity.base_url(), library.base_url());
    let configuration = format!(
        r#"
[connections.canto-main]
plugin = "canto"
allow_hosts = ["{oauth}", "https://acme.canto.com"]
settings = {{ tenant = "acme", base_url = "{base}", oauth_url = "{oauth}" }}
secrets = {{ app_id = {{ env = "CANTO_APP_ID" }}, app_secret = {{ env = "CANTO_APP_SECRET" }}, webhook_token = {{ env = "CANTO_WEBHOOK_TOKEN" }} }}
"#
    );
    let site = Site::with_plugins(&configuration, &["canto"]).unwrap();
    let warned = stderr(&site.check(&[]).unwrap());
    assert!(
        warned.contains(&format!(
            "the connector asks for {base}, which allow_hosts does not allow"
        )),
        "the check says nothing about it: {warned}"
    );

    let host = site.serve().unwrap();
    // The first poll only notes where the next one begins, without asking anybody.
    let poll = || {
        host.post("/v1/connections/canto-main:poll", &json!({}))
            .unwrap()
    };
    poll();
    let (status, answer) = poll();
    assert_eq!(status, 502, "{answer:#}");
    let detail = answer["detail"].as_str().unwrap();
    for words in [
        format!("{base}: the operator does not allow it"),
        format!("asked for: acme.canto.com, {base}"),
        format!("allowed: {oauth}, acme.canto.com"),
        "add it to allow_hosts of connection \"canto-main\"".to_owned(),
    ] {
        assert!(detail.contains(&words), "{words} is not in\n{detail}");
    }
    assert!(
        library.frame().recorder().calls().is_empty(),
        "nothing went out"
    );
}
