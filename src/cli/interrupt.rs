//! Ctrl-C asks long work to stop.

use std::sync::Arc;
use std::time::Duration;

use crate::exec::Cancel;

/// How long work may take to notice. What waits for input, say, cannot look.
const GRACE: Duration = Duration::from_secs(3);

/// What the first Ctrl-C cancels; a second one, or work that does not notice, ends the process at once, which leaves a
/// store as it was.
///
/// Without a handler (only one can be set in a process, and each command sets it once) Ctrl-C ends the process as usual.
pub fn cancel() -> Arc<Cancel> {
    let cancel = Arc::new(Cancel::default());
    let seen = Arc::clone(&cancel);
    let handler = move || {
        if seen.is_cancelled() {
            end();
        }
        seen.cancel();
        std::thread::spawn(|| {
            std::thread::sleep(GRACE);
            end();
        });
    };
    drop(ctrlc::set_handler(handler));
    cancel
}

fn end() -> ! {
    eprintln!("error: interrupted");
    std::process::exit(130)
}
