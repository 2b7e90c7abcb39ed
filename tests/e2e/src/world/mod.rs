//! The host and its vendors in one process, on virtual time.
//!
//! [`setup`] says what is set up, [`host`] starts and crashes the host, [`time`] lets time pass,
//! [`look`] and [`dams`] look at what came of it, [`people`] act at the workflow engine and as
//! operators, [`asset`] is for tests that hold for both DAMs.

mod asset;
mod dams;
mod host;
mod look;
mod people;
mod setup;
mod time;

use std::path::Path;

use anyhow::Context as _;
use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::canto::{Canto, CantoOptions};
use forebay_simulators::common::Frame;
use forebay_simulators::iconik::{Iconik, IconikOptions};
use forebay_simulators::opentext::{OpenText, OpenTextOptions, Settings};
use tempfile::TempDir;

pub use self::asset::{Asset, Dam, RemovedField};
use self::host::Running;
pub use self::setup::WEBHOOK_TOKEN;
pub use self::setup::{Flow, SECRETS, Setup};
pub use self::time::{DAY, HOUR, MINUTE};

/// Connection to Canto.
pub const CANTO: &str = "canto-main";
/// Connection to iconik.
pub const ICONIK: &str = "iconik-main";
/// Connection to the workflow engine.
pub const ENGINE: &str = "otwf-main";
/// A brand reviewer.
pub const ANN: &str = "ann@example.test";
/// A lawyer.
pub const CARA: &str = "cara@example.test";
/// A lawyer for Germany, Austria and Switzerland, and a regional reviewer.
pub const DIRK: &str = "dirk@example.test";

/// Monday, 2026-11-16, 09:00 UTC: the working week begins.
const START: Timestamp = Timestamp(1_794_819_600_000);

/// The host and its vendors.
pub struct World {
    /// The time of all.
    pub clock: VirtualClock,
    /// Canto.
    pub canto: Canto,
    /// iconik.
    pub iconik: Iconik,
    /// The workflow engine.
    pub engine: OpenText,
    /// The host; `None` while it is down.
    host: Option<Running>,
    setup: Setup,
    folder: TempDir,
}

impl World {
    /// Vendors, then a host that is configured for them.
    ///
    /// # Errors
    /// If something cannot be started.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_env_filter("warn,forebay_engine=info")
            .try_init();
        let clock = VirtualClock::new(START);
        let canto = Canto::start(CantoOptions {
            clock: clock.clone().into(),
            ..Default::default()
        });
        let iconik = Iconik::start(IconikOptions {
            clock: clock.clone().into(),
            ..Default::default()
        });
        let options = OpenTextOptions {
            clock: clock.clone().into(),
            addr: None,
            settings: Settings::default(),
        };
        let mut world = Self {
            canto: canto.await.context("Canto")?,
            iconik: iconik.await.context("iconik")?,
            engine: OpenText::start(options).await.context("OpenText")?,
            clock,
            host: None,
            setup,
            folder: tempfile::tempdir()?,
        };
        world.configure()?;
        world.boot().await?;
        // Every connection's first poll only notes where it starts.
        world.poll_all().await?;
        world.settle().await?;
        Ok(world)
    }

    /// What all simulators have: recorder, faults, tokens, courier. Canto, iconik, workflow engine.
    #[must_use]
    pub fn frames(&self) -> [&Frame; 3] {
        [self.canto.frame(), self.iconik.frame(), self.engine.frame()]
    }

    /// The time.
    #[must_use]
    pub fn clock_now(&self) -> Timestamp {
        forebay_model::Clock::now(&self.clock)
    }

    /// The folder of this world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
