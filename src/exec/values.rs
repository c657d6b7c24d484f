//! Expressions for some contacts of a chunk, and tests on them.

use super::cells::{Cell, Ints, Values, WHOLE};
use super::eval::Chunk;
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use super::{ExecError, aggregates, bits, events};
use crate::check::typed::{ArithmeticOp, CompareOp, Part};
use crate::plan::{self, Constant, Expr, ExprId, NodeId, Predicate, TimeSpan};
use crate::schema::Scalar;
use crate::store::Words;
use crate::store::column::Column;
use crate::time::Interval;
use crate::value::LOGISTIC_DECIMALS;

/// The values of an expression for some contacts, whose slots ascend.
pub(super) fn expr<'c>(chunk: &mut Chunk<'c>, id: ExprId, slots: &[u16]) -> Result<Values<'c>, ExecError> {
    chunk.check_cancelled()?;
    let context = chunk.context;
    Ok(match context.plan.expr(id) {
        Expr::Nothing => Values::Same(None),
        Expr::Constant(constant) => Values::Same(Some(cell(constant))),
        Expr::Field(field) => match chunk.data.fields.get(field) {
            Some(column) => {
                chunk.data.meter.values(column, slots.len());
                gathered(column, context.field(*field), slots)
            }
            None => Values::Same(None),
        },
        Expr::ContactId => match &chunk.data.ids {
            Some(ids) => {
                chunk.data.meter.ids(ids, || slots.len());
                Values::Texts(slots.iter().map(|slot| ids.get(usize::from(*slot))).collect())
            }
            None => Values::Same(None),
        },
        Expr::Aggregate(aggregate) => aggregates::aggregate(chunk, aggregate, slots)?,
        Expr::Arithmetic(a, op, b) => {
            let (a, b) = (chunk.values(*a, slots)?, chunk.values(*b, slots)?);
            arithmetic(&a, *op, &b, slots.len())
        }
        Expr::If(condition, then, otherwise) => choice(chunk, *condition, (*then, *otherwise), slots)?,
        Expr::Logistic(of) => {
            let of = chunk.values(*of, slots)?;
            logistic(&of, slots.len())
        }
        Expr::Part(part, of) => {
            let of = chunk.values(*of, slots)?;
            parts(chunk, *part, &of, slots.len())
        }
    })
}

fn cell(constant: &Constant) -> Cell<'_> {
    match constant {
        Constant::Number(n) => match i64::try_from(n.mantissa()) {
            Ok(mantissa) => Cell::Int(Scalar::Number { decimals: n.scale() }, mantissa),
            Err(_) => Cell::Number((*n).into()),
        },
        Constant::Text(text) => Cell::Text(text),
        Constant::Bool(b) => Cell::Int(Scalar::Bool, i64::from(*b)),
        Constant::Day(day) => Cell::Int(Scalar::Date, i64::from(*day)),
        Constant::Instant(ms) => Cell::Int(Scalar::Time, *ms),
    }
}

fn gathered<'c>(column: &'c Column<'c>, scalar: Scalar, slots: &[u16]) -> Values<'c> {
    let slots = slots.iter().map(|slot| usize::from(*slot));
    match column {
        Column::Int(column) => Values::Ints(scalar, slots.map(|slot| column.get(slot)).collect()),
        Column::Text(column) => Values::Texts(slots.map(|slot| column.text(slot)).collect()),
        Column::List(_) => Values::Cells(slots.map(|slot| Cell::of(column, slot, scalar)).collect()),
    }
}

/// `if(c, a, b)`: each branch is evaluated for its own contacts only.
fn choice<'c>(
    chunk: &mut Chunk<'c>,
    condition: NodeId,
    (then, otherwise): (ExprId, ExprId),
    slots: &[u16],
) -> Result<Values<'c>, ExecError> {
    let holds = chunk.within(condition, &chunk.set_of(slots))?;
    let mut values = Values::Same(None);
    for (branch, wanted) in [(then, true), (otherwise, false)] {
        let (mut own, mut positions) = (Vec::new(), Vec::new());
        for (at, slot) in (0_u16..=u16::MAX).zip(slots) {
            if words::contains(&holds, usize::from(*slot)) == wanted {
                own.push(*slot);
                positions.push(at);
            }
        }
        if !own.is_empty() {
            let own = chunk.values(branch, &own)?;
            values.put_all(slots.len(), &positions, &own);
        }
    }
    Ok(values)
}

fn parts<'c>(chunk: &Chunk<'c>, part: Part, of: &Values<'c>, len: usize) -> Values<'c> {
    let clock = chunk.context.clock;
    match of {
        Values::Same(cell) => Values::Same(cell.and_then(|cell| cell.part(part, clock)).map(Cell::whole)),
        of => Values::Ints(WHOLE, (0..len).map(|at| of.get(at)?.part(part, clock)).collect()),
    }
}

