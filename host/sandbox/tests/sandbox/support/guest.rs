//! Small guests: core Wasm text with data laid out by hand, wrapped into components with the
//! contract of `wit/`.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// Where laid-out data starts; below it functions write what they return.
const DATA_START: u32 = 4096;
/// Where `cabi_realloc` starts handing out memory.
const HEAP_START: u32 = 32_768;

/// An interface the host has never heard of.
const GREETING: &str = "
package acme:greeting@VERSION;
interface greeter {
    use forebay:connector/types@0.1.0.{error};
    greet: func(name: PARAMETER) -> result<string, error>;
}";

/// A guest in the making.
pub(crate) struct Guest {
    data: Data,
    world: String,
    imports: String,
    functions: Vec<String>,
    greeting: (String, String),
}

impl Guest {
    /// A handler named `name` that completes with what the greeter answers.
    pub(crate) fn handler(name: &str) -> Self {
        let mut guest = Self::new(
            "import forebay:flow/runtime@0.1.0;
             import acme:greeting/greeter@VERSION;
             export forebay:flow/use-case-handler@0.1.0;",
        );
        let describe = guest
            .data
            .handler_info(name, "1.0.0", &["acme:greeting/greeter"]);
        guest.export(
            "describe",
            "(result i32)",
            &format!("(i32.const {describe})"),
        );
        guest.export("check", "(param i32 i32 i32) (result i32)", "(i32.const 0)");
        let why = guest.data.text("not for me");
        let ignore = guest.data.words(&[0, why.0, why.1]);
        guest.export(
            "admit",
            "(param i32) (result i32)",
            &format!("(i32.const {ignore})"),
        );
        let greeting = guest.handle_greeting();
        guest.handle(&greeting);
        guest.export("migrate", "(param i32 i32 i32) (result i32)", "unreachable");
        guest
    }

    /// A connector named `name` that greets with a fixed text.
    pub(crate) fn connector(name: &str, greeting: &str) -> Self {
        let mut guest = Self::new(
            "import forebay:connector/call@0.1.0;
             export forebay:connector/connector@0.1.0;
             export acme:greeting/greeter@VERSION;",
        );
        let describe = guest.data.connector_info(name, "1.0.0");
        guest.export(
            "describe",
            "(result i32)",
            &format!("(i32.const {describe})"),
        );
        let no_findings = guest.data.words(&[0, 0, 0]);
        guest.export(
            "check",
            "(result i32)",
            &format!("(i32.const {no_findings})"),
        );
        let text = guest.data.text(greeting);
        let answer = guest.data.words(&[0, text.0, text.1]);
        guest.greet(&format!("(i32.const {answer})"));
        guest
    }

    fn new(world: &str) -> Self {
        Self {
            data: Data::default(),
            world: world.to_owned(),
            imports: String::new(),
            functions: Vec::new(),
            greeting: ("0.3.0".to_owned(), "string".to_owned()),
        }
    }

    /// Speak another version of the unknown interface, or take another type than a string.
    pub(crate) fn greeting(mut self, version: &str, parameter: &str) -> Self {
        self.greeting = (version.to_owned(), parameter.to_owned());
        self
    }

    /// Import one more interface; its functions are never called.
    pub(crate) fn importing(mut self, world: &str, core: &str) -> Self {
        self.world.push_str(world);
        self.imports.push_str(core);
        self
    }

    /// Require other interfaces than those imported.
    pub(crate) fn requiring(mut self, name: &str, required: &[&str]) -> Self {
        let describe = self.data.handler_info(name, "1.0.0", required);
        self.describing(&format!("(i32.const {describe})"))
    }

    /// Another body of `describe`.
    pub(crate) fn describing(mut self, body: &str) -> Self {
        self.export("describe", "(result i32)", body);
        self
    }

    /// Another body of `handle`.
    pub(crate) fn handling(mut self, body: &str) -> Self {
        self.handle(body);
        self
    }

    /// Another body of the connector's `greet`.
    pub(crate) fn greeting_with(mut self, body: &str) -> Self {
        self.greet(body);
        self
    }

    /// The connector's `greet` with other core parameters; it is never called.
    pub(crate) fn flat_greet(mut self, ty: &str) -> Self {
        self.define("acme:greeting/greeter@VERSION#greet", ty, "unreachable");
        self
    }

    /// Lay out a text, for bodies: its address and length.
    pub(crate) fn text(&mut self, text: &str) -> (u32, u32) {
        self.data.text(text)
    }

    fn handle(&mut self, body: &str) {
        self.export("handle", "(param i32) (result i32)", body);
    }

    fn greet(&mut self, body: &str) {
        self.define(
            "acme:greeting/greeter@VERSION#greet",
            "(param i32 i32) (result i32)",
            body,
        );
    }

