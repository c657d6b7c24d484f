//! The newest state of the store with the columns that have been decoded of it, on a thread of its own.
//!
//! What one question has read the next need not look up again while nothing is written. A state that nobody asks for is let
//! go: the space of what is replaced meanwhile cannot be used again as long as it is held.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::super::failure::Failure;
use crate::exec::Engine;
use crate::store::{Snapshot, Store, StoreError};

/// How long a state is held that nobody asks for.
const IDLE: Duration = Duration::from_secs(10);
/// As much as a main thread has.
const STACK_BYTES: usize = 8 << 20;

/// A question, or the reason why it cannot be answered.
type Ask = Box<dyn FnOnce(Result<&Engine<'_>, StoreError>) + Send>;

/// The thread. It ends with the value, which waits for that: the store is not read any more then.
pub struct Newest {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Newest {
    /// The states of a store.
    pub fn of(store: Arc<Store>) -> Result<Self, Failure> {
        let (asks, questions) = channel();
        let thread = thread::Builder::new().name("newest".to_owned()).stack_size(STACK_BYTES);
        let thread = thread
            .spawn(move || serve(&store, &questions, IDLE))
            .map_err(|error| Failure::io(format!("cannot begin a thread: {error}")))?;
        Ok(Self { asks: Some(asks), thread: Some(thread) })
    }

    /// Asks something of the newest state, and waits for the answer.
    pub fn ask<T: Send + 'static>(&self, question: impl FnOnce(&Engine<'_>) -> T + Send + 'static) -> Result<T, Failure> {
        let (tell, answer) = channel();
        let ask: Ask = Box::new(move |engine| {
            // Whoever asked waits.
            let _ = tell.send(engine.map(question));
        });
        let gone = || Failure::io("an evaluation has ended in an unexpected way");
        self.asks.as_ref().ok_or_else(gone)?.send(ask).map_err(|_| gone())?;
        Ok(answer.recv().map_err(|_| gone())??)
    }
}

impl Drop for Newest {
    fn drop(&mut self) {
        self.asks.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

fn serve(store: &Store, asks: &Receiver<Ask>, idle: Duration) {
    // This thread works with the others of a pool: handing small work to another and waiting for it takes longer than the work.
    // Without a pool of its own it uses that of all.
    let _pool = rayon::ThreadPoolBuilder::new().use_current_thread().build();
    let mut next = asks.recv().ok();
    while let Some(ask) = next {
        let left = match store.snapshot() {
            Ok(snapshot) => from(store, &snapshot, ask, asks, idle),
            Err(error) => {
                ask(Err(error));
                None
            }
        };
        next = left.or_else(|| asks.recv().ok());
    }
}

/// Answers from one state, while it is the newest and somebody asks; gives back what is asked of a newer one.
fn from(store: &Store, snapshot: &Snapshot<'_>, first: Ask, asks: &Receiver<Ask>, idle: Duration) -> Option<Ask> {
    let engine = Engine::new(snapshot);
    first(Ok(&engine));
    loop {
        match asks.recv_timeout(idle) {
            Ok(ask) if store.is_newest(snapshot) => ask(Ok(&engine)),
            Ok(ask) => return Some(ask),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;
    use crate::store::record::{Batch, BatchKind};
    use crate::store::{LoadOptions, Loader};

    fn import(store: &Store, contact: &str) {
        let schema = store.snapshot().unwrap().schema().clone();
        let mut loader = Loader::begin(store, &schema, LoadOptions::default()).unwrap();
        let mut batch = Batch::new(BatchKind::Contacts);
        batch.begin_contact(contact, 0);
        loader.push(&batch).unwrap();
        loader.finish().unwrap();
    }

    #[test]
    fn questions_see_what_was_written_before_them_and_share_a_state_otherwise() {
        let store = Arc::new(Store::temporary(&Schema::new(chrono_tz::Europe::Warsaw)).unwrap());
        let newest = Newest::of(Arc::clone(&store)).unwrap();
        let contacts = || newest.ask(|engine| engine.snapshot().contacts()).unwrap();
        let state = || newest.ask(|engine| std::ptr::from_ref(engine).addr()).unwrap();
        assert_eq!(contacts(), 0);
        assert_eq!(state(), state());
        import(&store, "a");
        assert_eq!(contacts(), 1);
        import(&store, "b");
        assert_eq!(contacts(), 2);
    }

    #[test]
    fn a_state_that_nobody_asks_for_is_let_go() {
        let store = Store::temporary(&Schema::new(chrono_tz::Europe::Warsaw)).unwrap();
        let snapshot = store.snapshot().unwrap();
        let (asks, questions) = channel::<Ask>();
        // Nobody asks again, though somebody could.
        let next = from(&store, &snapshot, Box::new(|engine| assert!(engine.is_ok())), &questions, Duration::from_millis(1));
        assert!(next.is_none());
        drop(asks);
    }
}