fn logistic<'c>(of: &Values<'c>, len: usize) -> Values<'c> {
    const SCALAR: Scalar = Scalar::Number { decimals: LOGISTIC_DECIMALS };
    let one = |at| Some(of.get(at)?.number()?.logistic_scaled());
    match of {
        Values::Same(_) => Values::Same(one(0).map(|n| Cell::Int(SCALAR, n))),
        _ => Values::Ints(SCALAR, (0..len).map(one).collect()),
    }
}

fn arithmetic<'c>(a: &Values<'c>, op: ArithmeticOp, b: &Values<'c>, len: usize) -> Values<'c> {
    if let Some(values) = scaled_arithmetic(a, op, b, len) {
        return values;
    }
    let one = |at| {
        let (a, b) = (a.get(at)?.number()?, b.get(at)?.number()?);
        op.apply(a, b).map(Cell::Number)
    };
    match (a, b) {
        (Values::Same(_), Values::Same(_)) => Values::Same(one(0)),
        _ => Values::Cells((0..len).map(one).collect()),
    }
}

/// The most decimals that scaled results have; any number would do that keeps powers of ten within 64 bits.
const MAX_DECIMALS: u8 = 18;

/// The same on integers; nothing where a result does not fit or is a fraction.
fn scaled_arithmetic<'c>(a: &Values<'c>, op: ArithmeticOp, b: &Values<'c>, len: usize) -> Option<Values<'c>> {
    let (left, right) = (decimals(a)?, decimals(b)?);
    let result = match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => left.max(right),
        ArithmeticOp::Multiply => left + right,
        ArithmeticOp::Divide => return None,
    };
    if result > MAX_DECIMALS {
        return None;
    }
    let power = |by: u8| 10_i64.pow(u32::from(by));
    let (a_unit, b_unit) = if op == ArithmeticOp::Multiply { (1, 1) } else { (power(result - left), power(result - right)) };
    let both = |a: i64, b: i64| {
        let (a, b) = (a.checked_mul(a_unit)?, b.checked_mul(b_unit)?);
        match op {
            ArithmeticOp::Add => a.checked_add(b),
            ArithmeticOp::Subtract => a.checked_sub(b),
            _ => a.checked_mul(b),
        }
    };
    let one = |a: Option<i64>, b: Option<i64>| match (a, b) {
        (Some(a), Some(b)) => both(a, b).map(Some),
        _ => Some(None),
    };
    let ints: Option<Ints> = match (a, b) {
        (Values::Ints(_, a), Values::Ints(_, b)) => match (a.whole(), b.whole()) {
            (Some(a), Some(b)) => a.iter().zip(b).map(|(a, b)| both(*a, *b)).collect::<Option<_>>().map(Ints::all),
            _ => a.iter().zip(b.iter()).map(|(a, b)| one(a, b)).collect(),
        },
        (Values::Ints(_, a), Values::Same(Some(Cell::Int(_, b)))) => match a.whole() {
            // The products of all fit if that with the furthest from 0 does.
            Some(a) if op == ArithmeticOp::Multiply && bits::fits(a, *b) => Some(Ints::all(a.iter().map(|a| a * b).collect())),
            Some(a) => a.iter().map(|a| both(*a, *b)).collect::<Option<_>>().map(Ints::all),
            None => a.iter().map(|a| one(a, Some(*b))).collect(),
        },
        (Values::Same(Some(Cell::Int(_, a))), Values::Ints(_, b)) => match b.whole() {
            Some(b) if op == ArithmeticOp::Multiply && bits::fits(b, *a) => Some(Ints::all(b.iter().map(|b| a * b).collect())),
            Some(b) => b.iter().map(|b| both(*a, *b)).collect::<Option<_>>().map(Ints::all),
            None => b.iter().map(|b| one(Some(*a), b)).collect(),
        },
        _ => (0..len).map(|_| one(whole(a), whole(b))).collect(),
    };
    Some(Values::Ints(Scalar::Number { decimals: result }, ints?))
}

/// The integer that all have.
fn whole(values: &Values<'_>) -> Option<i64> {
    if let Values::Same(Some(Cell::Int(_, n))) = values { Some(*n) } else { None }
}

/// The decimals of a column of stored numbers.
fn decimals(values: &Values<'_>) -> Option<u8> {
    match values {
        Values::Ints(Scalar::Number { decimals }, _) | Values::Same(Some(Cell::Int(Scalar::Number { decimals }, _))) => {
            Some(*decimals)
        }
        _ => None,
    }
}

