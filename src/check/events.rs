//! Events: conditions on them, values made from them, tests on single ones.

use super::conditions::{known_names, unknown};
use super::operands::Subject;
use super::typed::{Condition, CountRange, EventAttr, Filter, Matching, ValueExpr};
use super::{Checker, suggest};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{AttrId, Column, ColumnType, EventId, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{self, Aggregate, CountWords, EventCondition, EventRef, FilterKind, GroupKind, Name};

impl Checker<'_> {
    /// `event E [where ...] [TIMES] [WINDOW]`
    pub(super) fn event(&mut self, event: &EventCondition) -> Condition {
        self.single(&event.times, |t| t.span, "number of times");
        self.single(&event.windows, |w| w.span, "window");
        let count = event.times.first().map_or(CountRange::SOME, |t| self.count_range(*t));
        match self.matching(&event.event, event.filter.as_ref(), event.windows.first()) {
            Some(matching) => Condition::Events(Box::new(matching), count),
            None => Condition::Nobody,
        }
    }

    fn single<T>(&mut self, parts: &[T], span: impl Fn(&T) -> Span, what: &str) {
        if let [first, second, ..] = parts {
            let message = format!("a second {what} for one event");
            self.report(
                Diagnostic::new(codes::E0403, span(second), message)
                    .label(span(first), "the first is here")
                    .help("keep one of them"),
            );
        }
    }

    fn count_range(&mut self, times: CountWords) -> CountRange {
        if let Some(max) = times.max
            && times.min > max
        {
            let message = format!("no number lies between {} and {max}", times.min);
            self.report(
                Diagnostic::new(codes::E0402, times.span, message)
                    .fix(Applicability::Certain, "swap the ends", times.span, format!("between {max} and {} times", times.min))
                    .help("write the smaller number first"),
            );
        }
        CountRange { min: times.min, max: times.max }
    }

    fn matching(&mut self, event: &EventRef, filter: Option<&ast::Filter>, window: Option<&ast::Window>) -> Option<Matching> {
        let id = self.event_id(event);
        // The window can be wrong on its own, so look at it even when the event is unknown.
        let window = window.map(|w| self.event_window(w));
        let id = id?;
        let filter = filter.map(|f| self.filter(id, f));
        Some(Matching { event: id, filter: filter.transpose_option()?, window: window.transpose_option()? })
    }

    fn event_id(&mut self, event: &EventRef) -> Option<EventId> {
        let name = match event {
            EventRef::Name(name) => name,
            EventRef::Unsupported(what) => {
                self.unsupported(what.value, what.span);
                return None;
            }
        };
        if let Some(id) = self.schema.event(&name.value) {
            return Some(id);
        }
        let near = suggest::nearest(&name.value, self.schema.events.iter().map(|e| e.name.as_str()));
        let mut diagnostic = unknown(codes::E0202, "event", name, near);
        if self.schema.field(&name.value).is_some() {
            diagnostic = diagnostic.help(format!("there is a field of this name: `field {}`", name.value));
        } else if near.is_none() {
            let customer = self.schema.events.iter().filter(|e| e.kind == crate::schema::EventKind::Customer);
            diagnostic = diagnostic.help(known_names("events", customer.map(|e| e.name.as_str())));
        }
        self.report(diagnostic);
        None
    }

    fn attribute(&mut self, event: EventId, name: &Name) -> Option<(AttrId, &Column)> {
        let ty = self.schema.event_type(event)?;
        if let Some(id) = ty.attribute(&name.value) {
            return Some((id, self.schema.attribute_column(event, id)?));
        }
        let near = suggest::nearest(&name.value, ty.attributes.iter().map(|a| a.name.as_str()));
        let mut diagnostic = unknown(codes::E0204, "attribute", name, near);
        diagnostic.message = format!("event `{}` has no attribute `{}`", ty.name, name.value);
        "not an attribute of this event".clone_into(&mut diagnostic.label);
        let is_record = ty.attributes.iter().any(|a| a.name.strip_prefix(&name.value).is_some_and(|rest| rest.starts_with('.')));
        if is_record {
            diagnostic = diagnostic.help(format!(
                "`{}` is a record: name one of its parts, such as `{}`",
                name.value,
                first_part(&ty.attributes, &name.value)
            ));
        } else if near.is_none() {
            diagnostic = diagnostic.help(known_names("attributes", ty.attributes.iter().map(|a| a.name.as_str())));
        }
        self.report(diagnostic);
        None
    }

    /// A test on one event; `None` after a report. All parts are looked at.
    fn filter(&mut self, event: EventId, filter: &ast::Filter) -> Option<Filter> {
        match &filter.kind {
            FilterKind::Group(kind, parts) => {
                let parts: Vec<Option<Filter>> = parts.iter().map(|p| self.filter(event, p)).collect();
                let parts: Vec<Filter> = parts.into_iter().collect::<Option<_>>()?;
                Some(match kind {
                    GroupKind::All => Filter::All(parts),
                    GroupKind::Any => Filter::Any(parts),
                    GroupKind::None => Filter::Not(Box::new(Filter::Any(parts))),
                })
            }
            FilterKind::Not(inner) => self.filter(event, inner).map(|f| Filter::Not(Box::new(f))),
            FilterKind::Attr(name, test) => self.attribute_test(event, name, test),
            FilterKind::Unsupported(what) => {
                self.unsupported(what, filter.span);
                None
            }
        }
    }

    fn attribute_test(&mut self, event: EventId, name: &Name, test: &ast::Test) -> Option<Filter> {
        // In backticks `time` is an attribute of that name; bare it is the event's own instant.
        if name.value == "time" && name.span.end - name.span.start == "time".len() {
            let test = self.test(&Subject::instant("the event's `time`", name.span), test)?;
            return Some(Filter::Instant(test));
        }
        let (attr, subject) = {
            let (attr, column) = self.attribute(event, name)?;
            (attr, Subject::column("attribute", column, name.span))
        };
        let or_empty = test.or_empty;
        let test = self.test(&subject, test)?;
        Some(Filter::Attr { attr, test, or_empty })
    }

    /// `count(...)`, `sum(...)`, `first(...)`, `last(...)`
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, span: Span) -> Option<(ValueExpr, Subject)> {
        let function = aggregate.function.value.as_str();
        let wants_attribute = match (function, &aggregate.attr) {
            ("count", Some(attr)) => {
                let message = "`count` counts events, not an attribute";
                let test = format!("count({} where {} is set)", event_name(&aggregate.event), attr.value);
                self.report(
                    Diagnostic::new(codes::E0303, attr.span, message)
                        .help(format!("to count events where it is set, write `{test}`")),
                );
                return None;
            }
            ("count" | "first" | "last", None) => false,
            ("sum", _) => true,
            ("first" | "last", Some(_)) => {
                self.unsupported(&format!("`{function}` of an attribute"), span);
                return None;
            }
            _ => {
                self.unsupported(&format!("`{function}(...)`"), span);
                return None;
            }
        };
        let matching = self.matching(&aggregate.event, aggregate.filter.as_ref(), aggregate.window.as_ref());
        if !wants_attribute {
            let matching = Box::new(matching?);
            return Some(match function {
                "count" => (ValueExpr::Count(matching), Subject::number("`count(...)`", span)),
                "first" => (ValueExpr::First(matching), Subject::instant("`first(...)`", span)),
                _ => (ValueExpr::Last(matching), Subject::instant("`last(...)`", span)),
            });
        }
        let event = self.schema_event(&aggregate.event)?;
        let Some(attr) = &aggregate.attr else {
            let name = event_name(&aggregate.event);
            let example =
                self.schema.event_type(event).and_then(|ty| ty.attributes.iter().find(|a| is_number(a)).map(|a| a.name.clone()));
            let example = example.unwrap_or_else(|| "attribute".to_owned());
            self.report(
                Diagnostic::new(codes::E0303, aggregate.function.span, "`sum` needs an attribute to add up")
                    .help(format!("write `sum({name}.{example})`")),
            );
            return None;
        };
        let (id, column) = self.attribute(event, attr)?;
        let ColumnType::Scalar(Scalar::Number { decimals }) = column.ty else {
            let message = format!("`sum` adds up numbers, and `{}` is {}", attr.value, a_type(column.ty));
            self.report(
                Diagnostic::new(codes::E0303, attr.span, message)
                    .here("not a number")
                    .help("to count events, write `count(...)`"),
            );
            return None;
        };
        Some((ValueExpr::Sum(Box::new(matching?), EventAttr { event, attr: id, decimals }), Subject::number("`sum(...)`", span)))
    }

    fn schema_event(&self, event: &EventRef) -> Option<EventId> {
        match event {
            EventRef::Name(name) => self.schema.event(&name.value),
            EventRef::Unsupported(_) => None,
        }
    }
}

fn event_name(event: &EventRef) -> &str {
    match event {
        EventRef::Name(name) => &name.value,
        EventRef::Unsupported(_) => "Event",
    }
}

fn is_number(column: &Column) -> bool {
    matches!(column.ty, ColumnType::Scalar(Scalar::Number { .. }))
}

fn first_part<'c>(columns: &'c [Column], record: &str) -> &'c str {
    columns.iter().map(|c| c.name.as_str()).find(|name| name.starts_with(record)).unwrap_or_default()
}

/// `a number`, `a list<text>`
pub(super) fn a_type(ty: ColumnType) -> String {
    match ty {
        ColumnType::Scalar(Scalar::Text) => "text".to_owned(),
        ty => format!("a {ty}"),
    }
}

/// `Some(None)` is a part with a mistake, `None` a part that was not written.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
trait TransposeOption<T> {
    fn transpose_option(self) -> Option<Option<T>>;
}

impl<T> TransposeOption<T> for Option<Option<T>> {
    fn transpose_option(self) -> Self {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(Some(part)) => Some(Some(part)),
        }
    }
}
