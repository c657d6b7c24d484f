//! The lines of standard input when nobody types them.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use super::super::failure::Failure;

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

#[cfg(unix)]
type Input = std::fs::File;
#[cfg(not(unix))]
type Input = io::Stdin;

/// The lines of an input. When none comes for some time, somebody hears of it.
pub struct Lines<R, F> {
    input: BufReader<R>,
    /// Whether something comes.
    comes: fn(&R, Duration) -> bool,
    patience: Duration,
    waits: F,
}

impl<F: FnMut()> Lines<Input, F> {
    /// Those of standard input. `waits` is called before a wait that is longer than `patience`.
    pub fn of_stdin(patience: Duration, waits: F) -> Result<Self, Failure> {
        let input = open().map_err(|error| failed(&error))?;
        Ok(Self { input: BufReader::with_capacity(BUFFER, input), comes, patience, waits })
    }
}

impl<R: Read, F: FnMut()> Iterator for Lines<R, F> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.input.buffer().is_empty() && !(self.comes)(self.input.get_ref(), self.patience) {
            (self.waits)();
        }
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => {
                if line.ends_with('\n') {
                    line.pop();
                    if line.ends_with('\r') {
                        line.pop();
                    }
                }
                Some(Ok(line))
            }
            Err(error) => Some(Err(failed(&error))),
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::io(format!("cannot read standard input: {error}"))
}

/// Standard input itself: what lies in the buffer of [`io::stdin`] could not be seen.
#[cfg(unix)]
fn open() -> io::Result<Input> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
fn open() -> io::Result<Input> {
    Ok(io::stdin())
}

#[cfg(unix)]
fn comes(input: &Input, within: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Ok(within) = Timespec::try_from(within) else { return true };
    // An error is for whoever reads.
    rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&within))) != Ok(0)
}

/// Nobody knows.
#[cfg(not(unix))]
fn comes(_: &Input, _: Duration) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn lines_are_those_that_a_file_has() {
        let lines = |text: &'static str| {
            let input = BufReader::new(text.as_bytes());
            let lines = Lines { input, comes: |_, _| true, patience: Duration::ZERO, waits: || unreachable!("it comes") };
            lines.map(Result::unwrap_or_default).collect::<Vec<_>>()
        };
        for text in ["", "a", "a\n", "a\r\n\nb\r", "\n\n", "zażółć\ngęślą"] {
            assert_eq!(
                lines(text),
                text.lines().map(|line| line.strip_suffix("\r\n").unwrap_or(line)).collect::<Vec<_>>(),
                "{text:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn whoever_waits_says_so_once_for_each_wait() {
        let (read, mut write) = io::pipe().unwrap();
        let told = std::cell::Cell::new(0);
        let input = BufReader::new(std::fs::File::from(std::os::fd::OwnedFd::from(read)));
        let mut lines = Lines { input, comes, patience: Duration::from_millis(1), waits: || told.set(told.get() + 1) };
        write.write_all(b"a\nb\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "a");
        assert_eq!((lines.next().unwrap().unwrap().as_str(), told.get()), ("b", 0));
        let late = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            write.write_all(b"c\n").unwrap();
        });
        assert_eq!((lines.next().unwrap().unwrap().as_str(), told.get()), ("c", 1));
        late.join().unwrap();
        // The end does not have to be waited for.
        assert!(lines.next().is_none());
        assert_eq!(told.get(), 1);
    }
}
