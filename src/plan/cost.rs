//! What a node costs and how many it lets through: enough to order the parts of a group, and to say where time will go.
//!
//! Unit: picoseconds of one core for each contact, on the machine of `docs/performance.md`. A cost has two parts: what all
//! contacts of a chunk cost together, however few are asked for (scans), and what each contact that is asked for costs.
#![expect(clippy::cast_precision_loss, reason = "estimates are rough")]

use super::estimate::{Estimator, any, fixed, quorum};
use super::sketch::{Sampled, Sketches};
use super::{
    Aggregate, Atom, EventAtom, EventTest, Expr, ExprId, Function, Marks, Node, NodeId, Part, Plan, Predicate, RowFilter, Source,
    TextPredicate, TimeSpan,
};
use crate::check::typed::{EventValue, HasOp, TextOp};
use crate::schema::Schema;

/// A cost in picoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// For each contact there is, asked for or not.
    pub scan: f64,
    /// For each contact that is asked for.
    pub each: f64,
}

impl Cost {
    /// When every contact is asked for.
    fn rounded(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and rounded")]
        let rounded = (self.scan + self.each).round() as u64;
        rounded
    }
}

/// One operation on dense sets: read two, write one.
const SET: f64 = 8.0;
/// Comparing a packed column.
const SCAN: f64 = 95.0;
/// Comparing the first or the last instants of events.
const INSTANTS: f64 = 150.0;
/// Adding the bitmap of a value.
const BITMAP: f64 = 18.0;
/// Going to a single contact and looking at a value of it.
const VALUE: f64 = 5_000.0;
/// A calculation with exact numbers.
const CALCULATION: f64 = 8_000.0;
/// Finding the events of a contact.
const SEEK: f64 = 15_000.0;
/// Looking at an event.
const ROW: f64 = 1_500.0;
/// A contact whose events are looked at together with those of all others.
const SWEPT: f64 = 1_000.0;
/// A number that is made of its events then.
const RUN: f64 = 2_500.0;
/// Testing one of so many events.
const SWEPT_ROW: f64 = 130.0;
/// Contacts of a chunk.
const CHUNK: f64 = 65_536.0;
/// How little a scan counts beside what is asked of single contacts when parts are ordered: it costs the same wherever it
/// stands, unless nobody is left.
const ORDER: f64 = 1.0 / 16.0;

/// Costs, estimates and the order of evaluation of a plan, or of the marked parts of it.
#[derive(Debug, Clone)]
pub struct Costs {
    /// Of a node without the sets it is made of, whenever it is evaluated.
    own: Vec<Cost>,
    /// Of a node with everything that it is made of.
    whole: Vec<Cost>,
    /// The share of contacts that it lets through of all.
    shares: Vec<f64>,
    /// Parts in the order of evaluation.
    ordered: Vec<Vec<NodeId>>,
    /// Of expressions: without and with the sets in them.
    exprs: Vec<(Cost, Cost)>,
    contacts: Option<u64>,
}

impl Costs {
    /// Of all marked nodes and expressions. What several parts share is counted in parts. With sketches the shares are
    /// those of the data, without they are plain assumptions.
    #[must_use]
    pub fn of(plan: &Plan, schema: &Schema, marks: &Marks, sketches: Option<&dyn Sketches>) -> Self {
        let (nodes, exprs) = plan.sizes();
        let mut costs = Self {
            own: vec![Cost::default(); nodes],
            whole: vec![Cost::default(); nodes],
            shares: vec![1.0; nodes],
            ordered: vec![Vec::new(); nodes],
            exprs: vec![(Cost::default(), Cost::default()); exprs],
            contacts: sketches.map(Sketches::contacts),
        };
        let model = Model { estimator: Estimator { plan, schema, sketches }, marks };
        // Parts come before wholes, so theirs are known.
        for part in marks.parts(plan) {
            match part {
                Part::Node(id) => model.node(id, &mut costs),
                Part::Expr(id) => {
                    let cost = model.expr(id, &costs);
                    put(&mut costs.exprs, id.0, cost);
                }
            }
        }
        costs
    }

