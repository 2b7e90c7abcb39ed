//! The rules against crates that keep and break them.

use serde_json::json;

use super::*;

fn member(name: &str, folder: &str, dependencies: &[&str]) -> Crate {
    Crate {
        name: name.to_owned(),
        folder: PathBuf::from(folder),
        dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn complaints(member: &Crate) -> Vec<String> {
    let names = ROOMS
        .iter()
        .map(|(name, _)| *name)
        .chain(["forebay-plugin-canto"]);
    let known: Vec<_> = names.map(|name| self::member(name, "", &[])).collect();
    check_manifest(member, &known)
}

#[test]
fn rooms_depend_in_one_direction() {
    let engine = member(
        "forebay-engine",
        "host/engine",
        &["forebay-model", "forebay-sandbox"],
    );
    assert_eq!(
        complaints(&engine),
        ["host/engine/Cargo.toml: forebay-engine must not depend on forebay-sandbox"]
    );
    let model = member("forebay-model", "host/model", &["serde", "forebay-store"]);
    assert_eq!(
        complaints(&model),
        ["host/model/Cargo.toml: forebay-model must not depend on forebay-store"]
    );
}

#[test]
fn a_room_may_name_itself_to_switch_features_on() {
    assert!(complaints(&member("forebay-store", "host/store", &["forebay-store"])).is_empty());
}

#[test]
fn plugins_know_the_sdk_only() {
    let plugin = member(
        "forebay-plugin-new",
        "plugins/new",
        &["forebay-sdk", "forebay-model"],
    );
    assert_eq!(
        complaints(&plugin),
        ["plugins/new/Cargo.toml: forebay-plugin-new must not depend on forebay-model"]
    );
}

#[test]
fn libraries_have_one_home() {
    let cases = [
        ("forebay-engine", "host/engine", "wasmtime", true),
        ("forebay-engine", "host/engine", "wasmtime-wasi-http", true),
        (
            "forebay-sandbox",
            "host/sandbox",
            "wasmtime-wasi-http",
            false,
        ),
        ("forebay-api", "host/api", "rusqlite_migration", true),
        ("forebay-simulators", "tests/simulators", "axum", false),
        ("forebay-e2e", "tests/e2e", "wasmtime", true),
        ("forebay", "host/forebay", "reqwest", true),
        ("forebay", "host/forebay", "axumatic", false),
    ];
    for (name, folder, library, refused) in cases {
        let found = complaints(&member(name, folder, &[library]));
        assert_eq!(
            !found.is_empty(),
            refused,
            "{name} and {library}: {found:?}"
        );
    }
}

#[test]
fn a_crate_nobody_entered_is_told() {
    let found = complaints(&member("forebay-new", "host/new", &[]));
    assert_eq!(
        found,
        ["host/new/Cargo.toml: nobody has said which rooms forebay-new may name"]
    );
}

#[test]
fn crates_are_read_from_what_cargo_says() {
    let metadata = json!({"packages": [{
        "name": "a",
        "manifest_path": "/checkout/host/a/Cargo.toml",
        "dependencies": [{"name": "b", "kind": "dev"}, {"name": "c", "kind": null}],
    }]});
    let crates = read(&metadata, Path::new("/checkout")).unwrap();
    assert_eq!(crates[0].folder, Path::new("host/a"));
    assert_eq!(crates[0].dependencies, ["b", "c"]);
    assert!(read(&metadata, Path::new("/elsewhere")).is_err());
}

#[test]
fn a_handler_tells_its_flow_in_one_short_place() {
    let sources = Path::new("plugins/approval/src");
    assert_eq!(flows::complaint(sources, &[400, 200]), None);
    let long = flows::complaint(sources, &[400, 201]).unwrap();
    assert!(
        long.contains("plugins/approval/src/flow: 601 lines"),
        "{long}"
    );
    let none = flows::complaint(sources, &[]).unwrap();
    assert!(
        none.contains("plugins/approval/src/flow: a handler"),
        "{none}"
    );
}
