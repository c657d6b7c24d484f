//! The threads that evaluate: the one that asks, and others beside it.

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The pool of a thread that asks. The small work of that thread is its own: handing it to another one and waiting takes longer.
pub struct Threads {
    /// Without a pool of its own it uses that of all.
    _pool: Option<ThreadPool>,
    #[cfg(target_os = "linux")]
    others: apart::Others,
}

impl Threads {
    /// As many as there are processors, this one among them.
    pub fn with_this_one() -> Self {
        let builder = ThreadPoolBuilder::new().use_current_thread();
        #[cfg(target_os = "linux")]
        {
            let others = apart::Others::new();
            let pool = builder.start_handler(others.known_from_now_on()).build();
            Self { _pool: pool.ok(), others }
        }
        #[cfg(not(target_os = "linux"))]
        Self { _pool: builder.build().ok() }
    }

    /// Keeps the others off the processor on which this thread is: a system that wakes them there lets them wait until it is done, and an answer
    /// is done before the system notices.
    pub fn spread(&self) {
        #[cfg(target_os = "linux")]
        self.others.leave();
    }
}

#[cfg(target_os = "linux")]
mod apart {
    use std::cell::Cell;
    use std::sync::{Arc, Mutex, PoisonError};

    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The other threads of a pool.
    pub struct Others {
        threads: Arc<Mutex<Vec<Pid>>>,
        /// The processors that the program may use, if it is known.
        allowed: Option<CpuSet>,
        /// The one that they have been kept off last, and how many they were.
        left: Cell<Option<(usize, usize)>>,
    }

    impl Others {
        pub fn new() -> Self {
            Self { threads: Arc::default(), allowed: sched_getaffinity(None).ok(), left: Cell::new(None) }
        }

        /// What each thread does when it begins.
        pub fn known_from_now_on(&self) -> impl Fn(usize) + Send + Sync + use<> {
            let (threads, asker) = (Arc::clone(&self.threads), gettid());
            move |_| {
                let own = gettid();
                if own != asker {
                    threads.lock().unwrap_or_else(PoisonError::into_inner).push(own);
                }
            }
        }

        /// Keeps them off the processor of the thread that asks, if there are enough others. What does not work is left as it is.
        pub fn leave(&self) {
            let Some(allowed) = &self.allowed else { return };
            let here = sched_getcpu();
            let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            if self.left.get() == Some((here, threads.len())) || threads.len() >= allowed.count() as usize {
                return;
            }
            let mut rest = *allowed;
            rest.unset(here);
            for thread in threads.iter() {
                // A thread may be elsewhere then, which is no mistake.
                let _ = sched_setaffinity(Some(*thread), &rest);
            }
            self.left.set(Some((here, threads.len())));
        }
    }
}
