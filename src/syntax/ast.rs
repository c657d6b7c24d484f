//! The syntax tree: what was written, with the place of everything. Names are in NFC, nothing is resolved.

use super::Span;
use crate::time::{CalendarUnit, Duration};
use crate::value::{Decimal, Folding};

/// One file, or one bare condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// Definitions in order.
    pub statements: Vec<Statement>,
    /// The condition of a script that is nothing else.
    pub bare: Option<Condition>,
    /// Parts that could not be read and for which something harmless stands in the tree. Nothing more is said of them.
    pub holes: Vec<Span>,
}

/// A definition.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `segment name "title" = condition`
    Segment(SegmentDef),
    /// `param $name: type = value`
    Param(ParamDef),
    /// `use "file.seg"`
    Use(Literal<String>),
    /// A definition of the language that this version does not evaluate yet; its keyword.
    Unsupported(Literal<&'static str>),
}

/// Something written, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal<T> {
    /// What it says.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A name in NFC, without backticks.
pub type Name = Literal<String>;

/// `segment name "title" = condition`
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentDef {
    /// The lines of `///` above, without the slashes.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<String>,
    /// Who is in it.
    pub condition: Condition,
}

/// `param $name: type = value`
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDef {
    /// Its name without `$`.
    pub name: Name,
    /// The type as written.
    pub ty: Literal<String>,
    /// The value unless overridden.
    pub value: ParamValue,
    /// All of it.
    pub span: Span,
}

/// The value of a param.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// One literal.
    One(Expr),
    /// A list of literals.
    List(ListLiteral),
}

/// A condition and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What it says.
    pub kind: ConditionKind,
    /// All of it.
    pub span: Span,
}

/// The forms of a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionKind {
    /// `all < >`, `any < >`, `none < >`
    Group(GroupKind, Vec<Condition>),
    /// `at least 2 of < >`
    Quorum(CountWords, Vec<Condition>),
    /// `not c`
    Not(Box<Condition>),
    /// `everyone`
    Everyone,
    /// `nobody`
    Nobody,
    /// `segment s`
    Segment(Name),
    /// `event E ...`
    Event(Box<EventCondition>),
    /// `VALUE TEST`
    Value(Box<Expr>, Box<Test>),
    /// A condition of the language that this version does not evaluate yet; what it is called.
    Unsupported(&'static str),
}

/// How the members of a group are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum GroupKind {
    All,
    Any,
    None,
}

/// `at least 3`, `between 2 and 5`, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountWords {
    /// The least; 0 for `at most`.
    pub min: u64,
    /// The most.
    pub max: Option<u64>,
    /// Where the words stand.
    pub span: Span,
}

/// `event E [where ...] [TIMES] [WINDOW]`
#[derive(Debug, Clone, PartialEq)]
pub struct EventCondition {
    /// Which events.
    pub event: EventRef,
    /// On the attributes of one event.
    pub filter: Option<Filter>,
    /// How many; one would do. More than one is an error of the checker.
    pub times: Vec<CountWords>,
    /// When. More than one is an error of the checker.
    pub windows: Vec<Window>,
}

/// Which events are meant.
#[derive(Debug, Clone, PartialEq)]
pub enum EventRef {
    /// One type.
    Name(Name),
    /// `[A, B]`, `"TEST_"*`, `any`: not evaluated yet; what it is called.
    Unsupported(Literal<&'static str>),
}

/// A test on one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What it says.
    pub kind: FilterKind,
    /// All of it.
    pub span: Span,
}

/// The forms of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterKind {
    /// `all < >`, `any < >`, `none < >`; an `and` chain is `all`.
    Group(GroupKind, Vec<Filter>),
    /// `not f`
    Not(Box<Filter>),
    /// `attr TEST`
    Attr(Name, Box<Test>),
    /// Not evaluated yet; what it is called.
    Unsupported(&'static str),
}

/// `TEST [or empty]`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it says.
    pub kind: TestKind,
    /// Whether `or empty` follows.
    pub or_empty: bool,
    /// All of it.
    pub span: Span,
}

/// The forms of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestKind {
    /// `is empty`
    IsEmpty,
    /// `is set`
    IsSet,
    /// `is true`, `is false`
    Is(bool),
    /// `= x`, `< x`, ...
    Compare(Literal<CompareOp>, Expr, Folding),
    /// `in [..]`, `not in [..]`
    In(ListOperand, Folding, bool),
    /// `between a and b`: of numbers, dates or times.
    Between(Expr, Expr),
    /// `contains x`, `starts with x`, `ends with x`
    Text(Literal<TextOp>, Expr, Folding),
    /// `matches "regex"`
    Matches(Literal<String>, Folding),
    /// `has "x"`, `has any of [..]`, ...
    Has(HasOp, ListOperand, Folding),
    /// `anniversary today`, `anniversary within next 7d`; today is 0 days.
    Anniversary(Duration),
    /// A window.
    Window(WindowKind),
    /// Not evaluated yet; what it is called.
    Unsupported(&'static str),
}

pub use crate::check::typed::{CompareOp, HasOp};

/// Tests on a text besides comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TextOp {
    Contains,
    StartsWith,
    EndsWith,
}

/// What stands after `in` and `has any of`.
#[derive(Debug, Clone, PartialEq)]
pub enum ListOperand {
    /// `["a", "b"]`
    List(ListLiteral),
    /// One value (`has "x"`).
    One(Expr),
    /// `$name`
    Param(Name),
    /// `field f`
    Field(Name),
}

/// `["a", "b"]`
#[derive(Debug, Clone, PartialEq)]
pub struct ListLiteral {
    /// Its items: literals and params.
    pub items: Vec<Expr>,
    /// All of it.
    pub span: Span,
}

/// A window and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What it says.
    pub kind: WindowKind,
    /// All of it.
    pub span: Span,
}

/// The forms of a window.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowKind {
    /// `within 180d`
    Within(Duration),
    /// `within next 30d`
    Next(Duration),
    /// `within 7d after field F` (`true`), `within 7d before field F` (`false`)
    Anchored(Duration, bool, Name),
    /// `older than 90d`
    OlderThan(Duration),
    /// `between a and b`
    Between(Expr, Expr),
    /// `before x`
    Before(Expr),
    /// `after x`
    After(Expr),
    /// `since x`
    Since(Expr),
    /// `on x`
    On(Expr),
    /// `today`, `this week`
    This(CalendarUnit),
    /// `yesterday`, `last 3 months`
    Last(u32, CalendarUnit),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// All of it.
    pub span: Span,
}

/// The forms of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number; `10%` is 0.1.
    Number(Decimal),
    /// A text in NFC.
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// A point in time.
    Point(Point),
    /// `field F`; `contact_id` is a field like others here.
    Field(Name),
    /// `$name`
    Param(Name),
    /// `count(E ...)`, `sum(E.attr ...)`, ...
    Aggregate(Box<Aggregate>),
    /// Not evaluated yet; what it is called.
    Unsupported(&'static str),
}

/// A point in time, with instants still as text: their zone is the schema's.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// Anything but an instant literal.
    Resolved(crate::time::Point),
    /// `2025-11-01T12:00`, with or without an offset.
    Instant(String),
}

/// `sum(E.attr where ... within ...)`
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The function as written: `count`, `sum`, `first`, ...
    pub function: Literal<String>,
    /// Which events.
    pub event: EventRef,
    /// Of which attribute.
    pub attr: Option<Name>,
    /// On the attributes of one event.
    pub filter: Option<Filter>,
    /// When.
    pub window: Option<Window>,
}
