//! `cargo xtask fixtures`: build the components that are kept for the frozen contract.

use crate::plugins::{TARGET, put};
use crate::shell::{self, Shell};
use crate::tools;

/// The contract that is built against. Once it is frozen its fixtures are never built again.
const CONTRACT: &str = "0.1.0";

/// Build them and put them where they are kept.
pub(crate) fn build(shell: &Shell) -> anyhow::Result<()> {
    tools::targets(shell)?;
    let home = shell.root.join("tests/fixtures/contract");
    let target = shell.root.join("target/fixtures");
    let build = [
        "build",
        "--locked",
        "--release",
        "--examples",
        "--target",
        TARGET,
    ];
    let mut command = shell.cargo(&build);
    command.current_dir(home.join("source"));
    command.env("CARGO_TARGET_DIR", &target);
    shell::run(&mut command)?;
    for name in ["connector.wasm", "handler.wasm"] {
        let built = target.join(TARGET).join("release/examples").join(name);
        put(&built, &home.join(CONTRACT).join(name))?;
    }
    Ok(())
}
