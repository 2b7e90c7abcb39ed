//! What a component is, read off its type: its role, what it imports and exports, and whether the
//! host can link all of it.

use std::collections::HashMap;

use forebay_model::{FunctionName, InterfaceName};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

use crate::codec;
use crate::error::{Code, Refusal};
use crate::interface::{self, Interface};

/// What a component can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Connector,
    Handler,
}

impl Kind {
    /// Functions of its own interface: name and number of parameters.
    fn functions(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::Connector => &[("describe", 0), ("check", 0)],
            Self::Handler => &[
                ("describe", 0),
                ("check", 2),
                ("admit", 3),
                ("handle", 4),
                ("migrate", 2),
            ],
        }
    }

    fn own_interface(self) -> &'static str {
        match self {
            Self::Connector => interface::CONNECTOR,
            Self::Handler => interface::HANDLER,
        }
    }

    /// Interfaces of the contract that the host provides to it.
    fn provided(self) -> &'static [&'static str] {
        match self {
            Self::Connector => &[interface::CALL, interface::LOG],
            Self::Handler => &[interface::RUNTIME, interface::LOG],
        }
    }
}

/// A function that can be called from outside.
#[derive(Clone)]
pub(crate) struct ExportedFunction {
    /// Where the instance keeps it.
    pub(crate) index: ComponentExportIndex,
    /// Its type.
    pub(crate) ty: ComponentFunc,
}

/// An interface a handler imports for the broker to serve.
pub(crate) struct CapabilityImport {
    /// Name with version, as declared.
    pub(crate) declared: String,
    /// Its functions.
    pub(crate) functions: Vec<(String, ComponentFunc)>,
}

/// What a component is.
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// Exported interfaces with versions, as declared.
    pub(crate) exports: Vec<String>,
    /// All functions of exported interfaces.
    pub(crate) functions: HashMap<FunctionName, ExportedFunction>,
    /// Imported interfaces that hold nothing but types.
    pub(crate) type_imports: Vec<String>,
    /// Imported interfaces that the broker serves; handlers only.
    pub(crate) capabilities: Vec<CapabilityImport>,
}

impl Shape {
    /// Read a component's type.
    ///
    /// # Errors
    /// It is neither connector nor handler, or imports or exports what the host cannot link.
    pub(crate) fn of(component: &Component) -> Result<Self, Refusal> {
        let engine = component.engine();
        let kind = kind_of(component)?;
        let (exports, functions) = read_exports(component, kind)?;
        let mut shape = Self {
            kind,
            exports,
            functions,
            type_imports: Vec::new(),
            capabilities: Vec::new(),
        };
        for (name, import) in component.component_type().imports(engine) {
            shape.read_import(engine, name, &import.ty)?;
        }
        Ok(shape)
    }

    fn read_import(
        &mut self,
        engine: &Engine,
        declared: &str,
        item: &ComponentItem,
    ) -> Result<(), Refusal> {
        let ComponentItem::ComponentInstance(instance) = item else {
            if matches!(item, ComponentItem::Type(_)) {
                return Ok(());
            }
            return Err(unknown_import(
                self.kind,
                declared,
                "it is not an interface",
            ));
        };
        let Some(interface) = Interface::parse(declared) else {
            return Err(unknown_import(
                self.kind,
                declared,
                "it is not an interface of a package",
            ));
        };
        check_version("imports", &interface)?;
        if interface.is_wasi() {
            return match interface.is_known_wasi() {
                true => Ok(()),
                false => Err(unknown_import(
                    self.kind,
                    declared,
                    "this host does not offer it",
                )),
            };
        }
        if self.kind.provided().contains(&interface.name.as_str()) {
            return Ok(());
        }
        let functions = functions_of(engine, declared, instance)?;
        if functions.is_empty() {
            self.type_imports.push(declared.to_owned());
            return Ok(());
        }
        let reserved = [interface::CALL, interface::LOG, interface::RUNTIME];
        if self.kind == Kind::Connector || reserved.contains(&interface.name.as_str()) {
            return Err(unknown_import(
                self.kind,
                declared,
                "this host does not offer it",
            ));
        }
        self.capabilities.push(CapabilityImport {
            declared: declared.to_owned(),
            functions,
        });
        Ok(())
    }
}

