//! Plugin files that are wrong in one way each, and a way to change a right one.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// A connector of the present contract; `IMPORT` and `DESCRIBE` are filled in.
const CONNECTOR: &str = r#"(module IMPORT
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "forebay:connector/connector@0.1.0#describe") (result i32) DESCRIBE)
    (func (export "forebay:connector/connector@0.1.0#check") (result i32) unreachable))"#;

/// The same component with another digest: a custom section more.
#[must_use]
pub fn variant(component: &[u8]) -> Vec<u8> {
    // Section 0 of five bytes: the length of its name, and the name.
    let section = [0, 5, 4, b'm', b'o', b'r', b'e'];
    [component, &section].concat()
}

/// A connector whose `describe` never ends.
///
/// # Errors
/// If it cannot be encoded.
pub fn looping_describe() -> anyhow::Result<Vec<u8>> {
    let core = CONNECTOR
        .replace("IMPORT", "")
        .replace("DESCRIBE", "(loop (br 0)) unreachable");
    wrap(&core, &[], "export forebay:connector/connector@0.1.0;")
}

/// A connector that imports what nobody provides.
///
/// # Errors
/// If it cannot be encoded.
pub fn unknown_import() -> anyhow::Result<Vec<u8>> {
    let import = r#"(import "acme:secret/vault@1.0.0" "open" (func))"#;
    let core = CONNECTOR
        .replace("IMPORT", import)
        .replace("DESCRIBE", "unreachable");
    let vault = "package acme:secret@1.0.0; interface vault { open: func(); }";
    let world = "import acme:secret/vault@1.0.0; export forebay:connector/connector@0.1.0;";
    wrap(&core, &[vault], world)
}

/// A connector of a contract that does not exist yet.
///
/// # Errors
/// If it cannot be encoded.
pub fn other_contract() -> anyhow::Result<Vec<u8>> {
    let core = CONNECTOR
        .replace("@0.1.0", "@0.9.0")
        .replace("IMPORT", "")
        .replace("DESCRIBE", "unreachable");
    let contract = "package forebay:connector@0.9.0; \
                    interface connector { describe: func() -> string; check: func() -> string; }";
    wrap(
        &core,
        &[contract],
        "export forebay:connector/connector@0.9.0;",
    )
}

/// The head of what Wasmtime writes when it compiles ahead of time: an ELF file of its own kind.
#[must_use]
pub fn precompiled() -> Vec<u8> {
    const WASMTIME_ABI: u8 = 200;
    const COMPONENT: u32 = 2;
    let mut elf = vec![0_u8; 64];
    elf[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, WASMTIME_ABI]);
    elf[16] = 1; // a relocatable file
    elf[18] = 62; // for x86-64
    elf[20] = 1; // ELF version
    elf[48..52].copy_from_slice(&COMPONENT.to_le_bytes());
    elf[52] = 64; // length of this head
    elf
}

/// Wrap a core module as a component of a world of the contract in `wit/` and these packages.
fn wrap(core: &str, packages: &[&str], world: &str) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/connector");
    resolve.push_group(UnresolvedPackageGroup::parse_dir(wit)?)?;
    for package in packages {
        resolve.push_source("package.wit", package)?;
    }
    let guest = format!("package test:guest; world guest {{ {world} }}");
    let guest = resolve.push_source("guest.wit", &guest)?;
    let world = resolve.select_world(&[guest], Some("guest"))?;
    let mut module = wat::parse_str(core)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()
}
