//! From the text of a script, in its canonical form, to its JSON form.

use super::comments::{Claims, documentation};
use super::types::{
    Argument, ArithmeticOperator, Branch, BranchKind, Commented, Comments, Condition, ConditionKind, Count, Date, Definition,
    DefinitionKind, Document, Entry, EntryKind, Events, EventsKind, Filter, FilterKind, Function, Ignoring, Instant, Length,
    Name, Numeral, Operator, Path, Period, Step, StepKind, Test, TestKind, TestLine, TestLineKind, VERSION, Value, ValueKind,
    ValueType, Window, WindowKind,
};
use crate::diag::{Diagnostic, codes};
use crate::fmt::trivia::Trivia;
use crate::fmt::{spelling, written_name};
use crate::syntax::Span;
use crate::syntax::parse::{Node, NodeKind};
use crate::syntax::parts::{Part as ScriptPart, parts};
use crate::value::nfc;

/// The JSON form of a text whose every part can be read; a diagnostic for what the JSON form has no place for.
pub(super) fn document(text: &str) -> Result<Document, Option<Box<Diagnostic>>> {
    let trivia = Trivia::new(text, std::iter::empty());
    let mut reader = Reader { claims: Claims::new(text, &trivia), problem: None };
    let document = reader.document(&parts(text).unwrap_or_default());
    match reader.problem {
        Some(problem) => Err(Some(Box::new(problem))),
        None => document.ok_or(None),
    }
}

struct Reader<'p, 'a> {
    claims: Claims<'p, 'a>,
    problem: Option<Diagnostic>,
}

impl Reader<'_, '_> {
    fn document(&mut self, parts: &[ScriptPart<'_>]) -> Option<Document> {
        let mut document =
            Document { version: VERSION.to_owned(), edition: None, definitions: None, condition: None, comments: None };
        let mut comments = Comments::default();
        let mut lines = false;
        for part in parts {
            let ScriptPart::Whole(node) = part else { return None };
            match node.kind {
                NodeKind::edition => {
                    let around = self.claims.around(node.span);
                    comments = Comments { above: around.above, before: around.before, open: around.after, ..Comments::default() };
                    self.claims.inside(node.span, &mut comments);
                    document.edition = Some(numeral(node.child(NodeKind::integer)?));
                }
                NodeKind::condition => document.condition = Some(self.condition(node)?),
                _ => {
                    let is_line = is_line(node);
                    let definition = self.definition(node, lines && is_line)?;
                    document.definitions.get_or_insert_default().push(definition);
                    lines = is_line;
                }
            }
        }
        if document.condition.is_none() {
            document.definitions.get_or_insert_default();
        }
        comments.end.extend(self.claims.at_end());
        document.comments = boxed(comments);
        Some(document)
    }

    /// A part with the comments beside it. Outer parts take theirs before inner ones.
    fn commented<T>(&mut self, node: &Node<'_>, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Commented<T>> {
        let mut comments = self.claims.around(node.span);
        let inner = read(self)?;
        self.claims.inside(node.span, &mut comments);
        Some(Commented { node: inner, comments: boxed(comments) })
    }

    fn many<T>(&mut self, node: &Node<'_>, kind: NodeKind, read: fn(&mut Self, &Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        node.all(kind).map(|child| read(self, child)).collect()
    }

    #[expect(clippy::option_option, reason = "outside: whether it can be read; inside: whether it is there")]
    fn optional<T>(&mut self, node: &Node<'_>, kind: NodeKind, read: fn(&mut Self, &Node<'_>) -> Option<T>) -> Option<Option<T>> {
        node.child(kind).map(|child| read(self, child)).map_or(Some(None), |read| read.map(Some))
    }

    // ------------------------------------------------------------------------------------------ definitions

