//! `[[flows.NAME.schedules]]`: what is taken, and what is told of mistakes.

use std::path::Path;

use crate::common::{GOOD, VARIABLES, plugins};
use forebay_config::{Configuration, Environment, Problems, SchemaSet, Sources};
use forebay_model::ScheduleSpec;
use forebay_model::manifest::HandlerInfo;
use forebay_model::schedule::{DaysOff, OffRule};
use serde_json::{Value, json};

fn validated(more: &str) -> Result<Configuration, Problems> {
    let text = format!("{GOOD}\n{more}");
    Sources::with(Environment::fixed(VARIABLES))
        .parse(Path::new("/etc/forebay"), &[("forebay.toml", &text)])
        .validate(&SchemaSet::default(), &plugins())
}

#[test]
fn schedules_are_taken_and_are_no_part_of_what_runs_are_pinned_to() {
    let without = validated("").unwrap();
    let with = validated(
        "[[flows.canto-1-approval.schedules]]\nname = \"nightly\"\ncron = \"0 2 * * *\"\n\
         input = { scan = true, fields = [\"end\"] }\n\
         [[flows.canto-1-approval.schedules]]\nname = \"weekly\"\ncron = \"0 8 * * MON\"\n\
         zone = \"Europe/Berlin\"\n",
    )
    .unwrap();
    let schedule = |name: &str, cron: &str, zone: &str, input| ScheduleSpec {
        name: name.into(),
        cron: cron.into(),
        zone: zone.into(),
        days_off: None,
        input,
    };
    assert_eq!(
        with.flows[0].schedules,
        [
            schedule(
                "nightly",
                "0 2 * * *",
                "UTC",
                json!({"fields": ["end"], "scan": true})
            ),
            schedule("weekly", "0 8 * * MON", "Europe/Berlin", json!({})),
        ]
    );
    assert_eq!(
        serde_json::to_string(&without.flows[0]).unwrap(),
        serde_json::to_string(&with.flows[0]).unwrap()
    );
    assert_ne!(without.hash, with.hash);
}

#[test]
fn the_zone_of_the_flows_calendar_is_the_default() {
    let zone = json!({"zone": {"type": "string", "default": "Europe/Paris"}});
    let text = "[flows.a]\nhandler = \"scan\"\n\
         schedules = [{ name = \"s\", cron = \"@daily\" }]\n\
         [flows.b]\nhandler = \"scan\"\nconfig = { calendar = { zone = \"Asia/Tokyo\" } }\n\
         schedules = [{ name = \"s\", cron = \"0 2 * * *\" }]\n";
    let configuration = with_calendar(&zone, text).unwrap();
    let zones = configuration
        .flows
        .iter()
        .map(|flow| &*flow.schedules[0].zone);
    assert_eq!(zones.collect::<Vec<_>>(), ["Europe/Paris", "Asia/Tokyo"]);
}

/// Flows of a handler `scan` whose calendar has these properties.
fn with_calendar(properties: &Value, text: &str) -> Result<Configuration, Problems> {
    let mut plugins = plugins();
    let schema = json!({"properties": {"calendar": {"default": {}, "properties": properties}}});
    let info = HandlerInfo {
        name: "scan".into(),
        version: "1.0.0".into(),
        summary: String::new(),
        config_schema: schema.to_string(),
        state_schema: "{}".into(),
        state_version: 1,
        roles: Vec::new(),
        outcomes: Vec::new(),
    };
    plugins.0.push(crate::common::handler(info));
    Sources::with(Environment::fixed(VARIABLES))
        .parse(Path::new("/etc/forebay"), &[("forebay.toml", text)])
        .validate(&SchemaSet::default(), &plugins)
}

