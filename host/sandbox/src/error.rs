//! What can go wrong: [`Error`] stops the host from starting, [`Refusal`] keeps one file out.

use std::path::PathBuf;

use crate::output::one_line;

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory cannot be opened or made.
    #[error("directory {path} cannot be used: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Anybody on the machine could drop a component, or change what the host keeps of one.
    #[error(
        "the directory {0} can be written by everybody; remove that right (chmod o-w) and start again"
    )]
    WorldWritable(PathBuf),
    /// The Wasm engine does not start with these limits.
    #[error("the component engine cannot be set up: {0}")]
    Engine(String),
    /// The machine's own thread or watch could not be had.
    #[error("{what} cannot be started: {reason}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's reason.
        reason: String,
    },
}

/// Why a component file is kept out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Stable code of the reason.
    pub code: Code,
    /// The reason in words a person can act on.
    pub reason: String,
}

/// Longest reason. A file says much about itself; an operator needs the beginning.
const REASON_BYTES: usize = 2_000;

impl Refusal {
    /// The reason may quote the file, so it is made safe for logs and terminals here.
    pub(crate) fn new(code: Code, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: one_line(&reason.into(), REASON_BYTES),
        }
    }
}

/// Stable codes of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The file is larger than the limit.
    TooLarge,
    /// It cannot be read, or is not a plain file.
    Unreadable,
    /// It is not a component: empty, text, a core module, something else.
    NotAComponent,
    /// It is native code made by a compiler; only the host's own cache may hold such.
    Precompiled,
    /// It is malformed or cut short.
    Invalid,
    /// It exceeds a budget of its structure or needs more than an instance may have.
    TooComplex,
    /// Compiling it took too long.
    CompileTime,
    /// It exports neither or both of the interfaces that make a connector or a handler.
    UnknownRole,
    /// It lacks a function its role must have.
    MissingExport,
    /// It imports something nobody provides.
    UnknownImport,
    /// It wants or offers another version of the contract.
    WrongVersion,
    /// A capability function uses types that cannot pass between components.
    UnsupportedType,
    /// `describe` failed, trapped or did not end.
    DescribeFailed,
    /// What `describe` said does not hold.
    BadDescription,
    /// Another file in the directory has the same name in its description.
    NameTaken,
}

impl Code {
    /// The code as operators see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Unreadable => "unreadable",
            Self::NotAComponent => "not-a-component",
            Self::Precompiled => "precompiled",
            Self::Invalid => "invalid",
            Self::TooComplex => "too-complex",
            Self::CompileTime => "compile-time",
            Self::UnknownRole => "unknown-role",
            Self::MissingExport => "missing-export",
            Self::UnknownImport => "unknown-import",
            Self::WrongVersion => "wrong-version",
            Self::UnsupportedType => "unsupported-type",
            Self::DescribeFailed => "describe-failed",
            Self::BadDescription => "bad-description",
            Self::NameTaken => "name-taken",
        }
    }
}