    /// Of a node with everything that it is made of, when every contact is asked for.
    #[must_use]
    pub fn node(&self, id: NodeId) -> u64 {
        at(&self.whole, id.0).rounded()
    }

    /// Of a node or an expression with everything that it is made of, when every contact is asked for.
    #[cfg(feature = "engine")]
    #[must_use]
    pub fn part(&self, part: Part) -> u64 {
        match part {
            Part::Node(id) => self.node(id),
            Part::Expr(id) => self.exprs.get(id.0 as usize).map_or(0, |(_, whole)| whole.rounded()),
        }
    }

    /// Of a node alone.
    #[must_use]
    pub fn own(&self, id: NodeId) -> Cost {
        at(&self.own, id.0)
    }

    /// How many contacts a node lets through of all, roughly; nothing without data.
    #[must_use]
    pub fn contacts(&self, id: NodeId) -> Option<u64> {
        Some(self.of_contacts(id, self.contacts?))
    }

    /// How many a node lets through of so many contacts, roughly.
    #[must_use]
    pub fn of_contacts(&self, id: NodeId, contacts: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and rounded")]
        let rounded = (contacts as f64 * self.share(id)).round() as u64;
        rounded
    }

    /// The share of contacts that a node lets through of all, 0 to 1.
    #[must_use]
    pub fn share(&self, id: NodeId) -> f64 {
        at(&self.shares, id.0)
    }

    /// The parts of a node, in the order in which they are evaluated.
    #[must_use]
    pub fn ordered(&self, id: NodeId) -> &[NodeId] {
        self.ordered.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The share of all contacts that each node is asked about, when the roots are asked about all.
    #[must_use]
    pub fn asked(&self, plan: &Plan) -> Vec<f64> {
        let (nodes, exprs) = plan.sizes();
        let (mut nodes, mut exprs) = (vec![0.0; nodes], vec![0.0; exprs]);
        plan.roots().iter().for_each(|root| put(&mut nodes, root.0, 1.0));
        // From wholes to parts. Whoever has been asked about once is not asked about again.
        for part in plan.order().iter().rev() {
            match part {
                Part::Node(id) => {
                    let node = plan.node(*id);
                    let asked = at(&nodes, id.0);
                    let mut left = if matches!(node, Node::Ranked(_)) { 1.0 } else { asked };
                    for inner in self.ordered(*id) {
                        more(&mut nodes, inner.0, left);
                        match node {
                            Node::All(_) => left *= self.share(*inner),
                            Node::Any(_) => left *= 1.0 - self.share(*inner),
                            _ => {}
                        }
                    }
                    let asked = if let Node::Ranked(ranked) = node { self.share(ranked.of) } else { asked };
                    node.exprs(&mut |expr| more(&mut exprs, expr.0, asked));
                }
                Part::Expr(id) => {
                    let expr = plan.expr(*id);
                    let asked = at(&exprs, id.0);
                    if let Expr::If(condition, ..) = expr {
                        more(&mut nodes, condition.0, asked);
                    }
                    expr.exprs(&mut |inner| more(&mut exprs, inner.0, asked));
                }
            }
        }
        nodes
    }
}

/// Adds a share to a share that is independent of it.
fn more(all: &mut [f64], at: u32, share: f64) {
    if let Some(slot) = all.get_mut(at as usize) {
        *slot = any(&[*slot, share]);
    }
}

fn at<T: Copy + Default>(all: &[T], at: u32) -> T {
    all.get(at as usize).copied().unwrap_or_default()
}

fn put<T>(all: &mut [T], at: u32, value: T) {
    if let Some(slot) = all.get_mut(at as usize) {
        *slot = value;
    }
}

impl Cost {
    fn scan(scan: f64) -> Self {
        Self { scan, each: 0.0 }
    }

    fn each(each: f64) -> Self {
        Self { scan: 0.0, each }
    }

    fn plus(self, other: Self) -> Self {
        Self { scan: self.scan + other.scan, each: self.each + other.each }
    }

