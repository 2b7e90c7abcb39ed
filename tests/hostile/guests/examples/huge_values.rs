//! Passes more across the boundary than fits: as argument, as result, as text, as list.

use hostile_guests::connector::exports::forebay::connector::connector::Finding;
use hostile_guests::connector::forebay::connector::log::{self, Level};
use hostile_guests::connector::forebay::connector::types::{Field, Severity, Value};

const LONG: usize = 64 << 20;

fn findings() -> Vec<Finding> {
    (0..1_000_000)
        .map(|_| Finding {
            severity: Severity::Info,
            path: String::new(),
            message: String::new(),
            mend: String::new(),
        })
        .collect()
}

hostile_guests::connector!(
    hostile_guests::connector_info("huge-values"),
    |how| match how {
        "text out" => {
            log::write(Level::Info, &"x".repeat(LONG), &[]);
            "passed".to_owned()
        }
        "list out" => {
            let field = Field {
                name: String::new(),
                value: Value::None,
            };
            log::write(Level::Info, "many", &vec![field; 1_000_000]);
            "passed".to_owned()
        }
        "random" => wasip2::random::random::get_random_bytes(u64::MAX)
            .len()
            .to_string(),
        _ => "x".repeat(LONG),
    },
    findings()
);
