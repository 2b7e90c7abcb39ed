//! What happens to files in the drop directory.

use crate::support::guest::{Guest, wrap};
use crate::support::{Place, codes, connection, context, limits, names, options};
use forebay_model::ports::Guests as _;
use forebay_model::{CapabilityError, InterfaceName};
use forebay_sandbox::{Error, Limits, Registry};

/// Wait until the registry looks as wanted.
async fn until(registry: &Registry, wanted: impl Fn(&Registry) -> bool) {
    let mut changes = registry.subscribe();
    let waiting = async {
        while !wanted(registry) {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, waiting)
        .await
        .unwrap();
}

/// Names of all files below a folder.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

async fn greet(registry: &Registry, plugin: &forebay_model::plugin::Plugin) -> serde_json::Value {
    let function = InterfaceName::new("acme:greeting/greeter").function("greet");
    let arguments = ["you".into()];
    let digest = &plugin.digest;
    registry
        .call(digest, &connection(), context(), &function, &arguments)
        .await
        .unwrap()
}

#[tokio::test]
async fn good_files_are_listed_with_what_they_say() {
    let place = Place::new();
    place.drop_file("connector.wasm", &Guest::connector("greeter", "hi").build());
    place.drop_file("handler.wasm", &Guest::handler("welcome").build());
    let registry = place.open().await;
    assert_eq!(codes(&registry), []);
    assert_eq!(names(&registry), ["greeter", "welcome"]);
    let handler = registry.current("welcome").unwrap();
    assert_eq!(handler.imports, ["acme:greeting/greeter@0.3.0"]);
    assert_eq!(
        handler.handler().unwrap().roles[0].required,
        ["acme:greeting/greeter"]
    );
    let connector = registry.current("greeter").unwrap();
    assert!(connector.exports(&InterfaceName::new("acme:greeting/greeter")));
    assert_eq!(connector.file, "connector.wasm");
}

#[tokio::test]
async fn bad_files_are_kept_out_by_reason() {
    let good = Guest::connector("greeter", "hi").build();
    let core = wat::parse_str("(module)").unwrap();
    let empty_component = wat::parse_str("(component)").unwrap();
    let mut not_a_name = Guest::connector("Not A Name", "hi");
    let _ = not_a_name.text("padding");
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("a-empty.wasm", Vec::new(), "not-a-component", "empty"),
        (
            "b-text.wasm",
            b"(component)".to_vec(),
            "not-a-component",
            "text",
        ),
        ("c-core.wasm", core, "not-a-component", "core module"),
        (
            "d-cut.wasm",
            good[..good.len() / 2].to_vec(),
            "invalid",
            "cut short",
        ),
        ("e-native.cwasm", good.clone(), "precompiled", "native code"),
        ("f-nothing.wasm", empty_component, "unknown-role", "neither"),
        (
            "g-loop.wasm",
            Guest::connector("looping", "hi")
                .describing("(loop (br 0)) unreachable")
                .build(),
            "describe-failed",
            "limits.cpu_describe",
        ),
        (
            "h-trap.wasm",
            Guest::connector("trapping", "hi")
                .describing("unreachable")
                .build(),
            "describe-failed",
            "unreachable",
        ),
        (
            "i-impure.wasm",
            Guest::connector("impure", "hi")
                .describing("(call $context (i32.const 0)) unreachable")
                .build(),
            "describe-failed",
            "describe may not call call.context",
        ),
        (
            "j-stranger.wasm",
            Guest::connector("stranger", "hi")
                .importing(
                    "import other: interface { f: func(); }",
                    r#"(import "other" "f" (func))"#,
                )
                .build(),
            "unknown-import",
            "other",
        ),
        (
            "k-name.wasm",
            not_a_name.build(),
            "bad-description",
            "Not A Name",
        ),
        (
            "l-uncovered.wasm",
            Guest::handler("uncovered")
                .requiring("uncovered", &["other:pkg/thing"])
                .build(),
            "bad-description",
            "it imports acme:greeting/greeter, but no role",
        ),
    ];
    let place = Place::new();
    for (file, bytes, ..) in &cases {
        place.drop_file(file, bytes);
    }
    let registry = place.open().await;
    assert_eq!(names(&registry), Vec::<String>::new());
    let quarantined = registry.quarantined();
    assert_eq!(quarantined.len(), cases.len(), "{quarantined:#?}");
    for (entry, (file, _, code, words)) in quarantined.iter().zip(&cases) {
        assert_eq!(
            (&*entry.file, &*entry.code),
            (*file, *code),
            "{}",
            entry.reason
        );
        assert!(entry.reason.contains(words), "{file}: {}", entry.reason);
    }
}

#[tokio::test]
async fn another_version_of_the_contract_is_named() {
    let core = r#"(module
        (func (export "forebay:connector/connector@0.2.0#describe"))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))"#;
    let contract = "package forebay:connector@0.2.0; interface connector { describe: func(); }";
    let world = "package test:guest; world guest { export forebay:connector/connector@0.2.0; }";
    let bytes = wrap(core, &[contract], world);
    let registry = Place::new().open().await;
    let refusal = registry.validate_file("new.wasm", bytes).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "wrong-version");
    assert_eq!(
        refusal.reason,
        "it exports forebay:connector/connector in version 0.2.0, this host speaks version 0.1.0"
    );
}

#[tokio::test]
async fn budgets_of_size_are_kept() {
    let bytes = Guest::connector("greeter", "hi").build();
    let small = Limits {
        plugin_file_bytes: 100,
        ..limits()
    };
    let refusal = Place::new()
        .open_with(small)
        .await
        .validate_file("x.wasm", bytes.clone())
        .await;
    assert_eq!(refusal.unwrap_err().code.as_str(), "too-large");
    let poor = Limits {
        memory_bytes: 65_536,
        ..limits()
    };
    let refusal = Place::new()
        .open_with(poor)
        .await
        .validate_file("x.wasm", bytes.clone())
        .await;
    assert_eq!(refusal.unwrap_err().code.as_str(), "too-complex");
    let flat = Limits {
        modules: 0,
        ..limits()
    };
    let refusal = Place::new()
        .open_with(flat)
        .await
        .validate_file("x.wasm", bytes)
        .await;
    assert!(refusal.unwrap_err().reason.contains("limits.modules"));
}

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

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    let place = Place::new();
    let outside = place.plugins().join("../outside");
    std::fs::write(&outside, Guest::connector("greeter", "hi").build()).unwrap();
    std::os::unix::fs::symlink(&outside, place.plugins().join("link.wasm")).unwrap();
    let registry = place.open().await;
    assert_eq!(
        codes(&registry),
        [("link.wasm".to_owned(), "unreadable".to_owned())]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_everybody_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let everybody = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(place.plugins(), everybody).unwrap();
    let error = Registry::open(options(&place.plugins(), &place.data(), limits()))
        .await
        .err();
    assert!(matches!(error, Some(Error::WorldWritable(_))), "{error:?}");
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

#[tokio::test]
async fn checks_of_a_connection_are_read() {
    let place = Place::new();
    place.drop_file("greeter.wasm", &Guest::connector("greeter", "hi").build());
    let registry = place.open().await;
    let digest = registry.current("greeter").unwrap().digest.clone();
    let findings = registry
        .check_connection(&digest, &connection(), context())
        .await
        .unwrap();
    assert_eq!(findings, Ok::<_, CapabilityError>(Vec::new()));
}
