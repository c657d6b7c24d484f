//! Tests on single events, and on single records of a list.

use super::Checker;
use super::conditions::{known_names, unknown};
use super::subject::{Records, Subject};
use super::suggest;
use super::typed::{CountRange, EventValue, Filter, ItemFilter, Part, Test};
use crate::diag::{Diagnostic, codes};
use crate::schema::{Column, ColumnType, EventId, Scalar};
use crate::syntax::ast::{self, FilterKind, FilterValue, GroupKind, ItemQuantifier, Literal, Name, TestKind};

/// The event types that a `where` speaks of, and the one it is resolved for.
pub(super) struct Scope<'e> {
    pub event: EventId,
    pub events: &'e [EventId],
}

impl Checker<'_> {
    /// A test on one event of the scope's type; `None` after a report. All parts are looked at.
    pub(super) fn filter(&mut self, scope: &Scope<'_>, filter: &ast::Filter) -> Option<Filter> {
        match &filter.kind {
            FilterKind::Group(kind, parts) => {
                let parts = self.filters(scope, parts)?;
                Some(match kind {
                    GroupKind::All => all(parts),
                    GroupKind::Any => any(parts),
                    GroupKind::None => not(any(parts)),
                })
            }
            FilterKind::Quorum(count, parts) => {
                self.quorum_fits(*count, parts.len());
                let parts = self.filters(scope, parts)?;
                Some(Filter::Quorum(CountRange { min: count.min, max: count.max }, parts))
            }
            FilterKind::Not(inner) => self.filter(scope, inner).map(not),
            FilterKind::Test(value, test) => self.event_test(scope, value, test),
        }
    }

    fn filters(&mut self, scope: &Scope<'_>, parts: &[ast::Filter]) -> Option<Vec<Filter>> {
        let parts: Vec<Option<Filter>> = parts.iter().map(|p| self.filter(scope, p)).collect();
        parts.into_iter().collect()
    }

    fn event_test(&mut self, scope: &Scope<'_>, value: &FilterValue, test: &ast::Test) -> Option<Filter> {
        self.no_lasting(test);
        let name = &value.attr;
        // In backticks `time` is an attribute of that name; bare it is the event's own instant.
        let is_time = name.value == "time" && name.span.end - name.span.start == "time".len();
        let (tested, subject) = if is_time {
            let subject = Subject::instant("the event's `time`", name.span);
            match &value.part {
                Some(part) => {
                    self.part(part, &subject)?;
                    (EventValue::PartOfInstant(part.value), part_subject(part, value))
                }
                None => (EventValue::Instant, subject),
            }
        } else {
            let reported = self.diagnostics.len();
            let Some((attr, subject)) = self.attribute_in(scope, name) else {
                // Without a report the attribute is one of another type: here it is empty.
                let passes = test.or_empty || matches!(test.kind, TestKind::IsEmpty | TestKind::Items(ItemQuantifier::Only, _));
                return (self.diagnostics.len() == reported)
                    .then(|| if passes { Filter::All(Vec::new()) } else { Filter::Any(Vec::new()) });
            };
            match &value.part {
                Some(part) => {
                    self.part(part, &subject)?;
                    (EventValue::PartOfAttr(part.value, attr), part_subject(part, value))
                }
                None => (EventValue::Attr(attr), subject),
            }
        };
        let (test, or_empty) = self.whole_test(&subject, test)?;
        Some(Filter::Test { value: tested, test, or_empty })
    }

    /// A test, and whether an empty value passes it.
    pub(super) fn whole_test(&mut self, subject: &Subject, test: &ast::Test) -> Option<(Test, bool)> {
        let or_empty = test.or_empty || matches!(test.kind, TestKind::Items(ItemQuantifier::Only, _));
        Some((self.test(subject, test)?, or_empty))
    }

    /// `has any < ... >` and the like.
    pub(super) fn records_test(
        &mut self,
        subject: &Subject,
        quantifier: ItemQuantifier,
        parts: &[ast::Filter],
        test: &ast::Test,
    ) -> Option<Test> {
        let Some(records) = &subject.records else {
            let message = format!("`has any < >` looks into records, and {}", subject.is());
            let diagnostic =
                Diagnostic::new(codes::E0301, test.span, message).label(subject.span, format!("this is {}", subject.kind()));
            self.report(if subject.ty.is_list() {
                diagnostic.help("write `has any of [...]` to look for values")
            } else {
                diagnostic.help("use it on a list of records")
            });
            return None;
        };
        let parts: Vec<Option<ItemFilter>> = parts.iter().map(|p| self.item_filter(records, p)).collect();
        // Members of the group hold on one and the same record.
        let filter = ItemFilter::All(parts.into_iter().collect::<Option<_>>()?);
        Some(match quantifier {
            ItemQuantifier::Any => Test::Items(CountRange::SOME, filter),
            ItemQuantifier::None => Test::Items(CountRange { min: 0, max: Some(0) }, filter),
            ItemQuantifier::Only => Test::Items(CountRange { min: 0, max: Some(0) }, ItemFilter::Not(Box::new(filter))),
            ItemQuantifier::Count(count) => Test::Items(self.count_range(count), filter),
        })
    }

    fn item_filter(&mut self, records: &Records, filter: &ast::Filter) -> Option<ItemFilter> {
        match &filter.kind {
            FilterKind::Group(kind, parts) => {
                let parts = self.item_filters(records, parts)?;
                Some(match kind {
                    GroupKind::All => ItemFilter::All(parts),
                    GroupKind::Any => ItemFilter::Any(parts),
                    GroupKind::None => ItemFilter::Not(Box::new(ItemFilter::Any(parts))),
                })
            }
            FilterKind::Quorum(count, parts) => {
                self.quorum_fits(*count, parts.len());
                Some(ItemFilter::Quorum(CountRange { min: count.min, max: count.max }, self.item_filters(records, parts)?))
            }
            FilterKind::Not(inner) => Some(ItemFilter::Not(Box::new(self.item_filter(records, inner)?))),
            FilterKind::Test(value, test) => self.item_test(records, value, test),
        }
    }

    fn item_filters(&mut self, records: &Records, parts: &[ast::Filter]) -> Option<Vec<ItemFilter>> {
        let parts: Vec<Option<ItemFilter>> = parts.iter().map(|p| self.item_filter(records, p)).collect();
        parts.into_iter().collect()
    }

    fn item_test(&mut self, records: &Records, value: &FilterValue, test: &ast::Test) -> Option<ItemFilter> {
        self.no_lasting(test);
        if let Some(part) = &value.part {
            let message = format!("`{}(...)` cannot be taken of a member of a record", part.value.name());
            self.report(
                Diagnostic::new(codes::E0307, part.span, message)
                    .help("compare the date itself, such as `data since 2025-01-01`"),
            );
            return None;
        }
        let (column, subject) = self.member(records, &value.attr)?;
        let (test, or_empty) = self.whole_test(&subject, test)?;
        Some(ItemFilter::Test { column, test: Box::new(test), or_empty })
    }

    /// A member of the records of a list: the position of its column, and a single value of it.
    fn member(&mut self, records: &Records, name: &Name) -> Option<(u16, Subject)> {
        let columns: &[Column] = match records.event {
            Some(event) => self.schema.event_type(event).map_or(&[], |t| &t.attributes),
            None => &self.schema.fields,
        };
        let prefix = format!("{}.", records.name);
        let wanted = format!("{prefix}{}", name.value);
        if let Some(at) = columns.iter().position(|c| c.name == wanted) {
            let column = columns.get(at)?;
            let ty = ColumnType::Scalar(column.ty.scalar());
            let subject = Subject { ty, ..Subject::column("member", column, name.span) };
            return Some((u16::try_from(at).ok()?, subject.named(format!("`{}`", name.value), name.span)));
        }
        let members: Vec<&str> = columns.iter().filter_map(|c| c.name.strip_prefix(&prefix)).collect();
        let near = suggest::nearest(&name.value, members.iter().copied());
        let mut diagnostic = unknown(codes::E0213, "member", name, near);
        diagnostic.message = format!("the records of `{}` have no member `{}`", records.name, name.value);
        self.report(if near.is_none() { diagnostic.help(known_names("members", members.into_iter())) } else { diagnostic });
        None
    }

    /// Reports `for 7d` where nothing is known of when a value changed.
    pub(super) fn no_lasting(&mut self, test: &ast::Test) {
        if let Some(lasting) = &test.lasting {
            let message = "only tests on a field of the contact can hold for a time";
            self.report(
                Diagnostic::new(codes::E0405, lasting.span, message)
                    .help("leave `for ...` out; to ask when an event happened, give it a window such as `older than 7d`"),
            );
        }
    }
}

