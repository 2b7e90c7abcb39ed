//! The same components called with nothing around them: no limits, no JSON, no tasks. What any host
//! of components pays that gives each call an instance of its own.

use std::fs;

use anyhow::anyhow;
use tokio::sync::Mutex;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, Func, InstancePre, Linker, LinkerInstance, ResourceTable, Val,
};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::program::Programs;

/// What WASI needs.
struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    nowhere: Nowhere,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.nowhere,
        }
    }
}

/// No way out: what is measured here asks nobody.
struct Nowhere;

type Trailing = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Nowhere {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Trailing,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Trailing), Error>> + Send> {
        Box::new(std::future::ready(Err(Error::InternalError(None))))
    }
}

/// A component with one function of it.
struct Function {
    engine: Engine,
    pre: InstancePre<State>,
    index: ComponentExportIndex,
    arguments: Vec<Val>,
}

/// Both components.
pub(super) struct Bare {
    get: Function,
    handle: Function,
    living: Mutex<(Store<State>, Func)>,
}

impl Bare {
    pub(super) async fn new(programs: &Programs) -> anyhow::Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.max_unused_warm_slots(32)
            .linear_memory_keep_resident(64 << 10)
            .table_keep_resident(64 << 10);
        let mut config = Config::new();
        config
            .memory_init_cow(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).map_err(plain)?;
        let get = Function::new(
            &engine,
            &fs::read(programs.plugins.join("forebay_bench_connector.wasm"))?,
            ("forebay:assets/asset-source@0.1.0", "get"),
            vec![Val::String("local-1".to_owned())],
        )?;
        let handle = Function::new(
            &engine,
            &fs::read(programs.plugins.join("forebay_bench_handler.wasm"))?,
            ("forebay:flow/use-case-handler@0.1.0", "handle"),
            activation(),
        )?;
        let living = get.instance().await?;
        Ok(Self {
            get,
            handle,
            living: Mutex::new(living),
        })
    }

    /// Instantiate the connector and read.
    pub(super) async fn read(&self) -> anyhow::Result<()> {
        self.get.call_fresh().await
    }

    /// What an activation with two calls needs at the least: the handler and the connector twice.
    pub(super) async fn three(&self) -> anyhow::Result<()> {
        self.handle.call_fresh().await?;
        self.get.call_fresh().await?;
        self.get.call_fresh().await
    }

    /// Read by an instance that is there already.
    pub(super) async fn read_again(&self) -> anyhow::Result<()> {
        let mut living = self.living.lock().await;
        let (store, function) = &mut *living;
        call(store, *function, &self.get.arguments).await
    }
}

impl Function {
    fn new(
        engine: &Engine,
        bytes: &[u8],
        (interface, name): (&str, &str),
        arguments: Vec<Val>,
    ) -> anyhow::Result<Self> {
        let component = Component::from_binary(engine, bytes).map_err(plain)?;
        let mut linker: Linker<State> = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(plain)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(plain)?;
        for (name, import) in component.component_type().imports(engine) {
            if let ComponentItem::ComponentInstance(instance) = import.ty
                && name.starts_with("forebay:")
            {
                let mut linked = linker.instance(name).map_err(plain)?;
                for (function, item) in instance.exports(engine) {
                    if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                        stand_in(&mut linked, function).map_err(plain)?;
                    }
                }
            }
        }
        let missing = || anyhow!("{interface}.{name} is not exported");
        let index = component
            .get_export_index(None, interface)
            .ok_or_else(missing)?;
        let index = component
            .get_export_index(Some(&index), name)
            .ok_or_else(missing)?;
        let pre = linker.instantiate_pre(&component).map_err(plain)?;
        Ok(Self {
            engine: engine.clone(),
            pre,
            index,
            arguments,
        })
    }

    async fn instance(&self) -> anyhow::Result<(Store<State>, Func)> {
        let state = State {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            nowhere: Nowhere,
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        let instance = self
            .pre
            .instantiate_async(&mut store)
            .await
            .map_err(plain)?;
        let function = instance.get_func(&mut store, self.index);
        let function = function.ok_or_else(|| anyhow!("the function is not there"))?;
        Ok((store, function))
    }

    async fn call_fresh(&self) -> anyhow::Result<()> {
        let (mut store, function) = self.instance().await?;
        call(&mut store, function, &self.arguments).await
    }
}

async fn call(store: &mut Store<State>, function: Func, arguments: &[Val]) -> anyhow::Result<()> {
    let mut results = [Val::Bool(false)];
    function
        .call_async(&mut *store, arguments, &mut results)
        .await
        .map_err(plain)?;
    match &results[0] {
        Val::Result(Ok(_)) => Ok(()),
        other => Err(anyhow!("the bare call failed: {other:?}")),
    }
}

/// Only what a call is about is answered; nothing else is asked for here.
fn stand_in(instance: &mut LinkerInstance<'_, State>, function: &str) -> wasmtime::Result<()> {
    let answer = (function == "context").then(context);
    instance.func_new(function, move |_, _, _, results| {
        match (results.first_mut(), &answer) {
            (Some(result), Some(answer)) => {
                result.clone_from(answer);
                Ok(())
            }
            _ => Err(wasmtime::Error::msg("nobody is here to answer")),
        }
    })
}

/// `call.call-context` as the host fills it.
fn context() -> Val {
    let text = |text: &str| Val::String(text.to_owned());
    record([
        ("connection", text("vendor")),
        ("settings", text(r#"{"base_url":"http://127.0.0.1:1"}"#)),
        ("idempotency-key", text("run/1/1")),
        ("attempt", Val::U32(1)),
        ("previous-unknown", Val::Bool(false)),
        ("deadline", Val::S64(1_700_000_060_000)),
        ("now", Val::S64(1_700_000_000_000)),
        ("run", Val::Option(Some(Box::new(text("run"))))),
    ])
}

/// Arguments of `handle`: a delivery that makes it call nobody.
fn activation() -> Vec<Val> {
    let text = |text: &str| Val::String(text.to_owned());
    let connection = Val::Tuple(vec![text("vendor"), text("vendor")]);
    let run = record([
        ("run", text("run")),
        ("flow", text("bench")),
        ("business-key", text("asset")),
        ("connections", Val::List(vec![connection])),
        ("state-version", Val::U32(1)),
        ("activation", Val::U32(1)),
    ]);
    let signal = record([
        ("name", text("reads")),
        ("data", text("0")),
        ("sender", text("operator:bench")),
    ]);
    let delivery = Val::Variant("signal".to_owned(), Some(Box::new(signal)));
    vec![run, text("{}"), Val::Option(None), delivery]
}

fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}
