//! What went wrong in a call, in words a person can act on.

use forebay_model::ports::GuestError;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use super::Job;
use crate::output::{Output, one_line};
use crate::state::{State, Stop};

/// Longest message about a failed call: the cause, what the guest wrote last, and where it was.
const MESSAGE_BYTES: usize = 2_000;

/// Longest name of a function in a message: the name comes from the component.
const NAME_BYTES: usize = 120;

/// How the engine says that one of its limits was met, where it has no type of its own for it. A
/// hostile guest for each stands in `tests/hostile`.
const ENGINE_LIMITS: [(&str, &str); 4] = [
    (
        "fuel allocated for hostcalls has been exhausted",
        "limits.hostcall_bytes",
    ),
    ("store handle limit exceeded", "limits.component_handles"),
    (
        "total size of fields exceeds limit",
        "limits.http_field_bytes",
    ),
    ("requested len", "limits.random_bytes"),
];

impl Job {
    /// What went wrong, in words a person can act on.
    pub(super) fn explain(&self, error: &wasmtime::Error, store: &mut Store<State>) -> GuestError {
        match error.downcast_ref::<Stop>() {
            Some(Stop::Interrupted) => return GuestError::Interrupted,
            Some(Stop::Type(problem)) => return GuestError::Type(problem.clone()),
            Some(Stop::Misuse(problem)) => return GuestError::Trap(problem.clone()),
            Some(Stop::Cpu) => {
                return GuestError::Limit {
                    limit: self.cpu.key,
                    message: format!(
                        "it used more than {} ms of processor time{}",
                        self.cpu.most.as_millis(),
                        backtrace(error)
                    ),
                };
            }
            None => {}
        }
        if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            return GuestError::Busy("no instance is free".to_owned());
        }
        if let Some(limit) = store.data().meter.refused {
            let message = format!("it wanted more than {limit} allows, then: {}", root(error));
            return GuestError::Limit { limit, message };
        }
        if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
            let message = "it keeps too many host objects".to_owned();
            return GuestError::Limit {
                limit: "limits.resources",
                message,
            };
        }
        if let Some(limit) = engine_limit(error) {
            let message = format!("{}{}", root(error), backtrace(error));
            return GuestError::Limit { limit, message };
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return GuestError::Trap(format!(
                "it called exit with status {}{}",
                exit.0,
                said(&store.data().output)
            ));
        }
        let said = said(&store.data().output);
        GuestError::Trap(format!("{}{said}{}", root(error), backtrace(error)))
    }
}

/// The limit of the engine that a guest met, if that is what ended it.
fn engine_limit(error: &wasmtime::Error) -> Option<&'static str> {
    if matches!(error.downcast_ref(), Some(Trap::StackOverflow)) {
        return Some("limits.wasm_stack_bytes");
    }
    let cause = root(error);
    let told = ENGINE_LIMITS
        .iter()
        .find(|(words, _)| cause.contains(words));
    told.map(|(_, limit)| *limit)
}

/// The same error in words that are safe for logs and terminals: they may quote the guest.
pub(super) fn clean(error: GuestError) -> GuestError {
    let clean = |message: String| one_line(&message, MESSAGE_BYTES);
    match error {
        GuestError::Limit { limit, message } => GuestError::Limit {
            limit,
            message: clean(message),
        },
        GuestError::Trap(message) => GuestError::Trap(clean(message)),
        GuestError::Type(message) => GuestError::Type(clean(message)),
        other => other,
    }
}

fn root(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}

fn said(output: &Output) -> String {
    match output.tail() {
        tail if tail.is_empty() => String::new(),
        tail => format!("; it wrote: {tail}"),
    }
}

/// The functions that led to the trap, innermost first.
fn backtrace(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let names: Vec<String> = backtrace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => one_line(name, NAME_BYTES),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; in {}", names.join(" < "))
    }
}
