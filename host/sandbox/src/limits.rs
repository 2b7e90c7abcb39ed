//! Every limit the sandbox puts on components: one struct, one reason per number.
//!
//! Limits protect the machine, so times here count the machine's time, not the virtual time of a
//! test. Sizes are in bytes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A JavaScript component brings its engine along and needs about 16 MiB; twice that leaves room.
pub const PLUGIN_FILE_BYTES: u64 = 32 * MIB;
/// The JavaScript engine starts with some 20 MiB and a page of 200 assets needs a few; what needs
/// more than this holds file content, which does not belong into a guest.
pub const MEMORY_BYTES: u64 = 256 * MIB;
/// Function tables of the largest known guests (Python) hold about 12,000 entries.
pub const TABLE_ELEMENTS: u64 = 20_000;
/// A composed component has a few core instances per part; adapters add three.
pub const CORE_INSTANCES: u32 = 64;
/// A composed component needs a memory per part.
pub const MEMORIES: u32 = 8;
/// Shims and adapters bring one table each.
pub const TABLES: u32 = 32;
/// Handles a guest may hold at once; a request with body and response needs about ten.
pub const COMPONENT_HANDLES: u64 = 10_000;
/// Host objects (streams, requests, pollables) a guest may keep alive.
pub const RESOURCES: u64 = 4_096;
/// Bytes copied out of a guest in one call to the host: an asset page is far below a mebibyte.
pub const HOSTCALL_BYTES: u64 = 16 * MIB;
/// Stack of a guest's own code; recursion deeper than this is a loop.
pub const WASM_STACK_BYTES: u64 = 512 * KIB;

/// A description is kept in memory for every plugin and shown whole; the largest shipped one has
/// some 30 KiB, nearly all of it schema.
pub const DESCRIPTION_BYTES: u64 = 512 * KIB;

/// Describing oneself is building one record.
pub const CPU_DESCRIBE: Duration = Duration::from_millis(1_000);
/// `admit` is called for every event of a connection and has to be quick.
pub const CPU_ADMIT: Duration = Duration::from_millis(500);
/// An activation decides; even a large state parses in milliseconds.
pub const CPU_HANDLE: Duration = Duration::from_secs(10);
/// A connector turns pages of JSON into records: up to a second for large pages in a slow language.
pub const CPU_CALL: Duration = Duration::from_secs(10);

/// Twice the processor time of `describe`, for a busy machine at start-up.
pub const WALL_DESCRIBE: Duration = Duration::from_secs(5);
/// As `describe`: `admit` waits for nothing either.
pub const WALL_ADMIT: Duration = Duration::from_secs(5);
/// An activation waits for vendors, call after call; what takes longer is a wait, not a call.
pub const WALL_HANDLE: Duration = Duration::from_secs(600);
/// A function does one thing at one vendor in seconds; slow vendors take up to a minute each for
/// the two or three requests of a repeat-safe call.
pub const WALL_CALL: Duration = Duration::from_secs(120);

/// Most that one call may write to the log; a stack trace is a few kibibytes.
pub const LOG_BYTES_PER_CALL: u64 = 64 * KIB;
/// Longest line; longer ones are cut.
pub const LOG_LINE_BYTES: u64 = 4 * KIB;
/// Lines per second and plugin, averaged over the burst below.
pub const LOG_LINES_PER_SECOND: u32 = 50;
/// Lines that may come at once before the rate applies.
pub const LOG_BURST_LINES: u32 = 500;

/// All headers of one HTTP message, as counted in memory; proxies stop at 8 to 32 KiB on the wire.
pub const HTTP_FIELD_BYTES: u64 = 64 * KIB;
/// Random bytes per request of a guest: seeds and identifiers need a few dozen.
pub const RANDOM_BYTES: u64 = 64 * KIB;

/// The largest known guest compiles in about 20 s on a slow core.
pub const COMPILE_TIME: Duration = Duration::from_secs(120);
/// The compiler itself uses all cores for one component.
pub const COMPILE_CONCURRENCY: u32 = 1;
/// Core modules and components in one file: adapters bring a handful.
pub const MODULES: u32 = 64;
/// Functions in one file: the Python runtime has about 15,000.
pub const FUNCTIONS: u32 = 100_000;
/// Components inside components: composition tools nest one or two deep.
pub const NESTING: u32 = 8;

/// Activations at once: each waits for vendors most of its time.
pub const HANDLER_CALLS: u32 = 64;
/// Connector calls at once. Counted apart from activations, which wait for them: one pool for both
/// could fill up with activations that wait for a place in it.
pub const CONNECTOR_CALLS: u32 = 128;
/// Questions to handlers at once: does a delivery start a run, what becomes of an older state. They
/// are over in milliseconds. Counted apart from activations, which ask them of other flows: one pool
/// for both could fill up with activations that wait for a place in it.
pub const PURE_CALLS: u32 = 64;
/// Calls of one plugin at once, so that one cannot take every place. Its questions count apart.
pub const CALLS_PER_PLUGIN: u32 = 48;
/// How long a call waits for a place before it is refused as busy.
pub const QUEUE_TIME: Duration = Duration::from_secs(30);

/// A file is read once it has not changed for this long; copying tools pause for less.
pub const SETTLE_TIME: Duration = Duration::from_millis(400);
/// The directory is looked at this often even if nothing was notified: network file systems and
/// containers lose notifications.
pub const RESCAN_INTERVAL: Duration = Duration::from_secs(10);