    fn definition(&mut self, statement: &Node<'_>, together: bool) -> Option<Definition> {
        let node = statement.children.first()?;
        let mut comments = self.claims.around(statement.span);
        // The formatter puts a blank line between definitions; where it may stand elsewhere, it is kept.
        let only_blank = comments.above.iter().filter(|line| line.is_empty()).count() == 1;
        if !together && only_blank && comments.above.first().is_some_and(String::is_empty) {
            comments.above.remove(0);
        }
        let doc = documentation(&mut comments);
        let kind = match node.kind {
            NodeKind::segment_def => DefinitionKind::Segment {
                doc,
                name: name(node.child(NodeKind::segment_name)?),
                title: title(node),
                condition: self.condition(node.child(NodeKind::condition)?)?,
            },
            NodeKind::let_def => DefinitionKind::Let {
                doc,
                name: name(node.child(NodeKind::param_name)?),
                value: self.value(node.child(NodeKind::expr)?)?,
            },
            NodeKind::param_def => DefinitionKind::Param {
                doc,
                name: name(node.child(NodeKind::param_name)?),
                value_type: ValueType(node.child(NodeKind::param_type)?.text.to_owned()),
                value: self.value(node.child(NodeKind::param_value)?.children.first()?)?,
            },
            NodeKind::list_def => DefinitionKind::List {
                doc,
                name: name(node.child(NodeKind::list_name)?),
                title: title(node),
                file: text(node.child(NodeKind::string)?)?,
            },
            NodeKind::decision_def => DefinitionKind::Decision {
                doc,
                name: name(node.child(NodeKind::decision_name)?),
                title: title(node),
                branches: self.many(node, NodeKind::branch, Self::branch)?,
            },
            NodeKind::use_def => DefinitionKind::Use { doc, file: text(node.child(NodeKind::string)?)? },
            NodeKind::test_def => self.test_block(node, doc)?,
            _ => return None,
        };
        self.claims.inside(statement.span, &mut comments);
        Some(Commented { node: kind, comments: boxed(comments) })
    }

    fn branch(&mut self, node: &Node<'_>) -> Option<Branch> {
        self.commented(node, |reader| {
            let when = reader.optional(node, NodeKind::condition, Self::condition)?;
            Some(BranchKind { when, label: text(node.child(NodeKind::string)?)? })
        })
    }

    fn test_block(&mut self, node: &Node<'_>, doc: Option<String>) -> Option<DefinitionKind> {
        let now = node.child(NodeKind::test_now).and_then(|now| now.child(NodeKind::instant).or(now.child(NodeKind::date)));
        let is_line = |kind| matches!(kind, NodeKind::test_contact | NodeKind::test_event | NodeKind::test_expect);
        Some(DefinitionKind::Test {
            doc,
            title: text(node.child(NodeKind::string)?)?,
            at: now.map(|now| self.value(now)).map_or(Some(None), |at| at.map(Some))?,
            lines: node
                .children
                .iter()
                .filter(|line| is_line(line.kind))
                .map(|line| self.test_line(line))
                .collect::<Option<_>>()?,
        })
    }

    fn test_line(&mut self, node: &Node<'_>) -> Option<TestLine> {
        self.commented(node, |reader| match node.kind {
            NodeKind::test_contact => Some(TestLineKind::Contact {
                id: text(node.child(NodeKind::string)?)?,
                values: reader.optional(node, NodeKind::test_values, Self::entries)?,
                at: reader.optional(node, NodeKind::test_at, Self::test_at)?,
            }),
            NodeKind::test_event => Some(TestLineKind::Event {
                id: text(node.child(NodeKind::string)?)?,
                event: name(node.child(NodeKind::event_name)?),
                values: reader.optional(node, NodeKind::test_values, Self::entries)?,
                at: reader.test_at(node.child(NodeKind::test_at)?)?,
            }),
            _ => expectation(node.children.get(1)?),
        })
    }

    fn test_at(&mut self, node: &Node<'_>) -> Option<Value> {
        self.value(node.child(NodeKind::point)?)
    }

    fn entries(&mut self, node: &Node<'_>) -> Option<Vec<Entry>> {
        self.many(node, NodeKind::test_value, Self::entry)
    }

    fn entry(&mut self, node: &Node<'_>) -> Option<Entry> {
        self.commented(node, |reader| {
            let value = reader.value(node.child(NodeKind::test_literal)?)?;
            Some(EntryKind { name: path(node.child(NodeKind::field_path)?), value })
        })
    }

    // ------------------------------------------------------------------------------------------- conditions

    fn condition(&mut self, node: &Node<'_>) -> Option<Condition> {
        let inner = node.children.first()?;
        self.commented(node, |reader| reader.condition_kind(inner))
    }

    fn members(&mut self, node: &Node<'_>) -> Option<Vec<Condition>> {
        self.many(node.child(NodeKind::members)?, NodeKind::condition, Self::condition)
    }

