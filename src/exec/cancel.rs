//! What one thread tells another about an evaluation: that nobody wants it any more, and how far it is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Says from another thread that nobody wants the answer any more, and tells other threads how far it is.
///
/// ```
/// use segql::exec::Cancel;
/// let cancel = Cancel::default();
/// assert_eq!((cancel.is_cancelled(), cancel.progress()), (false, (0, 0)));
/// cancel.cancel();
/// assert!(cancel.is_cancelled());
/// ```
#[derive(Debug, Default)]
pub struct Cancel {
    said: AtomicBool,
    /// Contacts evaluated.
    done: AtomicU64,
    /// Contacts evaluated when the evaluations that are known of have ended.
    all: AtomicU64,
    /// Evaluations that are to come.
    coming: AtomicU64,
}

impl Cancel {
    /// Stops every evaluation that looks here, within a fraction of a chunk.
    pub fn cancel(&self) {
        self.said.store(true, Ordering::Relaxed);
    }

    /// Whether it has been said.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.said.load(Ordering::Relaxed)
    }

    /// How many contacts have been evaluated, and how many will have been at the end. A ranking makes one pass more over
    /// all contacts, so it counts them twice. The first number grows with each chunk, the second one when an evaluation
    /// begins that [`expect`](Self::expect) has not told of.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }

    /// Tells that so many evaluations like the next one are to come, for [`progress`](Self::progress).
    pub fn expect(&self, evaluations: u64) {
        self.coming.store(evaluations, Ordering::Relaxed);
    }

    /// An evaluation of so many contacts begins.
    pub(crate) fn begin(&self, contacts: u64) {
        let coming = self.coming.load(Ordering::Relaxed).max(1);
        self.coming.store(coming - 1, Ordering::Relaxed);
        let all = contacts.saturating_mul(coming).saturating_add(self.done.load(Ordering::Relaxed));
        self.all.store(all, Ordering::Relaxed);
    }

    /// So many contacts more have been evaluated.
    pub(crate) fn add(&self, contacts: u64) {
        self.done.fetch_add(contacts, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_to_come_are_part_of_the_whole() {
        let cancel = Cancel::default();
        cancel.expect(3);
        for done in [0, 10, 20] {
            cancel.begin(10);
            assert_eq!(cancel.progress(), (done, 30));
            cancel.add(4);
            cancel.add(6);
        }
        // One that nobody has told of.
        cancel.begin(20);
        assert_eq!(cancel.progress(), (30, 50));
    }
}
