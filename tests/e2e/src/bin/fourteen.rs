//! All use cases, one after the other, each in a world of its own: what starts it, who decides, what
//! is written where, and a table at the end. `cargo xtask demo --all` builds and runs it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person at a terminal"
)]

use std::process::ExitCode;
use std::time::Duration;

use forebay_e2e::shows::{self, Played, Show};

#[tokio::main]
async fn main() -> ExitCode {
    // What the host logs would tear the story apart; errors it must not keep to itself.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter("off,forebay=error")
        .try_init();
    let mut played = Vec::new();
    let mut failed = 0_u32;
    for show in wanted() {
        println!("\n== {}: {}", show.id, show.title);
        match shows::play(show, &mut tell).await {
            Ok(ending) => played.push(ending),
            Err(error) => {
                eprintln!("error: {error:#}");
                failed += 1;
            }
        }
    }
    println!("\n{}", table(&played));
    for again in played.iter().flat_map(|show| &show.books.repeated) {
        eprintln!("error: happened twice: {again}");
        failed += 1;
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The shows named on the command line; without names all.
fn wanted() -> Vec<&'static Show> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let mut wanted = shows::ALL.to_vec();
    wanted.retain(|show| names.is_empty() || names.iter().any(|name| name == show.id));
    wanted
}

fn tell(what: &str, detail: &str) {
    println!("   {what:<10} {detail}");
}

const HEAD: [&str; 7] = [
    "use case",
    "trigger",
    "decided",
    "written",
    "time",
    "calls",
    "duplicates",
];

/// One line for each show.
fn table(played: &[Played]) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header(HEAD);
    for show in played {
        table.add_row([
            show.id.to_owned(),
            show.trigger.to_owned(),
            decided(show),
            format!("{} ({})", show.written, show.outcome),
            span(show.took),
            show.books.calls.to_string(),
            show.books.repeated.len().to_string(),
        ]);
    }
    table.to_string()
}

/// Who decided what, in the order of time.
fn decided(show: &Played) -> String {
    if show.decisions.is_empty() {
        return "nobody: as the policy says".to_owned();
    }
    show.decisions.join(", ")
}

/// Widest table that most terminals show without breaking lines.
const WIDTH: u16 = 150;

/// Virtual time in days, hours or minutes.
fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h"),
        (days, _) => format!("{days} d"),
    }
}
