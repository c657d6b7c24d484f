//! Work beside the prompt: one thread that does one thing after the other while keys are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::super::progress;
use crate::exec::Cancel;

type Job = Box<dyn FnOnce() + Send>;

/// The thread. It ends with the value, which waits for that: a store that it reads is closed by then.
pub struct Aside {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Aside {
    pub fn new() -> Self {
        let (jobs, todo) = channel::<Job>();
        // Without a thread nothing is ever there, which is no failure: it is about hints.
        let thread = thread::Builder::new().spawn(move || todo.into_iter().for_each(|job| job())).ok();
        Self { jobs: Some(jobs), thread }
    }

    /// Begins something when what was begun before has ended. It is cancelled when its answer is dropped, and when it takes longer
    /// than a limit. `late` is called when the answer comes after [`Later::within`] has given up waiting.
    pub fn begin<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Arc<Cancel>) -> Option<T> + Send + 'static,
        late: impl FnOnce() + Send + 'static,
    ) -> Later<T> {
        let (cancel, is_late) = (Arc::new(Cancel::default()), Arc::new(AtomicBool::new(false)));
        let (tell, answer) = channel();
        let (theirs, seen_late) = (Arc::clone(&cancel), Arc::clone(&is_late));
        let job = move || {
            if theirs.is_cancelled() {
                return;
            }
            let found = progress::within(limit, &theirs, || work(&theirs));
            let is_wanted = !theirs.is_cancelled() && found.is_some();
            // Nobody may be there to hear it.
            let _ = tell.send(found);
            if is_wanted && seen_late.load(Ordering::SeqCst) {
                late();
            }
        };
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Box::new(job));
        }
        Later { cancel, is_late, state: State::Open(answer) }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// The answer to something that was begun.
pub struct Later<T> {
    cancel: Arc<Cancel>,
    is_late: Arc<AtomicBool>,
    state: State<T>,
}

enum State<T> {
    Open(Receiver<Option<T>>),
    Done(Option<T>),
}

/// Whether an answer is there.
#[derive(Debug, PartialEq)]
pub enum Found<'a, T> {
    /// It may come.
    NotYet,
    /// There is none.
    Nothing,
    /// It is there.
    Known(&'a T),
}

impl<T> Later<T> {
    /// The answer, if it is there within some time, which is waited for once.
    pub fn within(&mut self, wait: Duration) -> Found<'_, T> {
        if let State::Open(answer) = &self.state {
            let wait = if self.is_late.load(Ordering::SeqCst) { Duration::ZERO } else { wait };
            let mut found = answer.recv_timeout(wait);
            if matches!(found, Err(RecvTimeoutError::Timeout)) {
                // Said before looking once more, so that an answer is either found here or known to be late.
                self.is_late.store(true, Ordering::SeqCst);
                found = answer.recv_timeout(Duration::ZERO);
            }
            match found {
                Ok(found) => self.state = State::Done(found),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.state = State::Done(None),
            }
        }
        match &self.state {
            State::Open(_) => Found::NotYet,
            State::Done(None) => Found::Nothing,
            State::Done(Some(found)) => Found::Known(found),
        }
    }
}

impl<T> Drop for Later<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn an_answer_that_is_late_says_so_and_is_there_at_the_next_look() {
        let aside = Aside::new();
        let (go, wait) = sync_channel::<()>(0);
        let (told, late) = sync_channel::<()>(1);
        let mut later = aside.begin(LONG, move |_| wait.recv().ok().map(|()| 7), move || told.send(()).unwrap());
        assert_eq!(later.within(Duration::from_millis(1)), Found::NotYet);
        go.send(()).unwrap();
        late.recv().unwrap();
        assert_eq!(later.within(Duration::ZERO), Found::Known(&7));
        assert_eq!(later.within(Duration::ZERO), Found::Known(&7));
    }

    #[test]
    fn an_answer_in_time_is_not_late() {
        let aside = Aside::new();
        let (told, late) = sync_channel::<()>(1);
        let mut later = aside.begin(LONG, |_| Some(7), move || told.send(()).unwrap());
        assert_eq!(later.within(LONG), Found::Known(&7));
        drop(aside);
        assert!(late.recv().is_err());
        let aside = Aside::new();
        assert_eq!(aside.begin(LONG, |_| None::<u8>, || {}).within(LONG), Found::Nothing);
    }

    #[test]
    fn what_nobody_waits_for_ends_and_makes_room() {
        let aside = Aside::new();
        let (told, late) = sync_channel::<()>(1);
        let forever = |cancel: &Arc<Cancel>| {
            while !cancel.is_cancelled() {
                thread::yield_now();
            }
            Some(1)
        };
        let mut first = aside.begin(LONG, forever, move || told.send(()).unwrap());
        assert_eq!(first.within(Duration::ZERO), Found::NotYet);
        let mut second = aside.begin(LONG, |_| Some(2), || {});
        drop(first);
        assert_eq!(second.within(LONG), Found::Known(&2));
        assert!(late.recv().is_err());
        // What takes too long is given up as well.
        let mut third =
            aside.begin(Duration::from_millis(1), move |cancel| forever(cancel).filter(|_| !cancel.is_cancelled()), || {});
        assert_eq!(third.within(LONG), Found::Nothing);
    }
}
