//! A handler that reaches for a connector's settings.

mod call {
    wit_bindgen::generate!({
        path: ["../../../wit/connector", "../../../wit/flow", "wit"],
        world: "test:hostile/call-only",
        generate_all,
    });
}

hostile_guests::handler!(hostile_guests::handler_info("wants-call"), |_| {
    call::forebay::connector::call::context().settings
});
