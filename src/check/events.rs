//! Which events are meant: types, windows, numbers of times.

use super::conditions::{known_names, unknown};
use super::filters::{self, Scope};
use super::subject::{Subject, comparable};
use super::typed::{ConditionKind, CountRange, EventSource, Matching};
use super::{Checker, suggest};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{AttrId, Column, ColumnType, EventId, EventKind, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{self, CountWords, EventCondition, EventRef, Name};

/// The attribute that an aggregate or a sequence asks for: its number in each type, and what it is.
pub(super) type Wanted<'n> = Option<&'n Name>;

impl Checker<'_> {
    /// `event E [where ...] [TIMES] [WINDOW]`
    pub(super) fn event(&mut self, event: &EventCondition) -> ConditionKind {
        self.single(&event.times, |t| t.span, "number of times");
        self.single(&event.windows, |w| w.span, "window");
        let count = event.times.first().map_or(CountRange::SOME, |t| self.count_range(*t));
        match self.matching(&event.event, event.filter.as_ref(), event.windows.first(), None) {
            Some((matching, _)) => ConditionKind::Events(Box::new(matching), count),
            None => ConditionKind::Nobody,
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

    pub(super) fn count_range(&mut self, times: CountWords) -> CountRange {
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

    /// The events of an `event` or of an aggregate, and what is known of the attribute `wanted`.
    pub(super) fn matching(
        &mut self,
        event: &EventRef,
        filter: Option<&ast::Filter>,
        window: Option<&ast::Window>,
        wanted: Wanted<'_>,
    ) -> Option<(Matching, Option<Subject>)> {
        let sources = self.sources_of(event, filter, wanted);
        // The window can be wrong on its own, so it is looked at even when the event is unknown.
        let window = match window {
            Some(window) => Some(self.event_window(window)?),
            None => None,
        };
        let (sources, subject) = sources?;
        Some((Matching { sources, window }, subject))
    }

    /// The event types with filter and attribute resolved for each.
    pub(super) fn sources_of(
        &mut self,
        event: &EventRef,
        filter: Option<&ast::Filter>,
        wanted: Wanted<'_>,
    ) -> Option<(Vec<EventSource>, Option<Subject>)> {
        let events = self.event_ids(event)?;
        let mut sources = Vec::with_capacity(events.len());
        let mut subject: Option<Subject> = None;
        let mut whole = true;
        for event in &events {
            let scope = Scope { event: *event, events: &events };
            let attr = wanted.and_then(|name| self.attribute_in(&scope, name));
            if let (Some(name), Some((_, found))) = (wanted, &attr) {
                match &subject {
                    Some(first) => whole &= self.same_kind(name, first, found).is_some(),
                    None => subject = Some(found.clone()),
                }
            }
            let written = filter;
            let filter = written.and_then(|filter| self.filter(&scope, filter));
            if written.is_some() && filter.is_none() {
                whole = false;
                continue;
            }
            let attr = attr.map(|(id, _)| id);
            // A type that no event passes of is left out, unless nothing would remain.
            let never = filter.as_ref().is_some_and(filters::is_never);
            if !never || sources.is_empty() && Some(event) == events.last() {
                let filter = filter.filter(|f| !filters::is_always(f));
                sources.push(EventSource { event: *event, filter, attr });
            }
        }
        let known = wanted.is_none() || subject.is_some();
        (whole && known).then_some((sources, subject))
    }

    fn same_kind(&mut self, name: &Name, a: &Subject, b: &Subject) -> Option<()> {
        let same = std::mem::discriminant(&a.ty) == std::mem::discriminant(&b.ty)
            && comparable(a.ty.scalar(), b.ty.scalar())
            && std::mem::discriminant(&a.ty.scalar()) == std::mem::discriminant(&b.ty.scalar());
        if same {
            return Some(());
        }
        let message = format!("`{}` is {} in one of these events and {} in another", name.value, a.kind(), b.kind());
        self.report(Diagnostic::new(codes::E0308, name.span, message).help("name events in which it has one type"));
        None
    }

    /// The types that a reference means, in schema order.
    fn event_ids(&mut self, event: &EventRef) -> Option<Vec<EventId>> {
        let all = || (0..).map(EventId).take(self.schema.events.len());
        match event {
            EventRef::Name(name) => self.event_id(name).map(|id| vec![id]),
            EventRef::Any(_) => Some(all().collect()),
            EventRef::Union(names) => {
                let mut ids = Vec::with_capacity(names.value.len());
                let mut whole = true;
                for name in &names.value {
                    let id = self.event_id(name);
                    whole &= id.is_some();
                    if let Some(id) = id
                        && !ids.contains(&id)
                    {
                        ids.push(id);
                    }
                }
                ids.sort_unstable();
                whole.then_some(ids)
            }
            EventRef::Prefix(prefix) => {
                let begins = |id: &EventId| self.schema.event_type(*id).is_some_and(|t| t.name.starts_with(&prefix.value));
                let ids: Vec<EventId> = all().filter(begins).collect();
                if ids.is_empty() {
                    let message = format!("no event begins with `{}`", prefix.value);
                    self.report(Diagnostic::new(codes::E0212, prefix.span, message).help(self.customer_events()));
                    return None;
                }
                Some(ids)
            }
        }
    }

    pub(super) fn event_id(&mut self, name: &Name) -> Option<EventId> {
        if let Some(id) = self.schema.event(&name.value) {
            return Some(id);
        }
        let near = suggest::nearest(&name.value, self.schema.events.iter().map(|e| e.name.as_str()));
        let mut diagnostic = unknown(codes::E0202, "event", name, near);
        if self.schema.field(&name.value).is_some() {
            diagnostic = diagnostic.help(format!("there is a field of this name: `field {}`", name.value));
        } else if near.is_none() {
            diagnostic = diagnostic.help(self.customer_events());
        }
        self.report(diagnostic);
        None
    }

    fn customer_events(&self) -> String {
        let customer = self.schema.events.iter().filter(|e| e.kind == EventKind::Customer);
        known_names("events", customer.map(|e| e.name.as_str()))
    }

    /// The attribute of the scope's type; reports one that no type of the scope has. A type without one that another
    /// type has: `None` without a report.
    pub(super) fn attribute_in(&mut self, scope: &Scope<'_>, name: &Name) -> Option<(AttrId, Subject)> {
        let ty = self.schema.event_type(scope.event)?;
        if let Some(id) = ty.attribute(&name.value) {
            let column = self.schema.attribute_column(scope.event, id)?;
            let mut subject = Subject::column("attribute", column, name.span);
            if scope.events.len() > 1 {
                // Each type may have a closed set of its own.
                subject.values = None;
            }
            return Some((id, subject));
        }
        if let Some((id, subject)) = self.records_in(scope.event, name) {
            return Some((id, subject));
        }
        let elsewhere = scope.events.iter().any(|e| {
            self.schema.event_type(*e).is_some_and(|t| t.attribute(&name.value).is_some()) || self.records_in(*e, name).is_some()
        });
        if !elsewhere {
            self.unknown_attribute(scope, name);
        }
        None
    }

    fn unknown_attribute(&mut self, scope: &Scope<'_>, name: &Name) {
        let types = || scope.events.iter().filter_map(|e| self.schema.event_type(*e));
        let attributes = || types().flat_map(|t| &t.attributes).map(|a: &Column| a.name.as_str());
        let near = suggest::nearest(&name.value, attributes());
        let mut diagnostic = unknown(codes::E0204, "attribute", name, near);
        let owner = match (types().next(), scope.events.len()) {
            (Some(only), 1) => format!("event `{}` has no attribute", only.name),
            _ => "none of these events has an attribute".to_owned(),
        };
        diagnostic.message = format!("{owner} `{}`", name.value);
        "not an attribute of this event".clone_into(&mut diagnostic.label);
        let prefix = format!("{}.", name.value);
        if let Some(member) = attributes().find(|a| a.starts_with(&prefix)) {
            diagnostic = diagnostic.help(format!("`{}` is a record: name one of its parts, such as `{member}`", name.value));
        } else if near.is_none() {
            let mut known: Vec<&str> = attributes().collect();
            known.sort_unstable();
            known.dedup();
            diagnostic = diagnostic.help(known_names("attributes", known.into_iter()));
        }
        self.report(diagnostic);
    }

    /// A list of records among the attributes: its first member stands for it.
    fn records_in(&self, event: EventId, name: &Name) -> Option<(AttrId, Subject)> {
        let prefix = format!("{}.", name.value);
        let ty = self.schema.event_type(event)?;
        let at = ty.attributes.iter().position(|a| a.name.starts_with(&prefix) && matches!(a.ty, ColumnType::Item(_)))?;
        let id = AttrId(u16::try_from(at).ok()?);
        let column = self.schema.attribute_column(event, id)?;
        let what = format!("attribute `{}`", name.value);
        let mut subject = Subject::column("attribute", column, name.span).named(what, name.span);
        subject.values = None;
        subject.records = Some(super::subject::Records { event: Some(event), name: name.value.clone() });
        Some((id, subject))
    }
}

/// `a number`, `a list of texts`
pub(super) fn a_type(ty: ColumnType) -> String {
    match ty {
        ColumnType::Scalar(Scalar::Text) => "text".to_owned(),
        ColumnType::Scalar(scalar) => format!("a {scalar}"),
        ColumnType::List(scalar) => format!("a list of {scalar}s"),
        ColumnType::Item(scalar) => format!("a list of {scalar}s, one of each record"),
    }
}
