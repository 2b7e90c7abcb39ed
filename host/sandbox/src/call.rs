//! One call into a component: a place for it, a fresh instance, the limits around it, and the words
//! for what went wrong.

mod explain;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use forebay_egress::Outbound;
use forebay_model::ports::GuestError;
use forebay_model::{FunctionName, SharedClock, Timestamp};
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use wasmtime::component::{ResourceTable, Val};
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::WasiHttpCtx;

use self::explain::clean;
use crate::codec;
use crate::host::HostSide;
use crate::http::{Hooks, Route};
use crate::inert::{CountingClock, HostClock, SeededRandom, StoppedClock};
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::output::{Output, Stream, Tags};
use crate::shape::Kind;
use crate::state::{self, Meter, State, Stop};

/// Makes calls into components.
pub(crate) struct Caller {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
    pub(crate) clock: SharedClock,
    pub(crate) outbound: Arc<dyn Outbound>,
    handlers: Arc<Semaphore>,
    connectors: Arc<Semaphore>,
    questions: Arc<Semaphore>,
    loading: Arc<Semaphore>,
}

/// A limit with its key in the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) key: &'static str,
    pub(crate) most: Duration,
}

/// What a guest's clocks and random numbers show.
pub(crate) enum World {
    /// The host's time and real chance.
    Real,
    /// A point in time and numbers from a seed.
    Inert { now: Timestamp, seed: u64 },
}

/// Which places a call competes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Work, in the places of its role.
    Work,
    /// A question that the guest answers without calling anybody, in places of its own: activations
    /// ask such questions while they hold a place for work.
    Question,
    /// A description at load, in places of its own: a busy host must not refuse a good file.
    Loading,
}

/// Which task runs a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// One of its own, beside others that the same caller waits for.
    Apart,
    /// The caller's, who waits for nothing else: an activation, or its guest that calls another.
    WithCaller,
}

/// A call.
pub(crate) struct Call {
    pub(crate) purpose: Purpose,
    pub(crate) runs: Runs,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) function: FunctionName,
    pub(crate) arguments: Vec<Value>,
    pub(crate) host: HostSide,
    pub(crate) route: Route,
    pub(crate) world: World,
    pub(crate) tags: Tags,
    pub(crate) cpu: Bound,
    pub(crate) wall: Bound,
}

impl Caller {
    pub(crate) fn new(
        engine: Engine,
        limits: Limits,
        clock: SharedClock,
        outbound: Arc<dyn Outbound>,
    ) -> Self {
        let places = |count: u32| Arc::new(Semaphore::new(Limits::size(count.into())));
        Self {
            handlers: places(limits.handler_calls),
            connectors: places(limits.connector_calls),
            questions: places(limits.pure_calls),
            loading: places(limits.compile_concurrency),
            engine,
            limits,
            clock,
            outbound,
        }
    }

    /// Make a call. The result is in JSON form, `null` for a function without one.
    ///
    /// # Errors
    /// Why the guest did not return.
    pub(crate) async fn call(&self, call: Call) -> Result<Value, GuestError> {
        let started = self.clock.now();
        let plugin = call.loaded.label.clone();
        let function = call.function.to_string();
        let outcome = self.call_in_place(call).await;
        let result = match &outcome {
            Ok(_) => "ok",
            Err(GuestError::Interrupted) => "interrupted",
            Err(GuestError::Limit { limit, .. }) => limit,
            Err(GuestError::Busy(_)) => "busy",
            Err(_) => "failed",
        };
        let seconds = self.clock.now().since(started).as_secs_f64();
        metrics::counter!("forebay_guest_calls_total", "plugin" => plugin.clone(), "function" => function.clone(), "result" => result)
            .increment(1);
        metrics::histogram!("forebay_guest_call_seconds", "plugin" => plugin, "function" => function)
            .record(seconds);
        outcome
    }

    async fn call_in_place(&self, call: Call) -> Result<Value, GuestError> {
        // The places stay taken until the guest is really gone.
        let places = self.places(&call).await?;
        let (runs, wall) = (call.runs, call.wall);
        let (store, job) = self.prepare(call)?;
        let guest = async move {
            let _places = places;
            job.run(store).await
        };
        // A panic in the host fails this call and nothing else.
        let guest = AssertUnwindSafe(guest).catch_unwind();
        let ended = match runs {
            Runs::WithCaller => tokio::time::timeout(wall.most, guest).await,
            Runs::Apart => {
                let mut task = Abandoned(tokio::spawn(guest));
                let ended = tokio::time::timeout(wall.most, &mut task.0).await;
                ended.map(|joined| joined.unwrap_or_else(|error| Err(Box::new(error))))
            }
        };
        match ended {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(GuestError::Trap(format!(
                "the host failed: {}",
                told(&*panic)
            ))),
            Err(_) => Err(GuestError::Limit {
                limit: wall.key,
                message: format!("it did not return within {} ms", wall.most.as_millis()),
            }),
        }
    }

