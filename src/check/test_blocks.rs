//! `test` definitions: contacts, events and expectations that belong to a script.

use super::Checker;
use super::conditions::{known_names, unknown};
use super::operands::Operand;
use super::subject::Subject;
use super::suggest;
use super::typed::{Constant, DecisionId, SegmentId};
use crate::diag::{Diagnostic, codes};
use crate::schema::{AttrId, Column, ColumnType, EventId, FieldId, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{self, ExpectationKind, Expr, ExprKind, Name, TestDef, TestItem, TestValue};
use crate::time::{Clock, Point};
use crate::value::Value;

/// A checked `test`.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// What it is about.
    pub title: String,
    /// Where the title stands.
    pub span: Span,
    /// Its moment; the evaluation's own if it has none.
    pub now: Option<Point>,
    /// Its contacts, in order of their first mention.
    pub contacts: Vec<CaseContact>,
    /// Its events, in order; equal instants are in the order of the text.
    pub events: Vec<CaseEvent>,
    /// What must be so.
    pub expectations: Vec<CaseExpectation>,
}

/// A contact of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseContact {
    /// Its id.
    pub id: String,
    /// Its values and since when they hold.
    pub values: Vec<(FieldId, CaseValue, Option<Point>)>,
}

/// An event of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseEvent {
    /// Position of its contact in [`TestCase::contacts`].
    pub contact: usize,
    /// Its type.
    pub event: EventId,
    /// When.
    pub at: Point,
    /// Its attributes.
    pub values: Vec<(AttrId, CaseValue)>,
}

/// A value of a test, which may depend on its moment.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseValue {
    /// None.
    Empty,
    /// The same at any moment.
    Value(Value),
    /// A day.
    Date(Point),
    /// An instant.
    Time(Point),
}

/// An expectation of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseExpectation {
    /// What must be so.
    pub kind: CaseExpectationKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expectation; contacts are positions in [`TestCase::contacts`].
#[derive(Debug, Clone, PartialEq)]
pub enum CaseExpectationKind {
    /// A contact is a member of a segment, or is not.
    Member(usize, bool, SegmentId),
    /// A decision gives a contact a label (its position), or does not.
    Label(usize, bool, DecisionId, u32),
    /// The members of a segment.
    Members(SegmentId, Vec<usize>),
}

impl CaseValue {
    /// The value at a moment.
    #[must_use]
    pub fn at(&self, clock: &Clock) -> Option<Value> {
        match self {
            Self::Empty => None,
            Self::Value(value) => Some(value.clone()),
            Self::Date(point) => Some(Value::Date(clock.day(point))),
            Self::Time(point) => Some(Value::Time(clock.instant(point))),
        }
    }
}

