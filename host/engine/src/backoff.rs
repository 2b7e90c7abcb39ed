//! How long to wait before the next attempt (rule C-12).

use std::time::Duration;

use forebay_model::flow::RetryPolicy;
use sha2::Digest as _;

/// Pause before attempt number `attempt + 1`: doubles from the policy's first pause up to its
/// longest, half of it jittered, and never shorter than the vendor asked for. The jitter is drawn
/// from `seed`, so that a simulation replays exactly.
pub(crate) fn pause(
    policy: &RetryPolicy,
    attempt: u32,
    asked: Option<Duration>,
    seed: &str,
) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let full = policy
        .initial
        .saturating_mul(1 << doublings)
        .min(policy.maximum);
    let half = full / 2;
    let jittered = half + half.mul_f64(fraction(seed, attempt));
    jittered.max(asked.unwrap_or_default())
}

/// A number in `[0, 1)` that depends on nothing but its arguments.
fn fraction(seed: &str, attempt: u32) -> f64 {
    let mut hash = sha2::Sha256::new();
    hash.update(seed.as_bytes());
    hash.update(attempt.to_be_bytes());
    let digest = hash.finalize();
    let bits = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_maximum_with_at_most_half_jittered_away() {
        let policy = RetryPolicy::default();
        for attempt in 1..40 {
            let full = Duration::from_secs(1 << (attempt - 1).min(20)).min(policy.maximum);
            let pause = pause(&policy, attempt, None, "run");
            assert!(
                pause >= full / 2 && pause <= full,
                "attempt {attempt}: {pause:?}"
            );
        }
    }

    #[test]
    fn the_vendors_wish_is_a_minimum() {
        let asked = Duration::from_secs(120);
        assert_eq!(pause(&RetryPolicy::default(), 1, Some(asked), "run"), asked);
    }

    #[test]
    fn runs_do_not_retry_in_step() {
        let policy = RetryPolicy::default();
        assert_ne!(
            pause(&policy, 9, None, "one"),
            pause(&policy, 9, None, "two")
        );
    }
}