    /// Ask the greeter and complete with its answer; an error of its own is passed on in `parked`.
    fn handle_greeting(&mut self) -> String {
        let name = self.data.text("world");
        let state = self.data.text("{}");
        let outcome = self.data.text("greeted");
        format!(
            "(call $greet (i32.const {}) (i32.const {}) (i32.const 0))
             (if (i32.load8_u (i32.const 0)) (then unreachable))
             (i32.store8 (i32.const 512) (i32.const 0))
             (i32.store (i32.const 520) (i32.const {}))
             (i32.store (i32.const 524) (i32.const {}))
             (i32.store8 (i32.const 536) (i32.const 1))
             (i32.store (i32.const 544) (i32.const {}))
             (i32.store (i32.const 548) (i32.const {}))
             (i32.store (i32.const 552) (i32.load (i32.const 4)))
             (i32.store (i32.const 556) (i32.load (i32.const 8)))
             (i32.const 512)",
            name.0, name.1, state.0, state.1, outcome.0, outcome.1
        )
    }

    fn export(&mut self, function: &str, ty: &str, body: &str) {
        let interface = match self.world.contains("use-case-handler") {
            true => "forebay:flow/use-case-handler@0.1.0",
            false => "forebay:connector/connector@0.1.0",
        };
        self.define(&format!("{interface}#{function}"), ty, body);
    }

    fn define(&mut self, name: &str, ty: &str, body: &str) {
        let head = format!("(func (export \"{name}\")");
        self.functions
            .retain(|function| !function.starts_with(&head));
        self.functions.push(format!("{head} {ty} {body})"));
    }

    /// The component.
    pub(crate) fn build(self) -> Vec<u8> {
        let (version, parameter) = &self.greeting;
        let imports = match self.world.contains("import acme:greeting") {
            true => {
                "(import \"acme:greeting/greeter@VERSION\" \"greet\"
                    (func $greet (param i32 i32 i32)))
                 (import \"forebay:flow/runtime@0.1.0\" \"now\" (func $now (result i64)))
                 (import \"forebay:flow/runtime@0.1.0\" \"random-id\" (func $random (param i32)))"
            }
            false => {
                "(import \"forebay:connector/call@0.1.0\" \"context\" (func $context (param i32)))"
            }
        };
        let core = format!(
            "(module {imports} {}
                (memory (export \"memory\") 2)
                (global $heap (mut i32) (i32.const {HEAP_START}))
                (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
                    (global.set $heap (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                (func $deep (call $deep) (call $deep))
                (data (i32.const {DATA_START}) \"{}\")
                {})",
            self.imports,
            self.data.escaped(),
            self.functions.join("\n"),
        );
        let world = format!("package test:guest; world guest {{ {} }}", self.world);
        let fill = |text: &str| {
            text.replace("VERSION", version)
                .replace("PARAMETER", parameter)
        };
        wrap(&fill(&core), &[&fill(GREETING)], &fill(&world))
    }
}

/// Wrap a core module as a component of this world.
pub(crate) fn wrap(core: &str, packages: &[&str], world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    for package in ["connector", "flow"] {
        let group = UnresolvedPackageGroup::parse_dir(wit.join(package)).unwrap();
        resolve.push_group(group).unwrap();
    }
    for package in packages {
        resolve.push_source("package.wit", package).unwrap();
    }
    let guest = resolve.push_source("guest.wit", world).unwrap();
    let world = resolve.select_world(&[guest], Some("guest")).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

/// Constant data, laid out as the canonical ABI reads it.
#[derive(Default)]
struct Data(Vec<u8>);

impl Data {
    fn place(&mut self, bytes: &[u8]) -> u32 {
        while !self.0.len().is_multiple_of(8) {
            self.0.push(0);
        }
        let at = DATA_START + u32::try_from(self.0.len()).unwrap();
        self.0.extend_from_slice(bytes);
        at
    }

    fn text(&mut self, text: &str) -> (u32, u32) {
        (
            self.place(text.as_bytes()),
            u32::try_from(text.len()).unwrap(),
        )
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.place(&bytes)
    }

    fn texts(&mut self, texts: &[&str]) -> (u32, u32) {
        let words: Vec<u32> = texts
            .iter()
            .flat_map(|text| {
                let (at, length) = self.text(text);
                [at, length]
            })
            .collect();
        (self.words(&words), u32::try_from(texts.len()).unwrap())
    }

    /// `connector-info` with texts and empty lists.
    fn connector_info(&mut self, name: &str, version: &str) -> u32 {
        let texts = [name, version, "Acme", "Greets.", r#"{"type": "object"}"#];
        let mut words: Vec<u32> = Vec::new();
        for text in texts {
            let (at, length) = self.text(text);
            words.extend([at, length]);
        }
        words.extend([0; 14]);
        self.words(&words)
    }

    /// `handler-info` with one role that requires these interfaces.
    fn handler_info(&mut self, name: &str, version: &str, required: &[&str]) -> u32 {
        let schema = r#"{"type": "object"}"#;
        let mut words: Vec<u32> = Vec::new();
        for text in [name, version, "Greets.", schema, schema] {
            let (at, length) = self.text(text);
            words.extend([at, length]);
        }
        let (role, summary) = (self.text("greeter"), self.text("Who greets."));
        let required = self.texts(required);
        let role = [
            role.0, role.1, summary.0, summary.1, required.0, required.1, 0, 0, 0, 0,
        ];
        let roles = self.words(&role);
        let outcomes = self.texts(&["greeted"]);
        words.extend([1, roles, 1, outcomes.0, outcomes.1]);
        self.words(&words)
    }

    fn escaped(&self) -> String {
        self.0.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }
}
