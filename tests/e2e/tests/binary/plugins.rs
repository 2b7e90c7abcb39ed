//! Plugin files come, change and go while the real program serves.

use forebay_e2e::{
    Agency, Binary, LICENCES, Site, example, looping_describe, other_contract, precompiled,
    shipped, unknown_import, variant,
};
use forebay_model::Digest;
use serde_json::{Value, json};

/// The accepted plugin of this name, as the host lists it.
fn accepted<'a>(plugins: &'a Value, name: &str) -> Option<&'a Value> {
    plugins["accepted"]
        .as_array()?
        .iter()
        .find(|plugin| plugin["name"] == name)
}

/// Until the file with this content is what stands behind the name.
fn until_current(host: &Binary, name: &str, bytes: &[u8]) {
    let digest = Digest::of(bytes).to_string();
    host.until(
        "/v1/plugins",
        &format!("{name} in the version {digest}"),
        |plugins| accepted(plugins, name).is_some_and(|plugin| plugin["digest"] == digest),
    )
    .unwrap();
}

fn start_run(host: &Binary, asset: &str) -> String {
    let input = json!({ "asset": asset, "purpose": "web" });
    let (status, started) = host
        .post(&format!("/v1/flows/{LICENCES}/runs"), &input)
        .unwrap();
    assert_eq!(status, 202, "{started:#}");
    started["run_id"].as_str().unwrap().to_owned()
}

