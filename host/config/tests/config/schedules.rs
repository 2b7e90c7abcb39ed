//! `[[flows.NAME.schedules]]`: what is taken, and what is told of mistakes.

use std::path::Path;

use crate::common::{GOOD, VARIABLES, plugins};
use forebay_config::{Configuration, Environment, Problems, SchemaSet, Sources};
use forebay_model::ScheduleSpec;
use forebay_model::manifest::HandlerInfo;
use serde_json::json;

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
    let mut plugins = plugins();
    let schema = json!({"properties": {"calendar": {
        "default": {}, "properties": {"zone": {"type": "string", "default": "Europe/Paris"}}}}});
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
    let text = "[flows.a]\nhandler = \"scan\"\n\
         schedules = [{ name = \"s\", cron = \"@daily\" }]\n\
         [flows.b]\nhandler = \"scan\"\nconfig = { calendar = { zone = \"Asia/Tokyo\" } }\n\
         schedules = [{ name = \"s\", cron = \"0 2 * * *\" }]\n";
    let configuration = Sources::with(Environment::fixed(VARIABLES))
        .parse(Path::new("/etc/forebay"), &[("forebay.toml", text)])
        .validate(&SchemaSet::default(), &plugins)
        .unwrap();
    let zones = configuration
        .flows
        .iter()
        .map(|flow| &*flow.schedules[0].zone);
    assert_eq!(zones.collect::<Vec<_>>(), ["Europe/Paris", "Asia/Tokyo"]);
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
