//! Evaluation: plans over a snapshot of the store, chunk at a time, on all cores.
//!
//! Goes in: a [`Plan`] and a [`Snapshot`]. Comes out: one [`RoaringBitmap`] of contact numbers for each root.
//!
//! Method: each chunk of 65,536 contacts is evaluated alone, in dense words that stay in the cache. A part of a
//! conjunction sees the contacts that the cheaper parts have left; an empty one ends it. Rows of events are
//! read for those contacts only, and only where the summary (count, first, last) does not decide. Values are columns
//! over the contacts that are asked for; what several parts need is calculated once for each contact. A ranking
//! needs all chunks, so rankings come in passes of their own, inner ones first.

mod aggregates;
mod anniversaries;
mod bits;
mod cancel;
mod cells;
mod chunk;
mod columns;
mod contacts;
mod context;
mod ends;
mod eval;
mod events;
mod fields;
mod hours;
mod kept;
mod lists;
mod matched;
mod meter;
mod operands;
mod overlap;
mod prepared;
mod rank;
mod ranks;
mod record;
mod rows;
mod sequence;
mod sinks;
mod sketches;
mod sweep;
mod tests_on_cells;
mod tests_on_columns;
mod values;
mod words;

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use roaring::RoaringBitmap;

use crate::plan::{Atom, Marks, Measured, Node, NodeId, Part, Plan, Ranked};
use crate::store::column::of_words;
use crate::store::{Snapshot, StoreError};
use crate::time::{Clock, LocalTimes};

pub use cancel::Cancel;
use chunk::ChunkData;
pub use columns::{BUDGET, Engine};
use context::{Context, Given, Run};
use eval::Chunk;
use meter::Meter;
pub use overlap::{Exactly, Overlap};
use record::Recorder;
pub use record::Stopwatch;

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
    let times = LocalTimes::new(*clock);
    run(engine, &Run { plan, clock: &times, cancel, recorder: None })
}

/// The same, and what happened at each node.
///
/// # Errors
/// A damaged store, or cancellation.
pub fn measure(
    engine: &Engine<'_>,
    plan: &Plan,
    clock: &Clock,
    cancel: &Cancel,
    watch: &dyn Stopwatch,
) -> Result<Measurement, ExecError> {
    let times = LocalTimes::new(*clock);
    let recorder = Recorder::new(watch);
    let begin = watch.process();
    let members = run(engine, &Run { plan, clock: &times, cancel, recorder: Some(&recorder) })?;
    let spent = watch.process().saturating_sub(begin);
    let (nodes, overhead_ns) = recorder.finish();
    Ok(Measurement { members, nodes, processor_ns: spent.saturating_sub(overhead_ns) })
}

/// An evaluation with what happened in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The members of every root, as [`evaluate`] has them.
    pub members: Vec<RoaringBitmap>,
    /// By node; there may be fewer than nodes when the last ones were not evaluated.
    pub nodes: Vec<Measured>,
    /// Processor time of all threads without that for measuring, in nanoseconds.
    pub processor_ns: u64,
}

fn run(engine: &Engine<'_>, run: &Run<'_>) -> Result<Vec<RoaringBitmap>, ExecError> {
    let Run { plan, cancel, .. } = *run;
    let snapshot: &Snapshot<'_> = engine.snapshot();
    engine.begin();
    let marks = plan.marked(&plan.root_parts(), true);
    let mut given = Given::default();
    for part in marks.parts(plan) {
        if let Part::Node(id) = part
            && let Node::Atom(Atom::List(list)) = plan.node(id)
            && let Some(ids) = plan.list(*list)
        {
            given.lists.insert(*list, engine.list(&ids.ids, cancel)?);
        }
    }
    let stages = stages(plan, &marks);
    cancel.begin((stages.len() as u64 + 1) * u64::from(snapshot.contacts()));
    for stage in stages.values() {
        let targets: Vec<Part> = stage.iter().flat_map(|(_, r)| [Part::Node(r.of), Part::Expr(r.by)]).collect();
        let context = Context::new(run, snapshot.schema(), engine, &targets, &given);
        let selected = rank::stage(engine, &context, stage)?;
        given.ranked.extend(selected);
    }
    let roots = plan.root_parts();
    let context = Context::new(run, snapshot.schema(), engine, &roots, &given);
    let chunks = pass(engine, &context, |chunk| {
        let everyone = chunk.everyone();
        let number = chunk.data.chunk;
        let roots = plan.roots().iter();
        roots.map(|root| Ok(of_words(number, &*chunk.within(*root, &everyone)?))).collect::<Result<Vec<_>, ExecError>>()
    })?;
    let mut results = vec![RoaringBitmap::new(); plan.roots().len()];
    for chunk in chunks {
        for (all, members) in results.iter_mut().zip(chunk) {
            // Chunks come in order, so each lands behind or in the one before.
            *all |= members;
        }
    }
    Ok(results)
}

