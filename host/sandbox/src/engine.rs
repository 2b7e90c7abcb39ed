//! The one Wasm engine of the process: how code is compiled, where instances live, and the clock
//! tick that ends endless loops.

use std::path::Path;
use std::time::Duration;

use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy,
    PoolingAllocationConfig,
};

use crate::error::Error;
use crate::limits::Limits;

/// Length of one epoch. Fine enough for limits of a second, coarse enough to cost nothing.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Stack of a fiber: what guest code may use, and as much again for the host functions it calls.
const HOST_STACK_BYTES: usize = 1 << 20;

/// Instances that stay warm after use. More would hold memory that a quiet host has better uses for.
const WARM_SLOTS: u32 = 32;

/// Memory of a slot that is reset instead of given back: the pages nearly every call touches. Giving
/// pages back costs a call of the kernel, which interrupts the other processors, and a fault at the
/// next touch. Where the kernel tells which pages were touched, only those are reset.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;

/// How many frames of a Wasm backtrace an error message carries: the place and how it was reached.
const BACKTRACE_FRAMES: usize = 8;

/// Set up the engine. `cache_dir` holds compiled code and must be writable by the host only.
///
/// # Errors
/// The machine or the limits do not allow it.
pub(crate) fn build(limits: &Limits, cache_dir: &Path) -> Result<Engine, Error> {
    let engine = match Engine::new(&config(limits, cache_dir, true)?) {
        Ok(engine) => engine,
        Err(error) => {
            // Where address space is short (containers, small virtual machines) each instance gets
            // its memory when it is made: slower, but it works.
            tracing::warn!(%error, "no address space for pooled instances, going on without");
            Engine::new(&config(limits, cache_dir, false)?).map_err(engine_error)?
        }
    };
    start_ticker(&engine)?;
    Ok(engine)
}

fn config(limits: &Limits, cache_dir: &Path, pooled: bool) -> Result<Config, Error> {
    let mut cache = CacheConfig::new();
    cache.with_directory(cache_dir);
    let cache = Cache::new(cache).map_err(engine_error)?;
    let wasm_stack = Limits::size(limits.wasm_stack_bytes);
    let mut config = Config::new();
    config
        .memory_init_cow(true)
        .epoch_interruption(true)
        .max_wasm_stack(wasm_stack)
        .async_stack_size(wasm_stack.saturating_add(HOST_STACK_BYTES))
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(BACKTRACE_FRAMES))
        .wasm_memory64(false)
        .parallel_compilation(true)
        .cache(Some(cache));
    if pooled {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    }
    Ok(config)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    // Activations, the connector calls they make and the questions they ask, and descriptions at load.
    let calls = limits
        .handler_calls
        .saturating_add(limits.connector_calls)
        .saturating_add(limits.pure_calls)
        .saturating_add(limits.compile_concurrency);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_stacks(calls)
        // Most components need few of these; composed ones share what the others leave.
        .total_core_instances(calls.saturating_mul(8).max(limits.core_instances))
        .total_memories(calls.saturating_mul(2).max(limits.memories))
        .total_tables(calls.saturating_mul(4).max(limits.tables))
        .max_core_instances_per_component(limits.core_instances)
        .max_memories_per_component(limits.memories)
        .max_tables_per_component(limits.tables)
        .max_memory_size(Limits::size(limits.memory_bytes))
        .table_elements(Limits::size(limits.table_elements))
        .max_unused_warm_slots(WARM_SLOTS)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES);
    pool
}

/// One thread moves the epoch of the engine for all stores, and ends with the engine.
fn start_ticker(engine: &Engine) -> Result<(), Error> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("sandbox-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map_err(|error| Error::System {
            what: "the epoch thread",
            reason: error.to_string(),
        })?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn engine_error(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}
