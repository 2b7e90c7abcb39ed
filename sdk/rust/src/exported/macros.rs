//! The export macros.

/// Export a connector: its type, then the interfaces it implements besides `connector`, as in
/// `export_connector!(Canto: event_source, asset_source, fields, comments)`.
///
/// The interfaces are `event_source`, `asset_source`, `fields`, `versions`, `approvals`, `access`,
/// `collections`, `comments`, `sharing`, `lifecycle`, `relations`, `usage`, `placeholders`,
/// `workflow_sink`, `tasks`, `directory`, `process_comments`. On other targets than
/// WebAssembly only the traits are checked, so that the crate can be tested natively.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty $(: $($interface:ident),+ $(,)?)?) => {
        #[allow(unsafe_code, reason = "exports need unmangled names")]
        const _: () = {
            type Component = $crate::Exported<$connector>;
            $crate::export_interface!(Component, connector);
            $($($crate::export_interface!(Component, $interface);)+)?
        };
    };
}

/// Export a handler, as in `export_handler!(Approval)`.
#[macro_export]
macro_rules! export_handler {
    ($handler:ty) => {
        #[allow(unsafe_code, reason = "exports need unmangled names")]
        const _: () = {
            type Component = $crate::Exported<$handler>;
            $crate::export_interface!(Component, use_case_handler);
        };
    };
}

/// Export one of the contract's interfaces from a type that implements its generated `Guest` trait
/// (see [`crate::bindings`]): for plugins that need something else than the SDK's traits.
#[macro_export]
macro_rules! export_interface {
    ($component:ident, $interface:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$interface::export!($component with_types_in $crate::bindings::$interface);
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = $crate::exported::implemented::$interface::<$component>();
    };
}

/// Compile-time checks that stand for the exports on native targets.
#[doc(hidden)]
pub mod implemented {
    use crate::bindings;

    macro_rules! checks {
        ($($interface:ident: $package:ident),+ $(,)?) => {
            $(
                #[allow(missing_docs, reason = "a check, not for people")]
                pub const fn $interface<
                    T: bindings::$interface::exports::forebay::$package::$interface::Guest,
                >() {}
            )+
        };
    }

    checks! {
        connector: connector, event_source: connector, use_case_handler: flow,
        asset_source: assets, fields: assets, versions: assets, approvals: assets,
        access: assets, collections: assets, comments: assets, sharing: assets, lifecycle: assets,
        relations: assets, usage: assets, placeholders: assets,
        workflow_sink: workflow, tasks: workflow, directory: workflow, process_comments: workflow,
    }
}
