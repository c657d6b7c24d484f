//! Ctrl-C sets a flag that long work looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the first Ctrl-C sets. A second one ends the process at once.
///
/// Without a handler (none can be set twice) the flag is never set and Ctrl-C ends the process as usual.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let handler = move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    // Only one handler can be set in a process; commands set it once, so a failure leaves the default behaviour.
    drop(ctrlc::set_handler(handler));
    flag
}
