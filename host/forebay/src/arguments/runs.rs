//! `forebay runs`.

use clap::{Args, Subcommand};

/// Runs.
#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// Runs, newest first.
    List(RunList),
    /// One run: state, what it waits for, steps.
    Show {
        /// Its id.
        id: String,
    },
    /// Steps of a run with the calls they made.
    Steps {
        /// Its id.
        id: String,
    },
    /// Everything that proves how a run was decided, as one JSON document.
    Evidence {
        /// Its id.
        id: String,
    },
    /// End a run, or many; the handler cleans up first.
    Cancel {
        #[command(flatten)]
        target: Target,
        /// Why, for the audit.
        #[arg(long)]
        reason: String,
        /// Do not ask the handler.
        #[arg(long)]
        force: bool,
    },
    /// Try parked or put-off runs again now, from the call that failed.
    Retry(Simple),
    /// Hold runs.
    Pause(Simple),
    /// Let held runs go on.
    Resume(Simple),
    /// Begin runs anew that have ended or are parked: other runs start with what the first began with.
    Redrive(Simple),
    /// Move runs to the handler and configuration of now.
    Upgrade(Simple),
    /// Send a signal to a run, or with `--all` to many.
    Signal {
        /// Id of the run (not with `--all`), name of the signal, and its data as JSON.
        #[arg(required = true, num_args = 1..=3, value_names = ["ID", "NAME", "DATA"])]
        words: Vec<String>,
        #[command(flatten)]
        many: Many,
        /// Why, for the audit.
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a run, or many, with an outcome that the handler did not decide.
    Complete {
        #[command(flatten)]
        target: Target,
        /// One of the handler's outcomes.
        #[arg(long)]
        outcome: String,
        /// Why, for the audit.
        #[arg(long)]
        reason: String,
    },
}

/// An action that needs no more than to know on what.
#[derive(Args, Debug)]
pub(crate) struct Simple {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Why, for the audit.
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// A run, or many.
#[derive(Args, Debug)]
pub(crate) struct Target {
    /// Id of the run; without it `--all`.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) many: Many,
}

/// Which runs, and how.
#[derive(Args, Debug)]
pub(crate) struct Many {
    /// All runs for which the conditions hold; without `--state` only those the action is meant for.
    /// Nothing is done without `--yes`.
    #[arg(long, requires = "condition")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) conditions: Conditions,
    /// At most so many in one request; the next request takes the others.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// Where to go on: `next` of the request before.
    #[arg(long)]
    pub(crate) cursor: Option<String>,
    /// Only tell what would happen.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Idempotency key: repeating the command with it does nothing twice.
    #[arg(long)]
    pub(crate) idempotency_key: Option<String>,
}

/// Which runs. All conditions must hold.
#[derive(Args, Debug)]
#[group(id = "condition", multiple = true)]
pub(crate) struct Conditions {
    /// Of this flow.
    #[arg(long)]
    pub(crate) flow: Option<String>,
    /// In this state: pending, running, waiting, retrying, parked, paused, completed, cancelled,
    /// failed; or several, separated by commas.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// With this business key.
    #[arg(long)]
    pub(crate) business_key: Option<String>,
    /// With this label, `name:value`.
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// Created at or after this time, RFC 3339.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Created before this time, RFC 3339.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// Only those that should move and do not.
    #[arg(long)]
    pub(crate) stalled: bool,
}

/// Which runs.
#[derive(Args, Debug)]
pub(crate) struct RunList {
    #[command(flatten)]
    pub(crate) conditions: Conditions,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use crate::arguments::Arguments;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_action_is_on_one_run_or_on_all_that_conditions_name() {
        let cases = [
            ("pause r-1", true),
            ("pause --all --flow f --state parked", true),
            ("pause --all --since 2026-01-01T00:00:00Z", true),
            ("signal r-1 go {}", true),
            ("signal --all --flow f go", true),
            ("cancel r-1 --reason why --dry-run", true),
            ("complete r-1 --outcome approved --reason why", true),
            ("upgrade --all --flow f --yes", true),
            ("list --flow f", true),
            ("pause", false),
            ("pause --all", false),
            ("pause --all --limit 5", false),
            ("pause r-1 --all --flow f", false),
            ("signal --flow f", false),
            ("cancel r-1", false),
            ("complete r-1 --outcome approved", false),
        ];
        for (line, fits) in cases {
            let words = ["forebay", "runs"].into_iter().chain(line.split(' '));
            let parsed = Arguments::try_parse_from(words);
            assert_eq!(parsed.is_ok(), fits, "{line}: {:?}", parsed.err());
        }
    }
}
