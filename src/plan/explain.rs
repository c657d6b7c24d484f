//! Plans for people and programs: the tree with resolved windows in the schema's zone, and the order of evaluation.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    Atom, EventAtom, EventValue, Intervals, Node, NodeId, Plan, Predicate, RowFilter, TextPredicate, TimeSpan, cost::costs,
};
use crate::check::typed::{CompareOp, CountRange, HasOp, TextOp};
use crate::schema::{Column, Scalar, Schema};
use crate::time::{format_date, format_instant};
use crate::value::{Decimal, Folding};

/// A plan in words.
#[derive(Debug, Clone)]
pub struct Explained {
    roots: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    id: NodeId,
    words: String,
    cost: u64,
    /// Said above already; its parts are there.
    again: bool,
    parts: Vec<Item>,
}

/// Explains the roots of a plan; parts come in the order of evaluation. A part that several need is told once.
#[must_use]
pub fn explain(plan: &Plan, schema: &Schema) -> Explained {
    let mut told = vec![false; plan.nodes().count()];
    let (uses, costs) = (plan.uses(), costs(plan));
    Explained { roots: plan.roots().iter().map(|root| item(plan, schema, *root, &mut told, &uses, &costs)).collect() }
}

fn item(plan: &Plan, schema: &Schema, id: NodeId, told: &mut [bool], uses: &[u32], costs: &[u64]) -> Item {
    let cost = |id: NodeId| costs.get(id.0 as usize).copied().unwrap_or(0);
    let at = id.0 as usize;
    let again = told.get(at).copied().unwrap_or(false) && uses.get(at).is_some_and(|n| *n > 1);
    if let Some(told) = told.get_mut(at) {
        *told = true;
    }
    let node = plan.node(id);
    let mut parts = if again { Vec::new() } else { node.parts() };
    if matches!(node, Node::All(_) | Node::Any(_)) {
        parts.sort_by_key(|p| cost(*p));
    }
    let words = match node {
        Node::Everyone => "everyone".to_owned(),
        Node::Nobody => "nobody".to_owned(),
        Node::All(_) => "all of".to_owned(),
        Node::Any(_) => "any of".to_owned(),
        Node::Not(_) => "everyone but".to_owned(),
        Node::Quorum(range, _) => format!("{} of", count(*range)),
        Node::Atom(atom) => atom_words(atom, schema),
    };
    Item {
        id,
        words,
        cost: cost(id),
        again,
        parts: parts.into_iter().map(|p| item(plan, schema, p, told, uses, costs)).collect(),
    }
}

impl Explained {
    /// A tree for each root.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for root in &self.roots {
            text(root, "", "", &mut out);
        }
        out
    }

    /// The same as JSON: an array of `{"node", "operation", "cost", "parts"}`.
    #[must_use]
    pub fn json(&self) -> Value {
        Value::Array(self.roots.iter().map(json_item).collect())
    }

    /// The same as a graph for Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = "digraph plan {\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
        for root in &self.roots {
            dot(root, &mut out);
        }
        out.push_str("}\n");
        out
    }
}

fn text(item: &Item, first: &str, next: &str, out: &mut String) {
    let note = if item.again { "  (see above)".to_owned() } else { format!("  (cost {})", item.cost) };
    let _ = writeln!(out, "{first}{}{note}", item.words);
    let last = item.parts.len().saturating_sub(1);
    for (at, part) in item.parts.iter().enumerate() {
        let (branch, trunk) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        text(part, &format!("{next}{branch}"), &format!("{next}{trunk}"), out);
    }
}

fn json_item(item: &Item) -> Value {
    json!({
        "node": item.id.0,
        "operation": item.words,
        "cost": item.cost,
        "parts": item.parts.iter().map(json_item).collect::<Vec<_>>(),
    })
}

fn dot(item: &Item, out: &mut String) {
    if item.again {
        return;
    }
    let label = item.words.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = writeln!(out, "  n{} [label=\"{label}\\ncost {}\"];", item.id.0, item.cost);
    for part in &item.parts {
        let _ = writeln!(out, "  n{} -> n{};", item.id.0, part.id.0);
        dot(part, out);
    }
}