/// The contacts of `within` whose value passes.
pub(super) fn test<'c>(
    chunk: &mut Chunk<'c>,
    value: ExprId,
    (predicate, or_empty): (&'c Predicate, bool),
    within: &Words,
) -> Result<Set, ExecError> {
    let (mut found, asked) = without_events(chunk, value, (predicate, or_empty), within)?;
    if words::is_empty(&asked) {
        return Ok(found);
    }
    if let Some(passing) = swept(chunk, value, (predicate, or_empty), &asked)? {
        words::or(&mut found, &passing);
        return Ok(found);
    }
    let slots = words::slots(&asked);
    let values = chunk.values(value, &slots)?;
    let operands = chunk.operands(|see| predicate.exprs(see), &slots)?;
    let test = CellTest::new(chunk.context, predicate, &operands);
    if let Values::Ints(scalar, all) = values.as_ref()
        && let Some((lo, hi)) = test.range(*scalar)
    {
        let mut passes = Vec::new();
        match all.whole() {
            Some(all) => bits::between_i64(all, lo, hi, &mut passes),
            None => passes = bits::of(slots.len(), |at| all.get(at).map_or(or_empty, |n| lo <= n && n <= hi)),
        }
        words::put_all(&mut found, &asked, None, &passes);
        return Ok(found);
    }
    if let Predicate::Value(op, other, _) = predicate
        && let others = operands.get(*other)
        && let Some(passes) = compared(&values, *op, &others, or_empty, slots.len())
    {
        words::put_all(&mut found, &asked, None, &passes);
        return Ok(found);
    }
    for (at, slot) in slots.iter().enumerate() {
        if at % 4096 == 4095 {
            chunk.check_cancelled()?;
        }
        words::put(&mut found, usize::from(*slot), values.get(at).map_or(or_empty, |cell| test.passes(cell, at)));
    }
    Ok(found)
}

/// How columns of so many stored numbers compare, by position; nothing for others. An empty value passes or not, one that is compared
/// with an empty one does not.
fn compared(values: &Values<'_>, op: CompareOp, others: &Values<'_>, or_empty: bool, len: usize) -> Option<Vec<u64>> {
    let (Values::Ints(Scalar::Number { decimals: a }, values), Values::Ints(Scalar::Number { decimals: b }, others)) =
        (values, others)
    else {
        return None;
    };
    // More decimals do not fit into 128 bits together with 64.
    let unit = |by: u8| (by <= MAX_DECIMALS).then(|| 10_i64.pow(by.into()));
    let (left, right) = (unit(a.max(b) - a)?, unit(a.max(b) - b)?);
    if let (Some(values), Some(others)) = (values.whole(), others.whole()) {
        return Some(bits::compared(op, (values, left), (others, right)));
    }
    let scaled = |n: i64, unit: i64| i128::from(n) * i128::from(unit);
    Some(bits::of(len, |at| match (values.get(at), others.get(at)) {
        (Some(value), Some(other)) => op.accepts(scaled(value, left).cmp(&scaled(other, right))),
        (Some(_), None) => false,
        (None, _) => or_empty,
    }))
}

/// The contacts of `asked` whose value passes, where it can be told without keeping the values.
fn swept<'c>(
    chunk: &mut Chunk<'c>,
    value: ExprId,
    (predicate, or_empty): (&'c Predicate, bool),
    asked: &Words,
) -> Result<Option<Set>, ExecError> {
    let context = chunk.context;
    let Expr::Aggregate(aggregate) = context.plan.expr(value) else { return Ok(None) };
    if context.is_kept(plan::Part::Expr(value)) || predicate.compares() {
        return Ok(None);
    }
    let operands = chunk.operands(|_| {}, &[])?;
    let test = CellTest::new(context, predicate, &operands);
    aggregates::passing(chunk, aggregate, (predicate, &test, or_empty), asked)
}

/// Contacts of whom the summaries say that nothing matches, if they pass; and the contacts that must be asked.
fn without_events<'c>(
    chunk: &mut Chunk<'c>,
    value: ExprId,
    (predicate, or_empty): (&'c Predicate, bool),
    within: &Words,
) -> Result<(Set, Set), ExecError> {
    let context = chunk.context;
    let all = || (words::empty(), words::copy(within));
    let Expr::Aggregate(aggregate) = context.plan.expr(value) else { return Ok(all()) };
    if predicate.compares() {
        return Ok(all());
    }
    let span = match aggregate.span {
        TimeSpan::Fixed(span) => span,
        TimeSpan::Own(_) => Interval { lo: i64::MIN, hi: context.clock.now },
    };
    let mut asked = words::empty();
    for events in aggregate.sources.iter().filter_map(|s| chunk.data.events.get(&s.event)) {
        words::or(&mut asked, &events::candidates(&chunk.data.meter, events, span, within));
    }
    let mut rest = words::empty();
    let passes = if aggregate.function.counts() {
        let operands = chunk.operands(|_| {}, &[])?;
        CellTest::new(context, predicate, &operands).passes(Cell::whole(0), 0)
    } else {
        or_empty
    };
    if passes {
        rest.copy_from_slice(within);
        words::and_not(&mut rest, &asked);
    }
    Ok((rest, asked))
}
