//! Preflight: what cannot work, in plain words.

use forebay_sdk::assets::{AssetStatus, Comparison, Query};
use forebay_sdk::blocks::{Facts, Preflight, Span};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Cx, Finding, time};

use crate::DAM;
use crate::config::{Check, Config, Want};
use crate::steps::{Steps, every_share};

/// Logical fields that results are written to.
const WRITTEN: &[&str] = &[
    "share_state",
    "shared_with",
    "shared_until",
    "share_decision",
    "share_run",
];

/// All findings; with `probe` the vendors are asked too.
pub(crate) fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
    let mut preflight = Preflight::new(cx);
    let classes = config.recipients.iter().map(|rule| rule.class.clone());
    let mut classes: Vec<_> = classes.collect();
    // The words of the defaults are known even where nobody bears them.
    classes.extend(["agency", "internal-affiliate", crate::config::UNKNOWN].map(str::to_owned));
    let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    preflight.extend(config.routing.findings(&Facts::from([
        ("recipient_class".to_owned(), classes),
        ("kind".to_owned(), words(["request", "violation"])),
        ("checks".to_owned(), words(["all_pass", "some_fail"])),
    ])));
    preflight.time(&config.calendar, &config.reminders);
    preflight.extend(pure(config));
    if probe {
        let staging = &config.preventive.staging_album;
        if !staging.is_empty() || !config.detective.watched_albums.is_empty() {
            preflight.needs(&[("preventive.staging_album", DAM, interfaces::COLLECTIONS)]);
        }
        preflight.fields(DAM, &config.fields, &read(config), WRITTEN);
        preflight.groups(
            &config.routing,
            &[
                ("legal_group", &config.legal_group),
                ("fallback_group", &config.fallback_group),
                ("escalation_group", &config.escalation_group),
            ],
        );
        preflight.definitions(&[
            ("process.definition", &config.process.definition),
            (
                "process.notice_definition",
                &config.process.notice_definition,
            ),
        ]);
        preflight.extend(shares(cx, config));
        preflight.extend(statuses(cx));
    }
    preflight.findings()
}

/// Logical fields that the checks read and that most DAMs have; the others may be absent.
fn read(config: &Config) -> Vec<&'static str> {
    let mut read = Vec::new();
    for check in &config.checks {
        match check {
            Check::Territory => read.push("territories"),
            Check::Channel => read.push("channels"),
            Check::RightsCoverRecipient => read.push("licence_start"),
            Check::ExpiryAfterLink => read.push("licence_end"),
            Check::Embargo => read.push("embargo_until"),
            Check::PersonalDataFlag => read.push("personal_data"),
            Check::StatusApproved => {}
        }
    }
    read
}

fn pure(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |path: &str, what: String, mend: &str| {
        findings.push(Finding::error(path, what, mend));
    };
    if config.checks.is_empty() {
        let what = "no asset is checked before it is shared".to_owned();
        wrong("checks", what, "name one: [\"status_approved\"]");
    }
    if config.recipients.is_empty() {
        let what = "no rule says who recipients are".to_owned();
        let mend = "add one for all: { match = \"*\", class = \"unknown\", policy = \"deny_unless_legal\" }";
        wrong("recipients", what, mend);
    }
    let everybody = config
        .recipients
        .iter()
        .position(|rule| rule.matches == "*");
    if let Some(index) = everybody.filter(|index| index + 1 < config.recipients.len()) {
        let path = format!("recipients[{}]", index + 1);
        let what = format!("the rule never counts: recipients[{index}] matches everybody");
        wrong(&path, what, "move the rule for everybody to the end");
    }
    for (index, rule) in config.recipients.iter().enumerate() {
        let date = rule.contract_until.as_deref();
        if date.is_some_and(|date| time::start_of_date(date).is_none()) {
            let path = format!("recipients[{index}].contract_until");
            let what = format!("`{}` is not a date", date.unwrap_or_default());
            wrong(&path, what, "write it like 2027-12-31");
        }
    }
    let by_the_clock = [
        (
            "preventive.staging_window",
            config.preventive.staging_window,
        ),
        ("detective.interval", config.detective.interval),
        ("detective.overlap", config.detective.overlap),
    ];
    for (path, span) in by_the_clock {
        if !matches!(span, Span::Minutes(_)) {
            let what = format!("`{span}` counts working time, which stands still at night");
            wrong(path, what, "write it like 2m, 15m or 2d");
        }
    }
    findings
}

/// What the DAM can do with shares, as far as it can be asked without making one.
fn shares(cx: &Cx, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (Steps { cx, config }).shares(&every_share()) {
        Ok(Some(_)) => {}
        Ok(None) => findings.push(Finding::warning(
            "detective.enabled",
            "the DAM's connection cannot list shares: scans find none, only its events tell of \
             them, and that a link has ended cannot be verified",
            "set up the list of shares in the connection's settings",
        )),
        Err(error) => findings.push(Finding::warning(
            "detective.enabled",
            format!("the shares could not be read: {error}"),
            "check the connection",
        )),
    }
    let activity = cx.sharing().activity(cx.now(), None);
    if config.detective.enabled && activity.is_err_and(|error| error.is_unsupported()) {
        findings.push(Finding::warning(
            "detective.enabled",
            "the DAM's connection reports no activity of shares: shares made by hand are not found",
            "set up the report in the connection's settings, or switch `detective.enabled` off",
        ));
    }
    let link = &config.preventive.link;
    for (path, want) in [
        ("preventive.link.password", link.password),
        ("preventive.link.watermark", link.watermark),
    ] {
        let (what, mend) = match want {
            Want::Never => continue,
            Want::Auto => (
                "whether the connection can do it shows when a link is made; where it cannot, links \
                 are made without it and the audit says so",
                "write \"always\" to refuse such links, \"never\" to do without",
            ),
            Want::Always => (
                "where the connection cannot do it no link is made at all",
                "make sure that it can (Canto's API has no passwords for links), or write \"auto\"",
            ),
        };
        findings.push(match want {
            Want::Always => Finding::warning(path, what, mend),
            _ => Finding::info(path, format!("{what}: {mend}")),
        });
    }
    findings
}

/// Does the DAM use approval at all? Where it is switched off no asset has the status.
fn statuses(cx: &Cx) -> Option<Finding> {
    let approved = Comparison::OneOf(vec!["approved".to_owned()]);
    let query = Query {
        limit: 1,
        ..Query::default().filter("status", approved)
    };
    let found = cx.assets().search(&query).ok()?;
    let any = found
        .assets
        .iter()
        .any(|asset| asset.status == AssetStatus::Approved);
    (!any && found.next.is_none()).then(|| {
        Finding::warning(
            "checks",
            "the DAM shows no approved asset: is its approval feature switched on?",
            "switch it on; otherwise nothing can be shared, and nothing restricted",
        )
    })
}
