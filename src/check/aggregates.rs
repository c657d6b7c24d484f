//! Functions over events: which take an attribute, of which type, and with what arguments.

use super::Checker;
use super::subject::Subject;
use super::typed::{self, Function, ValueExpr};
use crate::diag::{Diagnostic, codes};
use crate::schema::{Column, ColumnType, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{Aggregate, Argument, EventRef, Literal};
use crate::time::Duration;
use crate::value::Decimal;

/// Which attributes a function takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Number,
    Ordered,
    Scalar,
    Anything,
}

/// The most periods that `active_periods` looks at.
const MAX_PERIODS: u64 = 10_000;

impl Checker<'_> {
    /// `count(...)`, `sum(E.attr ...)`, ...
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, span: Span) -> Option<(ValueExpr, Subject)> {
        let name = aggregate.function.value.as_str();
        let takes = match (name, &aggregate.attr) {
            ("count" | "active_days" | "active_periods", _) | ("first" | "last", None) => Takes::Nothing,
            ("sum" | "average", _) => Takes::Number,
            ("min" | "max", _) => Takes::Ordered,
            ("distinct" | "most_frequent", _) => Takes::Scalar,
            _ => Takes::Anything,
        };
        let arguments = self.arguments(aggregate);
        if takes == Takes::Nothing
            && let Some(attr) = &aggregate.attr
        {
            let message = format!("`{name}` looks at events, not at an attribute");
            let event = event_name(&aggregate.event);
            let test = format!("{name}({event} where {} is set)", attr.value);
            self.report(
                Diagnostic::new(codes::E0303, attr.span, message)
                    .help(format!("to look at events where it is set, write `{test}`")),
            );
            return None;
        }
        let wanted = if takes == Takes::Nothing { None } else { aggregate.attr.as_ref() };
        if takes != Takes::Nothing && wanted.is_none() {
            self.missing_attribute(aggregate, takes);
            return None;
        }
        let found = self.matching(&aggregate.event, aggregate.filter.as_ref(), aggregate.window.as_ref(), wanted);
        let (matching, attribute) = found?;
        let function = arguments?;
        let what = format!("`{name}(...)`");
        let subject = match function {
            Function::First | Function::Last => Subject::instant(what, span),
            Function::Min
            | Function::Max
            | Function::MostFrequent(_)
            | Function::FirstOf
            | Function::LastOf
            | Function::Nth(_) => attribute.clone()?.named(what, span),
            _ => Subject::number(what, span),
        };
        if let (Some(attribute), Some(written)) = (&attribute, &aggregate.attr) {
            self.takes(takes, name, attribute, written.span)?;
        }
        Some((ValueExpr::Aggregate(Box::new(typed::Aggregate { function, matching })), subject))
    }

    /// Reports an attribute of a type that the function does not take.
    fn takes(&mut self, takes: Takes, name: &str, attribute: &Subject, span: Span) -> Option<()> {
        let is_plain = attribute.records.is_none();
        let fits = match takes {
            Takes::Nothing => true,
            Takes::Number => matches!(attribute.single(), Some(Scalar::Number { .. })),
            Takes::Ordered => matches!(attribute.single(), Some(Scalar::Number { .. } | Scalar::Date | Scalar::Time)),
            Takes::Scalar => attribute.single().is_some(),
            Takes::Anything => is_plain,
        };
        if fits {
            return Some(());
        }
        let wanted = match takes {
            Takes::Number => "numbers",
            Takes::Ordered => "numbers, dates or times",
            _ => "single values",
        };
        let message = format!("`{name}` takes {wanted}, and {}", attribute.is());
        let diagnostic = Diagnostic::new(codes::E0303, span, message).here(format!("this is {}", attribute.kind()));
        self.report(match (name, attribute.single()) {
            ("sum" | "average", Some(_)) => {
                diagnostic.help("to count events, write `count(...)`; to count different values, `distinct(...)`")
            }
            (_, None) => diagnostic.help("to look into a list, write `count(E where list has ...)`"),
            _ => diagnostic.help(format!("name an attribute that holds {wanted}")),
        });
        None
    }

    fn missing_attribute(&mut self, aggregate: &Aggregate, takes: Takes) {
        let (name, event) = (&aggregate.function.value, event_name(&aggregate.event));
        let fits = |column: &&Column| match column.ty {
            ColumnType::Scalar(Scalar::Number { .. }) => true,
            ColumnType::Scalar(_) => takes != Takes::Number,
            _ => false,
        };
        let ty = self.schema.event(event).and_then(|id| self.schema.event_type(id));
        let example = ty.and_then(|ty| ty.attributes.iter().find(fits)).map_or("attribute", |a| a.name.as_str());
        let help = format!("write `{name}({event}.{example})`");
        let span = aggregate.function.span;
        self.report(Diagnostic::new(codes::E0303, span, format!("`{name}` needs an attribute")).help(help));
    }

    /// The function with its arguments; `None` after a report.
    fn arguments(&mut self, aggregate: &Aggregate) -> Option<Function> {
        let name = aggregate.function.value.as_str();
        let arguments = aggregate.arguments.as_slice();
        let plain = match (name, aggregate.attr.is_some()) {
            ("count", _) => Some(Function::Count),
            ("sum", _) => Some(Function::Sum),
            ("average", _) => Some(Function::Average),
            ("min", _) => Some(Function::Min),
            ("max", _) => Some(Function::Max),
            ("distinct", _) => Some(Function::Distinct),
            ("active_days", _) => Some(Function::ActiveDays),
            ("first", false) => Some(Function::First),
            ("last", false) => Some(Function::Last),
            ("first", true) => Some(Function::FirstOf),
            ("last", true) => Some(Function::LastOf),
            _ => None,
        };
        match (plain, name, arguments) {
            (Some(function), _, []) => Some(function),
            (None, "most_frequent", []) => Some(Function::MostFrequent(1)),
            (None, "most_frequent", [Argument::Number(n)]) => self.whole(n, 1, u64::MAX).map(Function::MostFrequent),
            (None, "nth", [Argument::Number(n)]) => self.nth(n),
            (None, "active_periods", [Argument::Duration(length), Argument::Number(periods)]) => {
                self.periods(length, periods, None)
            }
            (None, "active_periods", [Argument::Duration(length), Argument::Number(periods), Argument::Number(n)]) => {
                self.periods(length, periods, Some(n))
            }
            _ => {
                self.wrong_arguments(aggregate);
                None
            }
        }
    }

    fn wrong_arguments(&mut self, aggregate: &Aggregate) {
        let name = aggregate.function.value.as_str();
        let event = event_name(&aggregate.event);
        let (wanted, example) = match name {
            "nth" => ("needs a position after the attribute", format!("nth({event}.attribute, 2)")),
            "active_periods" => ("needs the length of a period and how many periods", format!("active_periods({event}, 7d, 3)")),
            "most_frequent" => {
                ("takes one number, how often the value must occur", format!("most_frequent({event}.attribute, 2)"))
            }
            _ => ("takes nothing after the events", format!("{name}({event})")),
        };
        let span = aggregate.arguments.iter().map(argument_span).reduce(Span::to).unwrap_or(aggregate.function.span);
        let message = format!("`{name}` {wanted}");
        self.report(Diagnostic::new(codes::E0309, span, message).help(format!("write it as in `{example}`")));
    }

    fn nth(&mut self, n: &Literal<Decimal>) -> Option<Function> {
        let whole = n.value.to_scaled(0).ok().filter(|r| !r.inexact).map(|r| r.scaled);
        if let Some(whole) = whole.filter(|n| *n != 0) {
            return Some(Function::Nth(whole));
        }
        let message = format!("`nth` counts from 1, and {} is not a position", n.value);
        self.report(Diagnostic::new(codes::E0309, n.span, message).help("1 is the oldest, 2 the second oldest, -1 the newest"));
        None
    }

    fn periods(
        &mut self,
        length: &Literal<Duration>,
        periods: &Literal<Decimal>,
        at_least: Option<&Literal<Decimal>>,
    ) -> Option<Function> {
        if length.value.is_zero() {
            self.report(
                Diagnostic::new(codes::E0309, length.span, "a period of no length holds nothing")
                    .help("write a length such as `7d`"),
            );
            return None;
        }
        let periods = self.whole(periods, 1, MAX_PERIODS)?;
        let at_least = match at_least {
            Some(n) => self.whole(n, 1, u64::MAX)?,
            None => 1,
        };
        Some(Function::ActivePeriods { length: length.value, periods: u32::try_from(periods).unwrap_or(u32::MAX), at_least })
    }

    fn whole(&mut self, n: &Literal<Decimal>, least: u64, most: u64) -> Option<u64> {
        let whole = n.value.to_scaled(0).ok().filter(|r| !r.inexact).and_then(|r| u64::try_from(r.scaled).ok());
        if let Some(n) = whole.filter(|n| (least..=most).contains(n)) {
            return Some(n);
        }
        let range = if most == u64::MAX { format!("from {least} on") } else { format!("from {least} to {most}") };
        self.report(
            Diagnostic::new(codes::E0309, n.span, format!("{} is not a whole number {range}", n.value))
                .help(format!("write a whole number {range}")),
        );
        None
    }
}

fn argument_span(argument: &Argument) -> Span {
    match argument {
        Argument::Duration(d) => d.span,
        Argument::Number(n) => n.span,
    }
}

/// The name of the events, for examples.
fn event_name(event: &EventRef) -> &str {
    match event {
        EventRef::Name(name) => &name.value,
        _ => "Event",
    }
}
