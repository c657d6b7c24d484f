//! Atoms on the contact's id.

use super::ExecError;
use super::eval::Chunk;
use super::words::{self, Set};
use crate::check::typed::Sample;
use crate::plan::Predicate;
use crate::store::Words;
use crate::store::column::Column;
use crate::value::{in_sample, sample_hash};

/// The contacts of `within` whose id passes.
pub(super) fn id(chunk: &Chunk<'_>, predicate: &Predicate, within: &Words) -> Set {
    let mut set = words::empty();
    match predicate {
        Predicate::Set => return words::copy(within),
        Predicate::Text(test) => {
            let mut base = 0;
            for column in chunk.data.ids.iter().flat_map(|ids| &ids.0) {
                let Column::Text(ids) = column else { continue };
                let codes = chunk.context.prepared.codes(ids, test);
                chunk.data.meter.values(column, column.len());
                for slot in (0..column.len()).filter(|slot| ids.code(*slot).is_some_and(|code| codes.contains(code))) {
                    words::insert(&mut set, base + slot);
                }
                base += column.len();
            }
        }
        _ => {}
    }
    words::and(&mut set, within);
    set
}

/// The contacts of `within` whose id falls into a share.
pub(super) fn sample(chunk: &Chunk<'_>, sample: &Sample, within: &Words) -> Result<Set, ExecError> {
    let mut set = words::empty();
    let Some(ids) = &chunk.data.ids else { return Ok(set) };
    chunk.data.meter.ids(ids, || words::count(within));
    for slot in words::iter(within) {
        if slot.is_multiple_of(8192) {
            chunk.check_cancelled()?;
        }
        if ids.get(slot).is_some_and(|id| in_sample(sample_hash(&sample.salt, id), sample.share)) {
            words::insert(&mut set, slot);
        }
    }
    Ok(set)
}
