//! Writes without end, and writes what no log should show as it is.

use hostile_guests::connector::forebay::connector::log::{self, Level};
use std::io::Write as _;

/// Escape sequences for a terminal, a forged line, a right-to-left override.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{202e}evil";

hostile_guests::connector!(hostile_guests::connector_info("flood"), |how| {
    match how {
        "nasty" => {
            println!("{NASTY}");
            eprintln!("innocent\n{{\"level\":\"ERROR\",\"message\":\"forged\"}}");
            log::write(Level::Error, &format!("line one\nline two {NASTY}"), &[]);
        }
        "one line" => {
            let piece = [b'x'; 4096];
            for _ in 0..10_000 {
                let _ = std::io::stdout().write_all(&piece);
            }
        }
        "log" => {
            for number in 0..10_000 {
                log::write(Level::Info, &format!("log line {number}"), &[]);
            }
        }
        _ => {
            for number in 0..100_000 {
                println!("line {number}");
            }
        }
    }
    "written".to_owned()
});
