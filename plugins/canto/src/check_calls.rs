//! What an account cannot do because the settings do not say how: calls without a documented path,
//! relations without fields, webhooks that nobody can look up.

use forebay_sdk::{Error, Finding, time};

use crate::Canto;
use crate::check::find;
use crate::wire::CustomField;

impl Canto {
    /// The fields that keep relations must be there.
    pub(crate) fn check_relations(&self, fields: &[CustomField], findings: &mut Vec<Finding>) {
        for (kind, pair) in &self.settings.relation_fields {
            let path = format!("relation_fields.{kind}");
            let named = [&pair.origin_field, &pair.target_field];
            if named.iter().all(|field| field.is_none()) {
                findings.push(Finding::error(
                    &path,
                    format!("the relation {kind} has no field to be kept in"),
                    "name origin_field, target_field or both",
                ));
            }
            let missing = named
                .into_iter()
                .flatten()
                .filter(|field| !fields.iter().any(|known| known.name == **field));
            findings.extend(missing.map(|field| {
                let renamed = find(fields, field).map(|known| known.name.clone());
                Finding::error(
                    &path,
                    format!("Canto has no custom field \"{field}\" for the relation {kind}"),
                    match renamed {
                        Some(name) => format!("that is a field's id: write its name, \"{name}\""),
                        None => "make it in Canto, best as a field of several values".to_owned(),
                    },
                )
            }));
        }
    }

    /// Calls that are named must answer; what is not named is told.
    pub(crate) fn check_calls(&self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let sharing = &self.settings.sharing;
        let lifecycle = &self.settings.lifecycle;
        let now = (self.call.now() / time::SECOND).to_string();
        let activity = sharing.activity.as_ref();
        let reads = [
            (
                "sharing.list",
                sharing.list.as_ref().map(|list| list.path.clone()),
            ),
            (
                "sharing.activity",
                activity.map(|report| report.path.replace("{since}", &now)),
            ),
            ("lifecycle.trash_path", lifecycle.trash_path.clone()),
        ];
        for (setting, path) in reads {
            if let Some(path) = path {
                findings.extend(self.check_call(setting, &path)?);
            }
        }
        let absent = [
            (
                !sharing.can_look(),
                "sharing.list",
                "finds a link whose making was interrupted, together with sharing.title_key or \
                 sharing.external_id_key; without it such a run parks",
            ),
            (
                sharing.revoke.is_none(),
                "sharing.revoke",
                "ends links; without it they can only expire",
            ),
            (
                sharing.activity.is_none(),
                "sharing.activity",
                "tells which links people made in Canto itself; without it none is noticed",
            ),
            (
                self.settings.usage.is_none(),
                "usage",
                "tells views and downloads; without it reviews show no use",
            ),
            (
                lifecycle.trash_path.is_none(),
                "lifecycle.trash_path",
                "tells what is in the trash; without it that looks like gone for good",
            ),
            (
                lifecycle.purge.is_none(),
                "lifecycle.purge",
                "deletes for good; without it the trash is as far as it goes",
            ),
            (
                lifecycle.recover.is_none(),
                "lifecycle.recover",
                "takes out of the trash; without it a person must",
            ),
            (
                self.settings.relation_fields.is_empty(),
                "relation_fields",
                "keeps relations in custom fields; without it assets cannot be related",
            ),
        ];
        let absent = absent.into_iter().filter(|(absent, ..)| *absent);
        findings.extend(absent.map(|(_, setting, use_of_it)| {
            let message = format!(
                "not set. It {use_of_it}. Canto's public documents do not say how: see docs/canto.md"
            );
            Finding::info(setting, message)
        }));
        findings.push(Finding::info(
            "webhooks",
            "webhooks are entered by hand in Canto, one address per event, and Canto does not tell \
             whether that has been done: without them changes are found at the next poll, deletions \
             and moves between albums not at all",
        ));
        Ok(())
    }

    /// Does a list that the settings name answer?
    fn check_call(&self, setting: &str, path: &str) -> Result<Option<Finding>, Error> {
        match self.listing(path, 0, 1) {
            Ok(_) => Ok(None),
            Err(error @ (Error::NotFound(_) | Error::Invalid(_) | Error::Denied(_))) => {
                Ok(Some(Finding::error(
                    setting,
                    format!("the call does not work: {error}"),
                    "correct the path, or take the setting away: what needs it is then unsupported",
                )))
            }
            Err(error) => Err(error),
        }
    }
}
