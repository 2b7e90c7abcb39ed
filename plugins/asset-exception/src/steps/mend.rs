//! Having an asset mended: what is known of it, and who is asked what.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Question, paths};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Error, Field};
use serde_json::json;

use super::check::{self, Findings};
use super::{Steps, group_key};
use crate::DAM;
use crate::state::Case;

impl Steps<'_> {
    // ---- Checking -------------------------------------------------------------------------------

    /// What is wrong with an asset.
    pub(crate) fn check(&self, asset: &Asset) -> Findings {
        check::check(self.config, asset)
    }

    /// The asset as it is now is the one that was checked.
    pub(crate) fn note(&self, case: &mut Case, asset: &Asset) {
        case.seen = check::fingerprint(self.config, asset);
        case.name.clone_from(&asset.name);
        case.version.clone_from(&asset.version);
        case.checksum.clone_from(&asset.checksum);
    }

    /// Has anything changed that a check asks about?
    pub(crate) fn has_changed(&self, case: &Case, asset: &Asset) -> bool {
        check::fingerprint(self.config, asset) != case.seen
    }

    pub(crate) fn record_recheck(&self, case: &Case, asset: &Asset, passes: bool) {
        let mut record = Self::record("rechecked", asset);
        record.decision = Some(if passes { "pass" } else { "fail" }.to_owned());
        record.comment = Some(format!("round {}", case.round));
        self.cx.decision(&record);
    }

    // ---- Asking ---------------------------------------------------------------------------------

    /// Ask for the asset to be mended.
    pub(crate) fn ask(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        case.round += 1;
        let question = self.mend_question(case, asset, "")?;
        let mut record = Self::record("exception-found", asset);
        record.comment = Some(case.texts().join("; "));
        self.cx.decision(&record);
        self.pose(case, asset, question)
    }

    /// Ask a question in the process of the case, which is started where there is none.
    fn pose(&self, case: &mut Case, asset: &Asset, question: Question) -> Result<(), Error> {
        let rules = self.rules();
        if case.desk.is_open() {
            return case.desk.ask(self.cx, &rules, vec![question]);
        }
        let title = format!("\"{}\" needs attention", asset.name);
        let key = self.cx.business_key();
        let request = StartRequest::new(&self.config.process.definition, key, &title)
            .variable("title", title.as_str())
            .variable("assetId", asset.id.as_str())
            .variable("issues", case.texts().join("\n"));
        case.desk.open(self.cx, &rules, request, vec![question])
    }

    /// Take back what was asked and ask again with what remains. After too many rounds the
    /// coordinator is asked.
    pub(crate) fn ask_anew(&self, case: &mut Case, asset: &Asset, why: &str) -> Result<(), Error> {
        case.desk.withdraw_all(self.cx)?;
        case.round += 1;
        let question = if case.round > self.config.max_rounds {
            case.question += 1;
            Question::to_group(
                &format!("decide:{}", case.question),
                "Decide about an exception",
                &self.config.coordinator_group,
            )
            .title(format!(
                "\"{}\" is not mended after {} rounds",
                case.name,
                case.round - 1
            ))
            .text(instructions(case, why))
            .outcomes(&["again", "waive", "not-an-issue"])
            .form("until", "Waived until (for waive)", false)
            .form("reason", "Reason", false)
        } else {
            self.mend_question(case, asset, why)?
        };
        self.pose(case, asset, question)
    }

    fn mend_question(&self, case: &mut Case, asset: &Asset, why: &str) -> Result<Question, Error> {
        case.question += 1;
        let id = format!("mend:{}", case.question);
        let assign = &self.config.assign;
        let uploader = match assign.to.as_str() {
            "uploader" | "creator" => self.workflow_user(case.uploader.as_deref())?,
            _ => None,
        };
        let name = "Mend an asset";
        let question = match (uploader, assign.to.as_str()) {
            (Some(person), _) => Question::to_person(&id, name, &person),
            (None, "uploader" | "creator") => Question::to_group(&id, name, &assign.fallback),
            (None, group) => Question::to_group(&id, name, group),
        };
        let severity = case.issues.iter().map(|issue| issue.severity).max();
        let mut text = instructions(case, why);
        for link in &asset.links {
            text.push_str(&format!("\n{}: {}", link.rel, link.href));
        }
        let mut question = question
            .title(format!("\"{}\", round {}", case.name, case.round))
            .text(text)
            .outcomes(&["done", "replaced", "waive", "not-an-issue"])
            .form("replacement", "Id of the asset that replaces it", false)
            .form("until", "Waived until (for waive)", false)
            .form("reason", "Reason (for waive, not-an-issue)", false)
            .sla(assign.sla.of(severity.unwrap_or_default()));
        if self.config.task_form {
            for field in case.issues.iter().filter_map(|issue| issue.field.as_ref()) {
                let label = match check::suggestion(self.config, asset, field) {
                    Some(value) => format!("{field} (suggested: {value})"),
                    None => field.clone(),
                };
                question = question.form(field, &label, false);
            }
        }
        Ok(question)
    }

    /// People see what is left of the list.
    pub(crate) fn show_issues(&self, case: &Case) -> Result<(), Error> {
        let issues = Field::new("issues", case.texts().join("\n"));
        case.desk.show(self.cx, &[issues])
    }

    // ---- Other flows ----------------------------------------------------------------------------

    /// One task for all assets of a collection: the group takes it from here. Its collection.
    pub(crate) fn hand_to_group(&self, asset: &Asset) -> Result<String, Error> {
        let place = paths(asset).into_iter().next();
        let collection = place.unwrap_or_else(|| "/".to_owned());
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = group_key(&self.config.key_prefix, dam, &collection);
        let input = json!({ "collection": collection, "asset": asset.id });
        self.cx.spawn(self.cx.flow(), &key, &input)?;
        Ok(collection)
    }

    /// The corrected asset is approved in a run of this flow.
    pub(crate) fn start_approval(&self, flow: &str, asset: &Asset) -> Result<String, Error> {
        let key = format!("{}:{}", self.cx.business_key(), asset.version);
        self.cx.spawn(flow, &key, &json!({ "asset": asset.id }))
    }
}

fn instructions(case: &Case, why: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !why.is_empty() {
        lines.push(why.to_owned());
    }
    for issue in &case.issues {
        lines.push(format!("{}: {}", issue.rule, issue.text));
        if !issue.fix.is_empty() {
            lines.push(format!("  {}", issue.fix));
        }
    }
    lines.join("\n")
}
