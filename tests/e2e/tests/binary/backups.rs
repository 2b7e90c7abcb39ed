//! A backup of a host whose handler was replaced since: restored on another machine, the runs that
//! began with the old one go on with it.

use forebay_e2e::{Binary, Site, keeper};
use forebay_model::Digest;
use serde_json::{Value, json};

const CONFIGURATION: &str = r#"
[flows.keeper]
handler = "keeper"
connections = {}
config = {}
"#;

fn start(host: &Binary, name: &str) -> String {
    let (status, started) = host
        .post("/v1/flows/keeper/runs", &json!({ "name": name }))
        .unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn runs_go_on_elsewhere_with_the_handler_they_began_with() {
    let (first, second) = (keeper(1).unwrap(), keeper(2).unwrap());
    let (old, new) = (Digest::of(&first), Digest::of(&second));
    let here = Site::new(CONFIGURATION).unwrap();
    here.drop_file("keeper.wasm", &first).unwrap();
    let host = here.serve().unwrap();
    let run = start(&host, "began with the old one");
    tell(&host, &run, "hello");
    until(&host, &run, |detail| detail["handler_state"]["told"] == 1);
    here.drop_file("keeper.wasm", &second).unwrap();
    host.until("/v1/plugins", "the new handler", |plugins| {
        plugins["accepted"][0]["digest"] == new.as_str()
    })
    .unwrap();

    let output = here.command(&host, &["backup", "monday"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 handlers"),
        "{output:?}"
    );
    host.kill().unwrap();

    // Another machine, which never saw the old handler.
    let there = Site::new(CONFIGURATION).unwrap();
    there.drop_file("keeper.wasm", &second).unwrap();
    let backup = here.backup("monday");
    let output = there.restore(&backup, &[]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains(old.short()) && said.contains("1 live runs"),
        "{said}"
    );
    assert!(output.stderr.is_empty(), "nothing is lacking: {output:?}");
    assert!(there.keeps(&old));
    let host = there.serve().unwrap();
    tell(&host, &run, "hello");
    let detail = until(&host, &run, |detail| detail["handler_state"]["told"] == 2);
    assert_eq!(detail["handler"], old.as_str());
    tell(&host, &run, "close");
    until(&host, &run, |detail| detail["run"]["state"] == "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_plugin_file_is_told_and_the_rest_is_saved() {
    let first = keeper(1).unwrap();
    let digest = Digest::of(&first);
    let site = Site::new(CONFIGURATION).unwrap();
    site.drop_file("keeper.wasm", &first).unwrap();
    let host = site.serve().unwrap();
    start(&host, "a");
    site.lose(&digest).unwrap();
    let output = site.command(&host, &["backup", "monday"]).unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output:?}");
    assert!(
        told.contains("NOT in it") && told.contains(digest.as_str()),
        "{told}"
    );
    host.kill().unwrap();
    let there = Site::new(CONFIGURATION).unwrap();
    let output = there.restore(&site.backup("monday"), &[]).unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output:?}");
    assert!(
        told.contains("whose files are not here") && told.contains(digest.as_str()),
        "{told}"
    );
}
