//! The checks of a share: may these recipients get this asset for this use?

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Facts, LegalHold, end_of, matches_path};
use forebay_sdk::{Error, Timestamp, Value, time};

use super::Steps;
use super::ask::Wish;
use crate::config::{Check, Policy, Recipient, UNKNOWN};

/// Who the recipients of a wish are to us, all together: the strictest word counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Their classes.
    pub(crate) classes: Vec<String>,
    /// The legal group must agree.
    pub(crate) needs_legal: bool,
    /// They get nothing.
    pub(crate) denied: bool,
    /// Channels that a contract does not allow, out of those asked for.
    pub(crate) forbidden_channels: Vec<String>,
    /// When the first contract ends.
    pub(crate) contract_until: Option<Timestamp>,
}

impl Steps<'_> {
    /// Who the recipients are.
    pub(crate) fn standing(&self, wish: &Wish) -> Result<Standing, Error> {
        let mut standing = Standing::default();
        for address in &wish.recipient.0 {
            let known = self.recipient(address);
            let class = known.map_or(UNKNOWN, |rule| rule.class.as_str());
            if !standing.classes.iter().any(|other| other == class) {
                standing.classes.push(class.to_owned());
            }
            let policy = known.map_or(Policy::DenyUnlessLegal, |rule| rule.policy);
            standing.needs_legal |= policy == Policy::DenyUnlessLegal;
            standing.denied |= policy == Policy::Deny;
            let Some(rule) = known else { continue };
            let allowed = |channel: &str| {
                let mut listed = rule.allowed_channels.iter();
                rule.allowed_channels.is_empty()
                    || listed.any(|other| other.eq_ignore_ascii_case(channel))
            };
            let forbidden = wish.channel.0.iter().filter(|channel| !allowed(channel));
            standing.forbidden_channels.extend(forbidden.cloned());
            if let Some(date) = &rule.contract_until {
                let end = self.end_of_date(date)?;
                let earlier = standing.contract_until.map_or(end, |at| at.min(end));
                standing.contract_until = Some(earlier);
            }
        }
        Ok(standing)
    }

    fn recipient(&self, address: &str) -> Option<&Recipient> {
        let mut rules = self.config.recipients.iter();
        rules.find(|rule| matches_path(&rule.matches, address))
    }

    /// What routing and automatic approval know about a wish.
    pub(crate) fn facts(&self, wish: &Wish, classes: &[String], kind: &str, passes: bool) -> Facts {
        let checks = if passes { "all_pass" } else { "some_fail" };
        Facts::from([
            ("recipient_class".to_owned(), classes.to_vec()),
            ("channel".to_owned(), wish.channel.0.clone()),
            ("territory".to_owned(), wish.territory.0.clone()),
            ("kind".to_owned(), vec![kind.to_owned()]),
            ("checks".to_owned(), vec![checks.to_owned()]),
        ])
    }

    /// The group that routing leads to.
    pub(crate) fn deciding_group(&self, facts: &Facts) -> &str {
        match self.config.routing.decide(facts) {
            Some((_, rule)) => &rule.to.group,
            None => &self.config.fallback_group,
        }
    }

    /// The checks an asset fails, each with its name and the reason.
    pub(crate) fn problems(
        &self,
        asset: &Asset,
        wish: &Wish,
        standing: &Standing,
    ) -> Result<Vec<String>, Error> {
        let begins = self.begins(wish)?;
        let mut problems = Vec::new();
        for check in &self.config.checks {
            let failed = match check {
                Check::StatusApproved => status(asset),
                Check::RightsCoverRecipient => self.rights(asset, standing, begins),
                Check::Territory => self.territory(asset, wish),
                Check::Channel => self.channel(asset, wish, standing),
                Check::ExpiryAfterLink => self.expiry(asset, begins),
                Check::Embargo => self.embargo(asset, begins),
                Check::PersonalDataFlag => self.personal_data(asset),
            };
            problems.extend(failed.map(|why| format!("{}: {why}", check.word())));
        }
        Ok(problems)
    }

    /// When the link begins.
    pub(crate) fn begins(&self, wish: &Wish) -> Result<Timestamp, Error> {
        let Some(date) = &wish.from else {
            return Ok(self.cx.now());
        };
        // The day begins where the one before ends.
        let start = time::start_of_date(date)
            .ok_or_else(|| Error::invalid(format!("`{date}` is not a date")))?;
        let before = time::to_date(start - time::DAY).unwrap_or_default();
        Ok(self.end_of_date(&before)?.max(self.cx.now()))
    }

    pub(crate) fn end_of_date(&self, date: &str) -> Result<Timestamp, Error> {
        end_of(self.cx, &self.config.calendar, &Value::text(date))
    }

    /// The date whose end this is: the end of a day belongs to that day.
    pub(crate) fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }

    /// When the rights of an asset end: the earlier of its licence and its expiry in the DAM.
    pub(crate) fn rights_end(&self, asset: &Asset) -> Result<Option<Timestamp>, String> {
        let licence = self.date(asset, "licence_end")?;
        Ok([licence, asset.expires_at].into_iter().flatten().min())
    }

    fn date(&self, asset: &Asset, field: &str) -> Result<Option<Timestamp>, String> {
        let Some(value) = self.config.fields.value(&asset.fields, field) else {
            return Ok(None);
        };
        let end = end_of(self.cx, &self.config.calendar, value);
        end.map(Some)
            .map_err(|_| format!("`{}` in {field} is not a date", value.to_plain()))
    }

    fn rights(&self, asset: &Asset, standing: &Standing, begins: Timestamp) -> Option<String> {
        if standing.denied {
            let classes = standing.classes.join(", ");
            return Some(format!(
                "nothing is shared with recipients of the class {classes}"
            ));
        }
        if standing.contract_until.is_some_and(|end| end <= begins) {
            return Some("the contract with the recipient has ended".to_owned());
        }
        let covered = self.config.fields.texts(&asset.fields, "share_classes");
        let missing = standing
            .classes
            .iter()
            .find(|class| !covered.contains(class));
        if let Some(class) = missing.filter(|_| !covered.is_empty()) {
            return Some(format!(
                "the rights do not cover recipients of the class {class}"
            ));
        }
        match self.starts(asset) {
            Ok(Some(start)) if start > begins => Some("the rights have not begun".to_owned()),
            Ok(_) => None,
            Err(why) => Some(why),
        }
    }

    /// When the rights begin: a date means its beginning here.
    fn starts(&self, asset: &Asset) -> Result<Option<Timestamp>, String> {
        let end = self.date(asset, "licence_start")?;
        Ok(end.map(|end| end - time::DAY))
    }

    fn territory(&self, asset: &Asset, wish: &Wish) -> Option<String> {
        let covered = self.config.fields.texts(&asset.fields, "territories");
        let listed = |word: &String| covered.iter().any(|other| other.eq_ignore_ascii_case(word));
        if self.config.worldwide.iter().any(listed) {
            return None;
        }
        let missing: Vec<_> = wish
            .territory
            .0
            .iter()
            .filter(|code| !listed(code))
            .collect();
        (!missing.is_empty()).then(|| format!("no rights in {}", join(&missing)))
    }

    fn channel(&self, asset: &Asset, wish: &Wish, standing: &Standing) -> Option<String> {
        if !standing.forbidden_channels.is_empty() {
            let forbidden = standing.forbidden_channels.join(", ");
            return Some(format!(
                "the recipient's contract does not allow {forbidden}"
            ));
        }
        let covered = self.config.fields.texts(&asset.fields, "channels");
        let listed = |word: &String| covered.iter().any(|other| other.eq_ignore_ascii_case(word));
        let missing: Vec<_> = wish.channel.0.iter().filter(|name| !listed(name)).collect();
        (!missing.is_empty()).then(|| format!("no rights for {}", join(&missing)))
    }

    fn expiry(&self, asset: &Asset, begins: Timestamp) -> Option<String> {
        match self.rights_end(asset) {
            Err(why) => Some(why),
            Ok(Some(end)) if end <= begins => Some("the rights end before the link begins".into()),
            Ok(_) => None,
        }
    }

    fn embargo(&self, asset: &Asset, begins: Timestamp) -> Option<String> {
        match self.date(asset, "embargo_until") {
            Err(why) => Some(why),
            Ok(Some(end)) if end > begins => Some("it is under embargo".to_owned()),
            Ok(_) => None,
        }
    }

    fn personal_data(&self, asset: &Asset) -> Option<String> {
        let flag = LegalHold {
            field: "personal_data".to_owned(),
            blocks: Vec::new(),
        };
        flag.is_set(&self.config.fields, asset)
            .then(|| "it shows personal data".to_owned())
    }
}

fn status(asset: &Asset) -> Option<String> {
    let status = &asset.vendor_status;
    (asset.status != AssetStatus::Approved).then(|| format!("its status is {status}"))
}

fn join(words: &[&String]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.as_str()).collect();
    words.join(", ")
}
