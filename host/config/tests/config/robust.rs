//! Whatever is written, it is accepted or refused with problems: nothing panics.

use std::path::Path;

use crate::common::{GOOD, VARIABLES, handler, plugins};
use forebay_config::{Environment, Problems, SchemaSet, Sources};
use forebay_model::{Finding, FlowName, Severity};
use proptest::prelude::*;

fn judge(text: &str) -> Result<(), Problems> {
    let sources = Sources::with(Environment::fixed(VARIABLES));
    let document = sources.parse(Path::new("/nowhere"), &[("forebay.toml", text)]);
    document
        .validate(&SchemaSet::default(), &plugins())
        .map(drop)
}

/// A refusal has a reason, and every reason has words.
fn well_told(verdict: Result<(), Problems>) -> bool {
    match verdict {
        Ok(()) => true,
        Err(problems) => {
            problems.has_errors() && problems.iter().all(|problem| !problem.message.is_empty())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text(text in any::<String>()) {
        prop_assert!(well_told(judge(&text)));
    }

    /// Cuts, doubles and overwrites parts of a good configuration: deep structures, wrong ends.
    #[test]
    fn a_damaged_configuration(
        cut in any::<prop::sample::Index>(),
        length in 0usize..40,
        put in "[\\[\\]{}=\",.a-z0-9\n]{0,12}",
    ) {
        let characters: Vec<char> = GOOD.chars().collect();
        let start = cut.index(characters.len());
        let end = (start + length).min(characters.len());
        let damaged: String =
            characters[..start].iter().copied().chain(put.chars()).chain(characters[end..].iter().copied()).collect();
        prop_assert!(well_told(judge(&damaged)));
    }

    /// Values of any type where something else is expected.
    #[test]
    fn a_value_of_another_type(
        line in any::<prop::sample::Index>(),
        value in prop::sample::select(vec!["1", "-1.5", "true", "\"é\"", "[]", "{}", "[{}]", "{a={b=[1]}}", "1979-05-27", "nan"]),
    ) {
        let assignments: Vec<&str> = GOOD.lines().filter(|line| line.contains(" = ") && !line.starts_with(' ')).collect();
        let chosen = assignments[line.index(assignments.len())];
        let (key, _) = chosen.split_once(" = ").unwrap();
        let text = GOOD.replacen(chosen, &format!("{key} = {value}"), 1);
        prop_assert!(well_told(judge(&text)));
    }

    #[test]
    fn any_path_of_a_finding(path in any::<String>()) {
        let sources = Sources::with(Environment::fixed(VARIABLES));
        let document = sources.parse(Path::new(""), &[("forebay.toml", GOOD)]);
        let finding = Finding { severity: Severity::Info, path, message: "m".into(), mend: String::new() };
        let problem = document.finding(&FlowName::from("canto-1-approval"), &finding);
        prop_assert_eq!(problem.place.file, "forebay.toml");
        prop_assert!(problem.place.line >= 20);
    }
}

#[test]
fn a_schema_that_is_none_refuses_the_flow() {
    for broken in [
        "not json",
        r#"{"type": 7}"#,
        r#"{"$ref": "https://example.com/x"}"#,
    ] {
        let mut catalog = plugins();
        let mut info = catalog.0[2].handler().unwrap().clone();
        info.config_schema = broken.into();
        catalog.0[2] = handler(info);
        let sources = Sources::with(Environment::fixed(VARIABLES));
        let document = sources.parse(Path::new(""), &[("forebay.toml", GOOD)]);
        let problems = document
            .validate(&SchemaSet::default(), &catalog)
            .unwrap_err()
            .to_string();
        assert!(
            problems.contains("is not a usable JSON Schema"),
            "{problems}"
        );
    }
}
