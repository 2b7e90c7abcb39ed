//! What all hostile guests share: bindings of the contract, descriptions that pass, and a macro per
//! role, so that a guest's own file shows its misdeed and nothing else.

pub mod http;

/// Bindings of a connector.
pub mod connector {
    wit_bindgen::generate!({
        path: ["../../../wit/connector", "../../../wit/flow", "wit"],
        world: "test:hostile/connector-guest",
        pub_export_macro: true,
        default_bindings_module: "hostile_guests::connector",
        generate_all,
    });
}

/// Bindings of a handler.
pub mod handler {
    wit_bindgen::generate!({
        path: ["../../../wit/connector", "../../../wit/flow", "wit"],
        world: "test:hostile/handler-guest",
        pub_export_macro: true,
        default_bindings_module: "hostile_guests::handler",
        generate_all,
    });
}

use connector::exports::forebay::connector::connector::{AuthChoice, AuthScheme, ConnectorInfo};
use handler::exports::forebay::flow::use_case_handler::{
    Completion, HandlerInfo, Next, Role, Step,
};

/// The interface of the misdeeds, as descriptions name it.
pub const DEED: &str = "test:hostile/deed";

const ANY_OBJECT: &str = r#"{"type": "object"}"#;

/// A description of a connector that passes. It asks for the origin of the setting `target`.
pub fn connector_info(name: &str) -> ConnectorInfo {
    ConnectorInfo {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        vendor: "Nobody".to_owned(),
        summary: "Misbehaves.".to_owned(),
        settings_schema: ANY_OBJECT.to_owned(),
        auth: vec![AuthChoice {
            when: Vec::new(),
            scheme: AuthScheme::None,
        }],
        hosts: vec!["{target}".to_owned()],
        reads: Vec::new(),
        rate_classes: Vec::new(),
        webhooks: Vec::new(),
        event_kinds: Vec::new(),
        body_secrets: Vec::new(),
    }
}

/// A description of a handler that passes.
pub fn handler_info(name: &str) -> HandlerInfo {
    HandlerInfo {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        summary: "Misbehaves.".to_owned(),
        config_schema: ANY_OBJECT.to_owned(),
        state_schema: ANY_OBJECT.to_owned(),
        state_version: 1,
        roles: vec![Role {
            name: "accomplice".to_owned(),
            summary: "Who is called.".to_owned(),
            required: vec![DEED.to_owned()],
            optional: Vec::new(),
            events: Vec::new(),
        }],
        outcomes: vec!["done".to_owned()],
    }
}

/// The step of a run that ends with these words.
pub fn completed(summary: String) -> Step {
    Step {
        state: "{}".to_owned(),
        labels: Vec::new(),
        next: Next::Completed(Completion {
            outcome: "done".to_owned(),
            summary,
        }),
    }
}

/// Export a connector: its description, and what it does when told to act.
#[macro_export]
macro_rules! connector {
    ($info:expr, $act:expr) => {
        $crate::connector!($info, $act, Vec::new());
    };
    ($info:expr, $act:expr, $findings:expr) => {
        use $crate::connector::exports::{
            forebay::connector::connector as contract, test::hostile::deed,
        };

        struct Component;

        impl contract::Guest for Component {
            fn describe() -> contract::ConnectorInfo {
                $info
            }

            fn check() -> Result<Vec<contract::Finding>, contract::Error> {
                Ok($findings)
            }
        }

        impl deed::Guest for Component {
            fn act(how: String) -> Result<String, deed::Error> {
                let act: fn(&str) -> String = $act;
                Ok(act(&how))
            }
        }

        $crate::connector::export!(Component with_types_in $crate::connector);
    };
}

/// Export a handler: its description, and what it says when it is activated.
#[macro_export]
macro_rules! handler {
    ($info:expr, $handle:expr) => {
        use $crate::handler::exports::forebay::flow::use_case_handler as contract;

        struct Component;

        impl contract::Guest for Component {
            fn describe() -> contract::HandlerInfo {
                $info
            }

            fn check(_: String, _: bool) -> Vec<contract::Finding> {
                Vec::new()
            }

            fn admit(
                _: String,
                _: Vec<(String, String)>,
                _: contract::Delivery,
            ) -> contract::Admission {
                contract::Admission::Ignore("not for me".to_owned())
            }

            fn handle(
                _: contract::RunContext,
                config: String,
                _: Option<String>,
                _: contract::Delivery,
            ) -> Result<contract::Step, contract::Error> {
                let handle: fn(&str) -> String = $handle;
                Ok($crate::completed(handle(&config)))
            }

            fn migrate(_: String, _: u32) -> Result<String, String> {
                Err("nothing to take over".to_owned())
            }
        }

        $crate::handler::export!(Component with_types_in $crate::handler);
    };
}
