//! Asks a component who it is, and checks what it says.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebay_model::manifest::{ConnectorInfo, HandlerInfo};
use forebay_model::plugin::PluginKind;
use forebay_model::ports::GuestError;
use forebay_model::{InterfaceName, Timestamp};
use semver::Version;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{Bound, Call, Caller, Purpose, Runs, World};
use crate::error::{Code, Refusal};
use crate::host::HostSide;
use crate::http::Route;
use crate::interface;
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::output::{Tags, one_line};
use crate::shape::{Kind, Shape};

/// Longest name: it becomes part of metrics, addresses and tables.
const NAME_LENGTH: usize = 63;

/// The time a description sees. It is the same for everybody, so that a description cannot depend
/// on when it was asked for.
const DESCRIPTION_TIME: Timestamp = Timestamp(0);

/// Call `describe` under tight limits and check the answer.
///
/// # Errors
/// It does not return, or what it says does not hold.
pub(crate) async fn describe(caller: &Caller, loaded: &Arc<Loaded>) -> Result<PluginKind, Refusal> {
    let own = match loaded.shape.kind {
        Kind::Connector => interface::CONNECTOR,
        Kind::Handler => interface::HANDLER,
    };
    let limits = &caller.limits;
    let call = Call {
        purpose: Purpose::Loading,
        runs: Runs::Apart,
        loaded: Arc::clone(loaded),
        function: InterfaceName::new(own).function("describe"),
        arguments: Vec::new(),
        host: HostSide::Pure {
            function: "describe",
            now: DESCRIPTION_TIME,
        },
        route: Route::Denied("describe may not call out: it has to be pure"),
        world: World::Inert {
            now: DESCRIPTION_TIME,
            seed: 0,
        },
        tags: Tags {
            plugin: loaded.label.clone(),
            ..Tags::default()
        },
        cpu: Bound {
            key: "limits.cpu_describe",
            most: limits.cpu_describe,
        },
        wall: Bound {
            key: "limits.wall_describe",
            most: limits.wall_describe,
        },
    };
    let answer = caller.call(call).await.map_err(|error| failed(&error))?;
    check_length(&answer, limits)?;
    match loaded.shape.kind {
        Kind::Connector => {
            let info: ConnectorInfo = read(answer)?;
            check_connector(&info, &loaded.shape)?;
            Ok(PluginKind::Connector(Box::new(info)))
        }
        Kind::Handler => {
            let info: HandlerInfo = read(answer)?;
            check_handler(&info, &loaded.shape)?;
            Ok(PluginKind::Handler(Box::new(info)))
        }
    }
}

fn failed(error: &GuestError) -> Refusal {
    Refusal::new(Code::DescribeFailed, format!("describe failed: {error}"))
}

fn bad(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadDescription, reason)
}

fn check_length(answer: &Value, limits: &Limits) -> Result<(), Refusal> {
    let length = answer.to_string().len() as u64;
    if length <= limits.description_bytes {
        return Ok(());
    }
    Err(bad(format!(
        "its description has {length} bytes, longer than limits.description_bytes = {} allows",
        limits.description_bytes
    )))
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Refusal> {
    serde_json::from_value(answer).map_err(|error| {
        bad(format!(
            "describe does not return what the contract says: {error}"
        ))
    })
}

fn check_connector(info: &ConnectorInfo, shape: &Shape) -> Result<(), Refusal> {
    check_identity(&info.name, &info.version)?;
    check_schema("settings-schema", &info.settings_schema)?;
    let exported: BTreeSet<String> = shape.functions.keys().map(ToString::to_string).collect();
    for read in &info.reads {
        if !exported.contains(read) {
            let plugin = &info.name;
            tracing::warn!(
                plugin,
                read,
                "the plugin lists a read that it does not export"
            );
        }
    }
    Ok(())
}

fn check_handler(info: &HandlerInfo, shape: &Shape) -> Result<(), Refusal> {
    check_identity(&info.name, &info.version)?;
    check_schema("config-schema", &info.config_schema)?;
    check_schema("state-schema", &info.state_schema)?;
    let mut roles = BTreeSet::new();
    let mut covered = BTreeSet::new();
    for role in &info.roles {
        check_name("the role", &role.name)?;
        if !roles.insert(&role.name) {
            return Err(bad(format!("it names the role \"{}\" twice", role.name)));
        }
        covered.extend(
            role.required
                .iter()
                .chain(&role.optional)
                .map(String::as_str),
        );
    }
    for capability in &shape.capabilities {
        let name = InterfaceName::new(&capability.declared);
        if !covered.contains(name.as_str()) {
            return Err(bad(format!(
                "it imports {name}, but no role of its description requires it or names it as optional"
            )));
        }
    }
    Ok(())
}

fn check_identity(name: &str, version: &str) -> Result<(), Refusal> {
    check_name("its name", name)?;
    Version::parse(version).map(drop).map_err(|error| {
        bad(format!(
            "its version \"{}\" is not a semantic version: {error}",
            one_line(version, NAME_LENGTH)
        ))
    })
}

fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if starts && name.len() <= NAME_LENGTH && name.chars().all(plain) {
        return Ok(());
    }
    Err(bad(format!(
        "{what} \"{}\" is not a name: lowercase letters, digits and dashes, a letter first, at most {NAME_LENGTH}",
        one_line(name, NAME_LENGTH)
    )))
}

fn check_schema(what: &str, text: &str) -> Result<(), Refusal> {
    let schema: Value = serde_json::from_str(text)
        .map_err(|error| bad(format!("its {what} is not JSON: {error}")))?;
    if !schema.is_object() {
        return Err(bad(format!("its {what} is not a JSON object")));
    }
    jsonschema::meta::validate(&schema)
        .map_err(|error| bad(format!("its {what} is not a JSON Schema: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["canto", "opentext-workflow", "a1"] {
            assert_eq!(check_name("its name", good), Ok(()));
        }
        for wrong in [
            "",
            "Canto",
            "1a",
            "-a",
            "a b",
            "a/../b",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(check_name("its name", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn schemas_are_checked_as_schemas() {
        assert_eq!(
            check_schema("config-schema", r#"{"type": "object"}"#),
            Ok(())
        );
        for wrong in ["", "[]", r#"{"type": "thing"}"#] {
            assert!(check_schema("config-schema", wrong).is_err(), "{wrong}");
        }
    }
}
