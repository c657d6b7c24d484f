//! A progress bar on a terminal, for what lasts.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::LazyLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Ui, table};
use crate::exec::Cancel;

/// How long an evaluation may take before a bar is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// Characters of the bar.
const WIDTH: u64 = 20;
/// How often the bar changes.
const TICK: Duration = Duration::from_millis(125);

/// Lines read so far, and how fast; nothing off a terminal, and nothing in the first moment.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new(message: &'static str, ui: Ui) -> Self {
        let bar = if stderr().is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        let style = if ui.color {
            "{spinner:.cyan} {msg} {human_pos} lines, {per_sec}, {elapsed}"
        } else {
            "{spinner} {msg} {human_pos} lines, {per_sec}, {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    /// How many lines have been read.
    pub fn set(&mut self, lines: u64) {
        self.bar.set_position(lines);
    }

    pub fn set_message(&mut self, message: &'static str) {
        self.bar.set_message(message);
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Evaluates something; after a second a bar shows how many contacts are done, until the answer is there.
pub fn evaluating<T>(ui: Ui, cancel: &Cancel, work: impl FnOnce() -> T) -> T {
    // Asked once: a prompt evaluates thousands of conditions.
    static SEEN: LazyLock<bool> = LazyLock::new(|| stderr().is_terminal());
    if !*SEEN {
        return work();
    }
    // What has been evaluated before is no part of it.
    let (before, _) = cancel.progress();
    let watch = |lasts: &dyn Fn(Duration) -> bool| {
        if !lasts(PATIENCE) {
            return;
        }
        // Drawn here, for Ctrl-C leaves a mark behind the cursor, which has to be on the line that is taken away.
        let (on, off) = if ui.color { ("\u{1b}[36m", "\u{1b}[0m") } else { ("", "") };
        let begin = Instant::now();
        loop {
            let (done, all) = cancel.progress();
            let (done, all) = (done.saturating_sub(before), all.saturating_sub(before).max(1));
            let (bar, percent) = (table::bar(done, all, WIDTH), u128::from(done) * 100 / u128::from(all));
            let (done, all) = (table::grouped(done), table::grouped(all));
            let seconds = (PATIENCE + begin.elapsed()).as_secs();
            // Nobody is there to see it when it cannot be written.
            let _ = write!(stderr(), "\r\u{1b}[K{on}{bar:<20}{off} {percent:>3} %  {done} of {all} contacts, {seconds} s");
            if !lasts(TICK) {
                let _ = write!(stderr(), "\r\u{1b}[K");
                return;
            }
        }
    };
    beside(watch, work)
}

/// Work that is cancelled when it takes too long.
pub fn within<T>(limit: Duration, cancel: &Cancel, work: impl FnOnce() -> T) -> T {
    let stop = |lasts: &dyn Fn(Duration) -> bool| {
        if lasts(limit) {
            cancel.cancel();
        }
    };
    beside(stop, work)
}

/// Works, and watches from another thread, which can wait some time and hear whether the work still lasts.
fn beside<T>(watch: impl FnOnce(&dyn Fn(Duration) -> bool) + Send, work: impl FnOnce() -> T) -> T {
    let (works, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || watch(&|time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout)));
        // Dropped when the work ends, however it ends.
        let _works = works;
        work()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_cancelled() {
        let cancel = Cancel::default();
        let rounds = within(Duration::from_millis(5), &cancel, || {
            (0..3_600_000).take_while(|_| !cancel.is_cancelled()).map(|_| std::thread::sleep(Duration::from_millis(1))).count()
        });
        assert!(rounds > 0 && cancel.is_cancelled());
        let cancel = Cancel::default();
        assert!(!within(Duration::from_secs(3600), &cancel, || cancel.is_cancelled()));
    }
}