    /// Wait for a place among all calls and among those of the plugin.
    async fn places(&self, call: &Call) -> Result<[OwnedSemaphorePermit; 2], GuestError> {
        let loaded = &call.loaded;
        let (shared, own) = match (call.purpose, loaded.shape.kind) {
            (Purpose::Loading, _) => (&self.loading, &loaded.places),
            (Purpose::Question, _) => (&self.questions, &loaded.questions),
            (Purpose::Work, Kind::Handler) => (&self.handlers, &loaded.places),
            (Purpose::Work, Kind::Connector) => (&self.connectors, &loaded.places),
        };
        let own = Arc::clone(own);
        let wait = async {
            // The plugin's own place first, so that its queue does not fill up the shared places.
            let own = own.acquire_owned().await;
            let shared = Arc::clone(shared).acquire_owned().await;
            own.and_then(|own| shared.map(|shared| [own, shared]))
        };
        match tokio::time::timeout(self.limits.queue_time, wait).await {
            Ok(Ok(places)) => Ok(places),
            Ok(Err(_)) => Err(GuestError::Busy("it is shutting down".to_owned())),
            Err(_) => Err(GuestError::Busy(format!(
                "too many calls are under way (limits.calls_per_plugin, limits.handler_calls, \
                 limits.connector_calls, limits.pure_calls); waited {} ms",
                self.limits.queue_time.as_millis()
            ))),
        }
    }

    fn prepare(&self, call: Call) -> Result<(Store<State>, Job), GuestError> {
        let Some(function) = call.loaded.shape.functions.get(&call.function) else {
            return Err(GuestError::Type(format!(
                "{} does not export {}",
                call.loaded.label, call.function
            )));
        };
        let declared = function.ty.params().len();
        if declared != call.arguments.len() {
            return Err(GuestError::Type(format!(
                "{} takes {declared} arguments, {} are given",
                call.function,
                call.arguments.len()
            )));
        }
        let arguments = function
            .ty
            .params()
            .zip(&call.arguments)
            .map(|((name, ty), value)| codec::to_val(name, value, &ty))
            .collect::<Result<_, _>>()
            .map_err(|error| GuestError::Type(format!("call of {}: {error}", call.function)))?;

        let limits = &self.limits;
        let output = Arc::new(Output::new(
            call.tags,
            Arc::clone(&call.loaded.lines),
            limits,
        ));
        let mut table = ResourceTable::new();
        table.set_max_capacity(Limits::size(limits.resources));
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(Limits::size(limits.http_field_bytes));
        let state = State {
            wasi: self.wasi(call.world, &output),
            http,
            table,
            hooks: Hooks {
                route: call.route,
                field_bytes: limits.http_field_bytes,
            },
            meter: Meter::new(limits),
            host: Arc::new(call.host),
            output,
        };
        let store = state::store(&self.engine, state, limits, call.cpu.most);
        Ok((
            store,
            Job {
                loaded: call.loaded,
                function: call.function,
                arguments,
                cpu: call.cpu,
            },
        ))
    }

    /// No directories, no sockets, no environment, no arguments; output to the log.
    fn wasi(&self, world: World, output: &Arc<Output>) -> WasiCtx {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(Stream(Arc::clone(output)))
            .stderr(Stream(Arc::clone(output)))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(self.limits.random_bytes);
        match world {
            World::Real => {
                wasi.wall_clock(HostClock(Arc::clone(&self.clock)));
            }
            World::Inert { now, seed } => {
                wasi.wall_clock(StoppedClock(now))
                    .monotonic_clock(CountingClock::default())
                    .secure_random(SeededRandom::new(seed, "secure"))
                    .insecure_random(SeededRandom::new(seed, "insecure"))
                    .insecure_random_seed(seed.into());
            }
        }
        wasi.build()
    }
}

/// What a panic said.
fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it ended before it was done")
}

/// Ends its task when nobody waits for it any more.
struct Abandoned<T>(JoinHandle<T>);

impl<T> Drop for Abandoned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A call that has its store.
struct Job {
    loaded: Arc<Loaded>,
    function: FunctionName,
    arguments: Vec<Val>,
    cpu: Bound,
}

impl Job {
    async fn run(self, mut store: Store<State>) -> Result<Value, GuestError> {
        match self.enter(&mut store).await {
            Ok(value) => Ok(value),
            Err(error) => Err(clean(self.explain(&error, &mut store))),
        }
        // The store ends here: an instance is never used twice.
    }

    async fn enter(&self, store: &mut Store<State>) -> wasmtime::Result<Value> {
        let missing = || Stop::Misuse(format!("{} is not there", self.function));
        let function = self
            .loaded
            .shape
            .functions
            .get(&self.function)
            .ok_or_else(missing)?;
        let instance = self.loaded.pre.instantiate_async(&mut *store).await?;
        let callee = instance
            .get_func(&mut *store, function.index)
            .ok_or_else(missing)?;
        let mut results = vec![Val::Bool(false); function.ty.results().len()];
        callee
            .call_async(&mut *store, &self.arguments, &mut results)
            .await?;
        let Some((value, ty)) = results.first().zip(function.ty.results().next()) else {
            return Ok(Value::Null);
        };
        let value = codec::to_json("result", value, &ty);
        Ok(value.map_err(|error| Stop::Type(format!("{}: {error}", self.function)))?)
    }
}
