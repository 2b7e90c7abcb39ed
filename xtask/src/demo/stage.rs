//! Everything that must run before the first upload: the vendors' simulators and the host, each the
//! real program on a free port of the loopback interface, with what it needs in a temporary folder.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use super::canto::Canto;
use super::dam::Dam as _;
use super::host::Host;
use super::http::text;
use super::iconik::{Iconik, UPLOADER as ICONIK_UPLOADER};
use super::inbox::Inbox;
use super::programs::Program;
use super::watch::Watch;
use crate::plugins;
use crate::shell::Shell;

/// How long the simulators may take to answer.
const SIMULATORS_START: Duration = Duration::from_secs(30);

/// How long the host may take to be ready. It compiles the plugins first, which takes a while in a
/// build for development.
const HOST_START: Duration = Duration::from_secs(180);

/// How long the host may take to register its webhooks.
const ARMING: Duration = Duration::from_secs(60);

/// The configuration, with `{{…}}` for what is chosen at the start.
const CONFIGURATION: &str = include_str!("forebay.toml");

/// Ids the simulators know by default. Secrets are made anew each time.
const CANTO_APP_ID: &str = "canto-sim-app";
const ICONIK_APP_ID: &str = "0b8c2a52-0000-11ef-8000-00000000aaaa";
const ICONIK_USER: &str = "0b8c2a52-0000-11ef-8000-0000000000d9";
const OPENTEXT_TENANT: &str = "test-tenant";
const OPENTEXT_CLIENT: &str = "test-client";

/// Secrets of one demonstration.
struct Secrets {
    api_key: String,
    canto_app: String,
    canto_webhooks: String,
    iconik_token: String,
    iconik_webhooks: String,
    opentext_client: String,
    opentext_callback: String,
}

impl Secrets {
    fn make() -> anyhow::Result<Self> {
        Ok(Self {
            api_key: random()?,
            canto_app: random()?,
            canto_webhooks: random()?,
            iconik_token: random()?,
            iconik_webhooks: random()?,
            opentext_client: random()?,
            opentext_callback: random()?,
        })
    }
}

/// What a demonstration plays on. Programs end before their folder goes.
pub(super) struct Stage {
    pub(super) watch: Watch,
    pub(super) host: Host,
    pub(super) canto: Canto,
    pub(super) iconik: Iconik,
    pub(super) inbox: Inbox,
    _folder: TempDir,
}

impl Stage {
    /// Start everything.
    pub(super) fn set(shell: &Shell, watch: Watch) -> Result<Self, (Watch, anyhow::Error)> {
        match Self::start(shell, &watch) {
            Ok((host, canto, iconik, inbox, folder)) => Ok(Self {
                watch,
                host,
                canto,
                iconik,
                inbox,
                _folder: folder,
            }),
            Err(error) => Err((watch, error)),
        }
    }

    fn start(
        shell: &Shell,
        watch: &Watch,
    ) -> anyhow::Result<(Host, Canto, Iconik, Inbox, TempDir)> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let secrets = Secrets::make()?;
        let vendors = start_simulators(shell, watch, folder.path(), &secrets)?;
        let base = |vendor: &str| text(&vendors, vendor).to_owned();
        watch.tell(
            "vendors",
            "Canto, iconik and OpenText Workflow answer (simulated)",
        );

        let url = start_host(shell, watch, folder.path(), &secrets, &vendors)?;
        let host = Host::new(&url, &secrets.api_key);
        watch.until("the host to be ready", HOST_START, || {
            Ok(host.is_ready().then_some(()))
        })?;
        watch.tell(
            "host",
            &format!("Forebay is ready with {} plugins", host.plugins()?),
        );

        let canto = Canto::new(&base("canto"), CANTO_APP_ID, &secrets.canto_app)?;
        canto.set_up_webhooks(&format!("{url}/hooks/canto"), &secrets.canto_webhooks)?;
        let iconik = Iconik::new(&base("iconik"), ICONIK_APP_ID);
        let hooks = watch.until("the host's webhooks at iconik", ARMING, || {
            iconik.webhooks()
        })?;
        watch.tell(
            "webhooks",
            &format!("5 set up at Canto, {hooks} registered at iconik by the host"),
        );
        canto.deliver_twice()?;
        iconik.deliver_twice()?;
        watch.tell(
            "",
            "from now on every webhook is delivered twice, to see what comes of it",
        );
        let inbox = Inbox::new(
            &base("opentext"),
            OPENTEXT_TENANT,
            (OPENTEXT_CLIENT, &secrets.opentext_client),
        )?;
        Ok((host, canto, iconik, inbox, folder))
    }
}

