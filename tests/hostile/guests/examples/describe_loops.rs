//! Never finishes introducing itself.

use hostile_guests::connector::exports::forebay::connector::connector::ConnectorInfo;

fn info() -> ConnectorInfo {
    loop {
        std::hint::black_box(());
    }
}

hostile_guests::connector!(info(), |_| String::new());
