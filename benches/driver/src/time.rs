//! The machine's clock: measuring real time is what this program is for.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "real time is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Let time pass.
#[expect(clippy::disallowed_methods, reason = "other programs run on real time")]
pub(crate) async fn pass(length: Duration) {
    tokio::time::sleep(length).await;
}

/// A length in milliseconds.
pub(crate) fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1_000.0
}

/// The value below which this part of the values lies. Sorts them.
pub(crate) fn percentile(values: &mut [Duration], part: f64) -> Duration {
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of measurements"
    )]
    let index = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(index).copied().unwrap_or_default()
}

/// The median. Sorts them.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
