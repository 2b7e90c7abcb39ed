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

/// What was written back, asset by asset.
pub(super) fn table(endings: &[Ending]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header([
            "",
            "asset",
            "decided by",
            "status",
            "written back",
            "counted",
        ]);
    for (index, ending) in endings.iter().enumerate() {
        table.add_row([
            (index + 1).to_string(),
            ending.asset.clone(),
            ending.decided_by.clone(),
            format!("{} → {}", ending.before, ending.after.status),
            written(ending),
            counted(ending),
        ]);
    }
    table.to_string()
}

fn written(ending: &Ending) -> String {
    let filled = WRITTEN.iter().map(|name| (name, ending.after.field(name)));
    let lines = filled.filter(|(_, value)| !value.is_empty());
    lines
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn counted(ending: &Ending) -> String {
    let chain = if ending.audit_intact {
        "intact"
    } else {
        "BROKEN"
    };
    [
        format!("event reported: {} times", ending.reports),
        format!("processes started: {}", ending.processes),
        format!("notices: {}", ending.notices),
        format!("duplicates: {}", ending.duplicates),
        format!("audit records: {}, chain {chain}", ending.audit_records),
    ]
    .join("\n")
}

/// Where a person may look around.
pub(super) fn places(stage: &Stage, endings: &[Ending]) -> String {
    let (host, key) = (&stage.host.url, &stage.host.key);
    let rows = [
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
    let assets = endings
        .iter()
        .map(|ending| (ending.asset.as_str(), ending.page.clone()));
    let rows = assets.chain(rows);
    let lines = rows
        .map(|(what, place)| format!("  {what:<17} {place}"))
        .collect::<Vec<_>>();
    format!(
        "Everything keeps running. Upload files yourself, decide in the inbox.\n{}\n\nCtrl-C ends it.",
        lines.join("\n")
    )
}