    fn condition_kind(&mut self, node: &Node<'_>) -> Option<ConditionKind> {
        Some(match node.kind {
            NodeKind::group => {
                let members = self.members(node)?;
                match group_kind(node)? {
                    NodeKind::kw_any => ConditionKind::Any { members },
                    NodeKind::kw_none => ConditionKind::None { members },
                    _ => ConditionKind::All { members },
                }
            }
            NodeKind::quorum => ConditionKind::Quorum { count: count(node)?, members: self.members(node)? },
            NodeKind::not => ConditionKind::Not { condition: Box::new(self.condition(node.child(NodeKind::condition)?)?) },
            NodeKind::everyone => ConditionKind::Everyone,
            NodeKind::nobody => ConditionKind::Nobody,
            NodeKind::event => self.event(node)?,
            NodeKind::sequence => ConditionKind::Sequence {
                by: node.child(NodeKind::attr_path).map(path),
                window: self.optional(node, NodeKind::window, Self::window)?,
                steps: self.steps(node)?,
            },
            NodeKind::ranked => self.ranked(node)?,
            NodeKind::sample => ConditionKind::Sample {
                share: numeral(node.child(NodeKind::percent)?),
                salt: text(node.child(NodeKind::string)?)?,
            },
            NodeKind::reference => reference(node)?,
            _ => {
                let value = self.value(node.child(NodeKind::expr)?)?;
                let (test, or_empty, lasting) = self.test(node.child(NodeKind::test)?)?;
                ConditionKind::Test { value, test, or_empty, lasting }
            }
        })
    }

