//! `[retention]` and `[backup]`: on by default, and wrong values told with all others.

use std::path::Path;
use std::time::Duration;

use crate::common::{GOOD, VARIABLES, plugins};
use forebay_config::{Configuration, Environment, Problems, SchemaSet, Sources};
use forebay_model::RetentionPolicy;

fn validated(more: &str) -> Result<Configuration, Problems> {
    let text = format!("{GOOD}\n{more}");
    Sources::with(Environment::fixed(VARIABLES))
        .parse(Path::new("/etc/forebay"), &[("forebay.toml", &text)])
        .validate(&SchemaSet::default(), &plugins())
}

#[test]
fn history_is_bounded_unless_told_otherwise() {
    let configuration = validated("").unwrap();
    assert_eq!(configuration.retention, RetentionPolicy::default());
    assert!(configuration.retention.enabled);
    assert_eq!(
        configuration.backup.directory,
        Path::new("/etc/forebay/data/backups")
    );
    assert!(!configuration.backup.allow_absolute);
}

#[test]
fn values_are_taken() {
    let configuration = validated(
        "[retention]\nended_runs_for = \"7d\"\nmax_ended_runs = 9\nenabled = false\n\
         [backup]\ndirectory = \"/mnt/backups\"\nallow_absolute = true\n",
    )
    .unwrap();
    let expected = RetentionPolicy {
        enabled: false,
        ended_runs_for: Duration::from_secs(7 * 24 * 3600),
        max_ended_runs: 9,
        ..RetentionPolicy::default()
    };
    assert_eq!(configuration.retention, expected);
    assert_eq!(configuration.backup.directory, Path::new("/mnt/backups"));
    assert!(configuration.backup.allow_absolute);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let told = validated(
        "[retention]\ninterval = \"0ms\"\nevents_for = \"10m\"\nended_runs_for = 90\n\
         [backup]\ndirektory = \"x\"\n",
    )
    .unwrap_err()
    .to_string();
    for words in ["retention.ended_runs_for", "did you mean `directory`?"] {
        assert!(told.contains(words), "{words} not in\n{told}");
    }
    let told = validated(
        "[retention]\ninterval = \"0ms\"\nevents_for = \"10m\"\nmax_ended_runs = 0\n\
         max_bytes = 1000\nbatch = 20000\n",
    )
    .unwrap_err()
    .to_string();
    for words in [
        "at retention.interval\n",
        "at retention.events_for\n",
        "of the connection `canto-main` together",
        "at retention.max_ended_runs\n",
        "at retention.max_bytes\n",
        "at retention.batch\n",
    ] {
        assert!(told.contains(words), "{words} not in\n{told}");
    }
}
