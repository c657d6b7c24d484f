//! The `segql` program: arguments in, exit code out. Everything else is the library.

use std::process::ExitCode;

// Import and execution allocate from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    segql::cli::main()
}
