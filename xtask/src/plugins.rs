//! `cargo xtask plugins`: the components shipped with the product.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::shell::{self, Shell};
use crate::tools;

/// What a component built by plain Cargo is compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// The profile plugins are shipped in.
pub(crate) const PROFILE: &str = "plugin";

#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// Build without optimisation: faster to build, larger, slower to load.
    #[arg(long)]
    debug: bool,
}

/// A plugin of the workspace.
struct Plugin {
    /// Name of its folder and of the file operators see.
    name: String,
    /// Name of its crate.
    package: String,
}

/// Build all plugins and put them where the demonstration and the tests look for them.
pub(crate) fn build(shell: &Shell, arguments: &Arguments) -> anyhow::Result<()> {
    tools::targets(shell)?;
    let plugins = find(shell)?;
    let profile = if arguments.debug { "dev" } else { PROFILE };
    let mut command = shell.cargo(&["build", "--target", TARGET, "--profile", profile]);
    for plugin in &plugins {
        command.args(["--package", &plugin.package]);
    }
    shell::run(&mut command)?;

    let folder = if arguments.debug { "debug" } else { PROFILE };
    let built = shell.target.join(TARGET).join(folder);
    let shelf = shelf(shell);
    for plugin in &plugins {
        let file = built.join(format!("{}.wasm", plugin.package.replace('-', "_")));
        put(&file, &shelf.join(format!("{}.wasm", plugin.name)))?;
    }
    Ok(())
}

/// Where built plugins lie.
pub(crate) fn shelf(shell: &Shell) -> PathBuf {
    shell.target.join("plugins")
}

/// Members of the workspace in the folder `plugins`.
fn find(shell: &Shell) -> anyhow::Result<Vec<Plugin>> {
    let metadata = shell.metadata()?;
    let mut plugins = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let Some(folder) = manifest.parent() else {
            continue;
        };
        if folder.parent() != Some(&shell.root.join("plugins")) {
            continue;
        }
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let package = package["name"]
            .as_str()
            .context("a package without a name")?
            .to_owned();
        plugins.push(Plugin { name, package });
    }
    Ok(plugins)
}

/// Put a built component on a shelf. A host that watches the folder never sees half a file.
pub(crate) fn put(built: &Path, wanted: &Path) -> anyhow::Result<()> {
    let told = || format!("cannot put {} to {}", built.display(), wanted.display());
    let folder = wanted.parent().with_context(told)?;
    fs::create_dir_all(folder).with_context(told)?;
    let unfinished = wanted.with_extension("part");
    let size = fs::copy(built, &unfinished).with_context(told)?;
    fs::rename(&unfinished, wanted).with_context(told)?;
    println!("   {} ({} KiB)", wanted.display(), size.div_ceil(1024));
    Ok(())
}
