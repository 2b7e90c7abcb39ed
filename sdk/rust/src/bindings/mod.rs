//! Code generated from the WIT: nothing here is written for people. [`crate::Imported`] and
//! [`crate::Exported`] stand between it and plugins.
//!
//! `imports` holds every type and every function a plugin can call. Each other module holds one
//! exportable interface: its world enters a component only where the module's `export!` macro is
//! used, so a component exports exactly what its author named.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

pub mod imports {
    wit_bindgen::generate!({
        path: "wit",
        world: "imports",
        with: { "forebay:connector/types@0.1.0": crate::types },
        generate_all,
        generate_unused_types: true,
        additional_derives: [
            Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema
        ],
        additional_type_attributes: {
            "forebay:assets/asset-source@0.1.0/tag-change": [#[derive(Default)]],
        },
    });
}

/// Written out, because `timer` and `fired` have the same fields: merging equal types would take the
/// one for the other, so these two are named.
pub mod use_case_handler {
    wit_bindgen::generate!({
        path: "wit",
        world: "export-use-case-handler",
        with: {
            "forebay:connector/types@0.1.0": crate::types,
            "forebay:flow/use-case-handler@0.1.0":
                crate::bindings::imports::forebay::flow::use_case_handler,
            "forebay:flow/use-case-handler@0.1.0/timer":
                crate::bindings::imports::forebay::flow::use_case_handler::Timer,
            "forebay:flow/use-case-handler@0.1.0/fired":
                crate::bindings::imports::forebay::flow::use_case_handler::Fired,
        },
        generate_unused_types: true,
        merge_structurally_equal_types: true,
        pub_export_macro: true,
        default_bindings_module: "forebay_sdk::bindings::use_case_handler",
    });
}

/// One exportable interface, sharing its types with `imports`.
macro_rules! exportable {
    ($module:ident, $world:literal, $default:literal, $interface:literal, $path:path) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                with: { "forebay:connector/types@0.1.0": crate::types, $interface: $path },
                generate_unused_types: true,
                merge_structurally_equal_types: true,
                pub_export_macro: true,
                default_bindings_module: $default,
            });
        }
    };
}

exportable!(
    connector,
    "export-connector",
    "forebay_sdk::bindings::connector",
    "forebay:connector/connector@0.1.0",
    crate::bindings::imports::forebay::connector::connector
);
exportable!(
    event_source,
    "export-event-source",
    "forebay_sdk::bindings::event_source",
    "forebay:connector/event-source@0.1.0",
    crate::bindings::imports::forebay::connector::event_source
);
exportable!(
    asset_source,
    "export-asset-source",
    "forebay_sdk::bindings::asset_source",
    "forebay:assets/asset-source@0.1.0",
    crate::bindings::imports::forebay::assets::asset_source
);
exportable!(
    fields,
    "export-fields",
    "forebay_sdk::bindings::fields",
    "forebay:assets/fields@0.1.0",
    crate::bindings::imports::forebay::assets::fields
);
exportable!(
    versions,
    "export-versions",
    "forebay_sdk::bindings::versions",
    "forebay:assets/versions@0.1.0",
    crate::bindings::imports::forebay::assets::versions
);
exportable!(
    approvals,
    "export-approvals",
    "forebay_sdk::bindings::approvals",
    "forebay:assets/approvals@0.1.0",
    crate::bindings::imports::forebay::assets::approvals
);
exportable!(
    access,
    "export-access",
    "forebay_sdk::bindings::access",
    "forebay:assets/access@0.1.0",
    crate::bindings::imports::forebay::assets::access
);
exportable!(
    collections,
    "export-collections",
    "forebay_sdk::bindings::collections",
    "forebay:assets/collections@0.1.0",
    crate::bindings::imports::forebay::assets::collections
);
exportable!(
    comments,
    "export-comments",
    "forebay_sdk::bindings::comments",
    "forebay:assets/comments@0.1.0",
    crate::bindings::imports::forebay::assets::comments
);
exportable!(
    workflow_sink,
    "export-workflow-sink",
    "forebay_sdk::bindings::workflow_sink",
    "forebay:workflow/workflow-sink@0.1.0",
    crate::bindings::imports::forebay::workflow::workflow_sink
);
exportable!(
    tasks,
    "export-tasks",
    "forebay_sdk::bindings::tasks",
    "forebay:workflow/tasks@0.1.0",
    crate::bindings::imports::forebay::workflow::tasks
);
exportable!(
    directory,
    "export-directory",
    "forebay_sdk::bindings::directory",
    "forebay:workflow/directory@0.1.0",
    crate::bindings::imports::forebay::workflow::directory
);
exportable!(
    sharing,
    "export-sharing",
    "forebay_sdk::bindings::sharing",
    "forebay:assets/sharing@0.1.0",
    crate::bindings::imports::forebay::assets::sharing
);
exportable!(
    lifecycle,
    "export-lifecycle",
    "forebay_sdk::bindings::lifecycle",
    "forebay:assets/lifecycle@0.1.0",
    crate::bindings::imports::forebay::assets::lifecycle
);
exportable!(
    relations,
    "export-relations",
    "forebay_sdk::bindings::relations",
    "forebay:assets/relations@0.1.0",
    crate::bindings::imports::forebay::assets::relations
);
exportable!(
    usage,
    "export-usage",
    "forebay_sdk::bindings::usage",
    "forebay:assets/usage@0.1.0",
    crate::bindings::imports::forebay::assets::usage
);
exportable!(
    placeholders,
    "export-placeholders",
    "forebay_sdk::bindings::placeholders",
    "forebay:assets/placeholders@0.1.0",
    crate::bindings::imports::forebay::assets::placeholders
);
exportable!(
    process_comments,
    "export-process-comments",
    "forebay_sdk::bindings::process_comments",
    "forebay:workflow/process-comments@0.1.0",
    crate::bindings::imports::forebay::workflow::process_comments
);
