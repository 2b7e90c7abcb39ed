//! A connector that reaches for what only handlers have.

mod runtime {
    wit_bindgen::generate!({
        path: ["../../../wit/connector", "../../../wit/flow", "wit"],
        world: "test:hostile/runtime-only",
        generate_all,
    });
}

hostile_guests::connector!(hostile_guests::connector_info("wants-runtime"), |_| {
    runtime::forebay::flow::runtime::now().to_string()
});
