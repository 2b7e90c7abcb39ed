//! `forebay-simulators`: the three vendors on loopback, for demonstrations and for trying things.
//!
//! Prints one line of JSON when all answer: `{"canto":"http://…","iconik":"http://…",
//! "opentext":"http://…"}`, then runs on real time until interrupted. Every credential has a fixed,
//! public default, listed by `--help`: these are test values and protect nothing.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser;
use forebay_simulators::canto::{self, Canto, CantoOptions};
use forebay_simulators::iconik::{self, Iconik, IconikOptions};
use forebay_simulators::opentext::{OpenText, OpenTextOptions, Settings};
use serde_json::json;

/// Simulators of Canto, iconik and OpenText Workflow Service.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the Canto simulator listens; port 0 takes any.
    #[arg(long, default_value = "127.0.0.1:0")]
    canto: String,
    /// Where the iconik simulator listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    iconik: String,
    /// Where the OpenText simulator listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    opentext: String,
    /// Canto's app id.
    #[arg(long, default_value = canto::DEFAULT_APP_ID)]
    canto_app_id: String,
    /// Canto's app secret.
    #[arg(long, default_value = canto::DEFAULT_APP_SECRET)]
    canto_app_secret: String,
    /// iconik's app id.
    #[arg(long, default_value = iconik::DEFAULT_APP_ID)]
    iconik_app_id: String,
    /// iconik's auth token.
    #[arg(long, default_value = iconik::DEFAULT_AUTH_TOKEN)]
    iconik_auth_token: String,
    /// OpenText's tenant.
    #[arg(long, default_value_t = Settings::default().tenant)]
    opentext_tenant: String,
    /// OpenText's client id.
    #[arg(long, default_value_t = Settings::default().client_id)]
    opentext_client_id: String,
    /// OpenText's client secret.
    #[arg(long, default_value_t = Settings::default().client_secret)]
    opentext_client_secret: String,
}

/// People of the two libraries: id at Canto, id at iconik, name, token at iconik. The first is known
/// to OpenText under the id at Canto, so that notices reach an inbox.
const PEOPLE: [(&str, &str, &str, &str); 2] = [
    (
        "uploader@example.test",
        "0b8c2a52-0000-11ef-8000-0000000000d1",
        "Uma Example",
        "iconik-sim-token-uma",
    ),
    (
        "ann@example.test",
        "0b8c2a52-0000-11ef-8000-0000000000d2",
        "Ann Example",
        "iconik-sim-token-ann",
    ),
];

/// The one group the demonstration's access templates speak of.
const REVIEWERS_GROUP: &str = "0b8c2a52-0000-11ef-8000-0000000000e1";

/// Access templates of the demonstration, with what the group may do under each.
const TEMPLATES: [(&str, &[&str]); 3] = [
    ("in-review", &["read"]),
    ("released", &["read", "write"]),
    ("restricted", &[]),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let arguments = Arguments::parse();
    let canto = Canto::start(CantoOptions {
        addr: arguments.canto,
        app_id: arguments.canto_app_id,
        app_secret: arguments.canto_app_secret,
        ..CantoOptions::default()
    })
    .await
    .context("start Canto")?;
    let iconik = Iconik::start(IconikOptions {
        addr: arguments.iconik,
        app_id: arguments.iconik_app_id,
        auth_token: arguments.iconik_auth_token,
        ..IconikOptions::default()
    })
    .await
    .context("start iconik")?;
    for (canto_id, iconik_id, name, token) in PEOPLE {
        canto.add_user(canto_id, name);
        iconik.add_user(iconik_id, name, token);
    }
    for (template, may) in TEMPLATES {
        iconik.add_template(template, &[(REVIEWERS_GROUP, may)]);
    }
    let opentext = OpenText::start(OpenTextOptions {
        addr: Some(arguments.opentext),
        settings: Settings {
            tenant: arguments.opentext_tenant,
            client_id: arguments.opentext_client_id,
            client_secret: arguments.opentext_client_secret,
            ..Settings::default()
        },
        ..OpenTextOptions::default()
    })
    .await
    .context("start OpenText")?;

    let addresses = json!({
        "canto": canto.base_url(),
        "iconik": iconik.base_url(),
        "opentext": opentext.base_url(),
    });
    let mut out = std::io::stdout();
    writeln!(out, "{addresses}")
        .and_then(|()| out.flush())
        .context("tell the addresses")?;

    interrupted().await?;
    canto.stop().await;
    iconik.stop().await;
    opentext.stop().await;
    Ok(())
}

/// Returns when a person or a supervisor asks the process to end.
async fn interrupted() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.context("listen for SIGINT"),
        _ = terminate.recv() => Ok(()),
    }
}
