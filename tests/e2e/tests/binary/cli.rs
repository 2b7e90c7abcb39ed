//! The command line against a running host.

use forebay_e2e::{Agency, Binary, LICENCES, Site};
use serde_json::{Value, json};

struct Shell {
    site: Site,
    host: Binary,
}

impl Shell {
    /// What a command prints; it must succeed.
    fn say(&self, arguments: &[&str]) -> String {
        let output = self.site.command(&self.host, arguments).unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command prints with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.say(&[arguments, &["--json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|_| unreachable!("not JSON: {said}"))
    }

    /// What a command that fails prints to standard error, and its exit code.
    fn fail(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.site.command(&self.host, arguments).unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

/// A host with the third party's example; none if it is not built.
fn shell(agency: &Agency) -> Option<Shell> {
    let site = Site::new(&Site::licences(agency)).unwrap();
    if !site.drop_examples().unwrap() {
        return None;
    }
    site.drop_file("notes.wasm", b"not a plugin").unwrap();
    let host = site.serve().unwrap();
    Some(Shell { site, host })
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_and_flows_are_listed() {
    let agency = Agency::start("active").await.unwrap();
    let Some(shell) = shell(&agency) else { return };

    let plugins = shell.say(&["plugins", "list"]);
    for words in [
        "licence-check",
        "handler",
        "stock-licences",
        "connector",
        "kept out:",
        "not-a-component",
    ] {
        assert!(plugins.contains(words), "{words} is not in\n{plugins}");
    }
    let plugins = shell.json(&["plugins", "list"]);
    assert_eq!(
        plugins,
        shell.host.get("/v1/plugins").unwrap().1,
        "the API's own answer"
    );
    let shown = shell.json(&["plugins", "show", "licence-check"]);
    assert_eq!(shown["imports"], json!(["acme:licensing/licences@1.0.0"]));

    let flows = shell.say(&["flows", "list"]);
    assert!(
        flows.contains(LICENCES) && flows.contains("enforce"),
        "{flows}"
    );
    assert_eq!(
        shell.json(&["flows", "list"])["items"][0]["connections"]["agency"],
        "stockpile"
    );
    assert!(shell.say(&["connections", "list"]).contains("stockpile"));
    assert_eq!(
        shell.say(&["connections", "check", "stockpile"]).trim(),
        "nothing wrong"
    );
    assert_eq!(
        shell.say(&["flows", "check", LICENCES]).trim(),
        "nothing wrong"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_repeated_with_its_key_is_one_run() {
    let agency = Agency::start("active").await.unwrap();
    let Some(shell) = shell(&agency) else { return };
    let input = r#"{"asset": "hero-2026", "purpose": "web"}"#;
    let trigger = [
        "trigger",
        LICENCES,
        input,
        "--idempotency-key",
        "order-4711",
    ];

    let first = shell.json(&trigger);
    assert_eq!(first["result"], "started");
    let run = first["run_id"].as_str().unwrap();
    shell
        .host
        .until(&format!("/v1/runs/{run}"), "the run completes", |detail| {
            detail["run"]["state"] == "completed"
        })
        .unwrap();
    let again = shell.json(&trigger);
    assert_eq!(
        (&again["result"], &again["run_id"]),
        (&json!("repeated"), &json!(run))
    );
    let other = r#"{"asset": "hero-2026", "purpose": "print"}"#;
    let (code, told) = shell.fail(&[
        "trigger",
        LICENCES,
        other,
        "--idempotency-key",
        "order-4711",
    ]);
    assert_eq!(code, Some(1));
    assert!(told.contains("422"), "{told}");
    assert_eq!(
        shell.json(&["runs", "list"])["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let list = shell.say(&["runs", "list", "--flow", LICENCES, "--state", "completed"]);
    assert!(list.contains(run) && list.contains("granted"), "{list}");
    let none = shell.json(&["runs", "list", "--state", "waiting,parked"]);
    assert_eq!(none["items"], json!([]));
    let labelled = shell.json(&["runs", "list", "--label", "purpose:web"]);
    assert_eq!(labelled["items"][0]["id"], run);
    assert_eq!(
        shell.json(&["runs", "show", run])["run"]["outcome"],
        "granted"
    );
    let steps = shell.say(&["runs", "steps", run]);
    assert!(
        steps.contains("request") && steps.contains("completed"),
        "{steps}"
    );
    assert_eq!(
        shell.json(&["runs", "steps", run])["items"][0]["activation"],
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_on_the_command_line_are_told_in_words() {
    let agency = Agency::start("ordered").await.unwrap();
    let Some(shell) = shell(&agency) else { return };
    let cases: [(&[&str], &str); 5] = [
        (&["runs", "show", "no-such-run"], "404"),
        (&["trigger", "no-such-flow"], "404"),
        (&["trigger", LICENCES, "{"], "the input is not JSON"),
        (
            &["runs", "list", "--state", "sleeping"],
            "`sleeping` is none of",
        ),
        (
            &["plugins", "list", "--key", "a-key-that-nobody-knows"],
            "--key or FOREBAY_API_KEY",
        ),
    ];
    for (arguments, words) in cases {
        let (code, told) = shell.fail(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {told}");
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_run_is_acted_on() {
    let agency = Agency::start("ordered").await.unwrap();
    let Some(shell) = shell(&agency) else { return };
    let started = shell.json(&[
        "trigger",
        LICENCES,
        r#"{"asset": "hero", "purpose": "web"}"#,
    ]);
    let run = started["run_id"].as_str().unwrap();
    let until = |state: &str| {
        let wanted = |detail: &Value| detail["run"]["state"] == state;
        shell
            .host
            .until(
                &format!("/v1/runs/{run}"),
                &format!("it is {state}"),
                wanted,
            )
            .unwrap()
    };
    until("waiting");
    assert!(
        shell
            .say(&["runs", "list"])
            .contains("the agency to confirm the order for hero")
    );
    shell.say(&["runs", "pause", run]);
    until("paused");
    shell.say(&["runs", "resume", run]);
    until("waiting");
    shell.say(&["runs", "signal", run, "withdraw"]);
    let detail = until("cancelled");
    assert_eq!(detail["run"]["outcome"], "withdrawn");
    assert_eq!(detail["run"]["summary"], "withdrawn by operator:tests");
}
