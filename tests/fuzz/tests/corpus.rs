//! The corpus, replayed, and a bounded search from a fixed seed: the same in every run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use forebay_fuzz::{TARGETS, Target, drive};

/// Changed inputs per target: a few seconds each. Whoever looks for more runs `cargo xtask fuzz`.
const SEARCH: u64 = 3_000;

/// A fixed seed keeps the tests the same from run to run.
const SEED: u64 = 20_261_122;

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap()
}

fn searched(name: &str) {
    let target = target(name);
    let corpus = drive::corpus(target).unwrap();
    assert!(corpus.len() > 2, "{name} has no corpus");
    for input in &corpus {
        if let Err(finding) = drive::run(target, input) {
            let shown = String::from_utf8_lossy(&finding.input).into_owned();
            panic!("{name} breaks on its corpus: {shown}");
        }
    }
    if let Err(finding) = drive::search(target, &corpus, SEED, |done| done < SEARCH) {
        let shown = String::from_utf8_lossy(&finding.input).into_owned();
        panic!("{name} breaks on {:?}: {shown}", finding.input);
    }
}

macro_rules! targets {
    ($($name:ident),+) => {
        $(#[test]
        fn $name() {
            searched(stringify!($name));
        })+

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),+];
            let all: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(run.as_slice(), all);
        }
    };
}
targets!(configuration, loader, manifest, values, webhooks, replies);

#[test]
fn a_panic_is_found_and_the_search_repeats_itself() {
    let planted = Target {
        name: "planted",
        run: |bytes| assert!(!bytes.contains(&b'!'), "planted"),
    };
    let corpus = [b"all is well".to_vec(), b"here!".to_vec()];
    let search = || drive::search(&planted, &corpus[..1], SEED, |done| done < 100_000);
    let found = search().unwrap_err();
    assert!(found.input.contains(&b'!'));
    assert_eq!(search().unwrap_err(), found);
    assert!(drive::run(&planted, &corpus[1]).is_err());
}