    /// The same when only a share of the contacts is asked for.
    fn asked(self, share: f64) -> Self {
        Self { scan: self.scan, each: self.each * share }
    }

    /// What is used so often is calculated once.
    fn shared(self, uses: u32) -> Self {
        let n = f64::from(uses.max(1));
        Self { scan: self.scan / n, each: self.each / n }
    }

    /// What it costs for a share of the contacts.
    #[must_use]
    pub fn at(self, share: f64) -> f64 {
        if share > 0.0 { self.scan + self.each * share } else { 0.0 }
    }

    /// What it weighs when parts are ordered.
    fn weight(self) -> f64 {
        self.each + self.scan * ORDER
    }
}

struct Model<'a> {
    estimator: Estimator<'a>,
    marks: &'a Marks,
}

impl Model<'_> {
    fn node(&self, id: NodeId, costs: &mut Costs) {
        let node = self.estimator.plan.node(id);
        let mut own = self.own(node);
        let mut inside = Cost::default();
        node.exprs(&mut |expr| {
            let (alone, with_sets) = at(&costs.exprs, expr.0);
            let uses = self.marks.uses(Part::Expr(expr));
            let asked = self.asked_of_exprs(node);
            own = own.plus(alone.asked(asked).shared(uses));
            inside = inside.plus(with_sets.plus(Cost { scan: -alone.scan, each: -alone.each }).asked(asked).shared(uses));
        });
        let mut parts = node.parts();
        let mut left = 1.0;
        if let Node::All(_) | Node::Any(_) = node {
            let all = matches!(node, Node::All(_));
            // Cheap ones that settle many contacts first.
            let rank = |part: &NodeId| {
                let share = at(&costs.shares, part.0);
                let settled = if all { 1.0 - share } else { share };
                self.of_part(*part, costs).weight() / settled.max(1e-6)
            };
            let mut ranked: Vec<(f64, NodeId)> = parts.iter().map(|part| (rank(part), *part)).collect();
            ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            parts = ranked.into_iter().map(|(_, part)| part).collect();
        }
        for part in &parts {
            inside = inside.plus(self.of_part(*part, costs).asked(left));
            own.scan += SET;
            match node {
                Node::All(_) => left *= at(&costs.shares, part.0),
                Node::Any(_) => left *= 1.0 - at(&costs.shares, part.0),
                _ => {}
            }
        }
        let shares = |parts: &[NodeId]| -> Vec<f64> { parts.iter().map(|p| at(&costs.shares, p.0)).collect() };
        let share = match node {
            Node::Everyone => 1.0,
            Node::Nobody => 0.0,
            Node::All(_) => left,
            Node::Any(_) => 1.0 - left,
            Node::Not(part) => 1.0 - at(&costs.shares, part.0),
            Node::Quorum(range, parts) => quorum(*range, &shares(parts)),
            Node::Atom(atom) => self.estimator.atom(atom),
            Node::Ranked(ranked) => self.estimator.ranked(ranked.amount, at(&costs.shares, ranked.of.0)),
        };
        put(&mut costs.shares, id.0, share.clamp(0.0, 1.0));
        put(&mut costs.own, id.0, own);
        put(&mut costs.whole, id.0, own.plus(inside));
        put(&mut costs.ordered, id.0, parts);
    }

    fn of_part(&self, part: NodeId, costs: &Costs) -> Cost {
        at(&costs.whole, part.0).shared(self.marks.uses(Part::Node(part)))
    }

    /// The share of contacts for whom a node that is asked about all needs its expressions.
    fn asked_of_exprs(&self, node: &Node) -> f64 {
        match node {
            Node::Atom(Atom::Value { value, .. }) => match self.estimator.plan.expr(*value) {
                // Nobody without events is asked.
                Expr::Aggregate(aggregate) => self.candidates(aggregate.sources.iter(), &aggregate.span),
                _ => 1.0,
            },
            Node::Atom(Atom::Events(events)) => self.estimator.look(events.event, fixed(&events.span)).candidates,
            Node::Atom(Atom::Sequence(sequence)) => self.candidates(sequence.sources(), &sequence.span),
            _ => 1.0,
        }
    }

    fn candidates<'s>(&self, sources: impl Iterator<Item = &'s Source>, span: &TimeSpan) -> f64 {
        let shares: Vec<f64> = sources.map(|s| self.estimator.look(s.event, fixed(span)).candidates).collect();
        any(&shares)
    }

    /// Without parts and expressions.
    fn own(&self, node: &Node) -> Cost {
        match node {
            Node::Everyone | Node::Nobody | Node::All(_) | Node::Any(_) | Node::Not(_) => Cost::scan(SET),
            // Adding to counts in binary, a word at a time.
            Node::Quorum(_, parts) => Cost::scan(4.0 * SET * parts.len() as f64),
            // Selecting the first of all.
            Node::Ranked(_) => Cost { scan: SET, each: 20_000.0 },
            Node::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&self, atom: &Atom) -> Cost {
        match atom {
            Atom::Field { field, predicate: Predicate::Text(test), .. } => {
                match self.estimator.sketches.and_then(|s| s.field(*field)).map(|sketch| sketch.values.clone()) {
                    Some(Sampled::Texts { texts, whole: true }) => small_dictionary_cost(test, texts.len()),
                    Some(Sampled::Texts { whole: false, .. }) => Cost::scan(BITMAP + SET + dictionary_cost(test)),
                    _ => Cost::scan(BITMAP + SET),
                }
            }
            Atom::Field { predicate, .. } => field_cost(predicate),
            Atom::ContactId(Predicate::Text(test)) => Cost::scan(dictionary_cost(test)),
            Atom::Sample(_) => Cost::each(30_000.0),
            Atom::ContactId(_) | Atom::List(_) => Cost::scan(SET),
            // Where nothing changed since, the bounds of the column say so.
            Atom::Unchanged { .. } => Cost::scan(if self.estimator.atom(atom) < 0.999 { SCAN } else { SET }),
            Atom::Events(events) => self.events(events),
            Atom::Value { value, predicate, .. } => {
                // Aggregates leave out contacts by the summaries first, and are compared as columns.
                match self.estimator.plan.expr(*value) {
                    Expr::Aggregate(_) if !predicate.compares() => Cost { scan: INSTANTS, each: 500.0 },
                    Expr::Aggregate(_) => Cost { scan: INSTANTS, each: 2_000.0 + test_cost(predicate) },
                    _ => Cost { scan: SET, each: 2_000.0 + test_cost(predicate) },
                }
            }
            Atom::Sequence(sequence) => {
                let plain = sequence.sources().all(|s| s.filter.is_none()) && sequence.steps.iter().all(|s| s.within.is_none());
                let by_summary = plain && !sequence.by && sequence.steps.len() == 2;
                let candidates = self.candidates(sequence.sources(), &sequence.span);
                let rows: f64 = sequence.sources().map(|s| self.rows(s, &sequence.span)).sum();
                let scans = sequence.sources().count() as f64;
                // Sorting by value; or what the first and the last of each decide.
                let each = if by_summary { 6.0 * VALUE } else { rows * if sequence.by { 4.0 } else { 1.0 } };
                Cost { scan: scans * INSTANTS, each: candidates * each }
            }
        }
    }

    fn events(&self, events: &EventAtom) -> Cost {
        let span = fixed(&events.span);
        let look = self.estimator.look(events.event, span);
        // Windows of the contact's own are calculated first.
        let seek = if matches!(events.span, TimeSpan::Own(_)) { 3.0 * SEEK } else { SEEK };
        let rows = match &events.test {
            EventTest::Count(range) if swept(events.filter.as_ref(), &events.span) => {
                // Rows of a window follow each other, so that several are told without counting, unless a filter leaves some out.
                let counts = events.filter.is_some() && (range.min > 1 || range.max.is_some());
                SWEPT + look.rows * SWEPT_ROW + if counts { RUN } else { 0.0 }
            }
            _ => seek + look.rows * Self::filter(events.filter.as_ref()),
        };
        let scanned = events.filter.is_none() && matches!(events.span, TimeSpan::Fixed(_));
        let begins = if span.lo == i64::MIN { 0.0 } else { 2.0 * INSTANTS };
        let (scan, open) = match &events.test {
            EventTest::Count(range) if scanned => {
                let one = range.min <= 1 && range.max.is_none() || range.max == Some(0);
                // One end inside decides whether there is any; how many there are only if all lie inside.
                let counts = if one { SET } else { 2.0 * SCAN };
                (begins + counts, look.candidates - if one { look.ends } else { look.whole })
            }
            EventTest::First(..) if scanned && span.lo == i64::MIN => (INSTANTS, 0.0),
            // Where events lie behind the span the summary does not tell the last one before.
            EventTest::Last(..) if scanned && span.lo == i64::MIN && look.whole >= look.candidates => (INSTANTS, 0.0),
            _ => (begins, look.candidates),
        };
        Cost { scan: SET + scan, each: open.max(0.0) * rows }
    }

    /// For a contact that has events.
    fn rows(&self, source: &Source, span: &TimeSpan) -> f64 {
        let look = self.estimator.look(source.event, fixed(span));
        SEEK + look.rows * (ROW + Self::filter(source.filter.as_ref()))
    }

    /// For an event.
    fn filter(filter: Option<&RowFilter>) -> f64 {
        let mut cost = ROW;
        if let Some(filter) = filter {
            filter.tests(&mut |value, predicate| {
                let part = matches!(value, EventValue::PartOfAttr(..) | EventValue::PartOfInstant(_));
                cost += test_cost(predicate) + if part { CALCULATION } else { 0.0 };
            });
        }
        cost
    }

    /// Without and with the sets in it, for each contact that is asked for.
    fn expr(&self, id: ExprId, costs: &Costs) -> (Cost, Cost) {
        let expr = self.estimator.plan.expr(id);
        let own = match expr {
            Expr::Nothing | Expr::Constant(_) => 100.0,
            Expr::Field(_) => VALUE,
            Expr::If(..) => 25_000.0,
            Expr::Logistic(_) => 270_000.0,
            Expr::Arithmetic(..) | Expr::Part(..) => CALCULATION,
            Expr::ContactId => 2.0 * VALUE,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
        };
        let (mut alone, mut with_sets) = (Cost::each(own), Cost::each(own));
        expr.exprs(&mut |inner| {
            let (a, w) = at(&costs.exprs, inner.0);
            let uses = self.marks.uses(Part::Expr(inner));
            alone = alone.plus(a.shared(uses));
            with_sets = with_sets.plus(w.shared(uses));
        });
        if let Expr::If(condition, ..) = expr {
            with_sets = with_sets.plus(self.of_part(*condition, costs));
        }
        (alone, with_sets)
    }

    /// For a contact that has some of the events.
    fn aggregate(&self, aggregate: &Aggregate) -> f64 {
        let fixed_span = matches!(aggregate.span, TimeSpan::Fixed(_));
        let from_summary = matches!(aggregate.function, Function::Count | Function::First | Function::Last);
        let one = |source: &Source| {
            if from_summary && fixed_span && source.filter.is_none() {
                // Who has events on an edge of the span is read.
                let look = self.estimator.look(source.event, fixed(&aggregate.span));
                let open = ((look.candidates - look.whole) / look.candidates.max(1e-6)).clamp(0.0, 1.0);
                return 2.0 * VALUE + open * SEEK;
            }
            let sorts = !matches!(
                aggregate.function,
                Function::Count
                    | Function::First
                    | Function::Last
                    | Function::Sum
                    | Function::Min
                    | Function::Max
                    | Function::Average
            );
            match (swept_row(&aggregate.function), aggregate.sources.as_slice()) {
                (Some(row), [_]) if fixed_span && source.filter.as_ref().is_none_or(|filter| !filter.compares()) => {
                    SWEPT + RUN + self.estimator.look(source.event, fixed(&aggregate.span)).rows * row
                }
                _ => self.rows(source, &aggregate.span) + if sorts { 2.0 * SEEK } else { 0.0 },
            }
        };
        let window = if fixed_span { 0.0 } else { 4.0 * CALCULATION };
        window + aggregate.sources.iter().map(one).sum::<f64>()
    }
}

