//! A folder with everything a program needs, and the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::load::{API_KEY, Load};
use crate::program::{Program, Programs};
use crate::vendor::{CALLBACK_SECRET, Vendor, client};

/// The benchmark's own plugins: file of the build, file in the drop directory.
const OWN: [(&str, &str); 2] = [
    ("forebay_bench_connector.wasm", "bench-vendor.wasm"),
    ("forebay_bench_handler.wasm", "bench-flow.wasm"),
];

/// A place where the host or the baseline can run. Dropping it removes it.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) vendor: Vendor,
    slow: Duration,
}

impl Scene {
    /// A place with the benchmark's plugins, where each sync takes so much longer. Compiled code is
    /// shared between places.
    pub(crate) fn new(
        programs: &Programs,
        vendor: &Vendor,
        slow: Duration,
    ) -> anyhow::Result<Self> {
        let scene = Self::with_own_cache(programs, vendor, slow)?;
        fs::create_dir(scene.path("data"))?;
        std::os::unix::fs::symlink(programs.cache.path(), scene.path("data/cache"))?;
        Ok(scene)
    }

    /// As [`Scene::new`], but compiled code is the place's own.
    pub(crate) fn with_own_cache(
        programs: &Programs,
        vendor: &Vendor,
        slow: Duration,
    ) -> anyhow::Result<Self> {
        let scene = Self {
            folder: TempDir::new_in(&programs.scratch)?,
            vendor: vendor.clone(),
            slow,
        };
        fs::create_dir(scene.path("plugins"))?;
        for (built, dropped) in OWN {
            let file = programs.plugins.join(built);
            let bytes =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            scene.drop_plugin(dropped, &bytes)?;
        }
        fs::write(scene.path("forebay.toml"), configuration(vendor.address()))?;
        Ok(scene)
    }

    /// A file below the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database of the host.
    pub(crate) fn database(&self) -> PathBuf {
        self.path("data/forebay.db")
    }

    /// Put a plugin into the drop directory, as a whole.
    pub(crate) fn drop_plugin(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let incoming = self.path("incoming");
        fs::write(&incoming, bytes)?;
        fs::rename(incoming, self.path("plugins").join(name))?;
        Ok(())
    }

    /// Start the host; processes call back to it from now on.
    pub(crate) fn host(&self, programs: &Programs) -> anyhow::Result<Program> {
        let mut command = programs.probed(&programs.host, self.slow, self.folder.path())?;
        command
            .args(["serve", "--config"])
            .arg(self.path("forebay.toml"))
            .env("BENCH_API_KEY", API_KEY)
            .env("BENCH_TOKEN", "token-of-the-vendor")
            .env("BENCH_CALLBACK", CALLBACK_SECRET);
        let program = Program::start(&mut command, self.folder.path())?;
        self.vendor
            .call_back_to(&format!("{}/hooks/vendor/callback", program.address));
        Ok(program)
    }

    /// Start the same work without plugins; processes call back to it from now on.
    pub(crate) fn baseline(&self, programs: &Programs) -> anyhow::Result<Program> {
        let mut command = programs.probed(&programs.baseline, self.slow, self.folder.path())?;
        command
            .arg(self.path("baseline.db"))
            .arg(self.vendor.address());
        let program = Program::start(&mut command, self.folder.path())?;
        self.vendor
            .call_back_to(&format!("{}/callback", program.address));
        Ok(program)
    }

    /// Load on a host.
    pub(crate) fn load_on_host(&self, host: &Program) -> anyhow::Result<Arc<Load>> {
        let url = format!("{}/v1/flows/bench/runs", host.address);
        Ok(Arc::new(Load::new(&self.vendor, url)?))
    }

    /// Load on the baseline.
    pub(crate) fn load_on_baseline(&self, baseline: &Program) -> anyhow::Result<Arc<Load>> {
        let url = format!("{}/trigger", baseline.address);
        Ok(Arc::new(Load::new(&self.vendor, url)?))
    }
}

/// Read a resource of a host.
pub(crate) async fn ask(host: &Program, path: &str) -> anyhow::Result<Value> {
    let asked = client()?
        .get(format!("{}{path}", host.address))
        .bearer_auth(API_KEY);
    Ok(asked.send().await?.error_for_status()?.json().await?)
}

/// Bytes of a file and those that begin with its name.
pub(crate) fn size_with_companions(file: &Path) -> anyhow::Result<u64> {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = file.parent().context("a file in a folder")?;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&name) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// The host as it is by default, but for what a test on one machine needs.
fn configuration(vendor: &str) -> String {
    format!(
        r#"
[host]
listen = "127.0.0.1:0"
data_dir = "data"
plugin_dir = "plugins"

[api]
keys = [{{ name = "bench", scopes = ["read", "operate", "admin"], key = {{ env = "BENCH_API_KEY" }} }}]

[connections.vendor]
plugin = "bench-vendor"
allow_hosts = ["{vendor}"]
settings = {{ base_url = "{vendor}" }}

[connections.vendor.secrets]
token = {{ env = "BENCH_TOKEN" }}
callback_secret = {{ env = "BENCH_CALLBACK" }}

[flows.bench]
handler = "bench-flow"
connections = {{ vendor = "vendor" }}
"#
    )
}
