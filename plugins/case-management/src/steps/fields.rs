//! Fields that both sides may change: the master's value stands, and both are recorded.

use forebay_sdk::{Error, Field, FieldsExt, OrAbsent, Value};

use super::Steps;
use crate::config::Owner;
use crate::state::Case;

/// The variable of a process that holds a shared field.
fn variable(field: &str) -> &str {
    field.strip_prefix("case_").unwrap_or(field)
}

impl Steps<'_> {
    /// Compare the shared fields of both sides with what stood after the last comparison.
    pub(crate) fn keep_fields_same(&self, case: &mut Case) -> Result<(), Error> {
        let Some(asset) = case.assets.keys().next().cloned() else {
            return Ok(());
        };
        let Some(asset) = self.cx.assets().get(&asset).or_absent()? else {
            return Ok(());
        };
        let process = self.cx.workflow().get(&case.desk.process)?;
        for (field, owner) in &self.config.ownership {
            if field == "case_state" {
                continue;
            }
            let there = self.text(&asset, field);
            let here = process
                .variables
                .value(variable(field))
                .map(Value::to_plain);
            let here = here.unwrap_or_default();
            let last = case.shared.get(field).cloned().unwrap_or_default();
            let (changed_there, changed_here) = (there != last, here != last);
            let value = match (changed_there, changed_here) {
                (false, false) => continue,
                (true, false) => there.clone(),
                (false, true) => here.clone(),
                (true, true) => {
                    let mut record = self.record("changed-on-both-sides", &asset.id);
                    record.rule = Some(format!("ownership.{field} = {owner:?}"));
                    self.note(record, format!("{field}: DAM `{there}`, workflow `{here}`"));
                    match owner {
                        Owner::Workflow => here.clone(),
                        Owner::Dam => there.clone(),
                    }
                }
            };
            if there != value {
                for id in case.assets.keys() {
                    self.write_fields(id, &[(field, Value::text(&value))])?;
                }
            }
            if here != value {
                case.desk
                    .show(self.cx, &[Field::new(variable(field), value.as_str())])?;
            }
            case.shared.insert(field.clone(), value);
        }
        Ok(())
    }
}
