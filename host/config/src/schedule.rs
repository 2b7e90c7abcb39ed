//! `[[flows.NAME.schedules]]`: as written, as received by the host, and what a schema cannot say.

use std::collections::{BTreeMap, BTreeSet};

use forebay_model::ScheduleSpec;
use forebay_model::schedule::{DEFAULT_ZONE, DaysOff, Error, OffRule, SCHEDULE_FIELD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::Document;
use crate::path::Path;
use crate::problem::Problem;
use crate::validate::typed;

/// When a flow is told to do something by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// Its name, unique in the flow. What was fired is remembered under it.
    #[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,62}$",
        "x-mend" = "use up to 63 lowercase letters, digits and dashes, starting with a letter or digit"))]
    name: String,
    /// Five fields: minute, hour, day of month, month, day of week. `0 2 * * *` is every day at two.
    cron: String,
    /// IANA time zone of the pattern. Absent: the zone of the flow's `config.calendar`, or `UTC`.
    zone: Option<String>,
    /// What becomes of days that the flow's `config.calendar` has off, by their date in the zone:
    /// those not in its `days`, and its `holidays`.
    #[serde(default)]
    days_off: OffWord,
    /// What the handler gets as a request; `schedule` with `name`, `due-at` and `zone` is added.
    #[serde(default)]
    input: BTreeMap<String, Value>,
}

/// What becomes of days off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OffWord {
    /// They are days as all others.
    #[default]
    Fire,
    /// What is due on them is left out.
    Skip,
    /// What is due on them is due at the same time on the next working day, once.
    Move,
}

impl OffWord {
    fn rule(self) -> Option<OffRule> {
        match self {
            Self::Fire => None,
            Self::Skip => Some(OffRule::Skip),
            Self::Move => Some(OffRule::Move),
        }
    }
}

impl Schedule {
    /// As the host uses it. `config` is the flow's, with defaults.
    pub(crate) fn spec(self, config: &Value) -> ScheduleSpec {
        let of_calendar = || {
            config
                .pointer("/calendar/zone")?
                .as_str()
                .map(str::to_owned)
        };
        let listed = |key: &str| {
            let list = config.pointer(&format!("/calendar/{key}"));
            let items = list.and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        ScheduleSpec {
            name: self.name,
            cron: self.cron,
            zone: self
                .zone
                .or_else(of_calendar)
                .unwrap_or_else(|| DEFAULT_ZONE.to_owned()),
            days_off: self.days_off.rule().map(|rule| DaysOff {
                rule,
                days: listed("days"),
                holidays: listed("holidays"),
            }),
            input: Value::Object(Map::from_iter(self.input)),
        }
    }
}

/// `schedules` of a flow.
pub(crate) fn check(
    document: &Document,
    flow: &str,
    written: &Value,
    config: &Value,
    problems: &mut Vec<Problem>,
) {
    let schedules = written.get("schedules").and_then(Value::as_array);
    let path = Path::of(&["flows", flow, "schedules"]);
    let mut names = BTreeSet::new();
    for (index, schedule) in schedules.into_iter().flatten().enumerate() {
        let path = path.index(index);
        // What does not fit the structure is reported by the schema.
        let Some(schedule) = typed::<Schedule>(schedule) else {
            continue;
        };
        let mut error = |key: &str, message: &str, mend: &str| {
            problems.push(document.at_value(&path.key(key), message, mend));
        };
        if !names.insert(schedule.name.clone()) {
            error(
                "name",
                "another schedule of this flow has this name",
                "give every schedule its own: what was fired is remembered under it",
            );
        }
        if schedule.input.contains_key(SCHEDULE_FIELD) {
            let message = "holds `schedule`, which the host fills in";
            error("input", message, "name this field otherwise");
        }
        if schedule.days_off.rule().is_some() && config.get("calendar").is_none() {
            error(
                "days_off",
                "this flow has no calendar that says which days are off",
                "set `days` and `holidays` in the flow's `config.calendar`; where its handler knows \
                 no calendar, leave `days_off` out and say the days of the week in `cron`",
            );
            continue;
        }
        match schedule.spec(config).timetable() {
            Ok(_) => {}
            Err(problem @ Error::DaysOff(_)) => error(
                "days_off",
                &problem.to_string(),
                "mend `days` or `holidays` in the flow's `config.calendar`",
            ),
            Err(problem @ Error::OffOnly) => error(
                "cron",
                &problem.to_string(),
                "name working days of the flow's `config.calendar`, or let `days_off` be `move` or `fire`",
            ),
            Err(Error::Zone) => error(
                "zone",
                "unknown time zone",
                "write an IANA name such as `Europe/Berlin` or `UTC`",
            ),
            Err(problem) => error(
                "cron",
                &problem.to_string(),
                "write minute, hour, day of month, month and day of week: `0 2 * * *` is every day at two",
            ),
        }
    }
}