    fn event(&mut self, node: &Node<'_>) -> Option<ConditionKind> {
        let event = self.events(node.child(NodeKind::event_ref)?)?;
        let filter = self.optional(node, NodeKind::r#where, Self::where_filter)?;
        let (mut times, mut window) = (None, None);
        for tail in node.all(NodeKind::event_tail).filter_map(|tail| tail.children.first()) {
            let what = if tail.kind == NodeKind::times { "number of times" } else { "window" };
            let twice = if tail.kind == NodeKind::times {
                times.replace(times_of(tail)?).is_some()
            } else {
                window.replace(self.window(tail)?).is_some()
            };
            if twice {
                let error = Diagnostic::new(codes::E0403, tail.span, format!("a second {what} for one event"));
                self.problem.get_or_insert(error.help("keep one of them"));
            }
        }
        Some(ConditionKind::Event { event, filter, times, window })
    }

    fn steps(&mut self, node: &Node<'_>) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut then = None;
        for child in &node.children {
            match child.kind {
                // A step begins with its `then`.
                NodeKind::kw_then => then = Some(child.span),
                NodeKind::step => steps.push(self.step(child, then.map_or(child.span, |then| then.to(child.span)))?),
                _ => {}
            }
        }
        Some(steps)
    }

    fn step(&mut self, node: &Node<'_>, span: Span) -> Option<Step> {
        let mut comments = self.claims.around(span);
        let step = StepKind {
            not: node.has(NodeKind::kw_not),
            event: self.events(node.child(NodeKind::event_ref)?)?,
            filter: self.optional(node, NodeKind::r#where, Self::where_filter)?,
            within: node.child(NodeKind::duration).map(length),
        };
        self.claims.inside(span, &mut comments);
        Some(Commented { node: step, comments: boxed(comments) })
    }

    fn ranked(&mut self, node: &Node<'_>) -> Option<ConditionKind> {
        let amount = numeral(node.child(NodeKind::integer).or(node.child(NodeKind::percent))?);
        let by = self.value(node.child(NodeKind::expr)?)?;
        let of = self.optional(node, NodeKind::condition, Self::condition)?.map(Box::new);
        Some(if node.has(NodeKind::kw_top) {
            ConditionKind::Top { amount, by, of }
        } else {
            ConditionKind::Bottom { amount, by, of }
        })
    }

    fn events(&mut self, node: &Node<'_>) -> Option<Events> {
        let inner = node.children.first()?;
        self.commented(node, |_| {
            Some(match inner.kind {
                NodeKind::event_name => EventsKind::Name { name: name(inner) },
                NodeKind::event_union => EventsKind::Union { names: inner.all(NodeKind::event_name).map(name).collect() },
                NodeKind::event_prefix => EventsKind::Prefix { prefix: text(inner.child(NodeKind::string)?)? },
                _ => EventsKind::Any,
            })
        })
    }

    fn where_filter(&mut self, node: &Node<'_>) -> Option<Filter> {
        self.filter(node.child(NodeKind::filter)?)
    }

    fn filter(&mut self, node: &Node<'_>) -> Option<Filter> {
        let mut parts = node.all(NodeKind::filter_part);
        match (parts.next(), parts.next()) {
            (Some(only), None) => self.filter_part(only),
            _ => self.commented(node, |reader| {
                Some(FilterKind::And { members: reader.many(node, NodeKind::filter_part, Self::filter_part)? })
            }),
        }
    }

    fn filter_members(&mut self, node: &Node<'_>) -> Option<Vec<Filter>> {
        self.many(node.child(NodeKind::filter_members)?, NodeKind::filter, Self::filter)
    }

    fn filter_part(&mut self, node: &Node<'_>) -> Option<Filter> {
        let inner = node.children.first()?;
        self.commented(node, |reader| {
            Some(match inner.kind {
                NodeKind::filter_group if inner.has(NodeKind::count_words) => {
                    FilterKind::Quorum { count: count(inner)?, members: reader.filter_members(inner)? }
                }
                NodeKind::filter_group => {
                    let members = reader.filter_members(inner)?;
                    match group_kind(inner)? {
                        NodeKind::kw_any => FilterKind::Any { members },
                        NodeKind::kw_none => FilterKind::None { members },
                        _ => FilterKind::All { members },
                    }
                }
                NodeKind::filter_not => {
                    FilterKind::Not { filter: Box::new(reader.filter_part(inner.child(NodeKind::filter_part)?)?) }
                }
                _ => {
                    let value = reader.value(inner.child(NodeKind::filter_value)?.children.first()?)?;
                    let (test, or_empty, lasting) = reader.test(inner.child(NodeKind::test)?)?;
                    FilterKind::Test { value, test, or_empty, lasting }
                }
            })
        })
    }

    fn test(&mut self, node: &Node<'_>) -> Option<(Test, bool, Option<Length>)> {
        let base = node.child(NodeKind::base_test)?;
        let inner = base.children.first()?;
        let test = self.commented(base, |reader| reader.test_kind(inner))?;
        let lasting = node.child(NodeKind::lasting).and_then(|lasting| lasting.child(NodeKind::duration)).map(length);
        Some((test, node.has(NodeKind::or_empty), lasting))
    }

    fn test_kind(&mut self, node: &Node<'_>) -> Option<TestKind> {
        let ignoring = ignoring(node);
        Some(match node.kind {
            NodeKind::is if node.has(NodeKind::kw_empty) => TestKind::IsEmpty,
            NodeKind::is if node.has(NodeKind::kw_set) => TestKind::IsSet,
            NodeKind::is if node.has(NodeKind::kw_true) => TestKind::IsTrue,
            NodeKind::is => TestKind::IsFalse,
            NodeKind::compare => TestKind::Compare {
                operator: operator(node.child(NodeKind::compare_op)?.text)?,
                value: self.value(node.child(NodeKind::expr)?)?,
                ignoring,
            },
            NodeKind::membership => {
                let list = self.value(node.child(NodeKind::list_operand)?)?;
                if node.has(NodeKind::not_in) { TestKind::NotIn { list, ignoring } } else { TestKind::In { list, ignoring } }
            }
            NodeKind::between => {
                let (min, max) = self.two(node)?;
                TestKind::Between { min, max }
            }
            NodeKind::text_test => {
                let value = self.value(node.child(NodeKind::expr)?)?;
                let op = node.child(NodeKind::text_op)?;
                if op.has(NodeKind::kw_starts) {
                    TestKind::StartsWith { value, ignoring }
                } else if op.has(NodeKind::kw_ends) {
                    TestKind::EndsWith { value, ignoring }
                } else {
                    TestKind::Contains { value, ignoring }
                }
            }
            NodeKind::matches => TestKind::Matches { pattern: text(node.child(NodeKind::string)?)?, ignoring },
            NodeKind::has => self.has(node)?,
            NodeKind::anniversary => TestKind::Anniversary { within_next: node.child(NodeKind::duration).map(length) },
            NodeKind::window => TestKind::Window { window: Box::new(self.window(node)?) },
            _ => return None,
        })
    }

    fn has(&mut self, node: &Node<'_>) -> Option<TestKind> {
        if let Some(node) = node.child(NodeKind::has_list) {
            let (list, ignoring) = (self.value(node.child(NodeKind::list_operand)?)?, ignoring(node));
            return Some(if node.has(NodeKind::kw_all) {
                TestKind::HasAllOf { list, ignoring }
            } else if node.has(NodeKind::kw_none) {
                TestKind::HasNoneOf { list, ignoring }
            } else {
                TestKind::HasAnyOf { list, ignoring }
            });
        }
        let Some(items) = node.child(NodeKind::has_items) else {
            return Some(TestKind::Has { value: self.value(node.child(NodeKind::expr)?)?, ignoring: ignoring(node) });
        };
        let members = self.filter_members(items)?;
        Some(if items.has(NodeKind::kw_only) {
            TestKind::HasOnly { members }
        } else if items.has(NodeKind::kw_none) {
            TestKind::HasNone { members }
        } else if items.has(NodeKind::kw_any) {
            TestKind::HasAny { members }
        } else {
            TestKind::HasCount { count: count(items)?, members }
        })
    }

    // ----------------------------------------------------------------------------------------------- values

    fn two(&mut self, node: &Node<'_>) -> Option<(Value, Value)> {
        let mut values = node.all(NodeKind::expr);
        Some((self.value(values.next()?)?, self.value(values.next()?)?))
    }

    fn window(&mut self, node: &Node<'_>) -> Option<Window> {
        let inner = node.children.first()?;
        self.commented(node, |reader| reader.window_kind(inner))
    }

    fn window_kind(&mut self, node: &Node<'_>) -> Option<WindowKind> {
        let duration = || node.child(NodeKind::duration).map(length);
        Some(match node.kind {
            NodeKind::within if node.has(NodeKind::kw_next) => WindowKind::WithinNext { duration: duration()? },
            NodeKind::within => match node.child(NodeKind::anchor) {
                None => WindowKind::Within { duration: duration()? },
                Some(anchor) => {
                    let (duration, field) = (duration()?, path(anchor.child(NodeKind::field_path)?));
                    if anchor.has(NodeKind::kw_after) {
                        WindowKind::WithinAfter { duration, field }
                    } else {
                        WindowKind::WithinBefore { duration, field }
                    }
                }
            },
            NodeKind::older_than => WindowKind::OlderThan { duration: duration()? },
            NodeKind::between => {
                let (from, to) = self.two(node)?;
                WindowKind::Between { from, to }
            }
            NodeKind::before => WindowKind::Before { value: self.value(node.child(NodeKind::expr)?)? },
            NodeKind::after => WindowKind::After { value: self.value(node.child(NodeKind::expr)?)? },
            NodeKind::since => WindowKind::Since { value: self.value(node.child(NodeKind::expr)?)? },
            NodeKind::on => WindowKind::On { value: self.value(node.child(NodeKind::expr)?)? },
            NodeKind::this => WindowKind::This { period: period(node.child(NodeKind::period)?.text)? },
            NodeKind::last_periods => WindowKind::Last {
                count: node.child(NodeKind::integer).map(numeral),
                period: period(node.child(NodeKind::periods)?.text)?,
            },
            NodeKind::yesterday => WindowKind::Yesterday,
            _ => WindowKind::Today,
        })
    }

    /// A value from any node that is one. Nodes that only hold another are passed through.
    fn value(&mut self, node: &Node<'_>) -> Option<Value> {
        match node.children.as_slice() {
            [only] if is_wrapper(node.kind) => self.value(only),
            _ => self.commented(node, |reader| reader.value_kind(node)),
        }
    }

    fn value_kind(&mut self, node: &Node<'_>) -> Option<ValueKind> {
        Some(match node.kind {
            NodeKind::expr | NodeKind::product => self.arithmetic(node)?,
            NodeKind::percent | NodeKind::number => ValueKind::Number { value: numeral(node) },
            NodeKind::string => ValueKind::Text { value: text(node)? },
            NodeKind::boolean => ValueKind::Bool { value: node.has(NodeKind::kw_true) },
            NodeKind::date => ValueKind::Date { value: Date(node.text.to_owned()) },
            NodeKind::instant => ValueKind::Instant { value: Instant(node.text.to_owned()) },
            NodeKind::now => ValueKind::Now,
            NodeKind::today => ValueKind::Today,
            NodeKind::yesterday => ValueKind::Yesterday,
            NodeKind::relative => {
                let duration = length(node.child(NodeKind::duration)?);
                if node.has(NodeKind::kw_ago) { ValueKind::Ago { duration } } else { ValueKind::FromNow { duration } }
            }
            NodeKind::start_of => match node.child(NodeKind::start_of_last) {
                Some(last) => ValueKind::StartOfLast { period: period(last.child(NodeKind::period)?.text)? },
                None => ValueKind::StartOf {
                    period: period(node.child(NodeKind::period)?.text)?,
                    of: self.optional(node, NodeKind::relative, Self::value)?.map(Box::new),
                },
            },
            NodeKind::list_literal => ValueKind::List { items: self.many(node, NodeKind::list_item, Self::value)? },
            NodeKind::test_list => ValueKind::List { items: self.many(node, NodeKind::test_literal, Self::value)? },
            NodeKind::test_values => ValueKind::Record { values: self.entries(node)? },
            NodeKind::kw_empty => ValueKind::Empty,
            NodeKind::field_ref => ValueKind::Field { name: path(node.child(NodeKind::field_path)?) },
            NodeKind::param_ref => ValueKind::Variable { name: name(node.child(NodeKind::param_name)?) },
            NodeKind::attr_path if node.text == "time" => ValueKind::Time,
            NodeKind::attr_path => ValueKind::Attribute { name: path(node) },
            NodeKind::aggregate => self.aggregate(node)?,
            NodeKind::parenthesis => ValueKind::Parentheses { value: Box::new(self.value(node.child(NodeKind::expr)?)?) },
            NodeKind::conditional => {
                let condition = Box::new(self.condition(node.child(NodeKind::condition)?)?);
                let (then, otherwise) = self.two(node)?;
                ValueKind::If { condition, then: Box::new(then), otherwise: Box::new(otherwise) }
            }
            NodeKind::part => ValueKind::Part {
                part: named(node.child(NodeKind::part_name)?.text)?,
                value: Box::new(self.value(node.children.get(1)?)?),
            },
            _ => return None,
        })
    }

    fn arithmetic(&mut self, node: &Node<'_>) -> Option<ValueKind> {
        let (mut operands, mut operators) = (Vec::new(), Vec::<ArithmeticOperator>::new());
        for child in &node.children {
            match child.kind {
                NodeKind::op_add => operators.push(ArithmeticOperator::Add),
                NodeKind::op_subtract => operators.push(ArithmeticOperator::Subtract),
                NodeKind::op_multiply => operators.push(ArithmeticOperator::Multiply),
                NodeKind::op_divide => operators.push(ArithmeticOperator::Divide),
                _ => operands.push(self.value(child)?),
            }
        }
        Some(ValueKind::Arithmetic { operands, operators })
    }

    fn aggregate(&mut self, node: &Node<'_>) -> Option<ValueKind> {
        let function: Function = named(node.child(NodeKind::aggregate_name)?.text)?;
        let is_argument = |child: &&Node<'_>| matches!(child.kind, NodeKind::duration | NodeKind::number);
        Some(ValueKind::Aggregate {
            function,
            event: self.events(node.child(NodeKind::event_ref)?)?,
            attribute: node.child(NodeKind::attr_path).map(path),
            filter: self.optional(node, NodeKind::r#where, Self::where_filter)?.map(Box::new),
            window: self.optional(node, NodeKind::window, Self::window)?.map(Box::new),
            arguments: node.children.iter().filter(is_argument).map(|argument| Argument(numeral(argument))).collect(),
        })
    }
}

fn boxed(comments: Comments) -> Option<Box<Comments>> {
    (comments != Comments::default()).then(|| Box::new(comments))
}

/// Definitions between which a blank line is the author's.
fn is_line(statement: &Node<'_>) -> bool {
    statement.children.first().is_some_and(|definition| {
        matches!(definition.kind, NodeKind::param_def | NodeKind::use_def | NodeKind::let_def | NodeKind::list_def)
    })
}

fn is_wrapper(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::expr
            | NodeKind::product
            | NodeKind::primary
            | NodeKind::literal
            | NodeKind::point
            | NodeKind::list_item
            | NodeKind::list_operand
            | NodeKind::test_literal
    )
}

fn expectation(node: &Node<'_>) -> Option<TestLineKind> {
    if node.kind == NodeKind::test_members {
        let ids = node.all(NodeKind::string).map(text).collect::<Option<_>>()?;
        return Some(TestLineKind::ExpectMembers { segment: name(node.child(NodeKind::segment_name)?), ids });
    }
    let mut strings = node.all(NodeKind::string);
    let (id, not) = (text(strings.next()?)?, node.has(NodeKind::kw_not));
    Some(match (node.child(NodeKind::decision_name), not) {
        (Some(decision), false) => TestLineKind::ExpectLabel { id, decision: name(decision), label: text(strings.next()?)? },
        (Some(decision), true) => TestLineKind::ExpectNotLabel { id, decision: name(decision), label: text(strings.next()?)? },
        (None, false) => TestLineKind::ExpectIn { id, segment: name(node.child(NodeKind::segment_name)?) },
        (None, true) => TestLineKind::ExpectNotIn { id, segment: name(node.child(NodeKind::segment_name)?) },
    })
}

fn reference(node: &Node<'_>) -> Option<ConditionKind> {
    if let Some(segment) = node.child(NodeKind::segment_name) {
        return Some(ConditionKind::Segment { name: name(segment) });
    }
    if let Some(list) = node.child(NodeKind::list_name) {
        return Some(ConditionKind::List { name: name(list) });
    }
    let label = text(node.child(NodeKind::string)?)?;
    Some(ConditionKind::Decision { name: name(node.child(NodeKind::decision_name)?), label })
}

fn group_kind(node: &Node<'_>) -> Option<NodeKind> {
    node.child(NodeKind::group_kind)?.children.first().map(|kind| kind.kind)
}

fn count(node: &Node<'_>) -> Option<Count> {
    let words = node.child(NodeKind::count_words)?;
    let count = numeral(words.child(NodeKind::integer)?);
    Some(if words.has(NodeKind::kw_least) {
        Count::AtLeast { count }
    } else if words.has(NodeKind::kw_most) {
        Count::AtMost { count }
    } else {
        Count::Exactly { count }
    })
}

fn times_of(node: &Node<'_>) -> Option<Count> {
    let mut ends = node.all(NodeKind::integer).map(numeral);
    match (ends.next(), ends.next()) {
        (Some(min), Some(max)) => Some(Count::Between { min, max }),
        _ => count(node),
    }
}

fn ignoring(node: &Node<'_>) -> Vec<Ignoring> {
    let Some(words) = node.child(NodeKind::ignoring) else { return Vec::new() };
    let case = words.has(NodeKind::kw_case).then_some(Ignoring::Case);
    case.into_iter().chain(words.has(NodeKind::kw_accents).then_some(Ignoring::Accents)).collect()
}

/// The value that has this name in JSON.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

fn operator(sign: &str) -> Option<Operator> {
    named(sign)
}

fn period(word: &str) -> Option<Period> {
    named(word.trim_end_matches('s'))
}

fn numeral(node: &Node<'_>) -> Numeral {
    Numeral(node.text.to_owned())
}

fn length(node: &Node<'_>) -> Length {
    Length(node.text.to_owned())
}

fn title(node: &Node<'_>) -> Option<String> {
    text(node.child(NodeKind::title)?.child(NodeKind::string)?)
}

fn text(node: &Node<'_>) -> Option<String> {
    spelling::text(node.text).map(std::borrow::Cow::into_owned)
}

fn name(node: &Node<'_>) -> Name {
    Name(bare(node.text).0)
}

/// A name in NFC without its backticks, and whether it had some.
fn bare(text: &str) -> (String, bool) {
    match text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
        Some(inner) => (nfc(inner).into_owned(), true),
        None => (nfc(text).into_owned(), false),
    }
}

fn path(node: &Node<'_>) -> Path {
    let part = |part: &Node<'_>| {
        let (name, quoted) = bare(part.text);
        // `time` and the like mean something else without backticks; behind or before a dot either may be written.
        let kept =
            quoted && node.children.len() > 1 && written_name(part.kind, &name) != written_name(NodeKind::field_name, &name);
        if name.contains('.') || kept { format!("`{name}`") } else { name }
    };
    Path(node.children.iter().map(part).collect::<Vec<_>>().join("."))
}
