//! Does the connection work, and does the account have what the use cases need?

use forebay_sdk::{Error, Finding};
use serde_json::json;

use crate::Iconik;
use crate::settings::StatusSource;
use crate::wire::{Page, RawAsset, View};

impl Iconik {
    pub(crate) fn findings(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        match self.view() {
            Ok(view) => findings.extend(self.view_findings(view)),
            Err(Error::Denied(why)) => return Ok(vec![refused(&why.message)]),
            Err(Error::Invalid(why)) => findings.push(Finding::error(
                why.field.unwrap_or_default(),
                why.detail.message,
                "name a metadata view that exists, by its id or its name",
            )),
            Err(error) => return Err(error),
        }
        findings.extend(self.rights()?);
        findings.extend(self.hook_findings()?);
        findings.extend(self.action_findings()?);
        findings.extend(self.watch_findings()?);
        if self.settings.integration_user.is_empty() {
            findings.push(Finding::warning(
                "integration_user",
                "without the integration's user id own changes cannot be told from those of people",
                "enter the id of the user the credentials act as",
            ));
        }
        Ok(findings)
    }

    /// Fields that the settings name must be in the view, or they cannot be read or written.
    fn view_findings(&self, view: &View) -> Vec<Finding> {
        let settings = &self.settings;
        let by_field = settings.status_source == StatusSource::Field;
        let named = [
            ("status_field", &settings.status_field, by_field),
            ("expiry_field", &settings.expiry_field, true),
            ("tags_field", &settings.tags_field, true),
            ("marker_field", &settings.marker_field, true),
        ];
        let mut findings = Vec::new();
        for (setting, name, used) in named {
            if !used || name.is_empty() {
                continue;
            }
            let mend = format!("add the field to the view, or change the setting {setting}");
            let missing = format!("the metadata view {} has no field {name}", view.name);
            match view.field(name) {
                None if setting == "status_field" => {
                    findings.push(Finding::error(setting, missing, mend));
                }
                None => findings.push(Finding::warning(setting, missing, mend)),
                Some(field) if field.read_only => findings.push(Finding::warning(
                    setting,
                    format!("the field {name} cannot be written"),
                    "make it writable in iconik's administration",
                )),
                Some(_) => {}
            }
        }
        findings
    }

    /// Reading one asset, searching and seeing access templates, each with a role of its own.
    fn rights(&self) -> Result<Vec<Finding>, Error> {
        let list = self
            .http
            .get(self.url("assets/v1/assets/"))
            .query("per_page", 1);
        let read = list
            .send()
            .and_then(|reply| reply.json::<Page<RawAsset>>())
            .map(|_| ());
        let one = json!({
            "query": "", "doc_types": ["assets"],
            "sort": [{"name": "date_modified", "order": "desc"}], "include_fields": ["id"],
        });
        let searched = self.search_page::<RawAsset>(&one, 1).map(|_| ());
        let templates = self.templates().map(|_| ());
        let mut findings = Vec::new();
        for (what, result, needed) in [
            ("read assets", read, true),
            ("search", searched, true),
            ("see access templates", templates, false),
        ] {
            let Err(error) = result else { continue };
            let Error::Denied(why) = error else {
                return Err(error);
            };
            let message = format!("the credentials may not {what}: {}", why.message);
            let mend = "give the integration's user the role for it in iconik";
            findings.push(if needed {
                Finding::error("", message, mend)
            } else {
                Finding::warning("", message, mend)
            });
        }
        Ok(findings)
    }

    fn hook_findings(&self) -> Result<Vec<Finding>, Error> {
        let hooks = match self.own_hooks() {
            Ok(hooks) => hooks,
            Err(Error::Denied(why)) => {
                return Ok(vec![Finding::warning(
                    "hooks",
                    format!("the credentials may not see webhooks: {}", why.message),
                    "give the integration's user the role for webhooks, or rely on polling alone",
                )]);
            }
            Err(error) => return Err(error),
        };
        if hooks.is_empty() && !self.settings.hooks.is_empty() {
            return Ok(vec![Finding::info(
                "hooks",
                "no webhooks are registered yet; until then changes are found by polling",
            )]);
        }
        let off = hooks.into_iter().filter(|hook| hook.status != "ENABLED");
        Ok(off
            .map(|hook| {
                let why = if hook.last_error.is_empty() {
                    String::new()
                } else {
                    format!(": {}", hook.last_error)
                };
                Finding::warning(
                    "hooks",
                    format!("the webhook {} is {}{why}", hook.name, hook.status),
                    "make the host's public address reachable for iconik, then arm the connection",
                )
            })
            .collect())
    }

    fn action_findings(&self) -> Result<Vec<Finding>, Error> {
        let actions = match self.own_actions() {
            Ok(actions) => actions,
            Err(Error::Denied(why)) => {
                return Ok(vec![Finding::warning(
                    "custom_actions",
                    format!(
                        "the credentials may not see custom actions: {}",
                        why.message
                    ),
                    "give the integration's user the role for custom actions",
                )]);
            }
            Err(error) => return Err(error),
        };
        let failing = actions
            .into_iter()
            .filter(|action| action.status == "FAILING");
        Ok(failing
            .map(|action| {
                Finding::warning(
                    "custom_actions",
                    format!(
                        "the custom action {} is FAILING: {}",
                        action.title, action.last_error
                    ),
                    "make the host's public address reachable for iconik, then arm the connection",
                )
            })
            .collect())
    }
}

fn refused(why: &str) -> Finding {
    Finding::error(
        "",
        format!("iconik refuses the credentials: {why}"),
        "check the secrets, and that the token's user may read metadata views",
    )
}
