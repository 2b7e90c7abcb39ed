//! Problems: what is wrong with a configuration, where, and what to do about it.

use std::fmt;

use serde::Serialize;

pub use forebay_model::Severity;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Name of the file as it was given, or `environment NAME` for a variable.
    pub file: String,
    /// Line, from 1; 0 where the source has no lines.
    pub line: u32,
    /// Column in characters, from 1; 0 where the source has no lines.
    pub column: u32,
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands; the nearest key that exists if the place itself is missing.
    #[serde(flatten)]
    pub place: Place,
    /// Dotted path of what it is about; empty for a whole file.
    pub path: String,
    /// What is wrong, as a lowercase fragment. Never holds a configured value.
    pub message: String,
    /// What a person should do; empty where the message says it all.
    pub mend: String,
    /// How serious it is.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    /// Three lines as a compiler prints them: what, where, mend.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        };
        write!(f, "{severity}: {}\n  --> {}", self.message, self.place.file)?;
        if self.place.line > 0 {
            write!(f, ":{}:{}", self.place.line, self.place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        if !self.mend.is_empty() {
            write!(f, "\n  mend: {}", self.mend)?;
        }
        Ok(())
    }
}

/// All that was found, ordered by file, line and column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Is anything of it an error?
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Was nothing found at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl Extend<Problem> for Problems {
    /// Takes them in at their place in the order; one that is already there is not doubled.
    fn extend<T: IntoIterator<Item = Problem>>(&mut self, problems: T) {
        self.0.extend(problems);
        self.0.sort_by(|a, b| {
            (&a.place, &a.path, a.severity, &a.message, &a.mend)
                .cmp(&(&b.place, &b.path, b.severity, &b.message, &b.mend))
        });
        self.0.dedup();
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<T: IntoIterator<Item = Problem>>(problems: T) -> Self {
        let mut collected = Self::default();
        collected.extend(problems);
        collected
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    /// Every problem with a blank line between, and a count at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            write!(f, "{problem}\n\n")?;
        }
        let errors = self
            .0
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .count();
        let others = self.0.len() - errors;
        write!(f, "{errors} error{}", if errors == 1 { "" } else { "s" })?;
        if others > 0 {
            write!(
                f,
                ", {others} warning{}",
                if others == 1 { "" } else { "s" }
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
