//! The newest state of the store with the columns that have been decoded of it.
//!
//! What one question has read the next need not look up again while nothing is written. A state that nobody asks for is let
//! go: the space of what is replaced meanwhile cannot be used again as long as it is held.
//!
//! A program that asks has its answers from the thread that reads its questions, for waking another one takes as long as a cheap
//! answer. At a terminal that thread waits for keys; there the state is on a thread of its own, which also counts ahead.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self_cell::self_cell;

use super::super::failure::Failure;
use super::threads::Threads;
use crate::exec::Engine;
use crate::store::{Snapshot, Store, StoreError};

/// How long a state is held that nobody asks for.
pub const IDLE: Duration = Duration::from_secs(60);
/// As much as a main thread has.
const STACK_BYTES: usize = 8 << 20;

/// Where the newest state is asked.
pub enum Newest {
    /// On the thread that reads the questions.
    Here(Here),
    /// On a thread beside it.
    Beside(Arc<Beside>),
}

impl Newest {
    /// The states of a store, for the thread that this is called on; `typed` says whether somebody types the questions.
    pub fn of(store: Arc<Store>, typed: bool) -> Result<Self, Failure> {
        Ok(if typed { Self::Beside(Arc::new(Beside::of(store)?)) } else { Self::Here(Here::of(store)) })
    }

    /// Asks something of the newest state, and waits for the answer.
    pub fn ask<T: Send + 'static>(&self, question: impl FnOnce(&Engine<'_>) -> T + Send + 'static) -> Result<T, Failure> {
        match self {
            Self::Here(here) => Ok(here.ask(question)?),
            Self::Beside(beside) => beside.ask(question),
        }
    }

    /// Lets the state go that is held here: nobody is going to ask for some time. A thread beside does so by itself.
    pub fn let_go(&self) {
        if let Self::Here(here) = self {
            here.kept.take();
        }
    }
}

/// A state that is held by the thread that asks.
pub struct Here {
    store: Arc<Store>,
    kept: RefCell<Option<Kept>>,
    threads: Threads,
}

self_cell!(
    struct State {
        owner: Arc<Store>,
        #[covariant]
        dependent: Snapshot,
    }
);

self_cell!(
    struct Kept {
        owner: State,
        #[not_covariant]
        dependent: Engine,
    }
);

impl Here {
    fn of(store: Arc<Store>) -> Self {
        Self { store, kept: RefCell::default(), threads: Threads::with_this_one() }
    }

    fn ask<T>(&self, question: impl FnOnce(&Engine<'_>) -> T) -> Result<T, StoreError> {
        let kept = self.kept.take().filter(|kept| self.store.is_newest(kept.borrow_owner().borrow_dependent()));
        let kept = match kept {
            Some(kept) => kept,
            None => Kept::new(State::try_new(Arc::clone(&self.store), |store| store.snapshot())?, |state| {
                Engine::new(state.borrow_dependent())
            }),
        };
        self.threads.spread();
        let answer = kept.with_dependent(|_, engine| question(engine));
        self.kept.replace(Some(kept));
        Ok(answer)
    }
}

/// A question, or the reason why it cannot be answered.
type Ask = Box<dyn FnOnce(Result<&Engine<'_>, StoreError>) + Send>;

/// The thread beside. It ends with the value, which waits for that: the store is not read any more then.
pub struct Beside {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    fn of(store: Arc<Store>) -> Result<Self, Failure> {
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

impl Drop for Beside {
    fn drop(&mut self) {
        self.asks.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

fn serve(store: &Store, asks: &Receiver<Ask>, idle: Duration) {
    let threads = Threads::with_this_one();
    let mut next = asks.recv().ok();
    while let Some(ask) = next {
        let left = match store.snapshot() {
            Ok(snapshot) => from(store, &snapshot, ask, asks, (idle, &threads)),
            Err(error) => {
                ask(Err(error));
                None
            }
        };
        next = left.or_else(|| asks.recv().ok());
    }
}

/// Answers from one state, while it is the newest and somebody asks; gives back what is asked of a newer one.
fn from(
    store: &Store,
    snapshot: &Snapshot<'_>,
    first: Ask,
    asks: &Receiver<Ask>,
    (idle, threads): (Duration, &Threads),
) -> Option<Ask> {
    let engine = Engine::new(snapshot);
    threads.spread();
    first(Ok(&engine));
    loop {
        match asks.recv_timeout(idle) {
            Ok(ask) if store.is_newest(snapshot) => {
                threads.spread();
                ask(Ok(&engine));
            }
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
        for typed in [false, true] {
            let store = Arc::new(Store::temporary(&Schema::new(chrono_tz::Europe::Warsaw)).unwrap());
            let newest = Newest::of(Arc::clone(&store), typed).unwrap();
            let contacts = || newest.ask(|engine| engine.snapshot().contacts()).unwrap();
            let state = || newest.ask(|engine| std::ptr::from_ref(engine).addr()).unwrap();
            assert_eq!(contacts(), 0);
            assert_eq!(state(), state());
            import(&store, "a");
            assert_eq!(contacts(), 1);
            import(&store, "b");
            assert_eq!(contacts(), 2);
            newest.let_go();
            assert_eq!(contacts(), 2);
        }
    }

    #[test]
    fn nothing_is_held_here_once_it_has_been_let_go() {
        let store = Arc::new(Store::temporary(&Schema::new(chrono_tz::Europe::Warsaw)).unwrap());
        let here = Here::of(Arc::clone(&store));
        here.ask(|_| ()).unwrap();
        assert_eq!(Arc::strong_count(&store), 3);
        let newest = Newest::Here(here);
        newest.let_go();
        assert_eq!(Arc::strong_count(&store), 2);
    }

    #[test]
    fn a_state_that_nobody_asks_for_is_let_go() {
        let store = Store::temporary(&Schema::new(chrono_tz::Europe::Warsaw)).unwrap();
        let snapshot = store.snapshot().unwrap();
        let (asks, questions) = channel::<Ask>();
        // Nobody asks again, though somebody could.
        let next = from(
            &store,
            &snapshot,
            Box::new(|engine| assert!(engine.is_ok())),
            &questions,
            (Duration::from_millis(1), &Threads::with_this_one()),
        );
        assert!(next.is_none());
        drop(asks);
    }
}
