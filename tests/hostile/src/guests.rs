//! The hostile components, built when they are first wanted.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// What the guests are compiled for.
const TARGET: &str = "wasm32-wasip2";

/// A component written in Rust, by the name of its file in `guests/examples`.
#[must_use]
pub fn rust(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let file = BUILT.get_or_init(build).join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A connector written as core Wasm text, by the name of its file in `guests/wat`.
#[must_use]
pub fn wat(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(source().join("wat").join(format!("{name}.wat"))).unwrap();
    let mut resolve = Resolve::default();
    for package in ["../../../wit/connector", "../../../wit/flow", "wit"] {
        let group = UnresolvedPackageGroup::parse_dir(source().join(package)).unwrap();
        resolve.push_group(group).unwrap();
    }
    let packages: Vec<_> = resolve.packages.iter().map(|(id, _)| id).collect();
    let world = resolve
        .select_world(&packages, Some("test:hostile/connector-guest"))
        .unwrap();
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// The target folder of the workspace this test was built in.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/test
    test.ancestors().nth(3).unwrap().to_owned()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

/// Build all guests; where nothing changed since, Cargo sees that at once. Processes that come at
/// the same time wait for each other at Cargo's own lock of the folder.
fn build() -> PathBuf {
    let target = target().join("hostile");
    let output = Command::new("cargo")
        .args(["build", "--locked", "--quiet", "--examples"])
        .args(["--target", TARGET])
        .current_dir(source())
        .env("CARGO_TARGET_DIR", &target)
        // Flags for this machine, such as those of a coverage tool, mean nothing to the guests.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the guests do not build:\n{said}");
    target.join(TARGET).join("debug/examples")
}