/// Whether the events of many contacts are looked at all at once.
fn swept(filter: Option<&RowFilter>, span: &TimeSpan) -> bool {
    filter.is_none_or(|filter| !filter.compares()) && matches!(span, TimeSpan::Fixed(_))
}

/// What an event costs a function that goes through all events of a type at once; nothing for those that do not.
fn swept_row(function: &Function) -> Option<f64> {
    Some(match function {
        Function::Count | Function::First | Function::Last | Function::FirstOf | Function::LastOf => SWEPT_ROW,
        Function::Sum | Function::Average | Function::Min | Function::Max | Function::Distinct => 2.0 * SWEPT_ROW,
        Function::ActiveDays => 4.0 * SWEPT_ROW,
        Function::MostFrequent(_) => 4.0 * ROW,
        Function::Nth(_) | Function::ActivePeriods { .. } => return None,
    })
}

/// A test on a field of all contacts.
fn field_cost(predicate: &Predicate) -> Cost {
    match predicate {
        Predicate::Set | Predicate::Never => Cost::scan(2.0 * SET),
        Predicate::In(set) => {
            let scans = set.iter().take(9).count().max(1);
            // With many intervals each value of the column is asked once, and then looked up.
            Cost::scan(SCAN * scans.min(8) as f64 + SET)
        }
        // Each day of the column is asked once, and then looked up.
        Predicate::Anniversary(_) => Cost::scan(16.0 * SCAN + SET),
        // Elements are looked up like the values of a column of their own.
        Predicate::HasText(HasOp::Any, ..) => Cost::scan(20.0 * SCAN),
        other => Cost { scan: SET, each: VALUE + test_cost(other) },
    }
}

