//! Logging: lines that the host tags with plugin, connection and run.
//!
//! Use the macros: `info!("took over {id}")`, with fields in front where a line will be searched
//! for: `warn!(asset = id, pages = 3; "gave up paging")`. Never log credentials or personal data.

pub use crate::bindings::imports::forebay::connector::log::Level;
use crate::types::Field;

/// Write a line. Outside the host it is kept for `testing::take_log`.
pub fn write(level: Level, message: &str, fields: &[Field]) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::forebay::connector::log::write(level, message, fields);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::keep_line(level, message, fields);
}

/// Write a line of a level.
#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $($name:ident = $value:expr),+ ; $($format:tt)+) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($($format)+),
            &[$($crate::types::Field::new(stringify!($name), ::std::string::ToString::to_string(&$value))),+],
        )
    };
    ($level:ident, $($format:tt)+) => {
        $crate::log::write($crate::log::Level::$level, &::std::format!($($format)+), &[])
    };
}

/// For an author at work.
#[macro_export]
macro_rules! debug { ($($line:tt)+) => { $crate::__log!(Debug, $($line)+) }; }

/// What an operator may want to know.
#[macro_export]
macro_rules! info { ($($line:tt)+) => { $crate::__log!(Info, $($line)+) }; }

/// Unexpected, dealt with.
#[macro_export]
macro_rules! warn { ($($line:tt)+) => { $crate::__log!(Warn, $($line)+) }; }

/// Unexpected, not dealt with.
#[macro_export]
macro_rules! error { ($($line:tt)+) => { $crate::__log!(Error, $($line)+) }; }
