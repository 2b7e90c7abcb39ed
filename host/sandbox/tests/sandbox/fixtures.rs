//! Components that were built against each frozen contract, and kept: they go on running. And what
//! is said of one that wants a contract this host does not have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::broker::{Script, Scripted, activation};
use crate::support::{Place, connection, context};
use forebay_model::InterfaceName;
use forebay_model::ports::Guests as _;
use forebay_model::step::Next;
use serde_json::json;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/contract")
}

/// Versions of the contract that have fixtures.
fn versions() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(kept()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut versions: Vec<PathBuf> = paths
        .filter(|path| path.join("connector.wasm").is_file())
        .collect();
    versions.sort();
    versions
}

#[tokio::test]
async fn components_of_every_frozen_contract_load_describe_and_run() {
    let versions = versions();
    assert!(!versions.is_empty(), "the fixtures are gone");
    for version in versions {
        let place = Place::new();
        for name in ["connector.wasm", "handler.wasm"] {
            place.drop_file(name, &std::fs::read(version.join(name)).unwrap());
        }
        let registry = place.open().await;
        assert_eq!(registry.quarantined(), [], "{}", version.display());
        let connector = registry.current("fixture-connector").unwrap();
        let handler = registry.current("fixture-handler").unwrap();
        assert_eq!(
            connector.connector().unwrap().event_kinds,
            ["comment.added"]
        );
        let bound = BTreeMap::from([("dam".to_owned(), connector.clone())]);
        let problems = registry.binding_problems(&handler, &bound).await;
        assert_eq!(problems, [""; 0], "{}", version.display());

        // What the handler asks of its broker goes to the connector as it is, and its answer back.
        let checked = registry
            .check_connection(&connector.digest, &connection(), context())
            .await;
        assert_eq!(checked.unwrap().unwrap(), []);
        let draft = json!({"version": null, "parent": null, "text": "seen", "span": null,
            "external-id": "r-1/id-7"});
        let added = registry
            .call(
                &connector.digest,
                &connection(),
                context(),
                &InterfaceName::new("forebay:assets/comments").function("add"),
                &["asset-7".into(), draft.clone()],
            )
            .await
            .unwrap();
        assert_eq!(added["ok"]["id"], "asset-7/key-1");

        let broker = Scripted::new(Script::Answer(added));
        let step = registry
            .handle(activation(&handler.digest), broker.clone())
            .await
            .unwrap()
            .unwrap();
        let Next::Completed(completion) = step.next else {
            panic!("{:?}", step.next)
        };
        assert_eq!(completion.outcome, "added");
        assert_eq!(completion.summary, "asset-7/key-1");
        let calls = broker.calls.lock().unwrap();
        assert_eq!(calls.len(), 1);
        let run = &activation(&handler.digest).run;
        let asked = calls[0].arguments[1]["external-id"].as_str().unwrap();
        assert_eq!(asked, format!("{run}/id-7"));
        assert_eq!(calls[0].arguments[1]["text"], draft["text"]);
    }
}

/// The kept handler, wanting another contract: the number is as long as the one it stands for.
fn wanting(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let newest = versions().pop().unwrap();
    let mut bytes = std::fs::read(newest.join("handler.wasm")).unwrap();
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{from} is not in it");
    bytes
}

#[tokio::test]
async fn a_contract_that_does_not_fit_is_explained() {
    let place = Place::new();
    let cases = [
        (
            "runtime.wasm",
            wanting("forebay:flow/runtime@0.1.0", "forebay:flow/runtime@0.9.0"),
            ["forebay:flow/runtime", "0.9.0", "0.1.0"],
        ),
        (
            "handler.wasm",
            wanting(
                "forebay:flow/use-case-handler@0.1.0",
                "forebay:flow/use-case-handler@0.9.0",
            ),
            ["forebay:flow/use-case-handler", "0.9.0", "0.1.0"],
        ),
        (
            "stranger.wasm",
            wanting("forebay:flow/runtime@0.1.0", "forebay:flow/magical@0.1.0"),
            ["it imports", "forebay:flow/magical", "no role"],
        ),
    ];
    for (name, bytes, _) in &cases {
        place.drop_file(name, bytes);
    }
    let registry = place.open().await;
    let refused = registry.quarantined();
    for (name, _, words) in cases {
        let found = refused.iter().find(|entry| entry.file == name);
        let reason = &found
            .unwrap_or_else(|| panic!("{name}: {refused:#?}"))
            .reason;
        for word in words {
            assert!(reason.contains(word), "{name}: {reason}");
        }
    }
}
