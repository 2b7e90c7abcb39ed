//! What must be known before plugins can be loaded, and so before everything can be checked.

use serde_json::Value;

use crate::configuration::{HostSettings, LogSettings, StoreSettings};
use crate::document::Document;
use crate::problem::Problems;
use crate::schema::SchemaSet;
use crate::settings;
use crate::validate::{Catalog, sections};

/// The part of a configuration that needs no plugins.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The process itself.
    pub host: HostSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Where runs are kept.
    pub store: StoreSettings,
    /// `[limits]`, with defaults.
    pub limits: Value,
}

/// No plugins at all.
struct Nothing;

impl Catalog for Nothing {
    fn plugin(&self, _name: &str) -> Option<std::sync::Arc<forebay_model::plugin::Plugin>> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Document {
    /// Read as far as plugins are not needed. That it can be read does not make it right: a mistake
    /// in `[host]` that leaves its directories readable is told by [`Document::validate`], together
    /// with everything that takes plugins to find.
    ///
    /// # Errors
    /// If the host's own sections cannot be read that far: all problems that stand outside
    /// connections and flows, which can only be judged with plugins.
    pub fn bootstrap(&self, schemas: &SchemaSet) -> Result<Bootstrap, Problems> {
        let limits = sections(self, schemas, &mut Vec::new()).limits;
        let host = settings::host(self, &mut Vec::new()).or_else(|| settings::readable_host(self));
        let fits = crate::schema::accepts(&schemas.limits, &limits);
        let store = settings::store(self, host.as_ref(), &mut Vec::new());
        if let (Some(host), Some(log), Some(store), true) = (host, settings::log(self), store, fits)
        {
            return Ok(Bootstrap {
                host,
                log,
                store,
                limits,
            });
        }
        match self.validate(schemas, &Nothing) {
            Ok(_) => Err(Problems::default()),
            Err(problems) => {
                let own =
                    |path: &str| !path.starts_with("connections") && !path.starts_with("flows");
                Err(problems
                    .into_iter()
                    .filter(|problem| own(&problem.path))
                    .collect())
            }
        }
    }
}
