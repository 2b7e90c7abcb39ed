//! A newer handler takes over live runs, and the file of the old one goes when nobody needs it.

use forebay_e2e::{Binary, Site, keeper, variant};
use forebay_model::Digest;
use serde_json::{Value, json};

const FLOW: &str = "keeper";

/// Files are looked through every second, and stay for one after their last run.
const CONFIGURATION: &str = r#"
[retention]
interval = "1s"
plugins_for = "1s"

[flows.keeper]
handler = "keeper"
connections = {}
config = {}
"#;

fn start(host: &Binary, name: &str) -> String {
    let path = format!("/v1/flows/{FLOW}/runs");
    let (status, started) = host.post(&path, &json!({ "name": name })).unwrap();
    assert_eq!(status, 202, "{started:#}");
    let run = started["run_id"].as_str().unwrap().to_owned();
    until(host, &run, |detail| detail["run"]["state"] == "waiting");
    run
}

fn until(host: &Binary, run: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    host.until(&format!("/v1/runs/{run}"), run, wanted).unwrap()
}

fn tell(host: &Binary, run: &str, name: &str) {
    let path = format!("/v1/runs/{run}:signal");
    let (status, answer) = host.post(&path, &json!({ "name": name })).unwrap();
    assert_eq!(status, 200, "{answer:#}");
}

fn take_in(site: &Site, host: &Binary, bytes: &[u8]) {
    site.drop_file("keeper.wasm", bytes).unwrap();
    let digest = Digest::of(bytes).to_string();
    host.until("/v1/plugins", &digest, |plugins| {
        plugins["accepted"][0]["digest"] == digest
    })
    .unwrap();
}

/// Does the audit say that the file of this digest was removed?
fn removed(audit: &Value, digest: &Digest) -> bool {
    let mut records = audit["items"].as_array().unwrap().iter();
    records.any(|record| {
        record["action"] == "plugin.removed" && record["details"]["digest"] == digest.as_str()
    })
}

fn until_removed(host: &Binary, digest: &Digest) {
    let audit = "/v1/audit?limit=500";
    host.until(audit, "the file is removed", |audit| removed(audit, digest))
        .unwrap();
}

/// `forebay runs upgrade` with these arguments; exit code and answer.
fn upgrade(site: &Site, host: &Binary, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["runs", "upgrade", "--json"], arguments].concat();
    let output = site.command(host, &arguments).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let answer = serde_json::from_str(&said).unwrap_or_else(|_| json!({ "said": said }));
    (output.status.code().unwrap(), answer)
}

/// What a move of this run changes, by the answer about many.
fn item<'a>(answer: &'a Value, run: &str) -> &'a Value {
    let mut items = answer["items"].as_array().unwrap().iter();
    items.find(|item| item["run"] == run).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn live_runs_go_on_with_the_newer_handler_and_the_old_file_goes_after_the_last() {
    let (first, second) = (keeper(1).unwrap(), keeper(2).unwrap());
    let site = Site::new(CONFIGURATION).unwrap();
    site.drop_file("keeper.wasm", &first).unwrap();
    let host = site.serve().unwrap();
    let (moved, stays, ends) = (
        start(&host, "moved"),
        start(&host, "told too much"),
        start(&host, "ends"),
    );
    tell(&host, &moved, "hello");
    for _ in 0..5 {
        tell(&host, &stays, "hello");
    }
    until(&host, &moved, |detail| detail["handler_state"]["told"] == 1);
    until(&host, &stays, |detail| detail["handler_state"]["told"] == 5);
    // A file in between, which no run ever needs.
    let between = variant(&second);
    take_in(&site, &host, &between);
    take_in(&site, &host, &second);

    // Asked first: without `--yes` nothing is done, and what cannot be done is told with the reason.
    let (code, told) = upgrade(&site, &host, &["--all", "--flow", FLOW]);
    assert_eq!(code, 1, "one is refused: {told:#}");
    assert_eq!(
        (&told["dry_run"], &told["changed"], &told["refused"]),
        (&json!(true), &json!(2), &json!(1)),
        "{told:#}"
    );
    let change = &item(&told, &moved)["acted"]["moved"];
    assert_eq!(change["from"]["handler"], Digest::of(&first).to_string());
    assert_eq!(change["to"]["handler"], Digest::of(&second).to_string());
    assert_eq!(
        (
            &change["from"]["state_version"],
            &change["to"]["state_version"]
        ),
        (&json!(1), &json!(2))
    );
    assert_eq!(change["added"], json!(["last", "number"]));
    assert_eq!(change["removed"], json!(["told"]));
    let reason = item(&told, &stays)["reason"].as_str().unwrap();
    assert!(reason.ends_with("it was told too much"), "{reason}");
    let detail = host.get(&format!("/v1/runs/{moved}")).unwrap().1;
    assert_eq!(detail["handler_state"], json!({ "told": 1 }));

    let (code, answer) = upgrade(&site, &host, &[&moved, "--reason", "the new rules"]);
    assert_eq!((code, &answer["changed"]), (0, &json!(true)), "{answer:#}");
    let detail = host.get(&format!("/v1/runs/{moved}")).unwrap().1;
    assert_eq!(detail["handler"], Digest::of(&second).to_string());
    assert_eq!(
        detail["handler_state"],
        json!({ "number": 1, "last": null })
    );
    tell(&host, &moved, "again");
    until(&host, &moved, |detail| {
        detail["handler_state"] == json!({ "number": 2, "last": "again" })
    });

    // The file in between goes, so rounds have gone by; the old one stays, because runs need it.
    let old = Digest::of(&first);
    until_removed(&host, &Digest::of(&between));
    tell(&host, &ends, "close");
    until(&host, &ends, |detail| detail["run"]["state"] == "completed");
    assert!(site.keeps(&old) && !site.keeps(&Digest::of(&between)));

    tell(&host, &stays, "close");
    until(&host, &stays, |detail| {
        detail["run"]["summary"] == "told 6 times" && detail["handler"] == old.as_str()
    });
    until_removed(&host, &old);
    assert!(!site.keeps(&old) && site.keeps(&Digest::of(&second)));
    tell(&host, &moved, "close");
    until(&host, &moved, |detail| {
        detail["run"]["state"] == "completed"
    });
}