/// A part of an attribute or of `time`, as a subject of tests.
fn part_subject(part: &Literal<Part>, value: &FilterValue) -> Subject {
    Subject::scalar(Scalar::Number { decimals: 0 }, format!("`{}({})`", part.value.name(), value.attr.value), value.span)
}

/// Whether no event passes.
pub(super) fn is_never(filter: &Filter) -> bool {
    matches!(filter, Filter::Any(parts) if parts.is_empty())
}

/// Whether every event passes.
pub(super) fn is_always(filter: &Filter) -> bool {
    matches!(filter, Filter::All(parts) if parts.is_empty())
}

/// The group, without what goes without saying.
fn all(parts: Vec<Filter>) -> Filter {
    if parts.iter().any(is_never) {
        return Filter::Any(Vec::new());
    }
    Filter::All(parts.into_iter().filter(|p| !is_always(p)).collect())
}

fn any(parts: Vec<Filter>) -> Filter {
    if parts.iter().any(is_always) {
        return Filter::All(Vec::new());
    }
    Filter::Any(parts.into_iter().filter(|p| !is_never(p)).collect())
}

fn not(filter: Filter) -> Filter {
    match filter {
        Filter::All(parts) if parts.is_empty() => Filter::Any(parts),
        Filter::Any(parts) if parts.is_empty() => Filter::All(parts),
        other => Filter::Not(Box::new(other)),
    }
}
