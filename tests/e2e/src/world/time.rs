//! Time: what is due happens, and days pass in moments.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use forebay_model::{ConnectionName, Timestamp};

use super::host::work;
use super::{CANTO, ENGINE, ICONIK, World};

/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a vendor answers is no failure of the host.
fn refused_or(result: forebay_engine::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(forebay_engine::Error::Capability(_)) => Ok(()),
        result => Ok(result?),
    }
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-16".len()).collect()
}

impl World {
    /// The time so many days ago.
    #[must_use]
    pub fn days_ago(&self, days: u64) -> Timestamp {
        let past = i64::try_from(days * DAY.as_secs() * 1000).unwrap_or(i64::MAX);
        Timestamp(self.clock_now().0.saturating_sub(past))
    }

    /// The date so many days ago, `2026-11-16`, in UTC.
    #[must_use]
    pub fn date_ago(&self, days: u64) -> String {
        date(self.days_ago(days))
    }

    /// The date in so many days.
    #[must_use]
    pub fn date_in(&self, days: u64) -> String {
        date(
            self.clock_now()
                .plus(Duration::from_secs(days * DAY.as_secs())),
        )
    }

    /// Let vendors be called as often as anybody likes, where that is not what it is about.
    pub fn lift_rates(&self) {
        let rates = [
            ("level-4", self.canto.frame()),
            ("api", self.iconik.frame()),
        ];
        for (class, frame) in rates {
            frame.rates().limit(class, u32::MAX, MINUTE);
        }
    }

    /// Poll every connection once.
    ///
    /// # Errors
    /// If a poll fails.
    pub async fn poll_all(&self) -> anyhow::Result<()> {
        for name in [CANTO, ICONIK, ENGINE] {
            self.poll(name).await?;
        }
        Ok(())
    }

    /// Poll a connection.
    ///
    /// # Errors
    /// If the poll fails.
    pub async fn poll(&self, connection: &str) -> anyhow::Result<()> {
        let name = ConnectionName::from(connection);
        self.core()
            .poll(&name)
            .await
            .with_context(|| format!("poll of {connection}"))?;
        Ok(())
    }

    /// Let everything happen that can happen now: deliveries arrive, events are routed, runs go on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let running = self.host.as_ref().context("the host is down")?;
        let runtime = running.runtime.as_ref().context("the host is down")?;
        loop {
            self.deliveries().await;
            if runtime
                .spawn(work(Arc::clone(&running.host.core)))
                .await??
                == 0
            {
                return Ok(());
            }
        }
    }

    /// Until vendors have sent all they had to send.
    pub async fn deliveries(&self) {
        self.canto.frame().courier().idle().await;
        self.iconik.frame().courier().idle().await;
    }

    /// Let time pass in steps of this length while vendors may refuse to serve: a poll that fails is
    /// made again at the next step, and refused connections are checked, as the service does.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn endure(&self, total: Duration, step: Duration) -> anyhow::Result<()> {
        let end = self.clock_now().plus(total);
        while self.clock_now() < end {
            // A request on its way would meet its time limit.
            self.deliveries().await;
            self.clock.advance(step.min(end.since(self.clock_now())));
            for name in [CANTO, ICONIK, ENGINE] {
                let connection = ConnectionName::from(name);
                refused_or(self.core().check_connection(&connection).await.map(drop))?;
                refused_or(self.core().poll(&connection).await.map(drop))?;
            }
            self.settle().await?;
        }
        Ok(())
    }

    /// Let time pass in steps of this length, polling and settling after each.
    ///
    /// # Errors
    /// If a poll or the store fails.
    pub async fn pass(&self, total: Duration, step: Duration) -> anyhow::Result<()> {
        let end = self.clock_now().plus(total);
        while self.clock_now() < end {
            // A request on its way would meet its time limit.
            self.deliveries().await;
            self.clock.advance(step.min(end.since(self.clock_now())));
            self.poll_all().await?;
            self.settle().await?;
        }
        Ok(())
    }

    /// A minute passes.
    ///
    /// # Errors
    /// If a poll or the store fails.
    pub async fn minute(&self) -> anyhow::Result<()> {
        self.pass(MINUTE, MINUTE).await
    }
}