/// Start the simulators; their addresses by vendor.
fn start_simulators(
    shell: &Shell,
    watch: &Watch,
    folder: &Path,
    secrets: &Secrets,
) -> anyhow::Result<Value> {
    let mut command = Command::new(shell.target.join("debug/forebay-simulators"));
    command
        .args([
            "--canto-app-id",
            CANTO_APP_ID,
            "--canto-app-secret",
            &secrets.canto_app,
        ])
        .args([
            "--iconik-app-id",
            ICONIK_APP_ID,
            "--iconik-auth-token",
            &secrets.iconik_token,
        ])
        .args(["--opentext-tenant", OPENTEXT_TENANT])
        .args(["--opentext-client-id", OPENTEXT_CLIENT])
        .args(["--opentext-client-secret", &secrets.opentext_client]);
    let addresses = folder.join("addresses.json");
    let log = folder.join("simulators.log");
    watch.add(Program::start(
        "the simulators",
        &mut command,
        &log,
        Some(&addresses),
    )?);
    watch.until("the simulators' addresses", SIMULATORS_START, || {
        let told = fs::read_to_string(&addresses)?;
        Ok(told
            .ends_with('\n')
            .then(|| serde_json::from_str(&told))
            .transpose()?)
    })
}

/// Start the host with a configuration of its own; its address.
fn start_host(
    shell: &Shell,
    watch: &Watch,
    folder: &Path,
    secrets: &Secrets,
    vendors: &Value,
) -> anyhow::Result<String> {
    let port = free_port()?.to_string();
    let chosen = [
        ("port", port.as_str()),
        ("canto", text(vendors, "canto")),
        ("iconik", text(vendors, "iconik")),
        ("opentext", text(vendors, "opentext")),
        ("opentext_tenant", OPENTEXT_TENANT),
        ("iconik_user", ICONIK_USER),
        ("iconik_uploader", ICONIK_UPLOADER),
    ];
    let configuration = folder.join("forebay.toml");
    fs::write(&configuration, fill(CONFIGURATION, &chosen)).context("cannot write forebay.toml")?;
    copy_plugins(&plugins::shelf(shell), &folder.join("plugins"))?;

    let mut command = Command::new(shell.target.join("debug/forebay"));
    command.arg("serve").arg("--config").arg(&configuration);
    // Settings of a person's own host must not reach this one.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FOREBAY_") {
            command.env_remove(name);
        }
    }
    command.envs([
        ("DEMO_API_KEY", secrets.api_key.as_str()),
        ("DEMO_CANTO_APP_ID", CANTO_APP_ID),
        ("DEMO_CANTO_APP_SECRET", &secrets.canto_app),
        ("DEMO_CANTO_WEBHOOK_TOKEN", &secrets.canto_webhooks),
        ("DEMO_ICONIK_APP_ID", ICONIK_APP_ID),
        ("DEMO_ICONIK_AUTH_TOKEN", &secrets.iconik_token),
        ("DEMO_ICONIK_WEBHOOK_SECRET", &secrets.iconik_webhooks),
        ("DEMO_OPENTEXT_CLIENT_ID", OPENTEXT_CLIENT),
        ("DEMO_OPENTEXT_CLIENT_SECRET", &secrets.opentext_client),
        ("DEMO_OPENTEXT_CALLBACK_SECRET", &secrets.opentext_callback),
    ]);
    watch.add(Program::start(
        "the host",
        &mut command,
        &folder.join("host.log"),
        None,
    )?);
    Ok(format!("http://127.0.0.1:{port}"))
}

/// A template with `{{name}}` replaced by what was chosen for it.
fn fill(template: &str, chosen: &[(&str, &str)]) -> String {
    chosen
        .iter()
        .fold(template.to_owned(), |filled, (name, value)| {
            filled.replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// The host watches its plugin folder, so it gets one that no build writes to.
fn copy_plugins(from: &Path, to: &Path) -> anyhow::Result<()> {
    let told = || format!("cannot copy the plugins in {}", from.display());
    fs::create_dir_all(to).with_context(told)?;
    for entry in fs::read_dir(from).with_context(told)? {
        let file = entry.with_context(told)?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            fs::copy(&file, to.join(file.file_name().unwrap_or_default())).with_context(told)?;
        }
    }
    Ok(())
}

/// A port nobody listens on now. The host must know its own address before it starts, for webhooks.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

/// 192 random bits in hexadecimal.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    let mut source = File::open("/dev/urandom").context("no source of randomness")?;
    source.read_exact(&mut bytes).context("no randomness")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_configuration_is_left_open() {
        let names = [
            "port",
            "canto",
            "iconik",
            "opentext",
            "opentext_tenant",
            "iconik_user",
            "iconik_uploader",
        ];
        let filled = fill(CONFIGURATION, &names.map(|name| (name, "1")));
        let open = filled
            .lines()
            .filter(|line| line.contains("{{") && !line.starts_with('#'));
        assert_eq!(open.collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }
}
