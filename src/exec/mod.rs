//! Evaluation: plans over a snapshot of the store, chunk at a time, on all cores.
//!
//! Goes in: a [`Plan`] and a [`Snapshot`]. Comes out: one [`RoaringBitmap`] of contact numbers for each root.
//!
//! Method: each chunk of 65,536 contacts is evaluated alone, in dense words that stay in the cache. A part of a
//! conjunction sees the contacts that the cheaper parts have left; an empty one ends it. Rows of events are
//! read for those contacts only, and only where the summary (count, first, last) does not decide.

mod chunk;
mod columns;
mod eval;
mod events;
mod fields;
mod rows;
mod words;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use roaring::RoaringBitmap;

use crate::plan::Plan;
use crate::plan::cost::costs;
use crate::store::{CHUNK, Snapshot, StoreError};
use crate::time::Clock;

pub use columns::Engine;

/// Says from another thread that nobody wants the answer any more.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// Stops every evaluation that looks here, within a fraction of a chunk.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has been said.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What ends an evaluation.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody called [`Cancel::cancel`].
    #[error("interrupted")]
    Cancelled,
}

/// The members of every root of a plan, in order, as contact numbers.
///
/// # Errors
/// A damaged store, or cancellation.
pub fn evaluate(engine: &Engine<'_>, plan: &Plan, clock: &Clock, cancel: &Cancel) -> Result<Vec<RoaringBitmap>, ExecError> {
    let needs = columns::Needs::of(plan);
    let snapshot: &Snapshot<'_> = engine.snapshot();
    let context = eval::Context::new(plan, snapshot.schema(), &costs(plan), clock, cancel);
    // An LMDB transaction stays on its thread: what the chunks need is fetched here (it is not copied), and evaluated
    // there.
    let mut results: Vec<Vec<(u32, Box<crate::store::Words>)>> = Vec::new();
    let chunks: Vec<u32> = (0..snapshot.chunks()).collect();
    // So many chunks at a time that fetching the next ones is not felt, and cancelling is.
    for some in chunks.chunks(rayon::current_num_threads().max(1) * 8) {
        if cancel.is_cancelled() {
            return Err(ExecError::Cancelled);
        }
        let data = some.iter().map(|chunk| engine.chunk(*chunk, &needs)).collect::<Result<Vec<_>, _>>()?;
        let evaluated: Result<Vec<_>, ExecError> = data.into_par_iter().map(|data| eval::evaluate(&context, &data)).collect();
        for (chunk, sets) in some.iter().zip(evaluated?) {
            results.resize_with(sets.len(), Vec::new);
            for (all, set) in results.iter_mut().zip(sets) {
                all.push((*chunk, set));
            }
        }
    }
    results.resize_with(plan.roots().len(), Vec::new);
    Ok(results.into_par_iter().map(|sets| bitmap(&sets)).collect())
}

/// The contacts of all chunks as one bitmap.
fn bitmap(chunks: &[(u32, Box<crate::store::Words>)]) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for (chunk, words) in chunks {
        if words.iter().any(|w| *w != 0) {
            let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            // Chunks come in order, so each lands behind the ones before.
            all |= RoaringBitmap::from_lsb0_bytes(chunk * CHUNK, &bytes);
        }
    }
    all
}
