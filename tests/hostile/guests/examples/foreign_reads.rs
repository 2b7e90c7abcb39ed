//! Says that functions of others only read.

use hostile_guests::connector::exports::forebay::connector::connector::ConnectorInfo;

fn info() -> ConnectorInfo {
    ConnectorInfo {
        reads: vec!["forebay:assets/asset-source.update".to_owned()],
        ..hostile_guests::connector_info("foreign-reads")
    }
}

hostile_guests::connector!(info(), |_| String::new());