/// A test on so many texts, each of which has a bitmap.
fn small_dictionary_cost(test: &TextPredicate, texts: usize) -> Cost {
    let passing = match test {
        TextPredicate::In(list, _, false) => list.len().min(texts),
        TextPredicate::In(list, _, true) => texts.saturating_sub(list.len()),
        _ => texts / 16,
    };
    let looked_at = dictionary_cost(test) * texts as f64 / CHUNK;
    Cost::scan(SET + BITMAP * passing.max(1) as f64 + looked_at)
}

/// A test on a dictionary that is as large as the chunk.
fn dictionary_cost(test: &TextPredicate) -> f64 {
    let folded = |exact: bool, cost: f64| if exact { cost } else { cost + 60_000.0 };
    match test {
        TextPredicate::In(_, folding, _) | TextPredicate::Part(TextOp::StartsWith, _, folding) => {
            folded(folding.is_exact(), 2_000.0)
        }
        TextPredicate::Part(_, _, folding) => folded(folding.is_exact(), 3_000.0),
        TextPredicate::Matches(_, _, folding) => folded(folding.is_exact(), 70_000.0),
    }
}

/// A test on a value that is at hand.
fn test_cost(predicate: &Predicate) -> f64 {
    match predicate {
        Predicate::Set | Predicate::Never => 200.0,
        Predicate::In(_) | Predicate::Moment { .. } => 1_000.0,
        Predicate::Number(_) | Predicate::Text(_) => 1_500.0,
        Predicate::Anniversary(_) | Predicate::Value(..) | Predicate::BetweenValues(..) => 8_000.0,
        Predicate::HasText(..) | Predicate::HasNumber(..) | Predicate::TextValue(..) => 20_000.0,
        Predicate::HasValue(..) | Predicate::InValue(..) | Predicate::Window(_) | Predicate::Items(..) => 50_000.0,
    }
}

#[cfg(test)]
mod tests;
