//! The configuration of a show: the example's flow, with the names of the simulated tenants.

use anyhow::Context as _;
use toml::{Table, Value};

use super::Show;
use crate::Setup;

impl Show {
    /// Name of its flow.
    ///
    /// # Errors
    /// If the example holds no flow.
    pub fn flow(&self) -> anyhow::Result<String> {
        Ok(self.configured()?.0)
    }

    /// Its flow as the example has it, switched on and with what the simulated tenants call otherwise.
    fn configured(&self) -> anyhow::Result<(String, Table)> {
        let told = || format!("the example of {}", self.id);
        let mut example: Table = toml::from_str(self.example).with_context(told)?;
        let flows = example.remove("flows");
        let Some(Value::Table(flows)) = flows else {
            anyhow::bail!("{} has no flows", told());
        };
        let (name, flow) = flows.into_iter().next().with_context(told)?;
        let Value::Table(mut flow) = flow else {
            anyhow::bail!("the flow of {} is no table", told());
        };
        flow.insert("mode".to_owned(), Value::from("enforce"));
        lay_over(&mut flow, toml::from_str(self.changes).with_context(told)?);
        Ok((name, flow))
    }
}

/// The setup of a world for these shows.
///
/// # Errors
/// If an example is no configuration.
pub(crate) fn setup(shows: &[&Show], lines: &str) -> anyhow::Result<Setup> {
    let mut flows = Table::new();
    let mut setup = Setup::default();
    for show in shows {
        let (name, flow) = show.configured()?;
        flows.insert(name, Value::Table(flow));
        for (connection, settings) in show.settings {
            let entry = (*connection, (*settings).to_owned());
            // Two use cases may need the same.
            if !setup.settings.contains(&entry) {
                setup.settings.push(entry);
            }
        }
    }
    let all = Table::from_iter([("flows".to_owned(), Value::Table(flows))]);
    setup.lines = format!("{lines}\n{}", toml::to_string(&all)?);
    Ok(setup)
}

/// Tables are merged, all else is replaced; an empty table replaces one.
fn lay_over(base: &mut Table, changes: Table) {
    for (key, change) in changes {
        match (base.get_mut(&key), change) {
            (Some(Value::Table(below)), Value::Table(above)) if !above.is_empty() => {
                lay_over(below, above);
            }
            (_, change) => {
                base.insert(key, change);
            }
        }
    }
}
