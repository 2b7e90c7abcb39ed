//! A folder with everything the real program needs: configuration, plugins, data.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use forebay_model::Digest;
use forebay_simulators::canto::{self, Canto};
use forebay_simulators::opentext::OpenText;
use tempfile::TempDir;

use crate::agency::{self, Agency};
use crate::binary::Binary;
use crate::world::{CANTO, ENGINE, WEBHOOK_TOKEN};

/// A place where the program can run. Dropping it removes it.
pub struct Site {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Site {
    /// A site with this configuration below `[host]` and `[api]`, and without plugins.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(configuration: &str) -> anyhow::Result<Self> {
        let secrets = [
            ("CANTO_APP_ID", canto::DEFAULT_APP_ID),
            ("CANTO_APP_SECRET", canto::DEFAULT_APP_SECRET),
            ("CANTO_WEBHOOK_TOKEN", WEBHOOK_TOKEN),
            ("OT_CLIENT_ID", "test-client"),
            ("OT_CLIENT_SECRET", "test-client-secret"),
            ("OT_CALLBACK_SECRET", "callback-secret-of-the-tests"),
            ("STOCKPILE_API_KEY", agency::API_KEY),
        ];
        let environment = secrets
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec();
        let site = Self {
            folder: tempfile::tempdir()?,
            environment,
        };
        std::fs::create_dir(site.path("plugins"))?;
        std::fs::create_dir(site.path("data"))?;
        // Compiled code is shared between tests, so that each component is compiled once.
        let cache = crate::files::shared_data_dir()?.join("cache");
        std::fs::create_dir_all(&cache)?;
        std::os::unix::fs::symlink(cache, site.path("data/cache"))?;
        site.configure(configuration)?;
        Ok(site)
    }

    /// A site with these shipped plugins.
    ///
    /// # Errors
    /// If the folder cannot be made or a plugin was not built.
    pub fn with_plugins(configuration: &str, plugins: &[&str]) -> anyhow::Result<Self> {
        let site = Self::new(configuration)?;
        for plugin in plugins {
            site.drop_file(&format!("{plugin}.wasm"), &shipped(plugin)?)?;
        }
        Ok(site)
    }

    /// Write another configuration; a running host takes it up on [`Binary::reload`].
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn configure(&self, configuration: &str) -> anyhow::Result<()> {
        let head = r#"[host]
listen = "127.0.0.1:0"

[api]
keys = [{ name = "tests", scopes = ["read", "operate", "admin"], key = { env = "FOREBAY_API_KEY" } }]
"#;
        std::fs::write(self.config(), format!("{head}{configuration}"))?;
        Ok(())
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path("forebay.toml")
    }

