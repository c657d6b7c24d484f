//! Evaluating the segments of a script, timed.

use std::time::Instant;

use roaring::RoaringBitmap;

use super::failure::Failure;
use super::script::Script;
use crate::exec::{Cancel, Engine, evaluate};
use crate::plan::{lower_wanted, rewrite};
use crate::store::Snapshot;
use crate::time::Clock;

/// The members of each segment, and how long every one took.
pub struct Evaluated {
    /// In the order asked for.
    pub members: Vec<RoaringBitmap>,
    /// Least, median and greatest time for each, in microseconds: evaluation to the set, without parsing and printing.
    pub elapsed_us: Vec<(u64, u64, u64)>,
    /// Whether a field was read.
    pub reads_fields: bool,
}

/// Evaluates each segment `repeat` times, one after the other, so that each has its own time.
pub fn segments(
    script: &Script,
    snapshot: &Snapshot<'_>,
    clock: &Clock,
    repeat: u32,
    cancel: &Cancel,
) -> Result<Evaluated, Failure> {
    let engine = Engine::new(snapshot);
    let plan = |wanted: &[_]| rewrite(&lower_wanted(&script.checked.program, wanted, snapshot.schema(), clock));
    let mut members = Vec::new();
    let mut elapsed_us = Vec::new();
    let mut reads_fields = false;
    cancel.expect(script.asked.len() as u64 * u64::from(repeat));
    for asked in &script.asked {
        let plan = plan(&[asked.set]);
        reads_fields |= plan.reads_fields();
        let mut times = Vec::new();
        let mut set = RoaringBitmap::new();
        for _ in 0..repeat {
            let begin = Instant::now();
            let mut sets = evaluate(&engine, &plan, clock, cancel)?;
            times.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
            set = sets.pop().unwrap_or_default();
        }
        times.sort_unstable();
        let at = |place: usize| times.get(place).copied().unwrap_or(0);
        elapsed_us.push((at(0), at(times.len() / 2), at(times.len().saturating_sub(1))));
        members.push(set);
    }
    Ok(Evaluated { members, elapsed_us, reads_fields })
}