#[test]
fn days_off_are_those_of_the_flows_calendar() {
    let list = |items: &[&str]| json!({"type": "array", "default": items});
    let calendar = json!({"days": list(&["mon", "tue"]), "holidays": list(&[])});
    let text = "[flows.a]\nhandler = \"scan\"\n\
         config = { calendar = { holidays = [\"2027-12-24\"] } }\nschedules = [\n\
         { name = \"a\", cron = \"0 2 * * *\", days_off = \"skip\" },\n\
         { name = \"b\", cron = \"0 2 * * SAT\", days_off = \"move\" },\n\
         { name = \"c\", cron = \"0 2 * * *\", days_off = \"fire\" }]\n";
    let configuration = with_calendar(&calendar, text).unwrap();
    let off = |rule| DaysOff {
        rule,
        days: vec!["mon".into(), "tue".into()],
        holidays: vec!["2027-12-24".into()],
    };
    let schedules = configuration.flows[0].schedules.iter();
    assert_eq!(
        schedules.map(|it| it.days_off.clone()).collect::<Vec<_>>(),
        [Some(off(OffRule::Skip)), Some(off(OffRule::Move)), None]
    );

    let text = "[flows.a]\nhandler = \"scan\"\n\
         config = { calendar = { holidays = [\"24.12.\"] } }\n\
         schedules = [{ name = \"a\", cron = \"0 2 * * *\", days_off = \"skip\" }]\n\
         [flows.b]\nhandler = \"scan\"\nschedules = [\n\
         { name = \"a\", cron = \"0 2 * * SAT\", days_off = \"skip\" },\n\
         { name = \"b\", cron = \"0 2 * * *\", days_off = \"later\" }]\n";
    let told = with_calendar(&calendar, text).unwrap_err().to_string();
    for words in [
        "`24.12.` is not a date",
        "at flows.a.schedules[0].days_off\n  mend: mend `days` or `holidays`",
        "due on days off only",
        "at flows.b.schedules[0].cron\n  mend: name working days",
        "at flows.b.schedules[1].days_off",
    ] {
        assert!(told.contains(words), "{words} not in\n{told}");
    }
    let told = validated(
        "[[flows.canto-1-approval.schedules]]\nname = \"a\"\ncron = \"0 2 * * *\"\n\
         days_off = \"skip\"\n",
    )
    .unwrap_err()
    .to_string();
    assert!(told.contains("this flow has no calendar"), "{told}");
}

#[test]
fn all_that_is_wrong_is_told_with_its_place_and_mend() {
    let told = validated(
        "[[flows.canto-1-approval.schedules]]\nname = \"twice\"\ncron = \"0 2 * *\"\n\
         input = { schedule = 1 }\n\
         [[flows.canto-1-approval.schedules]]\nname = \"twice\"\ncron = \"0 0 30 2 *\"\n\
         [[flows.canto-1-approval.schedules]]\nname = \"zone\"\ncron = \"0 2 * * *\"\nzone = \"Mars/North\"\n",
    )
    .unwrap_err()
    .to_string();
    for words in [
        "not a cron pattern of five fields",
        "at flows.canto-1-approval.schedules[0].cron\n  mend: write minute, hour",
        "at flows.canto-1-approval.schedules[0].input\n  mend: name this field otherwise",
        "at flows.canto-1-approval.schedules[1].name\n  mend: give every schedule its own",
        "a pattern that is never due",
        "at flows.canto-1-approval.schedules[2].zone\n  mend: write an IANA name",
    ] {
        assert!(told.contains(words), "{words} not in\n{told}");
    }
    assert!(!told.contains("Mars"), "values are not shown:\n{told}");
    let told = validated(
        "[[flows.canto-1-approval.schedules]]\nname = \"Big Name\"\ncrom = \"0 2 * * *\"\n",
    )
    .unwrap_err()
    .to_string();
    for words in [
        "did you mean `cron`?",
        "lowercase letters",
        "`cron` is missing",
    ] {
        assert!(told.contains(words), "{words} not in\n{told}");
    }
}

#[test]
fn the_schema_documents_them() {
    let schema = forebay_config::schema(&SchemaSet::default());
    let cron = &schema["$defs"]["Schedule"]["properties"]["cron"];
    assert!(
        cron["description"]
            .as_str()
            .unwrap()
            .contains("Five fields")
    );
}