impl Checker<'_> {
    /// Checks a test whose script has been checked.
    pub(super) fn test_case(&mut self, definition: &TestDef) -> TestCase {
        let mut case = TestCase {
            title: definition.title.value.clone(),
            span: definition.title.span,
            now: definition.now.as_ref().and_then(|now| self.moment(now)),
            contacts: Vec::new(),
            events: Vec::new(),
            expectations: Vec::new(),
        };
        for item in &definition.items {
            match item {
                TestItem::Contact(contact) => self.case_contact(contact, &mut case),
                TestItem::Event(event) => self.case_event(event, &mut case),
                TestItem::Expect(expectation) => {
                    if let Some(kind) = self.expectation(&expectation.kind, &mut case) {
                        case.expectations.push(CaseExpectation { kind, span: expectation.span });
                    }
                }
            }
        }
        if !definition.items.iter().any(|item| matches!(item, TestItem::Expect(_))) {
            let message = format!("test `{}` expects nothing", definition.title.value);
            self.report(
                Diagnostic::new(codes::W0401, definition.title.span, message)
                    .help("add a line such as `expect \"anna\" in segment_name`"),
            );
        }
        case
    }

    fn moment(&mut self, expr: &Expr) -> Option<Point> {
        match &expr.kind {
            ExprKind::Point(point) => self.point(point, expr.span),
            _ => None,
        }
    }

    fn case_contact(&mut self, contact: &ast::TestContact, case: &mut TestCase) {
        let at = match &contact.at {
            Some(at) => self.moment(at),
            None => None,
        };
        let schema = self.schema;
        let values = self.case_values(&contact.values, &schema.fields, "field");
        let position = position(case, &contact.id.value);
        if let Some(known) = case.contacts.get_mut(position) {
            known.values.extend(values.into_iter().map(|(at_column, value)| (FieldId(at_column), value, at.clone())));
        }
    }

    fn case_event(&mut self, event: &ast::TestEvent, case: &mut TestCase) {
        let at = self.moment(&event.at);
        let contact = position(case, &event.contact.value);
        let Some(id) = self.event_id(&event.event) else { return };
        let schema = self.schema;
        let Some(ty) = schema.event_type(id) else { return };
        let values = self.case_values(&event.values, &ty.attributes, "attribute");
        let Some(at) = at else { return };
        case.events.push(CaseEvent {
            contact,
            event: id,
            at,
            values: values.into_iter().map(|(at, value)| (AttrId(at), value)).collect(),
        });
    }

    fn expectation(&mut self, kind: &ExpectationKind, case: &mut TestCase) -> Option<CaseExpectationKind> {
        match kind {
            ExpectationKind::Member(id, expected, segment) => {
                let segment = self.expected_segment(segment)?;
                Some(CaseExpectationKind::Member(position(case, &id.value), *expected, segment))
            }
            ExpectationKind::Label(id, expected, decision, label) => {
                let (decision, label) = self.expected_label(decision, label)?;
                Some(CaseExpectationKind::Label(position(case, &id.value), *expected, decision, label))
            }
            ExpectationKind::Members(segment, ids) => {
                let segment = self.expected_segment(segment)?;
                let members = ids.iter().map(|id| position(case, &id.value)).collect();
                Some(CaseExpectationKind::Members(segment, members))
            }
        }
    }

    fn expected_segment(&mut self, name: &Name) -> Option<SegmentId> {
        match self.segment(name) {
            super::typed::ConditionKind::Segment(id) => Some(id),
            _ => None,
        }
    }

    fn expected_label(&mut self, name: &Name, label: &ast::Literal<String>) -> Option<(DecisionId, u32)> {
        match self.decision(name, label) {
            super::typed::ConditionKind::Decision(id, label) => Some((id, label)),
            _ => None,
        }
    }

    /// Values by the position of their columns; records and lists of records are taken apart.
    fn case_values(&mut self, values: &[(Name, TestValue)], columns: &[Column], what: &str) -> Vec<(u16, CaseValue)> {
        let mut out = Vec::new();
        for (name, value) in values {
            self.case_value(name, "", value, columns, what, &mut out);
        }
        out
    }

    fn case_value(
        &mut self,
        name: &Name,
        prefix: &str,
        value: &TestValue,
        columns: &[Column],
        what: &str,
        out: &mut Vec<(u16, CaseValue)>,
    ) {
        let full = format!("{prefix}{}", name.value);
        let at = columns.iter().position(|c| c.name == full);
        let Some((at, column)) = at.and_then(|at| Some((u16::try_from(at).ok()?, columns.get(at)?))) else {
            let inner = format!("{full}.");
            let has_members = columns.iter().any(|c| c.name.starts_with(&inner));
            match value {
                TestValue::Record(members, _) if has_members => {
                    members.iter().for_each(|(name, value)| self.case_value(name, &inner, value, columns, what, out));
                }
                TestValue::List(items, _) if has_members => self.case_records(&inner, items, columns, out),
                TestValue::Empty(_) if has_members => {}
                _ => {
                    let near = suggest::nearest(&full, columns.iter().map(|c| c.name.as_str()));
                    let (code, hint) = if what == "field" { (codes::E0201, "fields") } else { (codes::E0204, "attributes") };
                    let diagnostic = unknown(code, what, name, near);
                    let known = known_names(hint, columns.iter().map(|c| c.name.as_str()));
                    self.report(if near.is_none() { diagnostic.help(known) } else { diagnostic });
                }
            }
            return;
        };
        let subject = Subject::column(what, column, name.span);
        if let Some(value) = self.column_value(&subject, value) {
            out.push((at, value));
        }
    }

    /// A list of records: one list for each member, all of one length.
    fn case_records(&mut self, prefix: &str, items: &[TestValue], columns: &[Column], out: &mut Vec<(u16, CaseValue)>) {
        let members: Vec<(u16, &Column)> = (0..).zip(columns).filter(|(_, c)| c.name.starts_with(prefix)).collect();
        let mut lists: Vec<Vec<Option<Value>>> = vec![Vec::new(); members.len()];
        for item in items {
            let TestValue::Record(values, _) = item else {
                let span = value_span(item);
                self.report(
                    Diagnostic::new(codes::E0305, span, "this list holds records").help("write each as `{ name: value }`"),
                );
                continue;
            };
            for (name, _) in values {
                if !members.iter().any(|(_, c)| c.name.strip_prefix(prefix) == Some(name.value.as_str())) {
                    let known = members.iter().filter_map(|(_, c)| c.name.strip_prefix(prefix));
                    let near = suggest::nearest(&name.value, known.clone());
                    self.report(unknown(codes::E0213, "member", name, near));
                }
            }
            for ((_, column), list) in members.iter().zip(&mut lists) {
                let value = values.iter().find(|(name, _)| column.name.strip_prefix(prefix) == Some(name.value.as_str()));
                let single = Column { ty: ColumnType::Scalar(column.ty.scalar()), ..(*column).clone() };
                let value =
                    value.and_then(|(name, value)| self.column_value(&Subject::column("member", &single, name.span), value));
                list.push(match value {
                    Some(CaseValue::Value(value)) => Some(value),
                    // Days and instants of records are absolute.
                    Some(CaseValue::Date(Point::Day(day))) => Some(Value::Date(day)),
                    Some(CaseValue::Time(Point::Instant(ms))) => Some(Value::Time(ms)),
                    _ => None,
                });
            }
        }
        out.extend(
            members.into_iter().zip(lists).map(|((at, _), list)| {
                (at, if list.is_empty() { CaseValue::Empty } else { CaseValue::Value(Value::List(list)) })
            }),
        );
    }

    fn column_value(&mut self, subject: &Subject, value: &TestValue) -> Option<CaseValue> {
        match (value, subject.ty) {
            (TestValue::Empty(_), _) => Some(CaseValue::Empty),
            (TestValue::One(expr), ColumnType::Scalar(_)) => self.one_value(subject, expr),
            (TestValue::List(items, _), ColumnType::List(scalar)) => {
                let single = Subject { ty: ColumnType::Scalar(scalar), ..subject.clone() };
                let values: Vec<Option<CaseValue>> = items.iter().map(|item| self.column_value(&single, item)).collect();
                let values = values.into_iter().map(|v| if let Some(CaseValue::Value(v)) = v { Some(Some(v)) } else { None });
                Some(CaseValue::Value(Value::List(values.collect::<Option<_>>()?)))
            }
            (other, _) => {
                let message = format!("{}, and this is something else", subject.is());
                self.report(
                    Diagnostic::new(codes::E0305, value_span(other), message)
                        .label(subject.span, format!("this is {}", subject.kind()))
                        .help(if subject.ty.is_list() {
                            "write a list in brackets: `[\"a\", \"b\"]`"
                        } else {
                            "write one value"
                        }),
                );
                None
            }
        }
    }

    fn one_value(&mut self, subject: &Subject, expr: &Expr) -> Option<CaseValue> {
        let Operand::Constant(constant) = self.operand(subject, expr)? else { return None };
        Some(match (constant, subject.ty.scalar()) {
            (Constant::Text(text), _) => CaseValue::Value(Value::Text(text)),
            (Constant::Bool(b), _) => CaseValue::Value(Value::Bool(b)),
            (Constant::Number(n), Scalar::Number { decimals }) => match n.to_scaled(decimals).ok().filter(|r| !r.inexact) {
                Some(rounded) => CaseValue::Value(Value::Number(rounded.scaled)),
                None => {
                    let message = format!("{} keeps {decimals} decimals, and {n} does not fit", subject.what);
                    self.report(
                        Diagnostic::new(codes::E0105, expr.span, message)
                            .help("write a number that it can hold, or give it more `decimals` in the schema"),
                    );
                    return None;
                }
            },
            (Constant::Point(point), Scalar::Date) => CaseValue::Date(point),
            (Constant::Point(point), Scalar::Time) => CaseValue::Time(point),
            _ => return None,
        })
    }
}

/// The position of a contact in a test, which it joins with its first mention.
fn position(case: &mut TestCase, id: &str) -> usize {
    case.contacts.iter().position(|c| c.id == id).unwrap_or_else(|| {
        case.contacts.push(CaseContact { id: id.to_owned(), values: Vec::new() });
        case.contacts.len() - 1
    })
}

fn value_span(value: &TestValue) -> Span {
    match value {
        TestValue::One(expr) => expr.span,
        TestValue::Empty(span) | TestValue::List(_, span) | TestValue::Record(_, span) => *span,
    }
}
