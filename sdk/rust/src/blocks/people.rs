//! Who can be asked: users of the DAM at the workflow engine, users and groups that are switched on.

use std::collections::BTreeMap;

use super::DeskRules;
use crate::capability::workflow::PrincipalKind;
use crate::handler::{Cx, DecisionRecord};
use crate::types::Error;

/// The user of the workflow engine behind a user of the DAM: the one that `users` lists; a mail
/// address stands for itself.
#[must_use]
pub fn workflow_user(users: &BTreeMap<String, String>, dam_user: Option<&str>) -> Option<String> {
    let user = dam_user?;
    let listed = users.get(user).cloned();
    listed.or_else(|| user.contains('@').then(|| user.to_owned()))
}

/// Does the engine know them, switched on? An engine without a directory is trusted.
///
/// # Errors
/// Those of `directory.lookup` but `unsupported`.
pub fn can_be_asked(cx: &Cx, kind: PrincipalKind, id: &str) -> Result<bool, Error> {
    match cx.directory().lookup(kind, id) {
        Ok(found) => Ok(found.is_some_and(|found| found.enabled)),
        Err(error) if error.is_unsupported() => Ok(true),
        Err(error) => Err(error),
    }
}

/// The user, where they can be asked.
///
/// # Errors
/// Those of [`can_be_asked`].
pub fn enabled_user(cx: &Cx, user: Option<String>) -> Result<Option<String>, Error> {
    let Some(user) = user else {
        return Ok(None);
    };
    let enabled = can_be_asked(cx, PrincipalKind::User, &user)?;
    Ok(enabled.then_some(user))
}

/// The group to ask: this one, or the fallback where it is unknown or switched off (rule C-21).
///
/// # Errors
/// Those of [`can_be_asked`].
pub fn usable_group(cx: &Cx, rules: &DeskRules<'_>, group: &str) -> Result<String, Error> {
    if can_be_asked(cx, PrincipalKind::Group, group)? {
        return Ok(group.to_owned());
    }
    let fallback = rules.fallback_group;
    let mut record = DecisionRecord::new("reassigned", "system");
    record.comment = Some(format!(
        "the group {group} is unknown or switched off; {fallback} is asked instead"
    ));
    cx.decision(&record);
    Ok(fallback.to_owned())
}
