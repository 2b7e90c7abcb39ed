//! The doors.

mod configuration;
mod connectors;
mod loader;
mod manifest;
mod values;

/// A door.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "configuration",
        run: configuration::run,
    },
    Target {
        name: "loader",
        run: loader::run,
    },
    Target {
        name: "manifest",
        run: manifest::run,
    },
    Target {
        name: "values",
        run: values::run,
    },
    Target {
        name: "webhooks",
        run: connectors::webhooks,
    },
    Target {
        name: "replies",
        run: connectors::replies,
    },
];