/// Limits of the sandbox. Every field has a default; unknown keys are refused.
///
/// Durations are written as `"250ms"`, `"10s"`, `"2m"` or `"1h"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "SandboxLimits")]
pub struct Limits {
    /// Largest component file.
    pub plugin_file_bytes: u64,
    /// Largest linear memory.
    pub memory_bytes: u64,
    /// Most elements of a table.
    pub table_elements: u64,
    /// Most core instances of a component.
    pub core_instances: u32,
    /// Most memories of a component.
    pub memories: u32,
    /// Most tables of a component.
    pub tables: u32,
    /// Most handles a guest holds.
    pub component_handles: u64,
    /// Most host objects a guest keeps alive.
    pub resources: u64,
    /// Most bytes copied out of a guest in one call to the host.
    pub hostcall_bytes: u64,
    /// Stack of guest code.
    pub wasm_stack_bytes: u64,
    /// Longest description of itself that a plugin may give.
    pub description_bytes: u64,
    /// Processor time of `describe`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub cpu_describe: Duration,
    /// Processor time of `admit` and `migrate`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub cpu_admit: Duration,
    /// Processor time of one activation.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub cpu_handle: Duration,
    /// Processor time of a connector call.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub cpu_call: Duration,
    /// Time of `describe`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub wall_describe: Duration,
    /// Time of `admit` and `migrate`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub wall_admit: Duration,
    /// Time of one activation.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub wall_handle: Duration,
    /// Time of a connector call; the caller may ask for less.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub wall_call: Duration,
    /// Most log output of one call.
    pub log_bytes_per_call: u64,
    /// Longest log line.
    pub log_line_bytes: u64,
    /// Log lines per second and plugin.
    pub log_lines_per_second: u32,
    /// Log lines that may come at once.
    pub log_burst_lines: u32,
    /// Headers of one HTTP message.
    pub http_field_bytes: u64,
    /// Random bytes per request of a guest.
    pub random_bytes: u64,
    /// Time for compiling one component.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub compile_time: Duration,
    /// Components compiled at once.
    pub compile_concurrency: u32,
    /// Most core modules and components in a file.
    pub modules: u32,
    /// Most functions in a file.
    pub functions: u32,
    /// Deepest nesting of components in a file.
    pub nesting: u32,
    /// Activations at once.
    pub handler_calls: u32,
    /// Connector calls at once.
    pub connector_calls: u32,
    /// Questions to handlers at once, which call nobody.
    pub pure_calls: u32,
    /// Calls of one plugin at once; its questions count apart.
    pub calls_per_plugin: u32,
    /// How long a call waits for a place.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub queue_time: Duration,
    /// How long a file must be unchanged before it is read.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub settle_time: Duration,
    /// Pause between two looks at the directory without a notification.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub rescan_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            plugin_file_bytes: PLUGIN_FILE_BYTES,
            memory_bytes: MEMORY_BYTES,
            table_elements: TABLE_ELEMENTS,
            core_instances: CORE_INSTANCES,
            memories: MEMORIES,
            tables: TABLES,
            component_handles: COMPONENT_HANDLES,
            resources: RESOURCES,
            hostcall_bytes: HOSTCALL_BYTES,
            wasm_stack_bytes: WASM_STACK_BYTES,
            description_bytes: DESCRIPTION_BYTES,
            cpu_describe: CPU_DESCRIBE,
            cpu_admit: CPU_ADMIT,
            cpu_handle: CPU_HANDLE,
            cpu_call: CPU_CALL,
            wall_describe: WALL_DESCRIBE,
            wall_admit: WALL_ADMIT,
            wall_handle: WALL_HANDLE,
            wall_call: WALL_CALL,
            log_bytes_per_call: LOG_BYTES_PER_CALL,
            log_line_bytes: LOG_LINE_BYTES,
            log_lines_per_second: LOG_LINES_PER_SECOND,
            log_burst_lines: LOG_BURST_LINES,
            http_field_bytes: HTTP_FIELD_BYTES,
            random_bytes: RANDOM_BYTES,
            compile_time: COMPILE_TIME,
            compile_concurrency: COMPILE_CONCURRENCY,
            modules: MODULES,
            functions: FUNCTIONS,
            nesting: NESTING,
            handler_calls: HANDLER_CALLS,
            connector_calls: CONNECTOR_CALLS,
            pure_calls: PURE_CALLS,
            calls_per_plugin: CALLS_PER_PLUGIN,
            queue_time: QUEUE_TIME,
            settle_time: SETTLE_TIME,
            rescan_interval: RESCAN_INTERVAL,
        }
    }
}

impl Limits {
    /// Sizes as the machine counts them; a size beyond its address space is the whole of it.
    pub(crate) fn size(bytes: u64) -> usize {
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// Durations as text with a unit.
mod duration {
    use std::time::Duration;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{}ms", value.as_millis()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "\"{text}\" is not a duration such as \"250ms\", \"10s\", \"2m\" or \"1h\""
            ))
        })
    }

    fn parse(text: &str) -> Option<Duration> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        Some(Duration::from_millis(number.checked_mul(millis)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_left_out_take_their_defaults() {
        let limits: Limits =
            serde_json::from_value(json!({"cpu_call": "2m", "memories": 2})).unwrap();
        assert_eq!(limits.cpu_call, Duration::from_secs(120));
        assert_eq!(limits.memories, 2);
        assert_eq!(limits.wall_call, WALL_CALL);
    }

    #[test]
    fn unknown_keys_and_bare_numbers_are_refused() {
        assert!(serde_json::from_value::<Limits>(json!({"memory": 2})).is_err());
        let error = serde_json::from_value::<Limits>(json!({"cpu_call": "2"})).unwrap_err();
        assert!(error.to_string().contains("not a duration"), "{error}");
    }

    #[test]
    fn the_serialised_form_reads_back() {
        let limits = Limits::default();
        let json = serde_json::to_value(&limits).unwrap();
        assert_eq!(serde_json::from_value::<Limits>(json).unwrap(), limits);
    }
}
