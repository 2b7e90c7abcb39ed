//! What an attempt leaves in the audit (rule C-27).

use forebay_model::audit::AuditEntry;
use forebay_model::journal::JournalEntry;
use serde_json::{Value, json};

use super::Attempt;
use super::tape::Tape;

impl Attempt {
    /// One audit entry for each effect that is known and not audited yet (rule C-27).
    pub(super) fn effects_audit(&self) -> Vec<AuditEntry> {
        let effects = self.broker.with_tape(Tape::take_unaudited);
        effects
            .into_iter()
            .map(|effect| self.effect_audit(effect))
            .collect()
    }

    fn effect_audit(&self, effect: JournalEntry) -> AuditEntry {
        self.audit_entry(
            "system".to_owned(),
            if effect.observed {
                "call.intended"
            } else {
                "call"
            },
            json!({
                "function": effect.function.to_string(),
                "connection": effect.connection,
                "key": effect.key,
                "attempts": effect.attempts,
                "arguments": effect.arguments,
                "result": effect.result,
            }),
        )
    }

    pub(super) fn decision_audit(&self, record: Value) -> AuditEntry {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let actor = text("actor").unwrap_or_else(|| "system".to_owned());
        let action = text("action").unwrap_or_else(|| "decision".to_owned());
        self.audit_entry(actor, &action, record)
    }

    /// An entry with everything that proves where it came from.
    fn audit_entry(&self, actor: String, action: &str, mut details: Value) -> AuditEntry {
        let run = &self.claimed.run;
        if let Value::Object(details) = &mut details {
            details.insert("business-key".into(), json!(run.business_key));
            details.insert("configuration".into(), json!(run.config_hash));
            details.insert("handler".into(), json!(run.handler));
            details.insert("handler-version".into(), json!(self.handler.version()));
        }
        AuditEntry {
            at: self.core.clock.now(),
            run: Some(run.id.to_string()),
            flow: Some(run.flow.to_string()),
            actor,
            action: action.to_owned(),
            details,
        }
    }
}
