//! What estimates are made from: a few contacts of at most two chunks, and the dictionaries and bounds of columns. No event
//! is read. Kept with the columns of an [`Engine`], so that it is looked at once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::columns::Engine;
use crate::plan::{EventSketch, Sampled, Seen, Sketch, Sketches};
use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::{Column, TextColumn};
use crate::store::{EventChunk, Layer, StoreError};

/// Contacts of a chunk that are looked at.
const SAMPLES: u32 = 256;
/// Texts of a dictionary that are looked at.
const TEXTS: u32 = 256;

type Known<K, V> = RefCell<HashMap<K, Option<Rc<V>>>>;

/// Sketches that have been made.
#[derive(Default)]
pub(super) struct Made {
    fields: Known<FieldId, Sketch>,
    since: Known<FieldId, Sketch>,
    attributes: Known<(EventId, AttrId), Sketch>,
    events: Known<EventId, EventSketch>,
}

/// What is known under a key, made once. A store that cannot be read says so when it is evaluated.
fn known<K: Copy + Eq + std::hash::Hash, V>(
    known: &Known<K, V>,
    key: K,
    make: impl FnOnce() -> Result<Option<V>, StoreError>,
) -> Option<Rc<V>> {
    if let Some(made) = known.borrow().get(&key) {
        return made.clone();
    }
    let made = make().ok().flatten().map(Rc::new);
    known.borrow_mut().insert(key, made.clone());
    made
}

impl Sketches for Engine<'_> {
    fn contacts(&self) -> u64 {
        u64::from(self.snapshot().contacts())
    }

    fn field(&self, field: FieldId) -> Option<Rc<Sketch>> {
        known(&self.made().fields, field, || self.sketch_field(field, |layer, chunk| self.field_column(layer, field, chunk)))
    }

    fn since(&self, field: FieldId) -> Option<Rc<Sketch>> {
        known(&self.made().since, field, || self.sketch_field(field, |layer, chunk| self.since_column(layer, field, chunk)))
    }

    fn attribute(&self, event: EventId, attr: AttrId) -> Option<Rc<Sketch>> {
        known(&self.made().attributes, (event, attr), || self.sketch_attribute(event, attr))
    }

    fn event(&self, event: EventId) -> Option<Rc<EventSketch>> {
        known(&self.made().events, event, || self.sketch_events(event))
    }
}

impl<'s> Engine<'s> {
    /// Two chunks that lie apart, or all there are.
    fn sampled(&self) -> BTreeSet<u32> {
        let chunks = self.snapshot().chunks();
        if chunks == 0 { BTreeSet::new() } else { BTreeSet::from([chunks / 3, chunks * 2 / 3]) }
    }

    /// The layer of most contacts.
    fn layer_of_most(&self, chunk: u32, appended: bool) -> Result<Layer, StoreError> {
        let layers = self.snapshot().layers(chunk, appended)?;
        let most = layers.iter().max_by_key(|(_, members)| super::words::count(members));
        Ok(most.map_or(Layer::Base, |(layer, _)| *layer))
    }

    /// Slots of a chunk that lie evenly apart, not in step with anything.
    fn slots(&self, chunk: u32) -> impl Iterator<Item = usize> + use<> {
        let len = self.snapshot().chunk_len(chunk);
        let many = len.min(SAMPLES);
        // The golden ratio of 2^16; a small chunk is looked at whole.
        let place = move |n: u32| if many == len { n } else { ((n.wrapping_mul(40_503) & 0xffff) * len) >> 16 };
        (0..many).map(move |n| place(n) as usize)
    }

    fn sketch_field(
        &self,
        field: FieldId,
        column: impl Fn(Layer, u32) -> Result<Option<Arc<Column<'s>>>, StoreError>,
    ) -> Result<Option<Sketch>, StoreError> {
        let mut sample = Sample::default();
        for chunk in self.sampled() {
            let layer = self.layer_of_most(chunk, self.snapshot().has_appended_field(field, chunk)?)?;
            match column(layer, chunk)? {
                Some(column) => sample.add(&column, self.snapshot().chunk_len(chunk), self.slots(chunk)),
                None => sample.asked += self.slots(chunk).count(),
            }
        }
        Ok(sample.finish())
    }

