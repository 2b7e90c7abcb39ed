//! Where in a value the codec stands: a chain on the stack, written out only for a message.

use std::fmt;

/// A place in a value.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The value as a whole.
    Root(&'a str),
    /// A record's field or a variant's case.
    Name(&'a Path<'a>, &'a str),
    /// An element.
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// A mismatch at this place.
    pub(crate) fn mismatch(&self, problem: impl Into<String>) -> super::Mismatch {
        super::Mismatch {
            path: self.to_string(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Name(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
