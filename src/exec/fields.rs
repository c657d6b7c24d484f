//! Atoms on fields.

use super::ExecError;
use super::cells::{Cell, clamp_day};
use super::chunk::ChunkData;
use super::eval::{Chunk, Context};
use super::meter::Meter;
use super::tests_on_cells::CellTest;
use super::tests_on_columns::{ColumnTest, Columns};
use super::words::{self, Set};
use crate::check::typed::HasOp;
use crate::plan::{Predicate, TextPredicate};
use crate::schema::{FieldId, Scalar};
use crate::store::column::{CodeSet, Column, TextColumn};
use crate::store::{StoreError, Words};
use crate::value::fold;

/// The fields of a chunk.
pub(super) struct Fields<'c> {
    pub context: &'c Context<'c>,
    pub data: &'c ChunkData<'c>,
}

impl<'c> Columns<'c> for Fields<'c> {
    fn column(&self, at: u16) -> Option<(&'c Column<'c>, Scalar)> {
        let column = self.data.fields.get(&FieldId(at))?.as_ref();
        Some((column, self.context.field(FieldId(at))))
    }
}

/// The contacts of `within` whose field passes.
pub(super) fn field<'c>(
    chunk: &mut Chunk<'c>,
    field: FieldId,
    (predicate, or_empty): (&'c Predicate, bool),
    within: &Words,
) -> Result<Set, ExecError> {
    let Some(column) = chunk.data.fields.get(&field) else {
        return Ok(if or_empty { words::copy(within) } else { words::empty() });
    };
    let mut set = words::empty();
    let scalar = chunk.context.field(field);
    if !scanned(chunk.context, &chunk.data.meter, (column, scalar), predicate, &mut set)?
        && !by_domain(chunk, (column, field), predicate, within, &mut set)?
    {
        return by_value(chunk, field, column, (predicate, or_empty), within);
    }
    if or_empty {
        let mut present = words::empty();
        present_into(&chunk.data.meter, column, present.as_mut_slice());
        // Everybody who has no value, besides those whose value passes.
        set.iter_mut().zip(present.iter()).for_each(|(s, p)| *s |= !p);
    }
    words::and(&mut set, within);
    Ok(set)
}

/// Sets the bits of the slots that have a value.
fn present_into(meter: &Meter, column: &Column<'_>, out: &mut [u64]) {
    meter.present(column);
    match column {
        Column::Int(c) => c.present_into(out),
        Column::Text(c) => c.codes().present_into(out),
        Column::List(c) => c.present_into(out),
    }
}