fn kind_of(component: &Component) -> Result<Kind, Refusal> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut found = Vec::new();
    for (name, _) in ty.exports(engine) {
        let Some(interface) = Interface::parse(name) else {
            continue;
        };
        for kind in [Kind::Connector, Kind::Handler] {
            if interface.name == kind.own_interface() {
                check_version("exports", &interface)?;
                found.push(kind);
            }
        }
    }
    match found.as_slice() {
        [kind] => Ok(*kind),
        [] => Err(Refusal::new(
            Code::UnknownRole,
            format!(
                "it exports neither {} (a connector) nor {} (a handler)",
                interface::CONNECTOR,
                interface::HANDLER
            ),
        )),
        _ => Err(Refusal::new(
            Code::UnknownRole,
            "it exports what makes a connector and what makes a handler; it can only be one",
        )),
    }
}

type Exports = (Vec<String>, HashMap<FunctionName, ExportedFunction>);

fn read_exports(component: &Component, kind: Kind) -> Result<Exports, Refusal> {
    let engine = component.engine();
    let mut names = Vec::new();
    let mut functions = HashMap::new();
    for (declared, export) in component.component_type().exports(engine) {
        let ComponentItem::ComponentInstance(instance) = &export.ty else {
            continue;
        };
        let Some(interface) = Interface::parse(declared) else {
            continue;
        };
        if interface.is_wasi() {
            continue;
        }
        check_version("exports", &interface)?;
        let Some(index) = component.get_export_index(None, declared) else {
            continue;
        };
        names.push(declared.to_owned());
        for (name, ty) in functions_of(engine, declared, instance)? {
            let Some(index) = component.get_export_index(Some(&index), &name) else {
                continue;
            };
            let full = InterfaceName::new(declared).function(&name);
            functions.insert(full, ExportedFunction { index, ty });
        }
    }
    let own = InterfaceName::new(kind.own_interface());
    for (name, parameters) in kind.functions() {
        match functions.get(&own.function(name)) {
            Some(found) if found.ty.params().len() == *parameters => {}
            Some(_) => {
                return Err(Refusal::new(
                    Code::WrongVersion,
                    format!(
                        "{own}.{name} does not have {parameters} parameters as the contract says"
                    ),
                ));
            }
            None => {
                return Err(Refusal::new(
                    Code::MissingExport,
                    format!("it does not export {own}.{name}"),
                ));
            }
        }
    }
    Ok((names, functions))
}

/// The functions of an interface, all of which can be brokered.
pub(crate) fn functions_of(
    engine: &Engine,
    declared: &str,
    instance: &ComponentInstance,
) -> Result<Vec<(String, ComponentFunc)>, Refusal> {
    let unsupported = |name: &str, problem: String| {
        let full = InterfaceName::new(declared).function(name);
        let advice = "capabilities pass plain values only";
        Refusal::new(
            Code::UnsupportedType,
            format!("{full} cannot be brokered: {problem}; {advice}"),
        )
    };
    let mut functions = Vec::new();
    for (name, item) in instance.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) => {
                codec::portable(&ty).map_err(|problem| unsupported(name, problem))?;
                functions.push((name.to_owned(), ty));
            }
            ComponentItem::Resource(_) => {
                return Err(unsupported(name, "it is a resource".to_owned()));
            }
            ComponentItem::Type(_) => {}
            _ => {
                return Err(unsupported(
                    name,
                    "it is neither a function nor a type".to_owned(),
                ));
            }
        }
    }
    Ok(functions)
}

fn check_version(verb: &str, interface: &Interface) -> Result<(), Refusal> {
    let Some(offered) = interface.offered_version() else {
        return Ok(());
    };
    if interface::same_track(interface.version.as_ref(), Some(&offered)) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::WrongVersion,
        format!(
            "it {verb} {} in version {}, this host speaks version {offered}",
            interface.name,
            interface.version_text(),
        ),
    ))
}

fn unknown_import(kind: Kind, declared: &str, why: &str) -> Refusal {
    let allowed = match kind {
        Kind::Connector => {
            "a connector may import forebay:connector/call, forebay:connector/log and WASI 0.2"
        }
        Kind::Handler => {
            "a handler may import forebay:flow/runtime, forebay:connector/log, WASI 0.2 and capability interfaces"
        }
    };
    Refusal::new(
        Code::UnknownImport,
        format!("it imports {declared}: {why}; {allowed}"),
    )
}
