//! The `segql` program: arguments in, exit code out. Everything else is the library.

use std::process::ExitCode;

// Import and execution allocate from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of `mimalloc.h`: milliseconds until free memory goes back to the system.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    // What an import frees it needs again at once, and memory from the system has to be cleared first: the default of 10 ms
    // costs a third of the time that the system takes.
    // SAFETY: sets a number in the allocator's own table, before any other thread runs.
    #[expect(unsafe_code, reason = "an option of the allocator")]
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, 1000);
    }
    segql::cli::main()
}
