//! Gives a component's imports their meaning: WASI, the host's own interfaces, and, for every other
//! interface a handler imports, a call to the broker.
//!
//! All calls are dynamic: values go through their JSON form, so an interface the host has never
//! heard of works like any other.

use std::pin::Pin;
use std::sync::Arc;

use forebay_model::InterfaceName;
use forebay_model::ports::CapabilityCall;
use serde_json::Value;
use wasmtime::Engine;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Component, InstancePre, Linker, LinkerInstance, Type, Val};

use crate::codec;
use crate::error::{Code, Error, Refusal};
use crate::host::{self, HostSide};
use crate::interface::{CALL, CONTRACT_VERSION, LOG, RUNTIME};
use crate::output::Output;
use crate::shape::{CapabilityImport, Kind, Shape};
use crate::state::{State, Stop};

/// One linker per role, holding all that does not depend on the component.
pub(crate) struct Linkers {
    connector: Linker<State>,
    handler: Linker<State>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Option<Value>, Stop>> + Send>>;

impl Linkers {
    pub(crate) fn new(engine: &Engine) -> Result<Self, Error> {
        let make = |kind| role_linker(engine, kind);
        let engine_error = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        Ok(Self {
            connector: make(Kind::Connector).map_err(engine_error)?,
            handler: make(Kind::Handler).map_err(engine_error)?,
        })
    }

    /// Link a component.
    ///
    /// # Errors
    /// Something about its imports does not fit what is provided.
    pub(crate) fn link(
        &self,
        component: &Component,
        shape: &Shape,
    ) -> Result<InstancePre<State>, Refusal> {
        let base = match shape.kind {
            Kind::Connector => &self.connector,
            Kind::Handler => &self.handler,
        };
        let refuse = |error: wasmtime::Error| {
            Refusal::new(
                Code::UnknownImport,
                format!("it cannot be linked: {error:#}"),
            )
        };
        let mut linker = base.clone();
        for declared in &shape.type_imports {
            linker.instance(declared).map_err(refuse)?;
        }
        for capability in &shape.capabilities {
            broker(&mut linker, capability).map_err(refuse)?;
        }
        linker.instantiate_pre(component).map_err(refuse)
    }
}

fn role_linker(engine: &Engine, kind: Kind) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    let mut log = linker.instance(&format!("{LOG}@{CONTRACT_VERSION}"))?;
    define(&mut log, "write", |_, output, arguments| {
        Box::pin(async move { host::log(&output, &arguments) })
    })?;
    match kind {
        Kind::Connector => {
            let mut call = linker.instance(&format!("{CALL}@{CONTRACT_VERSION}"))?;
            define(&mut call, "context", |side, _, _| {
                Box::pin(async move { host::context(&side) })
            })?;
        }
        Kind::Handler => {
            let mut runtime = linker.instance(&format!("{RUNTIME}@{CONTRACT_VERSION}"))?;
            for function in host::RUNTIME_FUNCTIONS {
                define(&mut runtime, function, move |side, _, arguments| {
                    Box::pin(async move { host::runtime(&side, function, &arguments).await })
                })?;
            }
        }
    }
    Ok(linker)
}

/// Let the broker serve an interface.
fn broker(linker: &mut Linker<State>, capability: &CapabilityImport) -> wasmtime::Result<()> {
    let interface = InterfaceName::new(&capability.declared);
    let mut instance = linker.instance(&capability.declared)?;
    for (function, ty) in &capability.functions {
        let result = ty.results().next();
        let template = CapabilityCall {
            function: interface.function(function),
            arguments: Vec::new(),
            fallible: result.as_ref().is_some_and(is_fallible),
            blank: result.as_ref().map_or(Value::Null, codec::blank),
        };
        define(&mut instance, function, move |side, _, arguments| {
            let call = CapabilityCall {
                arguments,
                ..template.clone()
            };
            Box::pin(async move {
                let HostSide::Handler(broker) = &*side else {
                    return Err(host::pure(&side, &call.function.to_string()));
                };
                broker
                    .call(call)
                    .await
                    .map(Some)
                    .map_err(|_| Stop::Interrupted)
            })
        })?;
    }
    Ok(())
}

/// Does a function of this result type answer with the error all capabilities share?
fn is_fallible(result: &Type) -> bool {
    match result {
        Type::Result(result) => result
            .err()
            .is_some_and(|err| codec::is_capability_error(&err)),
        _ => false,
    }
}

/// Define a host function that takes and gives JSON.
fn define<F>(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    function: F,
) -> wasmtime::Result<()>
where
    F: Fn(Arc<HostSide>, Arc<Output>, Vec<Value>) -> Answer + Send + Sync + 'static,
{
    let label: Arc<str> = Arc::from(name);
    instance.func_new_async(name, move |store, ty, parameters, results| {
        let state = store.data();
        let label = Arc::clone(&label);
        let answer = arguments(&label, &ty, parameters).map(|arguments| {
            function(
                Arc::clone(&state.host),
                Arc::clone(&state.output),
                arguments,
            )
        });
        Box::new(async move {
            let value = answer?.await?;
            Ok(give_back(&label, &ty, value, results)?)
        })
    })
}

fn arguments(label: &str, ty: &ComponentFunc, values: &[Val]) -> Result<Vec<Value>, Stop> {
    ty.params()
        .zip(values)
        .map(|((name, ty), value)| codec::to_json(name, value, &ty))
        .collect::<Result<_, _>>()
        .map_err(|mismatch| Stop::Type(format!("call of {label}: {mismatch}")))
}

fn give_back(
    label: &str,
    ty: &ComponentFunc,
    value: Option<Value>,
    results: &mut [Val],
) -> Result<(), Stop> {
    for (slot, ty) in results.iter_mut().zip(ty.results()) {
        let value = value.as_ref().unwrap_or(&Value::Null);
        *slot = codec::to_val("result", value, &ty)
            .map_err(|mismatch| Stop::Type(format!("answer to {label}: {mismatch}")))?;
    }
    Ok(())
}
