//! `top` and `bottom`: a pass over all chunks for the values, a selection among all of them, and ids where values tie.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::cells::{Cell, Values};
use super::chunk::Ids;
use super::eval::{Chunk, Context};
use super::lists::ByChunk;
use super::record::Counted;
use super::{Cancel, Engine, ExecError, bits, words};
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
    /// Those of whom it is likely that they are taken; nothing where all are asked.
    likely: Option<Likely>,
}

/// The contacts of a chunk that are not behind a key.
struct Likely {
    last: i64,
    slots: Vec<u16>,
    keys: Vec<i64>,
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
    /// Values as they are, of which the best may be the greatest, see [`key`].
    Ints(Scalar, Vec<i64>),
    Numbers(Vec<Number>),
}

/// A key that is least where the value is best; twice it is the value again.
fn key(value: i64, highest: bool) -> i64 {
    if highest { !value } else { value }
}

/// Evaluates the contacts of a ranking in a chunk.
fn places(chunk: &mut Chunk<'_>, ranked: &Ranked, contacts: u32) -> Result<Places, ExecError> {
    let everyone = chunk.everyone();
    let of = chunk.within(ranked.of, &everyone)?;
    let slots = words::slots(&of);
    let values = chunk.values(ranked.by, &slots)?;
    let mut there = Vec::new();
    let keys = match Rc::try_unwrap(values).unwrap_or_else(|values| values.as_ref().clone()) {
        Values::Ints(scalar, all) => match all.into_whole() {
            Ok(all) => {
                there = slots;
                Keys::Ints(scalar, all)
            }
            Err(all) => {
                let (slots, values) = slots.iter().zip(all.iter()).filter_map(|(slot, n)| Some((*slot, n?))).unzip();
                there = slots;
                Keys::Ints(scalar, values)
            }
        },
        values => {
            let mut keys = Vec::new();
            for (at, slot) in slots.iter().enumerate() {
                if let Some(n) = values.get(at).and_then(|cell| number(cell, ranked.highest)) {
                    there.push(*slot);
                    keys.push(n);
                }
            }
            Keys::Numbers(keys)
        }
    };
    let mut places = Places { chunk: chunk.data.chunk, ranked: there.len() as u64, slots: there, keys, likely: None };
    let expected = match ranked.amount {
        Amount::Share(_) => wanted(ranked.amount, places.ranked),
        // As many of each chunk as it has contacts.
        Amount::Count(n) => {
            let share = u128::from(n) * words::count(&everyone) as u128 / u128::from(contacts.max(1));
            u64::try_from(share).unwrap_or(u64::MAX)
        }
    };
    places.shorten(ranked, expected);
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

/// How many are taken of so many.
fn wanted(amount: Amount, of: u64) -> u64 {
    match amount {
        Amount::Count(n) => n,
        Amount::Share(share) => {
            let unit = 10_i128.pow(u32::from(share.scale()));
            let exact = i128::from(of).saturating_mul(share.mantissa());
            u64::try_from((exact + (unit - 1)).div_euclid(unit)).unwrap_or(0)
        }
    }
}

impl Likely {
    fn of(slots: &[u16], values: &[i64], highest: bool, last: i64) -> Self {
        let mut bits = Vec::new();
        let (least, greatest) = if highest { (key(last, highest), i64::MAX) } else { (i64::MIN, last) };
        bits::between_i64(values, least, greatest, &mut bits);
        let there = bits::iter(&bits).filter_map(|at| Some((*slots.get(at)?, key(*values.get(at)?, highest))));
        let (slots, keys) = there.unzip();
        Self { last, slots, keys }
    }
}

/// A key behind which hardly anybody is taken if so many are expected to be; nothing where that would be nobody or too many.
fn likely_last(values: &[i64], highest: bool, expected: u64) -> Option<i64> {
    const SAMPLE: usize = 1024;
    let mut some: Vec<i64> = values.iter().step_by(values.len() / SAMPLE + 1).map(|n| key(*n, highest)).collect();
    if values.len() < 2 * SAMPLE {
        return None;
    }
    let expected = u128::from(expected) * some.len() as u128 / values.len() as u128;
    let place = usize::try_from(expected + 2 * expected.isqrt() + 4).ok()?;
    (place < some.len() / 2).then(|| *some.select_nth_unstable(place).1)
}

impl Places {
    /// Leaves out who cannot be taken, and looks for those who are likely to be.
    fn shorten(&mut self, ranked: &Ranked, expected: u64) {
        let highest = ranked.highest;
        let most = if let Amount::Count(n) = ranked.amount { Some(usize::try_from(n).unwrap_or(usize::MAX)) } else { None };
        match &mut self.keys {
            Keys::Ints(_, values) => {
                let likely = likely_last(values, highest, expected).map(|last| Likely::of(&self.slots, values, highest, last));
                match likely {
                    // The others are behind as many as are taken.
                    Some(likely) if most.is_some_and(|most| most <= likely.keys.len()) => {
                        self.slots = likely.slots;
                        *values = likely.keys.into_iter().map(|n| key(n, highest)).collect();
                    }
                    likely => self.likely = likely,
                }
            }
            Keys::Numbers(keys) => {
                let Some(last) = most.and_then(|most| most.checked_sub(1)).filter(|last| *last < keys.len()) else { return };
                let last = *keys.clone().select_nth_unstable(last).1;
                let mut kept = keys.iter().map(|key| *key <= last);
                self.slots.retain(|_| kept.next() == Some(true));
                keys.retain(|key| *key <= last);
            }
        }
    }

    /// Whether there are no others up to a key than the likely ones.
    fn has_all(&self, last: i64) -> bool {
        self.likely.as_ref().is_none_or(|likely| last <= likely.last)
    }

    /// Adds those up to a key to the likely ones.
    fn widen(&mut self, highest: bool, last: i64) {
        if !self.has_all(last)
            && let Keys::Ints(_, values) = &self.keys
        {
            self.likely = Some(Likely::of(&self.slots, values, highest, last));
        }
    }

    /// The likely ones, or all.
    fn ints(&self, highest: bool) -> Ranks<'_, i64> {
        let (slots, keys) = match (&self.likely, &self.keys) {
            (Some(likely), _) => (likely.slots.as_slice(), Cow::Borrowed(likely.keys.as_slice())),
            (None, Keys::Ints(_, values)) if highest => {
                (self.slots.as_slice(), values.iter().map(|n| key(*n, highest)).collect())
            }
            (None, Keys::Ints(_, values)) => (self.slots.as_slice(), Cow::Borrowed(values.as_slice())),
            (None, Keys::Numbers(_)) => Default::default(),
        };
        Ranks { chunk: self.chunk, slots, keys }
    }

    /// All, by keys that compare with those of other types.
    fn numbers(&self, highest: bool) -> Ranks<'_, Number> {
        let keys = match &self.keys {
            Keys::Numbers(keys) => Cow::Borrowed(keys.as_slice()),
            Keys::Ints(scalar, values) => values.iter().filter_map(|n| number(Cell::Int(*scalar, *n), highest)).collect(),
        };
        Ranks { chunk: self.chunk, slots: &self.slots, keys }
    }
}

