//! The program: says where it listens, answers there, and ends when asked to.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn it_tells_its_addresses_answers_there_and_ends_on_a_signal() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_forebay-simulators"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let addresses: Value = serde_json::from_str(&line).unwrap();
    for vendor in ["canto", "iconik", "opentext"] {
        let base = addresses[vendor].as_str().unwrap();
        assert_eq!(
            reqwest::get(format!("{base}/")).await.unwrap().status(),
            200,
            "{vendor}"
        );
        let calls = reqwest::get(format!("{base}/_sim/calls")).await.unwrap();
        assert_eq!(
            calls.json::<Value>().await.unwrap(),
            serde_json::json!([]),
            "{vendor}"
        );
        // A real clock cannot be moved.
        let client = reqwest::Client::builder().build().unwrap();
        let moved = client
            .post(format!("{base}/_sim/clock"))
            .body(r#"{"advance_ms":1}"#);
        let moved = moved
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(moved.status(), 409, "{vendor}");
    }
    let id = program.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    assert!(program.wait().await.unwrap().success());
}
