//! A progress bar on a terminal, for what lasts.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// Lines read so far, and how fast; nothing off a terminal, and nothing in the first moment.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new(message: &'static str, ui: Ui) -> Self {
        let bar = if std::io::stderr().is_terminal() {
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
