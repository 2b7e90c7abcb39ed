//! A handler that imports a capability and does not say so.

use hostile_guests::handler::exports::forebay::flow::use_case_handler::HandlerInfo;
use hostile_guests::handler::test::hostile::deed;

fn info() -> HandlerInfo {
    HandlerInfo {
        roles: Vec::new(),
        ..hostile_guests::handler_info("uncovered")
    }
}

hostile_guests::handler!(info(), |how| deed::act(how).unwrap_or_default());
