//! What becomes of a plugin whose file changes, goes or is damaged.

use forebay_model::ports::Guests as _;
use forebay_sandbox::Limits;

use super::{files_below, greet, until};
use crate::support::guest::Guest;
use crate::support::{Place, codes, limits};

#[tokio::test]
async fn a_replaced_file_takes_over_and_the_old_plugin_stays_callable() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "old").build());
    let registry = place.open().await;
    let old = registry.current("greeter").unwrap();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "new").build());
    registry.rescan().await;
    let new = registry.current("greeter").unwrap();
    assert_ne!(old.digest, new.digest);
    assert_eq!(
        greet(&registry, &new).await,
        serde_json::json!({"ok": "new"})
    );
    assert_eq!(
        greet(&registry, &old).await,
        serde_json::json!({"ok": "old"})
    );
    drop(registry);

    // Also after a restart, when only the kept copy is left.
    let registry = place.open().await;
    assert_eq!(registry.current("greeter").unwrap().digest, new.digest);
    assert_eq!(*registry.plugin(&old.digest).unwrap(), *old);
    assert_eq!(
        greet(&registry, &old).await,
        serde_json::json!({"ok": "old"})
    );
}

#[tokio::test]
async fn a_bad_replacement_leaves_the_old_plugin_in_place_even_over_a_restart() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "old").build());
    let registry = place.open().await;
    let old = registry.current("greeter").unwrap();
    place.drop_file("greeter.wasm", b"broken");
    registry.rescan().await;
    assert_eq!(registry.current("greeter").unwrap().digest, old.digest);
    assert_eq!(
        codes(&registry),
        [("greeter.wasm".to_owned(), "not-a-component".to_owned())]
    );
    drop(registry);

    let registry = place.open().await;
    assert_eq!(registry.current("greeter").unwrap().digest, old.digest);
    assert_eq!(codes(&registry).len(), 1);
    assert_eq!(
        greet(&registry, &old).await,
        serde_json::json!({"ok": "old"})
    );
}

#[tokio::test]
async fn a_verdict_stands_as_long_as_host_and_limits_are_the_same() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "hi").build());
    drop(place.open().await);
    // Compiled code that nobody asks for is not made: no call, no cache.
    let compiled = place.data().join("cache");
    std::fs::remove_dir_all(&compiled).unwrap();
    let registry = place.open().await;
    let plugin = registry.current("greeter").unwrap();
    assert!(files_below(&compiled).is_empty());
    assert_eq!(
        greet(&registry, &plugin).await,
        serde_json::json!({"ok": "hi"})
    );
    assert!(!files_below(&compiled).is_empty());
    drop(registry);

    let tighter = Limits {
        description_bytes: 10,
        ..limits()
    };
    let registry = place.open_with(tighter).await;
    assert_eq!(registry.current("greeter"), None);
    assert_eq!(
        codes(&registry),
        [("greeter.wasm".to_owned(), "bad-description".to_owned())]
    );
}

#[tokio::test]
async fn a_start_mends_a_damaged_copy() {
    let place = Place::new();
    let bytes = Guest::connector("greeter", "hi").build();
    place.drop_file("greeter.wasm", &bytes);
    let digest = place
        .open()
        .await
        .current("greeter")
        .unwrap()
        .digest
        .clone();
    let copy = place.data().join(format!("plugins/{digest}.wasm"));
    std::fs::write(&copy, "damage").unwrap();
    let registry = place.open().await;
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
    let plugin = registry.current("greeter").unwrap();
    assert_eq!(
        greet(&registry, &plugin).await,
        serde_json::json!({"ok": "hi"})
    );
}

#[tokio::test]
async fn a_removed_file_is_no_longer_current_but_still_callable() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "hi").build());
    let registry = place.open().await;
    let plugin = registry.current("greeter").unwrap();
    place.remove_file("greeter.wasm");
    registry.rescan().await;
    assert_eq!(registry.current("greeter"), None);
    assert_eq!(
        greet(&registry, &plugin).await,
        serde_json::json!({"ok": "hi"})
    );
}

#[tokio::test]
async fn a_second_file_of_a_name_waits_until_the_first_is_gone() {
    let place = Place::new();
    place.drop_file("one.wasm", &Guest::connector("greeter", "one").build());
    let registry = place.open().await;
    place.drop_file("two.wasm", &Guest::connector("greeter", "two").build());
    registry.rescan().await;
    let quarantined = registry.quarantined();
    assert_eq!(quarantined[0].code, "name-taken");
    assert!(
        quarantined[0].reason.contains("one.wasm and")
            || quarantined[0].reason.contains("and one.wasm")
    );
    assert_eq!(registry.current("greeter").unwrap().file, "one.wasm");
    place.remove_file("one.wasm");
    registry.rescan().await;
    assert_eq!(registry.current("greeter").unwrap().file, "two.wasm");
    assert_eq!(codes(&registry), []);
}

#[tokio::test]
async fn the_watcher_takes_in_and_out_by_itself() {
    let place = Place::new();
    let registry = place.open().await;
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "hi").build());
    until(&registry, |registry| registry.current("greeter").is_some()).await;
    place.remove_file("greeter.wasm");
    until(&registry, |registry| registry.current("greeter").is_none()).await;
}

#[tokio::test]
async fn a_damaged_copy_is_not_run() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "hi").build());
    let registry = place.open().await;
    let plugin = registry.current("greeter").unwrap();
    drop(registry);
    place.remove_file("greeter.wasm");
    let copy = place.data().join(format!("plugins/{}.wasm", plugin.digest));
    std::fs::write(copy, Guest::connector("greeter", "evil").build()).unwrap();
    let registry = place.open().await;
    let error = registry.ensure(&plugin.digest).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}
