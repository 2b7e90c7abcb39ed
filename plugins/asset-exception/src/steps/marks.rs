//! What stands on an asset about what is wrong with it.

use forebay_sdk::{Error, Value};

use super::Steps;
use crate::state::Case;

impl Steps<'_> {
    /// What stands on the asset about its exception.
    pub(crate) fn mark(&self, case: &Case, exception: &str) -> Result<(), Error> {
        let missing = case.issues.iter().filter_map(|issue| issue.field.clone());
        let missing: Vec<_> = missing.collect();
        let mut fields = Vec::new();
        if !self.config.rules.is_empty() && !exception.is_empty() {
            let due = case.desk.due().map_or(Value::None, Value::Timestamp);
            let open = exception == "open";
            fields.extend([
                ("exception_state", Value::text(exception)),
                (
                    "exception_issues",
                    if open {
                        Value::Text(case.texts().join("\n"))
                    } else {
                        Value::None
                    },
                ),
                ("exception_due", if open { due } else { Value::None }),
                ("exception_run", Value::text(self.cx.run_id())),
            ]);
        }
        if !self.config.required.is_empty() {
            let complete = if missing.is_empty() {
                "complete"
            } else {
                "incomplete"
            };
            fields.extend([
                ("metadata_state", Value::text(complete)),
                ("metadata_missing", Value::Texts(missing)),
                ("metadata_checked_at", Value::Timestamp(self.cx.now())),
            ]);
        }
        if fields.is_empty() {
            return Ok(());
        }
        self.write_fields(&case.asset, &fields)
    }
}
