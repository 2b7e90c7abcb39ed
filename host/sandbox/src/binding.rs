//! Does a handler fit the connectors a flow binds it to? Asked when configuration loads, so that a
//! mismatch is told in words and not met by a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_model::InterfaceName;
use forebay_model::manifest::Role;
use forebay_model::plugin::Plugin;
use wasmtime::component::types::ComponentFunc;

use crate::codec;
use crate::interface::{Interface, same_track};
use crate::loaded::Loaded;
use crate::registry::Registry;
use crate::shape::{CapabilityImport, Shape};

impl Registry {
    /// What keeps this handler from working with these connectors, by role; nothing if all fits.
    /// Both plugins are loaded for it if they are not.
    pub async fn binding_problems(
        &self,
        handler: &Plugin,
        bound: &BTreeMap<String, Arc<Plugin>>,
    ) -> Vec<String> {
        let Some(info) = handler.handler() else {
            return vec![format!(
                "{} is a connector, a flow needs a handler",
                handler.name()
            )];
        };
        let loaded = match self.inner.ensure(&handler.digest).await {
            Ok(loaded) => loaded,
            Err(error) => return vec![error.to_string()],
        };
        let mut problems = Vec::new();
        for name in bound
            .keys()
            .filter(|name| !info.roles.iter().any(|role| role.name == **name))
        {
            problems.push(format!("{} has no role \"{name}\"", handler.name()));
        }
        for role in &info.roles {
            let Some(connector) = bound.get(&role.name) else {
                // A role that requires nothing may stay open.
                if !role.required.is_empty() {
                    let (name, summary) = (&role.name, &role.summary);
                    problems.push(format!(
                        "no connection is bound to the role \"{name}\" ({summary})"
                    ));
                }
                continue;
            };
            match self.inner.ensure(&connector.digest).await {
                Ok(offer) => {
                    let pair = Pair {
                        handler,
                        wanted: &loaded.shape,
                        connector,
                        offer: &offer,
                    };
                    problems.extend(pair.problems(role));
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems
    }
}

/// A handler and the connector one of its roles is bound to.
struct Pair<'a> {
    handler: &'a Plugin,
    wanted: &'a Shape,
    connector: &'a Plugin,
    offer: &'a Loaded,
}

impl Pair<'_> {
    fn problems(&self, role: &Role) -> Vec<String> {
        if self.connector.connector().is_none() {
            let name = self.connector.name();
            return vec![format!(
                "{name} is a handler, the role \"{}\" needs a connector",
                role.name
            )];
        }
        let required = role.required.iter().map(|name| (name, true));
        let optional = role.optional.iter().map(|name| (name, false));
        required
            .chain(optional)
            .filter_map(|(name, required)| self.problem(&role.name, name, required).err())
            .collect()
    }

    fn problem(&self, role: &str, interface: &str, required: bool) -> Result<(), String> {
        let (handler, connector) = (who(self.handler), who(self.connector));
        let Some(offered) = self.offered(interface) else {
            return match required {
                true => Err(format!(
                    "role \"{role}\": {handler} requires {interface}, which {connector} does not export"
                )),
                false => Ok(()),
            };
        };
        // A handler may require an interface it does not import, to be sure of the connection.
        let imported =
            |import: &&CapabilityImport| InterfaceName::new(&import.declared).as_str() == interface;
        let Some(import) = self.wanted.capabilities.iter().find(imported) else {
            return Ok(());
        };
        let wanted = Interface::parse(&import.declared);
        let wanted_version = wanted.as_ref().and_then(|wanted| wanted.version.as_ref());
        let versions = format!(
            "{} is wanted by {handler}, {}@{} is offered by {connector}",
            import.declared,
            offered.name,
            offered.version_text()
        );
        if !same_track(wanted_version, offered.version.as_ref()) {
            return Err(format!("role \"{role}\": versions do not fit: {versions}"));
        }
        for (name, wanted) in &import.functions {
            let function = InterfaceName::new(interface).function(name);
            let Some(found) = self.offer.shape.functions.get(&function) else {
                return Err(format!(
                    "role \"{role}\": {function} is missing: {versions}"
                ));
            };
            if let Some(difference) = difference(wanted, &found.ty) {
                return Err(format!(
                    "role \"{role}\": {function} has another type ({difference}): {versions}"
                ));
            }
        }
        Ok(())
    }

    fn offered(&self, interface: &str) -> Option<Interface> {
        self.offer
            .shape
            .exports
            .iter()
            .filter_map(|declared| Interface::parse(declared))
            .find(|offered| offered.name == interface)
    }
}

fn who(plugin: &Plugin) -> String {
    format!("{} {} ({})", plugin.name(), plugin.version(), plugin.file)
}

/// The first difference of two function types, by structure.
fn difference(wanted: &ComponentFunc, offered: &ComponentFunc) -> Option<String> {
    if wanted.params().len() != offered.params().len() {
        let (wants, has) = (wanted.params().len(), offered.params().len());
        return Some(format!("{wants} parameters wanted, {has} offered"));
    }
    for ((name, wanted), (other, offered)) in wanted.params().zip(offered.params()) {
        if wanted != offered {
            let (wants, has) = (codec::type_name(&wanted), codec::type_name(&offered));
            return Some(match wants == has {
                true => format!("parameter {name} is another {wants}"),
                false => format!("parameter {name} is a {wants} here, {other} a {has} there"),
            });
        }
    }
    match wanted.results().eq(offered.results()) {
        true => None,
        false => Some("the results differ".to_owned()),
    }
}
