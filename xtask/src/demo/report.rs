//! What is told at the end.

use comfy_table::{ContentArrangement, Table, presets};

use super::stage::Stage;
use super::story::Ending;

/// Widest table that terminals show without breaking lines.
const WIDTH: u16 = 110;

/// Fields that a review writes; whatever else an asset has is none of its business.
const WRITTEN: [&str; 7] = [
    "review_state",
    "review_comment",
    "reviewed_by",
    "reviewed_at",
    "reviewed_version",
    "review_run",
    "run",
];

/// What was written back: a column for each asset, a row for each fact.
pub(super) fn table(endings: &[Ending]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header(row("asset", endings, |ending| ending.asset.to_owned()));
    table.add_row(row("status before", endings, |ending| {
        ending.before.clone()
    }));
    table.add_row(row("status after", endings, |ending| {
        ending.after.status.clone()
    }));
    for field in WRITTEN {
        table.add_row(row(field, endings, |ending| {
            ending.after.field(field).to_owned()
        }));
    }
    table.add_row(row("audit", endings, |ending| {
        format!("{} records", ending.audit_records)
    }));
    table.add_row(row("upload reported", endings, |ending| {
        format!("{} times", ending.reports)
    }));
    table.add_row(row("runs started", endings, |ending| {
        ending.runs.to_string()
    }));
    table.add_row(row("processes started", endings, |ending| {
        ending.processes.to_string()
    }));
    table.add_row(row("uploader informed", endings, |ending| {
        ending.notices.to_string()
    }));
    table.add_row(row("duplicates", endings, |ending| {
        ending.duplicates().to_string()
    }));
    table.to_string()
}

fn row(name: &str, endings: &[Ending], cell: impl Fn(&Ending) -> String) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(endings.iter().map(cell))
        .collect()
}

/// Where a person may look around.
pub(super) fn places(stage: &Stage, endings: &[Ending]) -> String {
    let (host, key) = (&stage.host.url, &stage.host.key);
    let assets = endings
        .iter()
        .map(|ending| (ending.asset, ending.page.clone()));
    let others = [
        ("Canto's library", stage.canto.url.clone()),
        ("iconik's library", stage.iconik.url.clone()),
        ("task inbox", stage.inbox.url.clone()),
        ("API document", format!("{host}/openapi.json")),
        (
            "runs",
            format!("curl -H 'Authorization: Bearer {key}' {host}/v1/runs"),
        ),
        (
            "or",
            format!("target/debug/forebay --url {host} --key {key} runs list"),
        ),
    ];
    let mut told =
        "Everything keeps running. Upload files yourself, decide in the inbox.\n".to_owned();
    for (what, place) in assets.chain(others) {
        told.push_str(&format!("  {what:<18} {place}\n"));
    }
    told + "\nCtrl-C ends it."
}
