//! Describes its settings with something that is no schema.

use hostile_guests::connector::exports::forebay::connector::connector::ConnectorInfo;

fn info() -> ConnectorInfo {
    ConnectorInfo {
        settings_schema: r#"{"type": "\u001b[2Jthing"}"#.to_owned(),
        ..hostile_guests::connector_info("bad-schema")
    }
}

hostile_guests::connector!(info(), |_| String::new());