/// Contacts of a chunk with keys, the best of which are the least.
struct Ranks<'p, K: Clone> {
    chunk: u32,
    slots: &'p [u16],
    keys: Cow<'p, [K]>,
}

/// The members of a ranking.
fn select(engine: &Engine<'_>, ranked: &Ranked, places: &mut [Places], cancel: &Cancel) -> Result<ByChunk, ExecError> {
    let wanted = wanted(ranked.amount, places.iter().map(|p| p.ranked).sum());
    let highest = ranked.highest;
    let scalars: Vec<Option<Scalar>> = places
        .iter()
        .filter(|p| !p.slots.is_empty())
        .map(|p| if let Keys::Ints(scalar, _) = p.keys { Some(scalar) } else { None })
        .collect();
    let same = scalars.windows(2).all(|pair| matches!(pair, [a, b] if a == b)) && scalars.first().is_some_and(Option::is_some);
    if !same {
        let all: Vec<Ranks<'_, Number>> = places.iter().map(|p| p.numbers(highest)).collect();
        let last = nth(&keys(&all), wanted, cancel)?;
        return best(engine, &all, (wanted, last), cancel);
    }
    let likely: Vec<Ranks<'_, i64>> = places.iter().map(|p| p.ints(highest)).collect();
    let last = nth(&keys(&likely), wanted, cancel)?;
    // Among all, the last one is not behind the last one among some of them.
    let furthest = if wanted == 0 { i64::MIN } else { last.unwrap_or(i64::MAX) };
    if places.iter().all(|p| p.has_all(furthest)) {
        return best(engine, &likely, (wanted, last), cancel);
    }
    drop(likely);
    places.par_iter_mut().for_each(|p| p.widen(highest, furthest));
    let wider: Vec<Ranks<'_, i64>> = places.iter().map(|p| p.ints(highest)).collect();
    let last = nth(&keys(&wider), wanted, cancel)?;
    best(engine, &wider, (wanted, last), cancel)
}

