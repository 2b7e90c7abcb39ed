//! What belongs to one call: the store's data and the limits that apply to it.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::engine::TICK;
use crate::host::HostSide;
use crate::http::Hooks;
use crate::limits::Limits;
use crate::output::Output;

/// Data of a store.
pub(crate) struct State {
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) table: ResourceTable,
    pub(crate) hooks: Hooks,
    pub(crate) meter: Meter,
    /// What host imports lead to.
    pub(crate) host: Arc<HostSide>,
    pub(crate) output: Arc<Output>,
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
            hooks: &mut self.hooks,
        }
    }
}

/// Why the host ended a guest. It travels through the engine as the cause of the trap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// The processor time is used up.
    #[error("the processor time is used up")]
    Cpu,
    /// The broker ended the activation.
    #[error("the broker ended the activation")]
    Interrupted,
    /// A value did not fit its type.
    #[error("{0}")]
    Type(String),
    /// A host function was called where it has no meaning.
    #[error("{0}")]
    Misuse(String),
}

/// A store for one call, with every limit set.
pub(crate) fn store(
    engine: &Engine,
    state: State,
    limits: &Limits,
    cpu: std::time::Duration,
) -> Store<State> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(Limits::size(limits.hostcall_bytes));
    store.set_max_component_handles(Limits::size(limits.component_handles));
    // The guest gives way to others once per tick, and has as many ticks as its time allows.
    let mut ticks = u64::try_from(cpu.as_nanos() / TICK.as_nanos())
        .unwrap_or(u64::MAX)
        .max(1);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        ticks -= 1;
        if ticks == 0 {
            Err(Stop::Cpu.into())
        } else {
            Ok(UpdateDeadline::Yield(1))
        }
    });
    store
}

/// Counts what an instance takes, and remembers what it was refused.
pub(crate) struct Meter {
    memory_allowed: usize,
    memory_granted: usize,
    table_elements: usize,
    instances: usize,
    memories: usize,
    tables: usize,
    /// Key of the limit that a growth ran into. A guest usually traps right after.
    pub(crate) refused: Option<&'static str>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_allowed: Limits::size(limits.memory_bytes),
            memory_granted: 0,
            table_elements: Limits::size(limits.table_elements),
            instances: Limits::size(limits.core_instances.into()),
            memories: Limits::size(limits.memories.into()),
            tables: Limits::size(limits.tables.into()),
            refused: None,
        }
    }

    fn grow(&mut self, desired: usize, allowed: usize, key: &'static str) -> bool {
        let granted = desired <= allowed;
        if !granted {
            self.refused = Some(key);
        }
        granted
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // All memories of a component count together.
        let total = self
            .memory_granted
            .saturating_add(desired.saturating_sub(current));
        let granted = self.grow(total, self.memory_allowed, "limits.memory_bytes");
        if granted {
            self.memory_granted = total;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired, self.table_elements, "limits.table_elements"))
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
