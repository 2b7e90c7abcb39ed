//! The results: a table for people, JSON for programs. The JSON file is written after each part, so
//! that a run that was interrupted can be gone on with by `--only`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::{Map, Value, json};

use crate::program::Programs;
use crate::targets;

/// What was found.
pub(crate) struct Report {
    file: Option<PathBuf>,
    all: Map<String, Value>,
}

impl Report {
    /// A report that goes on from what stands in the file, if there is one.
    pub(crate) fn open(
        file: Option<PathBuf>,
        profile: &str,
        quick: bool,
        programs: &Programs,
    ) -> anyhow::Result<Self> {
        let known = file.as_ref().and_then(|file| fs::read(file).ok());
        let mut all: Map<String, Value> = match known {
            Some(bytes) => serde_json::from_slice(&bytes).context("the JSON file is damaged")?,
            None => Map::new(),
        };
        all.insert("machine".to_owned(), machine(programs));
        let settings = json!({
            "profile": profile,
            "quick": quick,
            "sqlite": "WAL, synchronous=FULL",
            "host": "defaults, log level info",
        });
        all.insert("settings".to_owned(), settings);
        Ok(Self { file, all })
    }

    /// Add the results of a part.
    pub(crate) fn add(&mut self, part: &str, found: Value) -> anyhow::Result<()> {
        self.all.insert(part.to_owned(), found);
        let targets = targets::judge(&Value::Object(self.all.clone()));
        self.all.insert("targets".to_owned(), json!(targets));
        if let Some(file) = &self.file {
            fs::write(file, serde_json::to_vec_pretty(&self.all)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    /// Print it.
    pub(crate) fn tell(&self) {
        println!("\nmachine: {}", one_line(&self.all["machine"]));
        println!("settings: {}", one_line(&self.all["settings"]));
        for disk in list(self.all.get("roundtrip"), "disks") {
            println!(
                "\nround trip, disk {}; {} raw commits per second",
                text(&disk["disk"]),
                number(&disk["raw_commits_per_second"])
            );
            println!("{}", round_trip(disk));
        }
        for part in ["calls", "start", "history", "reload", "crash"] {
            if let Some(found) = self.all.get(part) {
                println!("\n{part}\n{}", plain(found));
            }
        }
        let judged = self.all.get("targets").and_then(Value::as_array);
        println!("\ntargets");
        for target in judged.into_iter().flatten() {
            println!(
                "   {:6} {}: {}",
                text(&target["verdict"]),
                text(&target["target"]),
                text(&target["found"])
            );
        }
    }
}

fn round_trip(disk: &Value) -> Table {
    let mut table = table(&[
        "in flight",
        "who",
        "flows/s",
        "p50 ms",
        "p99 ms",
        "fsyncs/flow",
        "CPU ms/flow",
        "of baseline",
    ]);
    for row in list(Some(disk), "rows") {
        for who in ["baseline", "host"] {
            let ratio = match who {
                "host" => format!(
                    "{} flows/s, {} CPU",
                    number(&row["flows_ratio"]),
                    number(&row["cpu_ratio"])
                ),
                _ => String::new(),
            };
            let values = &row[who];
            table.add_row([
                number(&row["in_flight"]),
                who.to_owned(),
                number(&values["flows_per_second"]),
                number(&values["p50_ms"]),
                number(&values["p99_ms"]),
                number(&values["fsyncs_per_flow"]),
                number(&values["cpu_ms_per_flow"]),
                ratio,
            ]);
        }
    }
    table
}

/// Any result as lines of name and value.
fn plain(found: &Value) -> Table {
    let mut table = table(&["what", "value"]);
    let mut rows = Vec::new();
    flatten(String::new(), found, &mut rows);
    for (name, value) in rows {
        table.add_row([name, value]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    table
}

fn flatten(name: String, value: &Value, rows: &mut Vec<(String, String)>) {
    let below = |part: &str| match name.as_str() {
        "" => part.to_owned(),
        name => format!("{name} {part}"),
    };
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(below(&field.replace('_', " ")), value, rows);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(below(&format!("#{}", index + 1)), item, rows);
            }
        }
        value => rows.push((name, number(value))),
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(head);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn list<'a>(value: Option<&'a Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .and_then(|value| value[name].as_array())
        .into_iter()
        .flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// As many digits as mean something.
fn number(value: &Value) -> String {
    match value.as_f64() {
        _ if value.is_u64() => value.to_string(),
        Some(number) if number.abs() >= 100.0 => format!("{number:.0}"),
        Some(number) if number.abs() >= 10.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.2}"),
        None => value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    }
}

fn one_line(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| format!("{name} {}", number(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The machine in general words.
fn machine(programs: &Programs) -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory: u64 = memory
        .split(' ')
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0);
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "processor": field(&read("/proc/cpuinfo"), "model name"),
        "memory_gib": memory >> 20,
        "file_system": file_system(&programs.scratch),
        "system": read("/proc/sys/kernel/osrelease").trim(),
    })
}

/// The kind of file system that holds a folder.
fn file_system(folder: &std::path::Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder
            .starts_with(place)
            .then(|| (place.len(), kind.to_owned()))
    });
    below.max().map(|(_, kind)| kind).unwrap_or_default()
}
