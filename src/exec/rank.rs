//! `top` and `bottom`: a pass over all chunks for the values, a selection among all of them, and ids where values tie.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::cells::{Cell, Values};
use super::chunk::Ids;
use super::eval::{Chunk, Context};
use super::lists::ByChunk;
use super::record::Counted;
use super::{Cancel, Engine, ExecError, words};
use crate::check::typed::Amount;
use crate::plan::{NodeId, Ranked};
use crate::schema::Scalar;
use crate::value::Number;

/// The contacts of a chunk that are ranked, with what they are ranked by.
pub(super) struct Places {
    chunk: u32,
    slots: Vec<u16>,
    keys: Keys,
    /// How many there were; fewer are left where it is known that the others cannot be taken.
    ranked: u64,
}

/// Who is ranked is asked about later, when it is known who is taken.
struct Unasked;

impl Counted for Unasked {
    fn counted(&self) -> u64 {
        0
    }
}

impl Counted for Places {
    fn counted(&self) -> u64 {
        0
    }
}

/// Numbers, days or instants; the best are the least.
enum Keys {
    Ints(Scalar, Vec<i64>),
    Numbers(Vec<Number>),
}

/// Evaluates the contacts of a ranking in a chunk.
pub(super) fn places(chunk: &mut Chunk<'_>, ranked: &Ranked) -> Result<Places, ExecError> {
    let everyone = chunk.everyone();
    let of = chunk.within(ranked.of, &everyone)?;
    let slots = words::slots(&of);
    let values = chunk.values(ranked.by, &slots)?;
    let mut places = Places { chunk: chunk.data.chunk, slots: Vec::new(), keys: Keys::Numbers(Vec::new()), ranked: 0 };
    places.keys = match values.as_ref() {
        Values::Ints(scalar, all) => {
            let key = |n: i64| if ranked.highest { !n } else { n };
            if let Some(all) = all.whole() {
                places.slots.clone_from(&slots);
                Keys::Ints(*scalar, all.iter().map(|n| key(*n)).collect())
            } else {
                let there = slots.iter().zip(all.iter()).filter_map(|(slot, n)| Some((*slot, key(n?))));
                let (slots, keys) = there.unzip();
                places.slots = slots;
                Keys::Ints(*scalar, keys)
            }
        }
        values => {
            let mut keys = Vec::new();
            for (at, slot) in slots.iter().enumerate() {
                if let Some(n) = values.get(at).and_then(|cell| number(cell, ranked.highest)) {
                    places.slots.push(*slot);
                    keys.push(n);
                }
            }
            Keys::Numbers(keys)
        }
    };
    places.ranked = places.slots.len() as u64;
    if let Amount::Count(n) = ranked.amount {
        places.prune(usize::try_from(n).unwrap_or(usize::MAX));
    }
    Ok(places)
}

/// A value as a number that is least where the value is best.
fn number(cell: Cell<'_>, highest: bool) -> Option<Number> {
    let n = match cell {
        Cell::Int(Scalar::Number { .. }, _) | Cell::Number(_) => cell.number()?,
        Cell::Int(_, n) => Number::whole(n),
        _ => return None,
    };
    if highest { Number::whole(0).subtract(n) } else { Some(n) }
}

impl Places {
    /// Leaves out who is not even among the first `n` of the chunk.
    fn prune(&mut self, n: usize) {
        fn pruned<K: Ord + Copy>(slots: &mut Vec<u16>, keys: &mut Vec<K>, n: usize) {
            let Some(last) = n.checked_sub(1).filter(|last| *last < keys.len()) else { return };
            let mut order = keys.clone();
            let (_, last, _) = order.select_nth_unstable(last);
            let last = *last;
            let mut kept = keys.iter().map(|key| *key <= last);
            slots.retain(|_| kept.next() == Some(true));
            keys.retain(|key| *key <= last);
        }
        match &mut self.keys {
            Keys::Ints(_, keys) => pruned(&mut self.slots, keys, n),
            Keys::Numbers(keys) => pruned(&mut self.slots, keys, n),
        }
    }

    /// The keys as numbers that compare with those of other chunks.
    fn numbers(&self, highest: bool) -> Vec<Number> {
        match &self.keys {
            Keys::Numbers(keys) => keys.clone(),
            Keys::Ints(scalar, keys) => {
                let plain = keys.iter().map(|key| if highest { !*key } else { *key });
                plain.filter_map(|n| number(Cell::Int(*scalar, n), highest)).collect()
            }
        }
    }
}

