//! Ways in for the fuzz targets in `tests/fuzz`, past what a whole host would need to get there. No
//! part of the sandbox's interface.

use serde_json::Value;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Type};
use wasmtime::{Config, Engine};

use crate::codec::{to_json, to_val};
use crate::limits::Limits;

/// Code and reason with which the first look refuses a file.
#[must_use]
pub fn first_look(bytes: &[u8], limits: &Limits) -> Option<(String, String)> {
    let refusal = crate::inspect::inspect(bytes, limits).err()?;
    Some((format!("{:?}", refusal.code), refusal.reason))
}

/// Types of all parameters and results of what a component exports.
#[derive(Debug)]
pub struct Types(Vec<Type>);

impl Types {
    /// Of this component; none if it is none.
    #[must_use]
    pub fn of(component: &[u8]) -> Self {
        let engine = Engine::new(&Config::new());
        let types = engine.ok().and_then(|engine| {
            let component = Component::from_binary(&engine, component).ok()?;
            let mut types = Vec::new();
            for (_, export) in component.component_type().exports(&engine) {
                let ComponentItem::ComponentInstance(instance) = export.ty else {
                    continue;
                };
                for (_, export) in instance.exports(&engine) {
                    if let ComponentItem::ComponentFunc(function) = export.ty {
                        types.extend(function.params().map(|(_, ty)| ty));
                        types.extend(function.results());
                    }
                }
            }
            Some(types)
        });
        Self(types.unwrap_or_default())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What is made of a JSON value that has a type: the value turned into the component's form and
    /// back, and once more.
    #[must_use]
    pub fn there_and_back(&self, number: usize, json: &Value) -> Option<(Value, Value)> {
        let ty = self.0.get(number)?;
        let there = |json: &Value| {
            let value = to_val("value", json, ty).ok()?;
            to_json("value", &value, ty).ok()
        };
        let once = there(json)?;
        // What came out must go in again.
        let twice = there(&once).unwrap_or(Value::Null);
        Some((once, twice))
    }
}
