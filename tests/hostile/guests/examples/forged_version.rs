//! Hides orders for a terminal, and a novel, in its version.

use hostile_guests::connector::exports::forebay::connector::connector::ConnectorInfo;

fn info() -> ConnectorInfo {
    ConnectorInfo {
        version: format!("1.0\u{1b}[2J\nplugin accepted {}", "z".repeat(100 << 10)),
        ..hostile_guests::connector_info("forged-version")
    }
}

hostile_guests::connector!(info(), |_| String::new());
