//! The vendors behind all connectors: safe to repeat under the same key, and out of order as planned.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use forebay_model::capability::{Detail, RateLimitedDetail, VendorReply};
use forebay_model::ports::{CallContext, GuestError};
use forebay_model::{CapabilityError, FunctionName};
use serde_json::{Value, json};

/// How one call goes wrong, or does not.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It goes well.
    Fine,
    /// The vendor answers with this.
    Says(CapabilityError),
    /// The connector fails.
    Fails(GuestError),
    /// The host dies while the call is under way.
    Panics,
    /// It never returns.
    Hangs,
    /// The effect happens, then this.
    CommitsThen(Box<Fault>),
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) function: String,
    pub(crate) context: CallContext,
}

/// All vendors.
#[derive(Default)]
pub(crate) struct Vendor {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    plans: BTreeMap<String, VecDeque<Fault>>,
    calls: Vec<Made>,
    /// What each key gave.
    answers: BTreeMap<String, Value>,
    /// How often each effect happened, by what it does.
    effects: BTreeMap<String, u32>,
}

impl Vendor {
    /// How the next calls of a function go; all later ones go well.
    pub(crate) fn plan(&self, function: &str, faults: impl IntoIterator<Item = Fault>) {
        self.inner()
            .plans
            .entry(function.into())
            .or_default()
            .extend(faults);
    }

    /// Calls of a function so far.
    pub(crate) fn calls(&self, function: &str) -> Vec<Made> {
        let inner = self.inner();
        inner
            .calls
            .iter()
            .filter(|call| call.function == function)
            .cloned()
            .collect()
    }

    /// How often each effect happened, by function and first argument.
    pub(crate) fn effects(&self) -> BTreeMap<String, u32> {
        self.inner().effects.clone()
    }

    /// These effects happened, once each, and no others.
    #[track_caller]
    pub(crate) fn assert_once(&self, effects: &[&str]) {
        let wanted: BTreeMap<String, u32> = effects
            .iter()
            .map(|effect| (effect.to_string(), 1))
            .collect();
        assert_eq!(self.effects(), wanted);
    }

    /// Answer a call.
    pub(crate) async fn answer(
        &self,
        context: CallContext,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError> {
        let mut fault = {
            let mut inner = self.inner();
            inner.calls.push(Made {
                function: function.function.clone(),
                context: context.clone(),
            });
            let plan = inner.plans.entry(function.function.clone()).or_default();
            plan.pop_front().unwrap_or(Fault::Fine)
        };
        loop {
            match fault {
                Fault::Fine => return Ok(self.commit(&context.key, function, arguments)),
                Fault::Says(error) => return Ok(json!({"err": error})),
                Fault::Fails(error) => return Err(error),
                Fault::Panics => panic!("scripted: the host dies in {function}"),
                Fault::Hangs => std::future::pending().await,
                Fault::CommitsThen(then) => {
                    self.commit(&context.key, function, arguments);
                    fault = *then;
                }
            }
        }
    }

    fn commit(&self, key: &str, function: &FunctionName, arguments: &[Value]) -> Value {
        let mut inner = self.inner();
        if function.function == "get" {
            return json!({"ok": {"id": arguments[0]}});
        }
        if let Some(answer) = inner.answers.get(key) {
            return answer.clone();
        }
        let about = arguments[0].as_str().unwrap();
        *inner
            .effects
            .entry(format!("{} {about}", function.function))
            .or_default() += 1;
        let answer = match function.function.as_str() {
            "start" => json!({"ok": format!("process-{about}")}),
            _ => json!({"ok": null}),
        };
        inner.answers.insert(key.to_owned(), answer.clone());
        answer
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// The vendor is failing.
pub(crate) fn unavailable(message: &str) -> Fault {
    let vendor = VendorReply {
        status: Some(503),
        message: message.into(),
        ..VendorReply::default()
    };
    let detail = Detail {
        message: "the vendor is failing".into(),
        vendor: Some(vendor),
    };
    Fault::Says(CapabilityError::Unavailable(detail))
}

/// The vendor asks for a pause.
pub(crate) fn rate_limited(seconds: u32) -> Fault {
    Fault::Says(CapabilityError::RateLimited(RateLimitedDetail {
        detail: Detail::new("too many requests"),
        retry_after_seconds: Some(seconds),
    }))
}

/// The vendor refuses the credentials.
pub(crate) fn denied() -> Fault {
    Fault::Says(CapabilityError::Denied(Detail::new(
        "the token is not accepted",
    )))
}

/// It may have happened.
pub(crate) fn uncertain() -> Fault {
    Fault::Says(CapabilityError::Uncertain(Detail::new(
        "the connection broke",
    )))
}
