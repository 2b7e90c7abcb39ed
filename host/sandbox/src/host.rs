//! What the host itself provides to guests: `runtime` to handlers, `call` to connectors, `log` to
//! both. The typed ends of the dynamic calls that [`crate::link`] makes.

use std::sync::Arc;

use forebay_model::ports::{Broker, Calendar, CallContext};
use forebay_model::{CapabilityError, Field, SharedClock, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::output::{Level, Output};
use crate::state::Stop;

/// What a guest's imports lead to.
pub(crate) enum HostSide {
    /// An activation or a probing check.
    Handler(Arc<dyn Broker>),
    /// A call into a connector.
    Connector(Box<ConnectorSide>),
    /// A pure function (`describe`, `admit`, `migrate`): there is nothing to ask for but the time.
    Pure {
        /// Its name, for the message.
        function: &'static str,
        /// The time it sees.
        now: Timestamp,
    },
}

/// The circumstances of a connector call.
pub(crate) struct ConnectorSide {
    pub(crate) connection: String,
    pub(crate) settings: String,
    pub(crate) context: CallContext,
    pub(crate) deadline: Timestamp,
    pub(crate) clock: SharedClock,
}

/// `call.call-context`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ContextRecord<'a> {
    connection: &'a str,
    settings: &'a str,
    idempotency_key: &'a str,
    attempt: u32,
    previous_unknown: bool,
    deadline: Timestamp,
    now: Timestamp,
    run: Option<&'a str>,
}

/// What a host function answers: nothing for functions without a result.
type Answer = Result<Option<Value>, Stop>;

/// `call.context`.
pub(crate) fn context(host: &HostSide) -> Answer {
    let HostSide::Connector(side) = host else {
        return Err(pure(host, "call.context"));
    };
    answer(&ContextRecord {
        connection: &side.connection,
        settings: &side.settings,
        idempotency_key: &side.context.key,
        attempt: side.context.attempt,
        previous_unknown: side.context.previous_unknown,
        deadline: side.deadline,
        now: side.clock.now(),
        run: side.context.run.as_ref().map(|run| run.as_str()),
    })
}

/// `log.write`.
pub(crate) fn log(output: &Output, arguments: &[Value]) -> Answer {
    let level: Level = argument(arguments, 0)?;
    let mut line: String = argument(arguments, 1)?;
    let fields: Vec<Field> = argument(arguments, 2)?;
    for field in fields {
        let value = serde_json::to_string(&field.value).unwrap_or_default();
        line.push_str(&format!(" {}={value}", field.name));
    }
    output.line(level, &line);
    Ok(None)
}

/// Functions of `runtime`, in the order of the interface.
pub(crate) const RUNTIME_FUNCTIONS: [&str; 12] = [
    "now",
    "random-id",
    "mode",
    "available",
    "spawn",
    "signal",
    "decision",
    "business-time",
    "end-of-day",
    "local-date",
    "notify",
    "progress",
];

/// A function of `runtime`.
pub(crate) async fn runtime(host: &HostSide, function: &str, arguments: &[Value]) -> Answer {
    let broker = match host {
        HostSide::Handler(broker) => broker,
        HostSide::Pure { now, .. } if function == "now" => return answer(now),
        _ => return Err(pure(host, function)),
    };
    match function {
        "now" => answer(&broker.now()),
        "random-id" => answer(&broker.random_id()),
        "mode" => answer(&broker.mode()),
        "available" => {
            let (role, capability) = (text(arguments, 0)?, text(arguments, 1)?);
            answer(&broker.available(&role, &capability))
        }
        "spawn" => {
            let (flow, key) = (text(arguments, 0)?, text(arguments, 1)?);
            let outcome = broker.spawn(flow, key, text(arguments, 2)?).await;
            result(outcome.map_err(|_| Stop::Interrupted)?)
        }
        "signal" => {
            let (run, name) = (text(arguments, 0)?, text(arguments, 1)?);
            let outcome = broker.signal(run, name, text(arguments, 2)?).await;
            result(outcome.map_err(|_| Stop::Interrupted)?)
        }
        "decision" => {
            broker.decision(argument(arguments, 0)?);
            Ok(None)
        }
        "business-time" => {
            let calendar: Calendar = argument(arguments, 0)?;
            let (start, minutes) = (argument(arguments, 1)?, argument(arguments, 2)?);
            plain_result(broker.business_time(&calendar, start, minutes))
        }
        "end-of-day" => {
            let (zone, date) = (text(arguments, 0)?, text(arguments, 1)?);
            plain_result(broker.end_of_day(&zone, &date))
        }
        "local-date" => {
            let (zone, at) = (text(arguments, 0)?, argument(arguments, 1)?);
            plain_result(broker.local_date(&zone, at))
        }
        "notify" => {
            broker.notify(text(arguments, 0)?, text(arguments, 1)?);
            Ok(None)
        }
        "progress" => {
            broker.progress(argument(arguments, 0)?, argument(arguments, 1)?);
            Ok(None)
        }
        unknown => Err(Stop::Misuse(format!("runtime has no function {unknown}"))),
    }
}

/// A `result` whose error is a text.
fn plain_result(outcome: Result<impl serde::Serialize, String>) -> Answer {
    match outcome {
        Ok(value) => answer(&serde_json::json!({ "ok": value })),
        Err(problem) => answer(&serde_json::json!({ "err": problem })),
    }
}

/// The refusal of a host function in a place where it has no meaning.
pub(crate) fn pure(host: &HostSide, wanted: &str) -> Stop {
    let place = match host {
        HostSide::Pure { function, .. } => function,
        HostSide::Connector(_) => "a connector",
        HostSide::Handler(_) => "a handler",
    };
    Stop::Misuse(format!("{place} may not call {wanted}"))
}

fn answer<T: Serialize>(value: &T) -> Answer {
    serde_json::to_value(value)
        .map(Some)
        .map_err(|error| Stop::Type(error.to_string()))
}

fn result<T: Serialize>(outcome: Result<T, CapabilityError>) -> Answer {
    match outcome {
        Ok(value) => answer(&serde_json::json!({ "ok": value })),
        Err(error) => answer(&serde_json::json!({ "err": error })),
    }
}

fn text(arguments: &[Value], index: usize) -> Result<String, Stop> {
    argument(arguments, index)
}

fn argument<T: DeserializeOwned>(arguments: &[Value], index: usize) -> Result<T, Stop> {
    T::deserialize(arguments.get(index).unwrap_or(&Value::Null))
        .map_err(|error| Stop::Type(format!("argument {index}: {error}")))
}
