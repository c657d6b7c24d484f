//! A real terminal: keys in, screen out. Without `tmux` there is none.

#![allow(dead_code, reason = "shared by tests of which each uses a part")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A prompt in a terminal of 100 columns and 40 lines.
pub struct Terminal {
    name: String,
}

impl Terminal {
    /// Runs `segql repl` in a folder, where its history is the file `history`.
    pub fn open(folder: &Path, arguments: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(_) = Command::new("tmux").arg("-V").output() else {
            eprintln!("skipped: no tmux");
            return None;
        };
        let name = format!("segql-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let binary = env!("CARGO_BIN_EXE_segql");
        let shell =
            format!("cd '{}' && SEGQL_HISTORY=history TERM=screen LINES=40 '{binary}' repl {arguments}", folder.display());
        let made =
            Command::new("tmux").args(["new-session", "-d", "-s", &name, "-x", "100", "-y", "40", &shell]).status().ok()?;
        made.success().then_some(Self { name })
    }

    /// Presses keys, by their names in tmux.
    pub fn keys(&self, keys: &[&str]) {
        assert!(Command::new("tmux").args(["send-keys", "-t", &self.name]).args(keys).status().unwrap().success());
    }

    /// Types a text.
    pub fn types(&self, text: &str) {
        self.keys(&["-l", text]);
    }

    /// What is on the screen, without or (`-e`) with colours.
    pub fn screen(&self, options: &[&str]) -> String {
        let output = Command::new("tmux").args(["capture-pane", "-p", "-t", &self.name]).args(options).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits for a text; the machine may be slow.
    pub fn until(&self, text: &str) -> String {
        self.until_that(text, |screen| screen.contains(text))
    }

    /// Presses Tab until a text is there: values are offered once they are counted, which no key waits for.
    pub fn tab_until(&self, text: &str) -> String {
        for _ in 0..20 {
            self.keys(&["Tab"]);
            for _ in 0..20 {
                let screen = self.screen(&[]);
                if screen.contains(text) {
                    return screen;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!("no `{text}` after Tab:\n{}", self.screen(&[]))
    }

    /// Waits for an empty prompt; keys that come before it may be taken back with those before them.
    pub fn prompted(&self) {
        self.until_that("empty prompt", |screen| screen.trim_end().ends_with('>'));
    }

    /// Waits for what a test calls by a name.
    pub fn until_that(&self, name: &str, holds: impl Fn(&str) -> bool) -> String {
        for _ in 0..400 {
            let screen = self.screen(&[]);
            if holds(&screen) {
                return screen;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no `{name}` on the screen:\n{}", self.screen(&[]))
    }

    /// Whether the program has not ended.
    pub fn lives(&self) -> bool {
        Command::new("tmux").args(["has-session", "-t", &self.name]).output().unwrap().status.success()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["kill-session", "-t", &self.name]).status();
    }
}
