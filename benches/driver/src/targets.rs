//! What the results mean: each target with what was found.

use serde::Serialize;
use serde_json::Value;

/// A target and whether it is met.
#[derive(Debug, Serialize, PartialEq)]
pub(crate) struct Judged {
    target: &'static str,
    found: String,
    /// `met` or `missed`.
    verdict: &'static str,
}

/// Flows in flight that the targets of the round trip are about.
const AT: u64 = 64;

/// Judge all targets whose parts were measured.
pub(crate) fn judge(all: &Value) -> Vec<Judged> {
    let mut judged = Vec::new();
    for disk in all["roundtrip"]["disks"].as_array().into_iter().flatten() {
        judged.extend(judge_disk(disk));
    }
    let mut add = |target, value: Option<f64>, most: f64, unit: &str| {
        judged.extend(value.map(|value| Judged {
            target,
            found: format!("{value:.2}{unit}"),
            verdict: verdict(value <= most),
        }));
    };
    let number = |pointer: &str| all.pointer(pointer).and_then(Value::as_f64);
    add(
        "an activation with two brokered calls at most 1.5 times three bare instantiate-and-call",
        number("/calls/ratio"),
        1.5,
        " times",
    );
    add(
        "ready within 300 ms with 12 cached plugins",
        number("/start/cached_ms"),
        300.0,
        " ms",
    );
    add(
        "under 60 MB resident when idle",
        number("/start/idle_rss_mb"),
        60.0,
        " MB",
    );
    add(
        "waiting runs slow the round trip by less than 10 %",
        number("/history/slower_percent"),
        10.0,
        " %",
    );
    judged
}

fn judge_disk(disk: &Value) -> Vec<Judged> {
    let name = disk["disk"].as_str().unwrap_or_default();
    let rows = disk["rows"].as_array().into_iter().flatten();
    let Some(row) = rows.into_iter().find(|row| row["in_flight"] == AT) else {
        return Vec::new();
    };
    let of = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let (flows, cpu) = (of(&row["flows_ratio"]), of(&row["cpu_ratio"]));
    let fsyncs = of(&row["host"]["fsyncs_per_flow"]);
    let judged = |target, found: f64, met| Judged {
        target,
        found: format!("{found:.2} (disk {name})"),
        verdict: verdict(met),
    };
    vec![
        judged(
            "at least 0.3 of the baseline's flows per second",
            flows,
            flows >= 0.3,
        ),
        judged("at most 5 times its CPU per flow", cpu, cpu <= 5.0),
        judged("at most one fsync per flow", fsyncs, fsyncs <= 1.0),
    ]
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(judge(&json!({})), []);
    }

    #[test]
    fn each_side_of_a_target_is_told_apart() {
        let disk = |flows: f64, cpu: f64, fsyncs: f64| {
            let row = json!({
                "in_flight": 64, "flows_ratio": flows, "cpu_ratio": cpu,
                "host": {"fsyncs_per_flow": fsyncs},
            });
            json!({"roundtrip": {"disks": [{"disk": "as it is", "rows": [row]}]}})
        };
        let verdicts =
            |all: &Value| -> Vec<&str> { judge(all).iter().map(|judged| judged.verdict).collect() };
        assert_eq!(verdicts(&disk(0.3, 5.0, 1.0)), ["met"; 3]);
        assert_eq!(verdicts(&disk(0.29, 5.1, 1.01)), ["missed"; 3]);
    }
}