    /// Put a file into the drop directory, as a whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn drop_file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let incoming = self.path("incoming");
        std::fs::write(&incoming, bytes)?;
        std::fs::rename(incoming, self.path("plugins").join(name))?;
        Ok(())
    }

    /// Put the third party's connector and handler into the drop directory, if they were built;
    /// otherwise says on standard error, past the capture of tests, that a test is skipped.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn drop_examples(&self) -> anyhow::Result<bool> {
        let (Ok(connector), Ok(handler)) = (example("stock-licences"), example("licence-check"))
        else {
            writeln!(
                std::io::stderr(),
                "SKIPPED: run `cargo xtask examples` first"
            )?;
            return Ok(false);
        };
        self.drop_file("stock-licences.wasm", &connector)?;
        self.drop_file("licence-check.wasm", &handler)?;
        Ok(true)
    }

    /// Take a file out of the drop directory.
    ///
    /// # Errors
    /// If it is not there.
    pub fn remove_file(&self, name: &str) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.path("plugins").join(name))?)
    }

    /// Start the host here.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn serve(&self) -> anyhow::Result<Binary> {
        Binary::serve(&self.config(), &self.environment)
    }

    /// Start the host here where no file may grow beyond so many blocks of 512 bytes.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn serve_on_full_disk(&self, blocks: u32) -> anyhow::Result<Binary> {
        Binary::serve_on_full_disk(&self.config(), &self.environment, blocks)
    }

    /// Start a second host here although one is running, and wait for its end.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn serve_beside(&self) -> anyhow::Result<Output> {
        let config = self.config();
        let config = config.to_str().unwrap_or_default();
        Binary::run(&["serve", "--config", config], &self.environment)
    }

    /// `forebay check` of the configuration.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn check(&self, options: &[&str]) -> anyhow::Result<Output> {
        let config = self.config();
        let mut arguments = vec!["check", "--config", config.to_str().unwrap_or_default()];
        arguments.extend(options);
        Binary::run(&arguments, &self.environment)
    }

    /// A command of the program that talks to a running host.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn command(&self, host: &Binary, arguments: &[&str]) -> anyhow::Result<Output> {
        let arguments = [&["--url", host.address()], arguments].concat();
        Binary::run(&arguments, &self.environment)
    }

    /// Does the host keep a copy of the plugin of this digest?
    #[must_use]
    pub fn keeps(&self, digest: &Digest) -> bool {
        self.path(&format!("data/plugins/{digest}.wasm")).is_file()
    }

    /// Lose the host's copy of the plugin of this digest.
    ///
    /// # Errors
    /// If there is none.
    pub fn lose(&self, digest: &Digest) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(
            self.path(&format!("data/plugins/{digest}.wasm")),
        )?)
    }

    /// Where the host puts the backup of this name.
    #[must_use]
    pub fn backup(&self, name: &str) -> PathBuf {
        self.path("data/backups").join(name)
    }

    /// `forebay restore` of this backup.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn restore(&self, backup: &Path, options: &[&str]) -> anyhow::Result<Output> {
        let config = self.config();
        let mut arguments = vec!["restore", "--config", config.to_str().unwrap_or_default()];
        arguments.extend(options);
        arguments.push(backup.to_str().unwrap_or_default());
        Binary::run(&arguments, &self.environment)
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// The connection to Canto. `lines` are added to it.
    #[must_use]
    pub fn canto(canto: &Canto, lines: &str) -> String {
        let url = canto.base_url();
        format!(
            r#"
[connections.{CANTO}]
plugin = "canto"
allow_hosts = ["{url}"]
settings = {{ base_url = "{url}", oauth_url = "{url}", integration_user = "Forebay Integration" }}
secrets = {{ app_id = {{ env = "CANTO_APP_ID" }}, app_secret = {{ env = "CANTO_APP_SECRET" }}, webhook_token = {{ env = "CANTO_WEBHOOK_TOKEN" }} }}
{lines}
"#
        )
    }

    /// The connection to the workflow engine, polled every second.
    #[must_use]
    pub fn engine(engine: &OpenText) -> String {
        let url = engine.base_url();
        format!(
            r#"
[connections.{ENGINE}]
plugin = "opentext-workflow"
allow_hosts = ["{url}"]
settings = {{ base_url = "{url}", tenant = "test-tenant", user_path = "/workflow/v1/identity/users/{{id}}", group_path = "/workflow/v1/identity/groups/{{id}}" }}
secrets = {{ client_id = {{ env = "OT_CLIENT_ID" }}, client_secret = {{ env = "OT_CLIENT_SECRET" }}, callback_secret = {{ env = "OT_CALLBACK_SECRET" }} }}
poll = {{ interval = "1s", overlap = "5m" }}
"#
        )
    }

    /// The connection to the agency and the flow of the third party's example.
    #[must_use]
    pub fn licences(agency: &Agency) -> String {
        let url = agency.base_url();
        format!(
            r#"
[connections.stockpile]
plugin = "stock-licences"
allow_hosts = ["{url}"]
settings = {{ base_url = "{url}", account = "acme" }}
secrets = {{ api_key = {{ env = "STOCKPILE_API_KEY" }} }}

[flows.licence-check]
handler = "licence-check"
connections = {{ agency = "stockpile" }}
config = {{ recheck_minutes = 30 }}
"#
        )
    }
}

/// A shipped plugin's file.
///
/// # Errors
/// If it was not built.
pub fn shipped(plugin: &str) -> anyhow::Result<Vec<u8>> {
    read(&crate::files::plugins_dir()?, plugin)
}

/// A file of the third party's example.
///
/// # Errors
/// If it was not built.
pub fn example(plugin: &str) -> anyhow::Result<Vec<u8>> {
    read(&crate::files::examples_dir()?, plugin)
}

fn read(dir: &Path, plugin: &str) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(dir.join(format!("{plugin}.wasm")))?)
}
