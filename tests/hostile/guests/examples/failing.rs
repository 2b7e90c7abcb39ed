//! Fails in every way there is.

use std::io::Write as _;

hostile_guests::connector!(hostile_guests::connector_info("failing"), |how| {
    match how {
        "panic" => panic!("at the disco\u{1b}[31m\nforged line"),
        "long panic" => panic!("{}", "y".repeat(1 << 20)),
        "unreachable" => core::arch::wasm32::unreachable(),
        "exit" => std::process::exit(7),
        "out of bounds" => unsafe { std::ptr::read_volatile(0xffff_fff0 as *const u8).to_string() },
        "half a line" => {
            let _ = std::io::stdout().write_all(b"last words");
            let _ = std::io::stdout().flush();
            core::arch::wasm32::unreachable()
        }
        _ => String::new(),
    }
});
