//! A call on its way to a connector, and what becomes of its answer.

use std::time::Duration;

use forebay_model::ConnectionName;
use forebay_model::capability::{CapabilityError, Detail};
use forebay_model::ports::{CALL_TIME, CallContext, CapabilityCall, GuestError, Interrupt};
use serde_json::{Value, json};

use super::broker::ActivationBroker;
use super::stop::{Failure, Stop};
use super::tape::error_of;

impl ActivationBroker {
    /// Make a call at its connector, as entry `index` of the tape.
    pub(super) async fn perform(
        &self,
        call: &CapabilityCall,
        connection: &ConnectionName,
        index: usize,
        mutating: bool,
    ) -> Result<Value, Interrupt> {
        if let Some(error) = self.core.health.refusal(connection) {
            let connection = connection.clone();
            return Err(self.end(Stop::Refused {
                connection,
                error,
                denied: false,
            }));
        }
        let Some((digest, spec)) = self.core.connector(connection) else {
            let error = format!("no plugin for the connection {connection} is loaded");
            return Err(self.later(connection, error, None));
        };
        let (key, attempt) = self.with_tape(|tape| tape.attempt(index));
        if mutating {
            self.save_intent().await?;
        }
        let context = CallContext {
            key,
            attempt,
            previous_unknown: mutating && attempt > 1,
            timeout: self.core.options.call_timeout,
            run: Some(self.claimed.run.id.clone()),
        };
        let guests = &self.core.guests;
        let answer = guests
            .call(&digest, &spec, context, &call.function, &call.arguments)
            .await;
        match answer {
            Ok(result) => self.accept(call, connection, index, result),
            Err(error) => Err(self.connector_failed(connection, call, &error)),
        }
    }

    /// Take a connector's answer: what the host deals with ends the activation, all else is the
    /// handler's to decide.
    fn accept(
        &self,
        call: &CapabilityCall,
        connection: &ConnectionName,
        index: usize,
        result: Value,
    ) -> Result<Value, Interrupt> {
        let error = if call.fallible {
            error_of(&result)
        } else {
            None
        };
        if let Some(error) = error {
            let said = format!("{} at {connection}: {error}", call.function);
            match &error {
                CapabilityError::RateLimited(_) | CapabilityError::Unavailable(_) => {
                    return Err(self.later(connection, said, error.retry_after()));
                }
                CapabilityError::Denied(_) => {
                    let connection = connection.clone();
                    return Err(self.end(Stop::Refused {
                        connection,
                        error: said,
                        denied: true,
                    }));
                }
                CapabilityError::Uncertain(_) => {
                    return Err(self.end(Stop::Park {
                        code: "possible-duplicate",
                        message: said,
                    }));
                }
                CapabilityError::NotFound(_)
                | CapabilityError::Conflict(_)
                | CapabilityError::Invalid(_)
                | CapabilityError::Unsupported(_) => {}
            }
        }
        let now = self.core.clock.now();
        self.with_tape(|tape| tape.record(index, result.clone(), false, now));
        Ok(result)
    }

    fn connector_failed(
        &self,
        connection: &ConnectionName,
        call: &CapabilityCall,
        error: &GuestError,
    ) -> Interrupt {
        let said = format!("{} at {connection}: {error}", call.function);
        match error {
            GuestError::Unavailable(..) | GuestError::Busy(_) => self.later(connection, said, None),
            // A vendor that is too slow is tried again like one that is down.
            GuestError::Limit { limit, .. } if *limit == CALL_TIME => {
                self.later(connection, said, None)
            }
            GuestError::Limit { .. }
            | GuestError::Trap(_)
            | GuestError::Type(_)
            | GuestError::Interrupted => {
                let at = format!("{} at {connection}: ", call.function);
                self.end(Stop::Failed(Failure::of(&at, error)))
            }
        }
    }

    fn later(
        &self,
        connection: &ConnectionName,
        error: String,
        asked: Option<Duration>,
    ) -> Interrupt {
        self.end(Stop::Later {
            connection: connection.clone(),
            error,
            asked,
        })
    }

    /// Answer a call that leads nowhere: the connection does not offer the interface.
    pub(super) fn unsupported(
        &self,
        call: &CapabilityCall,
        role: &str,
    ) -> Result<Value, Interrupt> {
        let message = format!(
            "{} is not offered by the connection of the role `{role}`",
            call.function
        );
        if call.fallible {
            Ok(json!({"err": CapabilityError::Unsupported(Detail::new(message))}))
        } else {
            Err(self.end(Stop::Park {
                code: "unsupported",
                message,
            }))
        }
    }
}