/// Adds the slots whose value passes to a set that is empty, if the column can tell that without looking at single values.
fn scanned(
    context: &Context<'_>,
    meter: &Meter,
    (column, scalar): (&Column<'_>, Scalar),
    predicate: &Predicate,
    set: &mut Words,
) -> Result<bool, ExecError> {
    /// With more intervals than this, looking at each value is faster than a scan for each interval.
    const SCANS: usize = 8;
    match (predicate, column) {
        (Predicate::Never, _) => {}
        (Predicate::Set, column) => present_into(meter, column, set),
        (Predicate::In(intervals), Column::Int(column)) if intervals.iter().take(SCANS + 1).count() <= SCANS => {
            intervals.iter_i64().for_each(|(lo, hi)| meter.scan(column, lo, hi, set));
        }
        (Predicate::Text(TextPredicate::In(list, _, negated)), Column::Text(texts))
            if listed(context, meter, (texts, list), set) =>
        {
            if *negated {
                let mut others = words::empty();
                present_into(meter, column, others.as_mut_slice());
                words::and_not(&mut others, set);
                set.copy_from_slice(others.as_slice());
            }
        }
        (Predicate::Text(test), Column::Text(column)) => {
            let codes = context.prepared.codes(column, test);
            meter.add(|| column.scanned_bytes(&codes));
            column.scan(&codes, set).ok_or_else(|| StoreError::damaged("a bitmap of a field"))?;
        }
        (Predicate::Anniversary(within), Column::Int(column)) if scalar == Scalar::Date => {
            let Some(days) = context.prepared.anniversaries(within, context.clock) else { return Ok(false) };
            meter.add(|| column.scan_bytes());
            let (first, known) = days.days();
            if !column.scan_answers(first, bytemuck::cast_slice(known), set) {
                column.scan_domain(|day| days.contains(clamp_day(day)), set);
            }
        }
        (Predicate::HasText(HasOp::Any, wanted, folding), Column::List(list)) => {
            let Column::Text(items) = list.items() else { return Ok(true) };
            let mut codes = CodeSet::none(items.distinct());
            if folding.is_exact() {
                wanted.iter().filter_map(|text| items.find(text)).for_each(|code| codes.insert(code));
            } else {
                codes = items.matching(|text| TextPredicate::is_in(wanted, &fold(text, *folding)));
            }
            let mut found = vec![0; items.codes().len().div_ceil(64)];
            meter.present(column);
            meter.add(|| items.codes().scan_bytes());
            codes.scan(items.codes(), &mut found);
            list.slots_of(&found, set);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Adds the slots that have a text of a long list, if the column knows where its texts stand.
fn listed(context: &Context<'_>, meter: &Meter, (column, list): (&TextColumn<'_>, &[String]), set: &mut Words) -> bool {
    let found = context.prepared.wanted(list).and_then(|wanted| column.scan_wanted(wanted, set));
    meter.add(|| found.unwrap_or(0));
    found.is_some()
}

/// Adds the slots whose value passes by asking once for each value that there can be, if those are clearly fewer than the
/// contacts.
fn by_domain<'c>(
    chunk: &mut Chunk<'c>,
    (column, field): (&Column<'_>, FieldId),
    predicate: &'c Predicate,
    within: &Words,
    set: &mut Words,
) -> Result<bool, ExecError> {
    let Column::Int(column) = column else { return Ok(false) };
    if predicate.compares() || column.domain() > words::count(within) as u64 / 2 {
        return Ok(false);
    }
    let scalar = chunk.context.field(field);
    let operands = chunk.operands(|_| {}, &[])?;
    let test = CellTest::new(chunk.context, predicate, &operands);
    chunk.data.meter.add(|| column.scan_bytes());
    column.scan_domain(|value| test.passes(Cell::Int(scalar, value), 0), set);
    Ok(true)
}

/// Looks at each value.
fn by_value<'c>(
    chunk: &mut Chunk<'c>,
    field: FieldId,
    column: &Column<'_>,
    (predicate, or_empty): (&'c Predicate, bool),
    within: &Words,
) -> Result<Set, ExecError> {
    let mut set = words::copy(within);
    if !or_empty {
        // Others need not be asked for what they are compared with.
        let mut present = words::empty();
        present_into(&chunk.data.meter, column, present.as_mut_slice());
        words::and(&mut set, &present);
    }
    let slots = words::slots(&set);
    chunk.data.meter.values(column, slots.len());
    let operands = chunk.operands(|see| predicate.exprs(see), &slots)?;
    let fields = Fields { context: chunk.context, data: chunk.data };
    let test = ColumnTest::new(chunk.context, &fields, field.0, (predicate, or_empty), &operands);
    set.fill(0);
    for (at, slot) in slots.iter().enumerate() {
        if at % 4096 == 4095 {
            chunk.check_cancelled()?;
        }
        let slot = usize::from(*slot);
        if test.passes(slot, at) {
            words::insert(&mut set, slot);
        }
    }
    Ok(set)
}

/// The contacts of `within` whose field has been as it is since an instant or longer.
pub(super) fn unchanged(data: &ChunkData<'_>, field: FieldId, since: i64, within: &Words) -> Set {
    let mut set = words::copy(within);
    // A field that no line has spoken of has been empty for ever.
    if let Some(Column::Int(column)) = data.since.get(&field).map(AsRef::as_ref)
        && let Some(after) = since.checked_add(1)
    {
        let mut changed = words::empty();
        data.meter.scan(column, after, i64::MAX, &mut changed);
        words::and_not(&mut set, &changed);
    }
    set
}
