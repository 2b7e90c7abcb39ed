//! A configuration as read: merged values, and where each of them stands.

use std::collections::BTreeMap;
use std::path::PathBuf;

use forebay_model::{ConnectionName, Finding, FlowName};
use serde_json::{Map, Value};

use crate::environment::Environment;
use crate::path::Path;
use crate::problem::{Place, Problem, Severity};

/// Read and merged, not yet validated.
#[derive(Clone, Debug)]
pub struct Document {
    /// Content of all files, and overrides of the environment.
    pub(crate) value: Map<String, Value>,
    /// Where everything stands.
    pub(crate) spots: BTreeMap<Path, Spot>,
    /// What was wrong while reading.
    pub(crate) problems: Vec<Problem>,
    /// A file could not be read: what seems to be missing may stand in it.
    pub(crate) incomplete: bool,
    /// Where relative paths start.
    pub(crate) directory: PathBuf,
    /// For secrets.
    pub(crate) environment: Environment,
    main: String,
}

/// The places of a key and of its value.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) key: Place,
    pub(crate) value: Place,
}

impl Document {
    pub(crate) fn new(main: String, directory: PathBuf, environment: Environment) -> Self {
        Self {
            value: Map::new(),
            spots: BTreeMap::new(),
            problems: Vec::new(),
            incomplete: false,
            directory,
            environment,
            main,
        }
    }

    /// Where the key of this dotted path stands: file, line and column. A path that is not there
    /// gives the place of its nearest ancestor that is; `None` if there is none.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<(String, u32, u32)> {
        let place = &self.nearest(&Path::parse(path))?.key;
        Some((place.file.clone(), place.line, place.column))
    }

    /// A problem at this dotted path.
    #[must_use]
    pub fn problem(&self, path: &str, severity: Severity, message: &str, mend: &str) -> Problem {
        self.at_key(&Path::parse(path), severity, message, mend)
    }

    /// A finding of a handler's check as a problem; its path is inside the flow's `config`.
    #[must_use]
    pub fn finding(&self, flow: &FlowName, finding: &Finding) -> Problem {
        self.found(&Path::of(&["flows", flow.as_str(), "config"]), finding)
    }

    /// A finding of a connector's check as a problem; its path is inside the connection's
    /// `settings`.
    #[must_use]
    pub fn connection_finding(&self, connection: &ConnectionName, finding: &Finding) -> Problem {
        self.found(
            &Path::of(&["connections", connection.as_str(), "settings"]),
            finding,
        )
    }

    fn found(&self, root: &Path, finding: &Finding) -> Problem {
        let path = root.join(&Path::parse(&finding.path));
        self.at_key(&path, finding.severity, &finding.message, &finding.mend)
    }

    /// A problem that the key at `path` should point at.
    pub(crate) fn at_key(
        &self,
        path: &Path,
        severity: Severity,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Problem {
        let place = self
            .nearest(path)
            .map_or_else(|| self.whole(), |spot| spot.key.clone());
        Problem {
            place,
            path: path.to_string(),
            message: message.into(),
            mend: mend.into(),
            severity,
        }
    }

    /// An error that the value at `path` should point at.
    pub(crate) fn at_value(
        &self,
        path: &Path,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Problem {
        let mut problem = self.at_key(path, Severity::Error, message, mend);
        if let Some(spot) = self.spots.get(path) {
            problem.place = spot.value.clone();
        }
        problem
    }

    /// The entries of a section that holds tables by name, in the order of their names.
    pub(crate) fn entries(&self, section: &str) -> BTreeMap<&str, &Value> {
        let entries = self.value.get(section).and_then(Value::as_object);
        entries
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
            .collect()
    }

    fn nearest(&self, path: &Path) -> Option<&Spot> {
        std::iter::successors(Some(path.clone()), Path::parent)
            .find_map(|path| self.spots.get(&path))
    }

    fn whole(&self) -> Place {
        Place {
            file: self.main.clone(),
            line: 0,
            column: 0,
        }
    }
}
