//! Names and identifiers.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_name! {
    /// Name of a connection, as the configuration gives it.
    ConnectionName
}
text_name! {
    /// Name of a flow, as the configuration gives it.
    FlowName
}
text_name! {
    /// Identifier of a run.
    RunId
}
text_name! {
    /// SHA-256 of a component file, in hexadecimal: the identity of a plugin.
    Digest
}

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    /// The first twelve characters, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl RunId {
    /// The id of the run that `origin` (an event identity, a request key, a parent run) starts
    /// under this flow and business key. The same parts give the same id, so a start that is
    /// repeated after a crash cannot make a second run.
    #[must_use]
    pub fn derive(flow: &FlowName, business_key: &str, origin: &str) -> Self {
        let mut hash = sha2::Sha256::new();
        for part in [flow.as_str(), business_key, origin] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hex::encode(hash.finalize());
        Self(format!("r-{}", &digest[..24]))
    }
}

/// Name of an interface without its version: `forebay:assets/asset-source`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// The interface of an import or export name; a version (`@0.1.0`) is cut off.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.split('@').next().unwrap_or(name).to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A function of this interface.
    #[must_use]
    pub fn function(&self, function: &str) -> FunctionName {
        FunctionName {
            interface: self.clone(),
            function: function.to_owned(),
        }
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A function of an interface: `forebay:assets/asset-source.get`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionName {
    /// The interface, without version.
    pub interface: InterfaceName,
    /// The function.
    pub function: String,
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.interface, self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_lose_their_version() {
        let name = InterfaceName::new("forebay:assets/asset-source@0.1.0");
        assert_eq!(
            name.function("get").to_string(),
            "forebay:assets/asset-source.get"
        );
    }

    #[test]
    fn run_ids_are_repeatable_and_distinct() {
        let flow = FlowName::from("f");
        let one = RunId::derive(&flow, "ab", "c");
        assert_eq!(one, RunId::derive(&flow, "ab", "c"));
        assert_ne!(one, RunId::derive(&flow, "a", "bc"));
    }
}
