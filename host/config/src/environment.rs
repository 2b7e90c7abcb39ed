//! The environment: secrets, and overrides of single values. The only place that reads it.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Where variables come from.
#[derive(Clone)]
pub enum Environment {
    /// The process's own environment, read when it is asked.
    Process,
    /// These variables only; for tests and for checking a configuration on behalf of somebody.
    Fixed(BTreeMap<String, String>),
}

impl std::fmt::Debug for Environment {
    /// Without variables: their values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Process => "Environment::Process",
            Self::Fixed(_) => "Environment::Fixed",
        })
    }
}

/// Why a variable has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no such variable, or it is empty.
    Unset,
    /// Its value is not UTF-8.
    NotText,
}

impl Environment {
    /// An environment of these variables only.
    #[must_use]
    pub fn fixed<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self::Fixed(variables.into_iter().map(own).collect())
    }

    /// The value of a variable. An empty one counts as not set: that is how service managers and
    /// compose files pass on what nobody gave them.
    pub(crate) fn get(&self, name: &str) -> Result<String, Missing> {
        let value = match self {
            Self::Process => std::env::var_os(name),
            Self::Fixed(variables) => variables.get(name).map(OsString::from),
        };
        let value = value
            .filter(|value| !value.is_empty())
            .ok_or(Missing::Unset)?;
        value.into_string().map_err(|_| Missing::NotText)
    }

    /// Names that start with this prefix, in order. Names that are not UTF-8 cannot be ours.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let all: Vec<String> = match self {
            Self::Process => std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .collect(),
            Self::Fixed(variables) => variables.keys().cloned().collect(),
        };
        let mut names: Vec<String> = all
            .into_iter()
            .filter(|name| name.starts_with(prefix))
            .collect();
        names.sort_unstable();
        names
    }
}
