//! Rate windows: so many calls of a class in so much time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::Timestamp;

use super::lock;

/// The rate windows of one simulator. A class without a limit is not counted.
#[derive(Clone, Debug, Default)]
pub struct Rates(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    windows: BTreeMap<String, Window>,
    announced: bool,
}

#[derive(Debug)]
struct Window {
    calls: u32,
    length: Duration,
    began: Timestamp,
    used: u32,
}

impl Rates {
    /// Allow `calls` of a class in each window of `length`.
    pub fn limit(&self, class: &str, calls: u32, length: Duration) {
        let window = Window {
            calls,
            length,
            began: Timestamp(i64::MIN),
            used: 0,
        };
        lock(&self.0).windows.insert(class.to_owned(), window);
    }

    /// Tell callers with each answer how many calls are left, in `RateLimit-Remaining`.
    pub fn announce(&self) {
        lock(&self.0).announced = true;
    }

    /// Are callers told how many calls are left?
    #[must_use]
    pub fn announced(&self) -> bool {
        lock(&self.0).announced
    }

    /// Count a call: how many are left in this window.
    ///
    /// # Errors
    /// When none was left: the seconds until the window ends.
    pub fn take(&self, class: &str, now: Timestamp) -> Result<Option<u32>, u32> {
        let mut state = lock(&self.0);
        let Some(window) = state.windows.get_mut(class) else {
            return Ok(None);
        };
        if now >= window.began.plus(window.length) {
            window.began = now;
            window.used = 0;
        }
        if window.used >= window.calls {
            let left = window.began.plus(window.length).since(now);
            return Err(u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX));
        }
        window.used += 1;
        Ok(Some(window.calls - window.used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_again() {
        let rates = Rates::default();
        rates.limit("level-4", 2, Duration::from_secs(60));
        assert_eq!(rates.take("level-4", Timestamp(0)), Ok(Some(1)));
        assert_eq!(rates.take("level-4", Timestamp(10)), Ok(Some(0)));
        assert_eq!(rates.take("level-4", Timestamp(1_500)), Err(59));
        assert_eq!(rates.take("level-4", Timestamp(60_000)), Ok(Some(1)));
        assert_eq!(rates.take("other", Timestamp(0)), Ok(None));
    }
}
