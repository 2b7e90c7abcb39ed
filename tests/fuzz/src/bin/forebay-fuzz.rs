//! Runs the targets one after the other for a time; what is found goes into the corpus.

use std::process::ExitCode;
use std::time::Duration;

use forebay_fuzz::{TARGETS, drive};
use forebay_model::{Clock as _, SystemClock};

/// Time for all targets together unless told otherwise: as much as a person waits for.
const DEFAULT_SECONDS: u64 = 60;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok());
    let seconds = seconds.unwrap_or(DEFAULT_SECONDS);
    let seed = arguments.next().and_then(|text| text.parse().ok());
    let clock = SystemClock;
    let seed = seed.unwrap_or_else(|| clock.now().0.unsigned_abs());
    let each = Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).unwrap_or(1);
    for target in TARGETS {
        let corpus = match drive::corpus(target) {
            Ok(corpus) => corpus,
            Err(error) => {
                tell(&format!("{}: no corpus: {error}", target.name));
                return ExitCode::FAILURE;
            }
        };
        let until = clock.now().plus(each);
        let searched = drive::search(target, &corpus, seed, |_| clock.now() < until);
        match searched {
            Ok(done) => tell(&format!("{}: {done} inputs, seed {seed}", target.name)),
            Err(finding) => {
                let kept = finding.keep(&drive::corpora());
                tell(&format!(
                    "{}: found with seed {seed}: {kept:?}",
                    target.name
                ));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "it talks to a person at a terminal")]
fn tell(line: &str) {
    println!("{line}");
}