    fn sketch_attribute(&self, event: EventId, attr: AttrId) -> Result<Option<Sketch>, StoreError> {
        for chunk in self.sampled() {
            let layer = self.layer_of_most(chunk, self.snapshot().has_appended_events(event, chunk)?)?;
            if self.summary(layer, event, chunk)?.is_none_or(|summary| summary.blocks() == 0) {
                continue;
            }
            let Some(column) = self.attribute_column(layer, event, chunk, 0, attr)? else { continue };
            let values = match column.as_ref() {
                Column::Int(column) => Sampled::Between(column.bounds().0, column.bounds().1),
                Column::Text(column) => dictionary(column),
                Column::List(_) => Sampled::Lists,
            };
            return Ok(Some(Sketch { present: 1.0, values }));
        }
        Ok(None)
    }

    fn sketch_events(&self, event: EventId) -> Result<Option<EventSketch>, StoreError> {
        let mut sketch = EventSketch::default();
        let mut some = false;
        for chunk in self.sampled() {
            let layer = self.layer_of_most(chunk, self.snapshot().has_appended_events(event, chunk)?)?;
            sketch.asked += self.slots(chunk).count();
            let Some(summary) = self.summary(layer, event, chunk)? else { continue };
            some = true;
            sketch.seen.extend(self.slots(chunk).filter_map(|slot| seen(&summary, slot)));
        }
        Ok(some.then_some(sketch))
    }
}

fn seen(summary: &EventChunk<'_>, slot: usize) -> Option<Seen> {
    let (first, last) = (summary.first().get(slot)?, summary.last().get(slot)?);
    Some(Seen { first, last, count: summary.count().get(slot)? })
}

/// Texts of a dictionary, as if all were as frequent.
fn dictionary(column: &TextColumn<'_>) -> Sampled {
    let many = column.distinct().clamp(1, TEXTS);
    let step = column.distinct().div_ceil(many).max(1) as usize;
    let texts: Vec<&str> = (0..column.distinct()).step_by(step).filter_map(|code| column.value(code)).collect();
    let share = 1.0 / f64::from(many);
    Sampled::Texts { texts: texts.into_iter().map(|text| (text.to_owned(), share)).collect(), whole: step == 1 }
}

/// A sketch on its way, of one chunk after the other.
#[derive(Default)]
struct Sample {
    asked: usize,
    present: f64,
    ints: Vec<i64>,
    texts: HashMap<String, f64>,
    is_list: bool,
    /// Some texts may not have been seen.
    partly: bool,
}

impl Sample {
    fn add(&mut self, column: &Column<'_>, len: u32, slots: impl Iterator<Item = usize>) {
        let slots: Vec<usize> = slots.collect();
        self.asked += slots.len();
        match column {
            Column::Int(column) => {
                let before = self.ints.len();
                self.ints.extend(slots.iter().filter_map(|slot| column.get(*slot)));
                self.present += count(self.ints.len() - before);
            }
            Column::Text(column) => {
                if let Some(cardinalities) = column.cardinalities() {
                    // As if each of the contacts looked at had its share of every text.
                    let scale = count(slots.len()) / f64::from(len.max(1));
                    for (code, n) in (0..).zip(cardinalities) {
                        self.text(column.value(code), f64::from(n) * scale);
                    }
                } else {
                    self.partly = true;
                    for slot in slots {
                        self.text(column.text(slot), 1.0);
                    }
                }
            }
            Column::List(list) => {
                self.is_list = true;
                self.present += count(slots.iter().filter(|slot| !list.range(**slot).is_empty()).count());
            }
        }
    }

    fn text(&mut self, text: Option<&str>, n: f64) {
        if let Some(text) = text {
            self.present += n;
            *self.texts.entry(text.to_owned()).or_default() += n;
        }
    }

    fn finish(mut self) -> Option<Sketch> {
        if self.present <= 0.0 {
            return None;
        }
        let values = if self.is_list {
            Sampled::Lists
        } else if self.texts.is_empty() {
            self.ints.sort_unstable();
            Sampled::Ints(self.ints)
        } else {
            let mut texts: Vec<(String, f64)> = self.texts.into_iter().map(|(text, n)| (text, n / self.present)).collect();
            texts.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Sampled::Texts { texts, whole: !self.partly }
        };
        Some(Sketch { present: (self.present / count(self.asked.max(1))).min(1.0), values })
    }
}

#[expect(clippy::cast_precision_loss, reason = "hundreds of contacts")]
fn count(n: usize) -> f64 {
    n as f64
}
