//! What a handler's check asks, in plain words: are the names in a configuration known where they
//! are used?

use super::{FieldMap, Routing, WorkCalendar};
use crate::capability::workflow::PrincipalKind;
use crate::handler::{Cx, interfaces};
use crate::paging;
use crate::types::{Error, Finding};

/// Findings of a check, gathered one question after the other.
pub struct Preflight<'a> {
    cx: &'a Cx,
    findings: Vec<Finding>,
}

impl<'a> Preflight<'a> {
    /// Nothing found yet.
    #[must_use]
    pub fn new(cx: &'a Cx) -> Self {
        Self {
            cx,
            findings: Vec::new(),
        }
    }

    /// Add findings of the handler's own.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// All findings.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        self.findings
    }

    // ---- Pure -----------------------------------------------------------------------------------

    /// Working hours that make no day, reminders that come too late.
    pub fn time(&mut self, calendar: &WorkCalendar, reminders: &[u32]) {
        if let Some(mistake) = calendar.mistake() {
            self.findings.push(Finding::error(
                "calendar.hours",
                mistake,
                "write them like 09:00-17:00",
            ));
        }
        for (index, percent) in reminders.iter().enumerate() {
            if !(1..100).contains(percent) {
                self.findings.push(Finding::error(
                    format!("reminders[{index}]"),
                    format!("{percent} % is no time for a reminder"),
                    "use per cents from 1 to 99; at 100 the task is escalated",
                ));
            }
        }
    }

    // ---- With probe -----------------------------------------------------------------------------

    /// Options that need an interface the connection of a role may not have: option, role, interface.
    pub fn needs(&mut self, needed: &[(&str, &str, &str)]) {
        for (path, role, interface) in needed {
            if !self.cx.available(role, interface) {
                self.findings.push(Finding::error(
                    *path,
                    format!("the connection of the role `{role}` does not offer {interface}"),
                    "take the option out, or bind a connection that offers it",
                ));
            }
        }
    }

    /// Logical fields that the DAM must have, and those that must be writable there. A DAM that
    /// offers no field definitions is trusted.
    pub fn fields(&mut self, role: &str, map: &FieldMap, read: &[&str], written: &[&str]) {
        if !self.cx.available(role, interfaces::FIELDS) {
            return;
        }
        let listed = paging::collect(usize::MAX, |page| {
            let found = self.cx.fields().list(page)?;
            Ok((found.definitions, found.next))
        });
        let known = match listed {
            Ok((known, _)) => known,
            Err(error) => return self.not_asked("fields", "the DAM's fields", &error),
        };
        let mut used: Vec<&str> = read.iter().chain(written).copied().collect();
        used.sort_unstable();
        used.dedup();
        for logical in used {
            let name = map.name(logical);
            if name.is_empty() {
                continue;
            }
            let path = format!("fields.{logical}");
            match known.iter().find(|definition| definition.name == name) {
                None => self.findings.push(Finding::error(
                    path,
                    format!("the DAM has no field `{name}`"),
                    format!("create it, or map it: fields = {{ {logical} = \"…\" }}"),
                )),
                Some(definition) if written.contains(&logical) && !definition.writable => {
                    self.findings.push(Finding::error(
                        path,
                        format!("the field `{name}` cannot be written"),
                        "allow the integration user to write it, or map another field",
                    ));
                }
                Some(_) => {}
            }
        }
    }

    /// Groups that must exist and be switched on: option and group. Those of a routing table are
    /// found in it.
    pub fn groups(&mut self, routing: &Routing, named: &[(&str, &str)]) {
        let rules = routing.0.iter().enumerate();
        let of_rules = rules.map(|(index, rule)| {
            let path = format!("routing[{index}].to.group");
            (path, rule.to.group.as_str())
        });
        let named = named
            .iter()
            .map(|(path, group)| ((*path).to_owned(), *group));
        for (path, group) in of_rules.chain(named) {
            match self.cx.directory().lookup(PrincipalKind::Group, group) {
                Ok(Some(found)) if found.enabled => {}
                Ok(_) => self.findings.push(Finding::error(
                    path,
                    format!(
                        "the group `{group}` is unknown to the workflow engine or switched off"
                    ),
                    "create it there, or name another",
                )),
                Err(error) if error.is_unsupported() => {
                    let words = "the workflow engine offers no directory; groups are not checked";
                    return self.findings.push(Finding::info(path, words));
                }
                Err(error) => return self.not_asked(&path, "the group", &error),
            }
        }
    }

    /// Process definitions that must be deployed: option and key.
    pub fn definitions(&mut self, wanted: &[(&str, &str)]) {
        let listed = paging::collect(usize::MAX, |page| {
            let found = self.cx.workflow().definitions(page)?;
            Ok((found.definitions, found.next))
        });
        let known = match listed {
            Ok((known, _)) => known,
            Err(error) => return self.not_asked("process", "the process definitions", &error),
        };
        for (path, key) in wanted {
            if !known.iter().any(|definition| definition.key == *key) {
                self.findings.push(Finding::error(
                    *path,
                    format!("the workflow engine has no process definition `{key}`"),
                    "deploy the model from examples/opentext, or name the one you use",
                ));
            }
        }
    }

    /// Something could not be asked.
    pub fn not_asked(&mut self, path: &str, what: &str, error: &Error) {
        self.findings.push(Finding::warning(
            path,
            format!("{what} could not be read: {error}"),
            "check the connection",
        ));
    }
}
