//! What may be wrong with an account, in plain words.

use forebay_sdk::{Error, Finding};
use serde_json::Value as Json;

use crate::Canto;
use crate::settings::Property;
use crate::wire::{CustomField, texts};

/// Role that may only look.
const READ_ONLY_ROLE: &str = "consumer";

/// Keys under which a user's name stands.
const NAME_KEYS: [&str; 3] = ["userName", "name", "displayName"];

impl Canto {
    pub(crate) fn findings(&self) -> Result<Vec<Finding>, Error> {
        // Without a good token nothing else can be found out.
        if let Err(error) = self.probe() {
            return match error {
                Error::Denied(_) => Ok(vec![Finding::error(
                    "",
                    format!("Canto cannot be reached with these credentials: {error}"),
                    "check base_url and allow_hosts, app_id and app_secret, and that an administrator has switched on client \
                     credentials for this API key in Canto",
                )]),
                other => Err(other),
            };
        }
        let mut findings = Vec::new();
        self.check_user(&mut findings)?;
        let fields = self.custom_fields()?;
        self.check_custom(&fields, &mut findings);
        self.check_editable(&mut findings)?;
        self.check_relations(&fields, &mut findings);
        self.check_calls(&mut findings)?;
        Ok(findings)
    }

    fn check_user(&self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let user: Json = match self.read("/api/v1/user").send() {
            Ok(response) => response.json()?,
            // Tokens that belong to no person may have no user.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error),
        };
        let text = |key: &str| {
            user.get(key)
                .map(texts)
                .unwrap_or_default()
                .into_iter()
                .next()
        };
        if text("role").is_some_and(|role| role.eq_ignore_ascii_case(READ_ONLY_ROLE)) {
            findings.push(Finding::error(
                "oauth_scope",
                "the API key may only read: Canto gives it the role consumer",
                "give it the role contributor or admin, or set oauth_scope",
            ));
        }
        let Some(name) = NAME_KEYS.into_iter().find_map(text) else {
            return Ok(());
        };
        match &self.settings.integration_user {
            None => findings.push(Finding::warning(
                "integration_user",
                "Forebay's own changes are not recognised, because integration_user is not set",
                format!("set integration_user = \"{name}\""),
            )),
            Some(set) if !set.eq_ignore_ascii_case(&name) => findings.push(Finding::warning(
                "integration_user",
                format!("integration_user is \"{set}\", but Canto calls this user \"{name}\""),
                format!("set integration_user = \"{name}\""),
            )),
            Some(_) => {}
        }
        Ok(())
    }

    /// Custom fields that the settings name must be there, and know the words for each status.
    fn check_custom(&self, fields: &[CustomField], findings: &mut Vec<Finding>) {
        let settings = &self.settings;
        for (path, property) in [
            ("approval", &settings.approval),
            ("expiry", &settings.expiry),
        ] {
            if property.custom_field && find(fields, &property.property).is_none() {
                findings.push(Finding::error(
                    path,
                    format!("Canto has no custom field \"{}\"", property.property),
                    format!("make it in Canto, or name another in {path}.property"),
                ));
            }
        }
        if find(fields, &settings.marker_field).is_none() {
            findings.push(Finding::warning(
                "marker_field",
                format!(
                    "Canto has no custom field \"{}\" for the run that wrote last",
                    settings.marker_field
                ),
                "make a text field of that name in Canto, or name another in marker_field",
            ));
        }
        let approval = &settings.approval;
        let field = find(fields, &approval.property).filter(|_| approval.custom_field);
        let choices = field.map(CustomField::choices).unwrap_or_default();
        let unknown = settings
            .statuses
            .written()
            .filter(|word| !choices.is_empty() && !choices.iter().any(|choice| choice == word));
        findings.extend(unknown.map(|word| {
            Finding::error(
                "statuses",
                format!(
                    "\"{word}\" is no choice of the custom field \"{}\"",
                    approval.property
                ),
                "add the choice in Canto, or write the tenant's own word in statuses",
            )
        }));
    }

    /// The properties that are written must be editable. Without approval management Canto does not
    /// list the status, and counts everything as approved.
    fn check_editable(&self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let reply: Json = match self.read(&self.settings.editable_path).send() {
            Ok(response) => response.json()?,
            Err(Error::NotFound(_) | Error::Invalid(_)) => {
                findings.push(Finding::warning(
                    "editable_path",
                    "Canto does not tell which properties may be edited: whether approval \
                     management is on cannot be seen",
                    "try an approval once, or set editable_path to the call that your tenant has",
                ));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let ids = editable(&reply);
        let missing = |property: &Property| {
            !property.custom_field && !ids.contains(&property.property.as_str())
        };
        if missing(&self.settings.approval) {
            findings.push(Finding::error(
                "approval",
                format!(
                    "the approval status cannot be written: Canto lists no editable property \"{}\". \
                     With approval management off, everything counts as approved",
                    self.settings.approval.property
                ),
                "switch approvals on in Canto's settings, or name the property or custom field that \
                 holds the status in approval",
            ));
        }
        if missing(&self.settings.expiry) {
            findings.push(Finding::warning(
                "expiry",
                format!(
                    "the end of rights cannot be written: Canto lists no editable property \"{}\"",
                    self.settings.expiry.property
                ),
                "name the property or custom field that holds the date in expiry",
            ));
        }
        Ok(())
    }
}

pub(crate) fn find<'a>(fields: &'a [CustomField], name: &str) -> Option<&'a CustomField> {
    fields
        .iter()
        .find(|field| field.name == name || field.id == name)
}

/// Ids of editable properties, as a list or below `properties`.
fn editable<'a>(reply: &'a Json) -> Vec<&'a str> {
    let list = reply.get("properties").unwrap_or(reply).as_array();
    let id = |property: &'a Json| {
        property
            .as_str()
            .or_else(|| property.get("propertyId")?.as_str())
    };
    list.into_iter().flatten().filter_map(id).collect()
}