fn atom_words(atom: &Atom, schema: &Schema) -> String {
    match atom {
        Atom::Field { field, predicate, or_empty } => schema
            .field_column(*field)
            .map_or_else(String::new, |c| format!("field {} {}", c.name, test(c, predicate, *or_empty, schema))),
        Atom::ContactId(predicate) => {
            let column = Column::new("contact_id", crate::schema::ColumnType::Scalar(Scalar::Text));
            format!("contact_id {}", test(&column, predicate, false, schema))
        }
        Atom::Events(events) => event_words(events, schema),
    }
}

fn event_words(atom: &EventAtom, schema: &Schema) -> String {
    let Some(ty) = schema.event_type(atom.event) else { return String::new() };
    let zone = schema.timezone;
    let filter = atom.filter.as_ref().map_or_else(String::new, |f| format!(" where {}", filter_words(f, &ty.attributes, schema)));
    let span = match &atom.span {
        TimeSpan::Fixed(interval) => match (interval.lo, interval.hi) {
            _ if interval.is_empty() => " at no instant".to_owned(),
            (i64::MIN, hi) => format!(" until {}", format_instant(hi, zone)),
            (lo, hi) => format!(" from {} to {}", format_instant(lo, zone), format_instant(hi, zone)),
        },
        TimeSpan::Anchored { field, duration, after } => {
            let name = schema.field_column(*field).map_or("", |c| c.name.as_str());
            format!(" within {duration} {} field {name}", if *after { "after" } else { "before" })
        }
    };
    let of = format!("{}{filter}{span}", ty.name);
    let time = Scalar::Time;
    match &atom.value {
        EventValue::Count(CountRange { min: 1, max: None }) => format!("event {of}"),
        EventValue::Count(range) => format!("event {of} {} times", count(*range)),
        EventValue::CountIn(set) => format!("count({of}) {}", set_words(set, Scalar::Number { decimals: 0 }, schema)),
        EventValue::Sum(attr, set) => {
            let column = schema.attribute_column(atom.event, *attr);
            let scalar = column.map_or(time, |c| c.ty.scalar());
            format!(
                "sum({}.{}{filter}{span}) {}",
                ty.name,
                column.map_or("", |c| c.name.as_str()),
                set_words(set, scalar, schema)
            )
        }
        EventValue::First(set, or_empty) => format!("first({of}) {}{}", set_words(set, time, schema), empty_words(*or_empty)),
        EventValue::Last(set, or_empty) => format!("last({of}) {}{}", set_words(set, time, schema), empty_words(*or_empty)),
    }
}

fn filter_words(filter: &RowFilter, attributes: &[Column], schema: &Schema) -> String {
    let list = |parts: &[RowFilter]| parts.iter().map(|p| filter_words(p, attributes, schema)).collect::<Vec<_>>().join("; ");
    match filter {
        RowFilter::All(parts) => format!("all < {} >", list(parts)),
        RowFilter::Any(parts) => format!("any < {} >", list(parts)),
        RowFilter::Not(inner) => format!("not {}", filter_words(inner, attributes, schema)),
        RowFilter::Instant(set) => format!("time {}", set_words(set, Scalar::Time, schema)),
        RowFilter::Attr { attr, predicate, or_empty } => attributes
            .get(usize::from(attr.0))
            .map_or_else(String::new, |c| format!("{} {}", c.name, test(c, predicate, *or_empty, schema))),
    }
}

fn empty_words(or_empty: bool) -> &'static str {
    if or_empty { " or empty" } else { "" }
}

