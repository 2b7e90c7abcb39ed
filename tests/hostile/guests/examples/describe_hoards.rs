//! Introduces itself with more than the host would remember.

use hostile_guests::connector::exports::forebay::connector::connector::ConnectorInfo;

fn info() -> ConnectorInfo {
    ConnectorInfo {
        summary: "s".repeat(8 << 20),
        ..hostile_guests::connector_info("describe-hoards")
    }
}

hostile_guests::connector!(info(), |_| String::new());