/// Evaluates something in every chunk, in order of the chunks. Where something has been appended that the plan needs, a
/// chunk is evaluated in two parts: the contacts concerned with columns of their own, and all others.
fn pass<'s, T: Send>(
    engine: &Engine<'s>,
    context: &Context<'_>,
    evaluate: impl for<'c> Fn(&mut Chunk<'c>) -> Result<T, ExecError> + Sync,
) -> Result<Vec<T>, ExecError> {
    /// Picoseconds that it takes to bring the other cores to work, and to hear from them.
    const ALONE: u64 = 150_000_000;
    let needs = columns::Needs::of(context.plan, &context.marks);
    let alone = context.cost().saturating_mul(engine.snapshot().contacts().into()) < ALONE;
    // An LMDB transaction stays on its thread: what the chunks need is fetched here (it is not copied), and evaluated
    // there.
    let chunks: Vec<u32> = (0..engine.snapshot().chunks()).collect();
    let mut results = Vec::with_capacity(chunks.len());
    // So many chunks at a time that fetching the next ones is not felt, and cancelling is.
    for some in chunks.chunks(rayon::current_num_threads().max(1) * 32) {
        let mut data = Vec::with_capacity(some.len());
        for chunk in some {
            // Pages that nobody has read for long take their time.
            if context.cancel.is_cancelled() {
                return Err(ExecError::Cancelled);
            }
            data.extend(engine.chunk(*chunk, &needs)?);
        }
        let one = |mut data: ChunkData<'_>| {
            if context.recorder.is_some() {
                data.meter = Meter::counting();
            }
            let mut chunk = Chunk::new(context, &data);
            chunk.begin()?;
            let result = evaluate(&mut chunk)?;
            context.cancel.add(words::count(&data.members) as u64);
            if let Some(recorder) = context.recorder {
                recorder.collect(&chunk.record);
            }
            Ok(result)
        };
        // Without data the model takes dictionaries for small. Chunk by chunk, so that nobody waits for a core that was late to come.
        let alone = alone && data.iter().all(ChunkData::has_few_texts);
        let evaluated: Result<Vec<T>, ExecError> =
            if alone { data.into_iter().map(one).collect() } else { data.into_par_iter().with_max_len(1).map(one).collect() };
        results.extend(evaluated?);
    }
    Ok(results)
}

/// The rankings of a plan by how many others they wait for in a row.
fn stages<'p>(plan: &'p Plan, marks: &Marks) -> BTreeMap<u32, Vec<(NodeId, &'p Ranked)>> {
    let mut stages: BTreeMap<u32, Vec<(NodeId, &Ranked)>> = BTreeMap::new();
    let mut waits: std::collections::HashMap<Part, u32> = std::collections::HashMap::new();
    for part in marks.parts(plan) {
        let mut wait = 0;
        plan.parts(part, &mut |inner| wait = wait.max(waits.get(&inner).copied().unwrap_or(0)));
        if let Part::Node(id) = part
            && let Node::Ranked(ranked) = plan.node(id)
        {
            stages.entry(wait).or_default().push((id, ranked));
            wait += 1;
        }
        waits.insert(part, wait);
    }
    stages
}
