//! A library to put in front of the C library (`LD_PRELOAD`): counts every `fsync` and `fdatasync` of
//! a program, and lets each take longer, because the disk of a test machine may answer faster than a
//! real one.
//!
//! `FSYNC_PROBE_FILE` names a file of eight bytes that holds the count, in the machine's byte order;
//! who measures reads it while the program runs. `FSYNC_PROBE_DELAY_US` is what each call takes longer.

#![expect(
    unsafe_code,
    reason = "standing in for functions of the C library cannot be said in safe Rust"
)]

use std::ffi::c_int;
use std::fs::OpenOptions;
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes of the count.
const COUNT_BYTES: usize = size_of::<u64>();

/// What the environment asks for.
struct Probe {
    count: Option<&'static AtomicU64>,
    delay: Duration,
}

static PROBE: OnceLock<Probe> = OnceLock::new();

/// Stands in for `fsync(2)`.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    synced(libc::SYS_fsync, fd)
}

/// Stands in for `fdatasync(2)`.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    synced(libc::SYS_fdatasync, fd)
}

fn synced(call: libc::c_long, fd: c_int) -> c_int {
    let probe = PROBE.get_or_init(Probe::from_environment);
    if let Some(count) = probe.count {
        count.fetch_add(1, Ordering::Relaxed);
    }
    if !probe.delay.is_zero() {
        std::thread::sleep(probe.delay);
    }
    // SAFETY: both calls take one file descriptor and touch no memory of ours; the kernel judges a
    // wrong descriptor, and the C library's wrapper leaves its verdict in `errno`.
    let result = unsafe { libc::syscall(call, fd) };
    c_int::try_from(result).unwrap_or(-1)
}

impl Probe {
    #[expect(
        clippy::disallowed_methods,
        reason = "a preload library has no other way to be told anything"
    )]
    fn from_environment() -> Self {
        let microseconds = std::env::var("FSYNC_PROBE_DELAY_US").ok();
        let microseconds = microseconds.and_then(|text| text.parse().ok());
        Self {
            count: std::env::var("FSYNC_PROBE_FILE")
                .ok()
                .and_then(shared_count),
            delay: Duration::from_micros(microseconds.unwrap_or(0)),
        }
    }
}

/// The count in a file, shared with whoever else maps or reads it.
fn shared_count(path: String) -> Option<&'static AtomicU64> {
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    if file.metadata().ok()?.len() < COUNT_BYTES as u64 {
        return None;
    }
    // SAFETY: the kernel chooses the place, the file is long enough, and the mapping is never undone.
    let mapped = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            COUNT_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if mapped == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: a mapping begins at a page, holds the eight bytes, and lives as long as the program; all
    // who write it do so atomically.
    Some(unsafe { AtomicU64::from_ptr(mapped.cast()) })
}
