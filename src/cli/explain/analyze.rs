//! Evaluates a plan and measures it, and the machine with it.

use std::time::{Duration, Instant};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::cli::contact::View;
use crate::cli::failure::Failure;
use crate::exec::{Engine, Stopwatch, evaluate, measure};
use crate::plan::{Plan, Run};

/// Evaluates a plan once to warm up, and then so many times as it is and as often with a watch at each node, in turn: the wall time is the median
/// of the former, for watching takes time of its own; the other figures are those of the median of the latter by processor time.
pub fn run(engine: &Engine<'_>, plan: &Plan, view: &View<'_>, repeat: u32) -> Result<Run, Failure> {
    let (bandwidth, buffer) = bandwidth();
    view.cancel.expect(2 * u64::from(repeat.max(1)) + 1);
    evaluate(engine, plan, &view.clock, view.cancel)?;
    let (mut walls, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..repeat.max(1) {
        let begin = Instant::now();
        evaluate(engine, plan, &view.clock, view.cancel)?;
        walls.push(nanoseconds(begin.elapsed()));
        runs.push(measure(engine, plan, &view.clock, view.cancel, &Processor)?);
    }
    walls.sort_unstable();
    runs.sort_by_key(|measured| measured.processor_ns);
    let middle = runs.len() / 2;
    let measured = runs.swap_remove(middle);
    Ok(Run {
        nodes: measured.nodes,
        contacts: view.snapshot.contacts().into(),
        wall_ns: walls.get(middle).copied().unwrap_or(0),
        processor_ns: measured.processor_ns,
        threads: rayon::current_num_threads(),
        runs: repeat.max(1),
        bandwidth,
        buffer,
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Bytes a second that all threads together read from memory, and how many were read to find out: a buffer larger than
/// caches are, read on as many threads as evaluate; the best of three times.
fn bandwidth() -> (f64, u64) {
    const PART: usize = 1 << 26;
    const LEAST: usize = 1 << 28;
    let threads = rayon::current_num_threads().max(1);
    // Written, so that every page is there.
    let parts: Vec<Vec<u8>> = (0..threads).map(|_| vec![1; PART.max(LEAST / threads)]).collect();
    let bytes: usize = parts.iter().map(Vec::len).sum();
    let read = || {
        let begin = Instant::now();
        // Looking for what is not there reads everything.
        let found = parts.par_iter().filter(|part| memchr::memchr(0, part).is_some()).count();
        std::hint::black_box(found);
        begin.elapsed()
    };
    let best = (0..3).map(|_| read()).min().unwrap_or_default().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate that is shown with three digits")]
    let rate = if best > 0.0 { bytes as f64 / best } else { 0.0 };
    (rate, bytes as u64)
}

/// The processor time that the system gives account of.
struct Processor;

#[cfg(unix)]
impl Stopwatch for Processor {
    fn thread(&self) -> u64 {
        read(rustix::time::ClockId::ThreadCPUTime)
    }

    fn process(&self) -> u64 {
        read(rustix::time::ClockId::ProcessCPUTime)
    }
}

#[cfg(unix)]
fn read(clock: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Where the system does not tell, the time that passes stands for it.
#[cfg(not(unix))]
impl Stopwatch for Processor {
    fn thread(&self) -> u64 {
        static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        nanoseconds(BEGIN.get_or_init(Instant::now).elapsed())
    }

    fn process(&self) -> u64 {
        self.thread()
    }
}
