//! The first look at a file, before any compiler sees it: is it a component, whole, and of a size
//! that can be compiled in reasonable time?

use wasmparser::{Encoding, MemoryType, Parser, Payload, Validator, WasmFeatures};
use wasmtime::Engine;

use crate::error::{Code, Refusal};
use crate::limits::Limits;

/// `\0asm`, with which every Wasm binary starts.
const MAGIC: &[u8] = b"\0asm";

/// A page of linear memory has 64 KiB unless the memory says otherwise.
const WASM_PAGE_BITS: u32 = 16;

/// Check a file's bytes against the format and the budgets.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn inspect(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    if bytes.len() as u64 > limits.plugin_file_bytes {
        return Err(too_large(bytes.len() as u64, limits));
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(precompiled());
    }
    if bytes.is_empty() {
        return Err(Refusal::new(Code::NotAComponent, "the file is empty"));
    }
    if !bytes.starts_with(MAGIC) {
        let looks_like_text = std::str::from_utf8(&bytes[..bytes.len().min(64)]).is_ok();
        let reason = match looks_like_text {
            true => "it is text, not a Wasm binary; build it into a component first",
            false => "it is not a Wasm binary",
        };
        return Err(Refusal::new(Code::NotAComponent, reason));
    }
    count(bytes, limits)?;
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .map(drop)
        .map_err(|error| invalid(&error))
}

/// The refusal of a file beyond the size limit.
pub(crate) fn too_large(size: u64, limits: &Limits) -> Refusal {
    Refusal::new(
        Code::TooLarge,
        format!(
            "it has {size} bytes, limits.plugin_file_bytes allows {}",
            limits.plugin_file_bytes
        ),
    )
}

/// The refusal of native code.
pub(crate) fn precompiled() -> Refusal {
    Refusal::new(
        Code::Precompiled,
        "it is precompiled native code, which the sandbox cannot check; drop the .wasm file instead",
    )
}

/// Count what makes compiling long, in one pass over the structure.
fn count(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let (mut modules, mut functions, mut depth) = (0_u32, 0_u32, 0_u32);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| invalid(&error))? {
            Payload::Version {
                encoding: Encoding::Module,
                range,
                ..
            } if range.start == 0 => {
                return Err(Refusal::new(
                    Code::NotAComponent,
                    "it is a core module, not a component; build for wasm32-wasip2 or wrap it",
                ));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                modules = modules.saturating_add(1);
                depth = depth.saturating_add(1);
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::FunctionSection(section) => {
                functions = functions.saturating_add(section.count());
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.map_err(|error| invalid(&error))?;
                    check_memory(&memory, limits)?;
                }
            }
            _ => {}
        }
        let budgets = [
            (
                "modules and components",
                modules,
                limits.modules,
                "limits.modules",
            ),
            ("functions", functions, limits.functions, "limits.functions"),
            ("levels of nesting", depth, limits.nesting, "limits.nesting"),
        ];
        for (what, has, allowed, key) in budgets {
            if has > allowed {
                return Err(Refusal::new(
                    Code::TooComplex,
                    format!("it has more {what} than {key} = {allowed} allows"),
                ));
            }
        }
    }
    Ok(())
}

/// The engine would refuse it too, in words about its own pool.
fn check_memory(memory: &MemoryType, limits: &Limits) -> Result<(), Refusal> {
    let page_bits = memory
        .page_size_log2
        .unwrap_or(WASM_PAGE_BITS)
        .min(WASM_PAGE_BITS);
    let bytes = memory.initial.saturating_mul(1 << page_bits);
    if bytes <= limits.memory_bytes {
        return Ok(());
    }
    let most = limits.memory_bytes;
    Err(Refusal::new(
        Code::TooComplex,
        format!("it starts with {bytes} bytes of memory, limits.memory_bytes allows {most}"),
    ))
}

fn invalid(error: &wasmparser::BinaryReaderError) -> Refusal {
    Refusal::new(
        Code::Invalid,
        format!(
            "it is malformed or cut short at byte {}: {}",
            error.offset(),
            error.message()
        ),
    )
}