fn until_state(host: &Binary, run: &str, state: &str) -> Value {
    host.until(
        &format!("/v1/runs/{run}"),
        &format!("{run} is {state}"),
        |detail| detail["run"]["state"] == state,
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_and_go_under_a_host_that_has_no_flows() {
    let site = Site::new("").unwrap();
    let host = site.serve().unwrap();
    assert_eq!(
        host.get("/v1/plugins").unwrap().1,
        json!({ "accepted": [], "quarantined": [] })
    );

    let canto = shipped("canto").unwrap();
    site.drop_file("canto.wasm", &canto).unwrap();
    until_current(&host, "canto", &canto);
    let (status, described) = host.get("/v1/plugins/canto").unwrap();
    assert_eq!(
        (status, &described["connector"]["vendor"]),
        (200, &json!("Canto DAM"))
    );

    let replaced = variant(&canto);
    site.drop_file("canto.wasm", &replaced).unwrap();
    until_current(&host, "canto", &replaced);

    site.remove_file("canto.wasm").unwrap();
    host.until("/v1/plugins", "canto is gone", |plugins| {
        accepted(plugins, "canto").is_none()
    })
    .unwrap();
    assert_eq!(host.get("/v1/plugins/canto").unwrap().0, 404);
    assert_eq!(host.get("/readyz").unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_run_ends_on_the_old_file_while_new_runs_take_the_new_one() {
    let agency = Agency::start("ordered").await.unwrap();
    let site = Site::new("").unwrap();
    let host = site.serve().unwrap();
    if !site.drop_examples().unwrap() {
        return;
    }
    let (connector, handler) = (
        example("stock-licences").unwrap(),
        example("licence-check").unwrap(),
    );
    until_current(&host, "stock-licences", &connector);
    until_current(&host, "licence-check", &handler);

    // Both were unknown when the host started; the configuration may name them now.
    site.configure(&Site::licences(&agency)).unwrap();
    host.reload().unwrap();
    host.until("/v1/flows", "the flow is there", |flows| {
        flows["items"][0]["name"] == LICENCES
    })
    .unwrap();
    let old = start_run(&host, "old");
    until_state(&host, &old, "waiting");

    let replaced = variant(&handler);
    site.drop_file("licence-check.wasm", &replaced).unwrap();
    until_current(&host, "licence-check", &replaced);
    let new = start_run(&host, "new");
    let detail = until_state(&host, &new, "waiting");
    assert_eq!(detail["handler"], Digest::of(&replaced).to_string());

    // Even without any file of its name the old run has what it started with.
    site.remove_file("licence-check.wasm").unwrap();
    host.until("/v1/plugins", "the handler is gone", |plugins| {
        accepted(plugins, "licence-check").is_none()
    })
    .unwrap();
    agency.set_status("active");
    for (run, bytes) in [(&old, &handler), (&new, &replaced)] {
        let look = json!({ "name": "look", "data": {} });
        assert_eq!(
            host.post(&format!("/v1/runs/{run}:signal"), &look)
                .unwrap()
                .0,
            200
        );
        let detail = until_state(&host, run, "completed");
        assert_eq!(detail["run"]["outcome"], "granted");
        let digest = Digest::of(bytes).to_string();
        assert_eq!(detail["handler"], digest);
        let steps = host.get(&format!("/v1/runs/{run}/steps")).unwrap().1;
        for step in steps["items"].as_array().unwrap() {
            assert_eq!(step["handler"], digest, "{steps:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_in_the_place_of_a_good_one_changes_nothing() {
    let canto = shipped("canto").unwrap();
    let site = Site::with_plugins("", &["canto"]).unwrap();
    let host = site.serve().unwrap();
    site.drop_file("canto.wasm", &canto[..canto.len() / 2])
        .unwrap();
    let plugins = host
        .until("/v1/plugins", "the file is kept out", |plugins| {
            plugins["quarantined"][0]["file"] == "canto.wasm"
        })
        .unwrap();
    assert_eq!(plugins["quarantined"][0]["code"], "invalid");
    let current = accepted(&plugins, "canto").unwrap();
    assert_eq!(current["digest"], Digest::of(&canto).to_string());
    drop(host);

    // Nor does a restart: the host kept what it had accepted.
    let host = site.serve().unwrap();
    let plugins = host.get("/v1/plugins").unwrap().1;
    let current = accepted(&plugins, "canto").unwrap();
    assert_eq!(current["digest"], Digest::of(&canto).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_are_kept_out_with_code_and_reason_and_the_host_goes_on() {
    let canto = shipped("canto").unwrap();
    let most = canto.len();
    // On a machine that is busy otherwise the loop may not get its share of the processor for long.
    let limits = format!("[limits]\nplugin_file_bytes = {most}\nwall_describe = \"60s\"\n");
    let site = Site::new(&limits).unwrap();
    let host = site.serve().unwrap();
    let cases: [(&str, Vec<u8>, &str, &str); 9] = [
        (
            "cut.wasm",
            canto[..most / 2].to_vec(),
            "invalid",
            "malformed or cut short at byte",
        ),
        (
            "empty.wasm",
            Vec::new(),
            "not-a-component",
            "the file is empty",
        ),
        (
            "large.wasm",
            variant(&canto),
            "too-large",
            "limits.plugin_file_bytes allows",
        ),
        (
            "loop.wasm",
            looping_describe().unwrap(),
            "describe-failed",
            "limits.cpu_describe",
        ),
        (
            "native.cwasm",
            canto.clone(),
            "precompiled",
            "drop the .wasm file instead",
        ),
        (
            "native.wasm",
            precompiled(),
            "precompiled",
            "drop the .wasm file instead",
        ),
        (
            "stranger.wasm",
            unknown_import().unwrap(),
            "unknown-import",
            "acme:secret/vault@1.0.0",
        ),
        (
            "text.wasm",
            b"# not a plugin\n".to_vec(),
            "not-a-component",
            "it is text",
        ),
        (
            "tomorrow.wasm",
            other_contract().unwrap(),
            "wrong-version",
            "in version 0.9.0",
        ),
    ];
    for (file, bytes, ..) in &cases {
        site.drop_file(file, bytes).unwrap();
    }
    let plugins = host
        .until("/v1/plugins", "all files are judged", |plugins| {
            plugins["quarantined"]
                .as_array()
                .is_some_and(|files| files.len() == cases.len())
        })
        .unwrap();
    assert_eq!(plugins["accepted"], json!([]));
    for ((file, _, code, words), told) in
        cases.iter().zip(plugins["quarantined"].as_array().unwrap())
    {
        assert_eq!(
            (&told["file"], &told["code"]),
            (&json!(file), &json!(code)),
            "{told:#}"
        );
        let reason = told["reason"].as_str().unwrap();
        assert!(reason.contains(words), "{file}: {reason}");
    }

    // It goes on taking in what is good, and forgets what is taken away.
    site.drop_file("canto.wasm", &canto).unwrap();
    until_current(&host, "canto", &canto);
    for (file, ..) in &cases {
        site.remove_file(file).unwrap();
    }
    host.until("/v1/plugins", "nothing is kept out", |plugins| {
        plugins["quarantined"] == json!([])
    })
    .unwrap();
    assert_eq!(host.get("/readyz").unwrap().0, 200);
}
