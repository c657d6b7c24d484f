//! Records what happens at each node of a plan: contacts, bytes, processor time.
//!
//! Where nobody records, a node costs one look at an `Option` in each chunk.

use std::sync::{Mutex, PoisonError};

use super::eval::Chunk;
use super::words;
use crate::plan::{Measured, NodeId};
use crate::store::Words;

/// Processor time, in nanoseconds since any moment. Clocks are an input, as `now` is.
pub trait Stopwatch: Sync {
    /// What the calling thread has had.
    fn thread(&self) -> u64;
    /// What all threads of the process have had.
    fn process(&self) -> u64;
}

/// Collects what all chunks record.
pub(super) struct Recorder<'r> {
    pub watch: &'r dyn Stopwatch,
    collected: Mutex<Collected>,
}

#[derive(Debug, Default)]
struct Collected {
    nodes: Vec<Measured>,
    /// Time for recording itself.
    overhead_ns: u64,
}

/// What is recorded in one chunk.
#[derive(Debug, Default)]
pub(super) struct Record {
    nodes: Vec<Measured>,
    open: Vec<Frame>,
    overhead_ns: u64,
}

/// A node that is being evaluated.
#[derive(Debug, Default)]
struct Frame {
    /// Without overhead.
    begin_ns: u64,
    begin_bytes: u64,
    /// Of parts that have been evaluated.
    parts_ns: u64,
    parts_bytes: u64,
}

impl<'r> Recorder<'r> {
    pub fn new(watch: &'r dyn Stopwatch) -> Self {
        Self { watch, collected: Mutex::default() }
    }

    /// Takes what a chunk has recorded.
    pub fn collect(&self, record: &Record) {
        let mut all = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        all.overhead_ns += record.overhead_ns;
        for (at, node) in record.nodes.iter().enumerate() {
            all.add(at, node);
        }
    }

    /// Adds time of a node that no chunk had.
    pub fn spent(&self, id: NodeId, ns: u64) {
        let mut all = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(id.0 as usize, &Measured { own_ns: ns, whole_ns: ns, ..Measured::default() });
    }

    /// By node, and the time that recording took.
    pub fn finish(self) -> (Vec<Measured>, u64) {
        let all = self.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        (all.nodes, all.overhead_ns)
    }
}

impl Collected {
    fn add(&mut self, at: usize, node: &Measured) {
        if let Some(sum) = slot(&mut self.nodes, at) {
            sum.asked += node.asked;
            sum.found += node.found;
            sum.bytes += node.bytes;
            sum.own_ns += node.own_ns;
            sum.whole_ns += node.whole_ns;
        }
    }
}

fn slot(nodes: &mut Vec<Measured>, at: usize) -> Option<&mut Measured> {
    if nodes.len() <= at {
        nodes.resize(at + 1, Measured::default());
    }
    nodes.get_mut(at)
}

/// Whom a node is asked about and whom it lets through; nothing for steps that are no set.
pub(super) trait Counted {
    fn counted(&self) -> u64;
}

impl Counted for Words {
    fn counted(&self) -> u64 {
        words::count(self) as u64
    }
}

impl Counted for Box<Words> {
    fn counted(&self) -> u64 {
        self.as_ref().counted()
    }
}

impl Chunk<'_> {
    /// Evaluates a node and records it, if somebody wants to know.
    pub fn recorded<T: Counted, E>(
        &mut self,
        id: NodeId,
        asked: &impl Counted,
        evaluate: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(recorder) = self.context.recorder else { return evaluate(self) };
        let entered = recorder.watch.thread();
        let asked = asked.counted();
        let bytes = self.data.meter.bytes();
        let begun = recorder.watch.thread();
        let record = &mut self.record;
        record.overhead_ns += begun.saturating_sub(entered);
        let begin_ns = begun.saturating_sub(record.overhead_ns);
        record.open.push(Frame { begin_ns, begin_bytes: bytes, ..Frame::default() });
        let result = evaluate(self);
        let ended = recorder.watch.thread();
        let bytes = self.data.meter.bytes();
        let record = &mut self.record;
        let Some(frame) = record.open.pop() else { return result };
        let whole_ns = ended.saturating_sub(record.overhead_ns).saturating_sub(frame.begin_ns);
        let whole_bytes = bytes.saturating_sub(frame.begin_bytes);
        if let Some(parent) = record.open.last_mut() {
            parent.parts_ns += whole_ns;
            parent.parts_bytes += whole_bytes;
        }
        if let Some(node) = slot(&mut record.nodes, id.0 as usize) {
            node.asked += asked;
            node.found += result.as_ref().map_or(0, Counted::counted);
            node.bytes += whole_bytes.saturating_sub(frame.parts_bytes);
            node.own_ns += whole_ns.saturating_sub(frame.parts_ns);
            node.whole_ns += whole_ns;
        }
        record.overhead_ns += recorder.watch.thread().saturating_sub(ended);
        result
    }
}