fn test(column: &Column, predicate: &Predicate, or_empty: bool, schema: &Schema) -> String {
    let field = |id: &crate::schema::FieldId| schema.field_column(*id).map_or("", |c| c.name.as_str()).to_owned();
    let has = |op: &HasOp, list: String| {
        let op = match op {
            HasOp::Any => "any",
            HasOp::All => "all",
            HasOp::None => "none",
        };
        format!("has {op} of {list}")
    };
    let words = match predicate {
        Predicate::Set => "is set".to_owned(),
        Predicate::Never => return if or_empty { "is empty".to_owned() } else { "never".to_owned() },
        Predicate::In(set) => set_words(set, column.ty.scalar(), schema),
        Predicate::Text(text) => text_words(text),
        Predicate::Anniversary(within, _) => format!("anniversary within next {within}"),
        Predicate::HasText(op, list, folding) => has(op, format!("{}{}", texts(list), folding_words(*folding))),
        Predicate::HasNumber(op, list) => {
            let numbers: Vec<String> = list.iter().map(|s| set_words(s, column.ty.scalar(), schema)).collect();
            has(op, format!("[{}]", numbers.join(", ")))
        }
        Predicate::HasField(op, id, ..) => has(op, format!("field {}", field(id))),
        Predicate::Field(op, id, ..) => {
            let op = match op {
                CompareOp::Equal => "=",
                CompareOp::NotEqual => "!=",
                CompareOp::Less => "<",
                CompareOp::LessOrEqual => "<=",
                CompareOp::Greater => ">",
                CompareOp::GreaterOrEqual => ">=",
            };
            format!("{op} field {}", field(id))
        }
    };
    format!("{words}{}", empty_words(or_empty))
}

fn text_words(text: &TextPredicate) -> String {
    match text {
        TextPredicate::In(list, folding, negated) => {
            let not = if *negated { "not " } else { "" };
            format!("{not}in {}{}", texts(list), folding_words(*folding))
        }
        TextPredicate::Part(op, needle, folding) => {
            let op = match op {
                TextOp::StartsWith => "starts with",
                TextOp::EndsWith => "ends with",
                _ => "contains",
            };
            format!("{op} {needle:?}{}", folding_words(*folding))
        }
        TextPredicate::Matches(pattern, case, folding) => {
            format!("matches {pattern:?}{}", folding_words(Folding { case: *case, ..*folding }))
        }
    }
}

fn texts(list: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = list.iter().take(SHOWN).map(|t| format!("{t:?}")).collect();
    let more = list.len().saturating_sub(SHOWN);
    if more > 0 { format!("[{}, and {more} more]", shown.join(", ")) } else { format!("[{}]", shown.join(", ")) }
}

fn folding_words(folding: Folding) -> &'static str {
    match (folding.case, folding.accents) {
        (false, false) => "",
        (true, false) => " ignoring case",
        (false, true) => " ignoring accents",
        (true, true) => " ignoring case and accents",
    }
}

fn set_words(set: &Intervals, scalar: Scalar, schema: &Schema) -> String {
    let one = |n: i128| match scalar {
        Scalar::Number { decimals } => Decimal::new(n, decimals).to_string(),
        Scalar::Date => format_date(i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })),
        Scalar::Time => format_instant(i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX }), schema.timezone),
        Scalar::Bool => (n != 0).to_string(),
        Scalar::Text => n.to_string(),
    };
    let parts: Vec<String> = set
        .iter()
        .take(6)
        .map(|(lo, hi)| match (lo, hi) {
            (i128::MIN, i128::MAX) => "is set".to_owned(),
            (i128::MIN, hi) => format!("<= {}", one(hi)),
            (lo, i128::MAX) => format!(">= {}", one(lo)),
            (lo, hi) if lo == hi => format!("= {}", one(lo)),
            (lo, hi) => format!("between {} and {}", one(lo), one(hi)),
        })
        .collect();
    if parts.is_empty() { "never".to_owned() } else { parts.join(" or ") }
}

fn count(range: CountRange) -> String {
    match (range.min, range.max) {
        (min, None) => format!("at least {min}"),
        (0, Some(max)) => format!("at most {max}"),
        (min, Some(max)) if min == max => format!("exactly {min}"),
        (min, Some(max)) => format!("between {min} and {max}"),
    }
}
