//! Ctrl-C asks long work to stop.

use std::sync::Arc;

use crate::exec::Cancel;

/// What the first Ctrl-C cancels; a second one ends the process at once.
///
/// Without a handler (only one can be set in a process, and each command sets it once) Ctrl-C ends the process as usual,
/// which leaves a store as it was.
pub fn cancel() -> Arc<Cancel> {
    let cancel = Arc::new(Cancel::default());
    let seen = Arc::clone(&cancel);
    let handler = move || {
        if seen.is_cancelled() {
            std::process::exit(130);
        }
        seen.cancel();
    };
    drop(ctrlc::set_handler(handler));
    cancel
}