/// The members of a ranking.
pub(super) fn select(engine: &Engine<'_>, ranked: &Ranked, places: &[Places], cancel: &Cancel) -> Result<ByChunk, ExecError> {
    let all: u64 = places.iter().map(|p| p.ranked).sum();
    let wanted = match ranked.amount {
        Amount::Count(n) => n,
        Amount::Share(share) => {
            let unit = 10_i128.pow(u32::from(share.scale()));
            let exact = i128::from(all).saturating_mul(share.mantissa());
            u64::try_from((exact + (unit - 1)).div_euclid(unit)).unwrap_or(0)
        }
    };
    let scalars: Vec<Option<Scalar>> = places
        .iter()
        .filter(|p| !p.slots.is_empty())
        .map(|p| if let Keys::Ints(scalar, _) = p.keys { Some(scalar) } else { None })
        .collect();
    let same = scalars.windows(2).all(|pair| matches!(pair, [a, b] if a == b)) && scalars.first().is_some_and(Option::is_some);
    if same {
        let keys: Vec<Cow<'_, [i64]>> = places
            .iter()
            .map(|p| if let Keys::Ints(_, keys) = &p.keys { Cow::Borrowed(keys.as_slice()) } else { Cow::default() })
            .collect();
        best(engine, places, &keys, wanted, cancel)
    } else {
        let keys: Vec<Cow<'_, [Number]>> = places.iter().map(|p| Cow::Owned(p.numbers(ranked.highest))).collect();
        best(engine, places, &keys, wanted, cancel)
    }
}

/// The contacts with the `wanted` least keys; of those that tie at the end, the ones with the first ids.
fn best<K: Ord + Copy + Send + Sync>(
    engine: &Engine<'_>,
    places: &[Places],
    keys: &[Cow<'_, [K]>],
    wanted: u64,
    cancel: &Cancel,
) -> Result<ByChunk, ExecError> {
    let mut members = ByChunk::new();
    let Some(last) = nth(keys, wanted, cancel)? else {
        if wanted > 0 {
            for place in places {
                put(&mut members, place.chunk, &place.slots);
            }
        }
        return Ok(members);
    };
    let mut taken = 0;
    let mut ties: HashMap<u32, Vec<u16>> = HashMap::new();
    let mut tied = 0;
    for (place, keys) in places.iter().zip(keys) {
        let pick = |wanted: std::cmp::Ordering| -> Vec<u16> {
            place.slots.iter().zip(keys.iter()).filter(|(_, key)| (*key).cmp(&last) == wanted).map(|(slot, _)| *slot).collect()
        };
        let below = pick(std::cmp::Ordering::Less);
        taken += below.len() as u64;
        put(&mut members, place.chunk, &below);
        let equal = pick(std::cmp::Ordering::Equal);
        tied += equal.len() as u64;
        // What has been appended makes two parts of a chunk.
        ties.entry(place.chunk).or_default().extend(equal);
    }
    let left = wanted.saturating_sub(taken);
    if left < tied {
        ties = first_ids(engine, ties, left, cancel)?;
    }
    for (chunk, slots) in &ties {
        put(&mut members, *chunk, slots);
    }
    Ok(members)
}

fn put(members: &mut ByChunk, chunk: u32, slots: &[u16]) {
    if !slots.is_empty() {
        let set = members.entry(chunk).or_insert_with(words::empty);
        words::or(set, &words::of_slots(slots));
    }
}

/// The `wanted` contacts with the first ids, bytewise.
fn first_ids(
    engine: &Engine<'_>,
    ties: HashMap<u32, Vec<u16>>,
    wanted: u64,
    cancel: &Cancel,
) -> Result<HashMap<u32, Vec<u16>>, ExecError> {
    let mut read: Vec<(u32, Vec<u16>, Arc<Ids<'_>>)> = Vec::new();
    for (chunk, slots) in ties.into_iter().filter(|(_, slots)| !slots.is_empty()) {
        read.push((chunk, slots, engine.ids(chunk)?));
    }
    let texts: Vec<Cow<'_, [&[u8]]>> =
        read.par_iter().map(|(_, slots, ids)| slots.iter().map(|slot| id(ids, *slot)).collect()).collect();
    let Some(last) = nth(&texts, wanted, cancel)? else { return Ok(HashMap::new()) };
    // Ids are different, so this is exactly as many.
    let kept = |(chunk, slots, ids): &(u32, Vec<u16>, Arc<Ids<'_>>)| {
        (*chunk, slots.iter().copied().filter(|slot| id(ids, *slot) <= last).collect())
    };
    Ok(read.par_iter().map(kept).collect())
}

fn id<'s>(ids: &Ids<'s>, slot: u16) -> &'s [u8] {
    ids.get(usize::from(slot)).unwrap_or_default().as_bytes()
}

