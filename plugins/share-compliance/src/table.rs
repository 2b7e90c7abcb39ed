//! The assets of a request as they stand now, and what people are asked about them.

use std::fmt::Write as _;

use forebay_sdk::blocks::{Question, Routing, present};
use forebay_sdk::{Error, Field};

use crate::checks::Standing;
use crate::course::Course;
use crate::state::{Item, Review};

impl Course<'_> {
    // ---- Looking at the assets ------------------------------------------------------------------

    /// Read all assets and check them. What changed since they were looked at last, in words. None
    /// where all of them are gone: nothing is noted then, they may come back as they were.
    pub(crate) fn refresh(&self, review: &mut Review) -> Result<Option<Vec<String>>, Error> {
        let standing = self.standing(&review.wish)?;
        let mut changes = Vec::new();
        let mut items = Vec::new();
        for id in &review.wish.assets {
            let before = review.items.iter().find(|item| item.id == *id);
            let item = self.item(id, review, &standing, before)?;
            if let Some(before) = before {
                changes.extend(difference(before, &item));
            }
            items.push(item);
        }
        if items.iter().all(|item| item.gone) {
            return Ok(None);
        }
        review.items = items;
        review.gone_since = None;
        Ok(Some(changes))
    }

    fn item(
        &self,
        id: &str,
        review: &Review,
        standing: &Standing,
        before: Option<&Item>,
    ) -> Result<Item, Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(Item {
                gone: true,
                problems: vec!["it was deleted".to_owned()],
                ..before.cloned().unwrap_or_else(|| Item {
                    id: id.to_owned(),
                    name: id.to_owned(),
                    ..Item::default()
                })
            });
        };
        Ok(Item {
            problems: self.problems(&asset, &review.wish, standing)?,
            refused: before.and_then(|item| item.refused.clone()),
            ends: self.rights_end(&asset).unwrap_or_default(),
            id: asset.id,
            name: asset.name,
            version: asset.version,
            checksum: asset.checksum,
            gone: false,
        })
    }

    // ---- What people are asked ------------------------------------------------------------------

    /// The table of checks with their inputs, for the audit.
    pub(crate) fn log_checks(&self, review: &Review, standing: &Standing) {
        let wish = serde_json::to_string(&review.wish).unwrap_or_default();
        for item in &review.items {
            let mut record = self.record("checked", item);
            let passes = item.passes();
            record.decision = Some(if passes { "passes" } else { "fails" }.to_owned());
            record.comment = (!passes).then(|| item.why_not());
            record.details = vec![
                Field::new("request", wish.as_str()),
                Field::new("recipient-class", standing.classes.join(", ")),
            ];
            self.cx.decision(&record);
        }
    }

    /// Whoever routing leads to, and the legal group where the recipients' policy wants it.
    pub(crate) fn questions(
        &self,
        review: &Review,
        standing: &Standing,
        kind: &str,
        title: &str,
        why: Option<&str>,
    ) -> Vec<Question> {
        let all_pass = review.items.iter().all(Item::passes);
        let facts = self.facts(&review.wish, &standing.classes, "request", all_pass);
        let mut questions = Vec::new();
        let legal = self.config.legal_group.as_str();
        if let Some((index, rule)) = self.config.routing.decide(&facts) {
            let id = format!("{kind}:{}", review.round);
            let name = format!("share-{kind}");
            let rule_name = Routing::rule_name(index);
            questions.push(Question::routed(&id, &name, &rule.to, &rule_name));
            if standing.needs_legal && rule.to.group != legal {
                let id = format!("legal:{}", review.round);
                let mut question = Question::to_group(&id, "share-legal", legal).sla(rule.to.sla);
                question.rule = Some("recipients.policy = deny_unless_legal".to_owned());
                questions.push(question);
            }
        }
        let excluded = self.config.person(&review.wish.requester);
        let excluded = excluded.filter(|_| self.config.four_eyes);
        let text = self.question_text(review, standing, why);
        let fitted = questions.into_iter().map(|question| {
            question
                .title(title)
                .text(text.as_str())
                .outcomes(&["approve", "refuse"])
                .form("refuse", "Assets to leave out (ids)", false)
                .form("watermark", "A watermark is a condition", false)
                .form("download", "Downloads: none, proxy or original", false)
                .form("credit", "Credit line", false)
                .form("until", "Last day of the link", false)
                .exclude(excluded.clone())
        });
        fitted.collect()
    }

    fn question_text(&self, review: &Review, standing: &Standing, why: Option<&str>) -> String {
        let wish = &review.wish;
        let mut text = String::new();
        if let Some(why) = why {
            let _ = writeln!(text, "No link was made. Asked again: {why}.");
        }
        let recipients = wish.recipient.0.join(", ");
        let classes = standing.classes.join(", ");
        let _ = writeln!(text, "Recipients: {recipients} ({classes})");
        if standing.needs_legal {
            let legal = &self.config.legal_group;
            let _ = writeln!(text, "Nothing is shared unless {legal} agrees as well.");
        }
        let _ = writeln!(text, "Purpose: {}", wish.purpose);
        let _ = writeln!(text, "Channels: {}", wish.channel.0.join(", "));
        let _ = writeln!(text, "Territories: {}", wish.territory.0.join(", "));
        let from = wish.from.as_deref().unwrap_or("at once");
        let until = wish.until.as_deref().unwrap_or("as configured");
        let _ = writeln!(text, "From {from} until {until}");
        text.push_str(&table(review));
        text
    }
}

/// What changed about an asset, in words.
fn difference(before: &Item, now: &Item) -> Option<String> {
    let name = &now.name;
    if before.gone != now.gone || before.problems != now.problems {
        let problems = now.problems.join("; ");
        return Some(match problems.as_str() {
            "" => format!("{name} passes the checks now"),
            _ => format!("{name}: {problems}"),
        });
    }
    (before.version != now.version).then(|| format!("{name} has another version"))
}

/// The table of checks, for people.
pub(crate) fn table(review: &Review) -> String {
    let mut text = String::new();
    for item in &review.items {
        let result = match item.problems.as_slice() {
            [] => "passes all checks".to_owned(),
            problems => format!("is not shared: {}", problems.join("; ")),
        };
        let _ = writeln!(text, "* {} ({}) {result}", item.name, item.id);
    }
    text
}
