//! Which files are taken in, and which are kept out with a reason.

use forebay_model::ports::Guests as _;
use forebay_model::{CapabilityError, InterfaceName};
use forebay_sandbox::{Error, Limits, Registry};

use crate::support::guest::{Guest, wrap};
use crate::support::{Place, codes, connection, context, limits, names, options};

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
