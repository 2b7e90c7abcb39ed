//! The exported side of `forebay:flow/use-case-handler`.

use super::Exported;
use crate::bindings::imports::forebay::flow::use_case_handler as wit;
use crate::bindings::use_case_handler::exports::forebay::flow::use_case_handler::Guest;
use crate::handler::{Connections, Cx, Handler};
use crate::types::{Error, Finding};

impl<H: Handler> Guest for Exported<H> {
    fn describe() -> wit::HandlerInfo {
        H::describe().into_info::<H>()
    }

    fn check(config: String, probe: bool) -> Vec<Finding> {
        match read_config::<H>(&config) {
            Ok(config) => H::check(&Cx::of_check(), &config, probe),
            Err(why) => vec![Finding::error("", why, "correct the flow's configuration")],
        }
    }

    fn admit(
        config: String,
        connections: Vec<(String, String)>,
        delivery: wit::Delivery,
    ) -> wit::Admission {
        match read_config::<H>(&config) {
            Ok(config) => H::admit(&config, &Connections::new(connections), &delivery),
            #[expect(
                clippy::panic,
                reason = "the host checked the configuration; ignoring the event would lose it, a \
                          trap keeps it"
            )]
            Err(why) => panic!("{why}"),
        }
    }

    fn handle(
        run: wit::RunContext,
        config: String,
        state: Option<String>,
        delivery: wit::Delivery,
    ) -> Result<wit::Step, Error> {
        let config = read_config::<H>(&config).map_err(Error::invalid)?;
        let state = state
            .map(|state| read_state::<H>(&state, run.state_version))
            .transpose()?;
        H::handle(&Cx::of_run(run), &config, state, delivery)?.into_wit()
    }

    fn migrate(state: String, from_version: u32) -> Result<String, String> {
        let state = serde_json::from_str(&state)
            .map_err(|error| format!("the old state is no JSON: {error}"))?;
        let state = H::migrate(state, from_version)?;
        serde_json::to_string(&state)
            .map_err(|error| format!("the new state cannot be written: {error}"))
    }
}

fn read_config<H: Handler>(config: &str) -> Result<H::Config, String> {
    serde_json::from_str(config)
        .map_err(|error| format!("the flow's configuration cannot be used: {error}"))
}

fn read_state<H: Handler>(state: &str, version: u32) -> Result<H::State, Error> {
    serde_json::from_str(state).map_err(|error| {
        Error::invalid(format!(
            "the run's state of version {version} cannot be read: {error}"
        ))
    })
}
