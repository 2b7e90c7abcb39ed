//! Makes host objects and never gives one back.

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::Fields;

hostile_guests::connector!(hostile_guests::connector_info("handles"), |how| {
    loop {
        match how {
            "pollables" => std::mem::forget(monotonic_clock::subscribe_duration(u64::MAX)),
            _ => std::mem::forget(Fields::new()),
        }
    }
});
