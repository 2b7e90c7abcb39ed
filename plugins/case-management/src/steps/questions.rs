//! What people are asked in a case, and which related assets are proposed to them.

use forebay_sdk::blocks::Question;
use forebay_sdk::{Error, paging};

use super::{Steps, case_name};
use crate::state::Case;

impl Steps<'_> {
    pub(crate) fn ask_for_decision(&self, case: &mut Case) -> Result<(), Error> {
        case.asked = true;
        let kind = self.config.case_type(&case.kind);
        let outcomes: &[&str] = if kind.needs_new_version {
            &["new-version-delivered", "restore"]
        } else {
            &["stay-down", "restore"]
        };
        let assets: Vec<_> = case.assets.keys().cloned().collect();
        let mut questions = vec![
            self.next_question(case, "acknowledge", "Take up the case", &kind.route)
                .outcomes(&["taken"])
                .sla(kind.ack_sla),
            self.next_question(case, "decide", "Decide the case", &kind.route)
                .text(assets.join("\n"))
                .outcomes(outcomes)
                .form("comment", "Reason", false)
                .sla(kind.resolve_sla),
        ];
        if kind.needs_new_version {
            for asset in &assets {
                if let Some(found) = self.present(asset)? {
                    case.awaits_version.insert(asset.clone(), found.version);
                }
            }
        }
        if let Some(question) = self.propose_related(case, &kind.route)? {
            questions.push(question);
        }
        case.desk.ask(self.cx, &self.rules(), questions)
    }

    fn next_question(&self, case: &mut Case, what: &str, name: &str, group: &str) -> Question {
        case.question += 1;
        let id = format!("{what}:{}", case.question);
        let title = format!("{}: {}", case.kind, case_name(self.cx.business_key()));
        Question::to_group(&id, name, group).title(title)
    }

    /// Assets related to those of the case: proposed, or protected at once.
    fn propose_related(&self, case: &mut Case, group: &str) -> Result<Option<Question>, Error> {
        if !self.config.related.include {
            return Ok(None);
        }
        let mut found = Vec::new();
        for asset in case.assets.keys() {
            let related = paging::collect(usize::MAX, |page| {
                let page = self.cx.relations().list(asset, page)?;
                Ok((page.relations, page.next))
            });
            let related = match related {
                Err(error) if error.is_unsupported() => return Ok(None),
                other => other?.0,
            };
            found.extend(related.into_iter().map(|relation| relation.other));
        }
        found.retain(|asset| !case.assets.contains_key(asset));
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return Ok(None);
        }
        if !self.config.related.confirm {
            self.protect(case, &found)?;
            return Ok(None);
        }
        case.proposed.clone_from(&found);
        let question = self
            .next_question(case, "related", "Confirm related assets", group)
            .text(found.join("\n"))
            .outcomes(&["confirm", "none"])
            .form("assets", "Ids to include; empty: all", false);
        Ok(Some(question))
    }
}