fn keys<'p, K: Clone>(ranks: &'p [Ranks<'_, K>]) -> Vec<Cow<'p, [K]>> {
    ranks.iter().map(|ranks| Cow::Borrowed(ranks.keys.as_ref())).collect()
}

/// The contacts with the `wanted` least keys, of which the last is known if there are so many; of those that tie with it, the ones with
/// the first ids.
fn best<K: Ord + Copy + Send + Sync>(
    engine: &Engine<'_>,
    ranks: &[Ranks<'_, K>],
    (wanted, last): (u64, Option<K>),
    cancel: &Cancel,
) -> Result<ByChunk, ExecError> {
    let mut members = ByChunk::new();
    let Some(last) = last else {
        if wanted > 0 {
            for ranks in ranks {
                put(&mut members, ranks.chunk, ranks.slots);
            }
        }
        return Ok(members);
    };
    let mut taken = 0;
    let mut ties: HashMap<u32, Vec<u16>> = HashMap::new();
    let mut tied = 0;
    for ranks in ranks {
        let pick = |wanted: std::cmp::Ordering| -> Vec<u16> {
            let picked = ranks.slots.iter().zip(ranks.keys.iter()).filter(|(_, key)| (*key).cmp(&last) == wanted);
            picked.map(|(slot, _)| *slot).collect()
        };
        let below = pick(std::cmp::Ordering::Less);
        taken += below.len() as u64;
        put(&mut members, ranks.chunk, &below);
        let equal = pick(std::cmp::Ordering::Equal);
        tied += equal.len() as u64;
        // What has been appended makes two parts of a chunk.
        ties.entry(ranks.chunk).or_default().extend(equal);
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
    /// So many keys are selected from at once.
    const FEW: u64 = 1 << 16;
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
        if left <= FEW {
            let mut all: Vec<K> = keys.iter().flat_map(|keys| keys.iter()).copied().collect();
            let place = usize::try_from(n - 1).unwrap_or(usize::MAX);
            return Ok((place < all.len()).then(|| *all.select_nth_unstable(place).1));
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
    let contacts = engine.snapshot().contacts();
    let chunks = super::pass(engine, context, |chunk| {
        stage
            .iter()
            .map(|(id, ranked)| chunk.recorded(*id, &Unasked, |chunk| places(chunk, ranked, contacts)))
            .collect::<Result<Vec<Places>, ExecError>>()
    })?;
    let mut by_ranking: Vec<Vec<Places>> = stage.iter().map(|_| Vec::new()).collect();
    for chunk in chunks {
        by_ranking.iter_mut().zip(chunk).for_each(|(all, places)| all.push(places));
    }
    stage
        .iter()
        .zip(by_ranking)
        .map(|((id, ranked), mut places)| {
            let begin = context.recorder.map(|recorder| (recorder, recorder.watch.process()));
            let selected = select(engine, ranked, &mut places, context.cancel)?;
            if let Some((recorder, begin)) = begin {
                recorder.spent(*id, recorder.watch.process().saturating_sub(begin));
            }
            Ok((*id, selected))
        })
        .collect()
}