/// The n-th least of all keys, 1 being the least; nothing when there are fewer.
///
/// Method: quickselect on all chunks at once, so that it can be cancelled and runs on all cores.
fn nth<K: Ord + Copy + Send + Sync>(keys: &[Cow<'_, [K]>], n: u64, cancel: &Cancel) -> Result<Option<K>, ExecError> {
    let mut n = n;
    // What is left, once that is not all of them any more.
    let mut rest: Option<Vec<Cow<'_, [K]>>> = None;
    loop {
        if cancel.is_cancelled() {
            return Err(ExecError::Cancelled);
        }
        let keys = rest.as_deref().unwrap_or(keys);
        let left: u64 = keys.iter().map(|k| k.len() as u64).sum();
        if n == 0 || n > left {
            return Ok(None);
        }
        let Some(pivot) = pivot(keys, left, n) else { return Ok(None) };
        let (below, equal) = keys
            .par_iter()
            .map(|keys| {
                keys.iter().fold((0_u64, 0_u64), |(below, equal), key| {
                    (below + u64::from(*key < pivot), equal + u64::from(*key == pivot))
                })
            })
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let kept = |passes: &(dyn Fn(&K) -> bool + Sync)| -> Vec<Cow<'_, [K]>> {
            keys.par_iter().map(|keys| keys.iter().copied().filter(passes).collect()).collect()
        };
        rest = Some(if n <= below {
            kept(&|key| *key < pivot)
        } else if n <= below + equal {
            return Ok(Some(pivot));
        } else {
            n -= below + equal;
            kept(&|key| *key > pivot)
        });
    }
}

/// A key near the n-th of `left`: the same place among some that lie evenly apart.
fn pivot<K: Ord + Copy>(keys: &[Cow<'_, [K]>], left: u64, n: u64) -> Option<K> {
    const SAMPLE: u64 = 1024;
    let step = usize::try_from(left.div_ceil(SAMPLE)).unwrap_or(usize::MAX).max(1);
    let mut some: Vec<K> = keys.iter().flat_map(|keys| keys.iter()).step_by(step).copied().collect();
    let place = u128::from(n.saturating_sub(1)) * some.len() as u128 / u128::from(left.max(1));
    let place = usize::try_from(place).unwrap_or(0).min(some.len().checked_sub(1)?);
    Some(*some.select_nth_unstable(place).1)
}

/// The rankings of a pass, with the chunks' places to be selected from.
pub(super) fn stage(
    engine: &Engine<'_>,
    context: &Context<'_>,
    stage: &[(NodeId, &Ranked)],
) -> Result<Vec<(NodeId, ByChunk)>, ExecError> {
    let chunks = super::pass(engine, context, |chunk| {
        stage
            .iter()
            .map(|(id, ranked)| chunk.recorded(*id, &Unasked, |chunk| places(chunk, ranked)))
            .collect::<Result<Vec<Places>, ExecError>>()
    })?;
    let mut by_ranking: Vec<Vec<Places>> = stage.iter().map(|_| Vec::new()).collect();
    for chunk in chunks {
        by_ranking.iter_mut().zip(chunk).for_each(|(all, places)| all.push(places));
    }
    stage
        .iter()
        .zip(by_ranking)
        .map(|((id, ranked), places)| {
            let begin = context.recorder.map(|recorder| (recorder, recorder.watch.process()));
            let selected = select(engine, ranked, &places, context.cancel)?;
            if let Some((recorder, begin)) = begin {
                recorder.spent(*id, recorder.watch.process().saturating_sub(begin));
            }
            Ok((*id, selected))
        })
        .collect()
}
