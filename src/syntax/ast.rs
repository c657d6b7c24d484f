//! The syntax tree: what was written, with the place of everything. Names are in NFC, nothing is resolved.

use super::Span;
use crate::time::{CalendarUnit, Duration};
use crate::value::{Decimal, Folding};

/// One file, or one bare condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// The number of an `edition` line.
    pub edition: Option<Literal<u64>>,
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
    /// `let $name = VALUE`
    Let(LetDef),
    /// `list name = "file"`
    List(ListDef),
    /// `decision name < ... >`
    Decision(DecisionDef),
    /// `test "name" { ... }`
    Test(TestDef),
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

/// `let $name = VALUE`
#[derive(Debug, Clone, PartialEq)]
pub struct LetDef {
    /// The lines of `///` above, without the slashes.
    pub doc: Option<String>,
    /// Its name without `$`.
    pub name: Name,
    /// What it is.
    pub value: Expr,
}

/// `list name "title" = "file"`
#[derive(Debug, Clone, PartialEq)]
pub struct ListDef {
    /// The lines of `///` above, without the slashes.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<String>,
    /// The file with the contact ids, relative to the script.
    pub file: Literal<String>,
}

/// `decision name "title" < when c -> "label"; ...; otherwise -> "label" >`
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionDef {
    /// The lines of `///` above, without the slashes.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<String>,
    /// Its branches in order.
    pub branches: Vec<Branch>,
    /// All of it.
    pub span: Span,
}

/// `when c -> "label"`, `otherwise -> "label"`
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// When; `None` for `otherwise`.
    pub when: Option<Condition>,
    /// Then.
    pub label: Literal<String>,
    /// All of it.
    pub span: Span,
}

/// `test "name" at INSTANT { ... }`
#[derive(Debug, Clone, PartialEq)]
pub struct TestDef {
    /// The lines of `///` above, without the slashes.
    pub doc: Option<String>,
    /// What it is about.
    pub title: Literal<String>,
    /// Its moment.
    pub now: Option<Expr>,
    /// Contacts, events and expectations, in order.
    pub items: Vec<TestItem>,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestItem {
    /// `contact "anna" { Status_VIP: "Gold" } at 30d ago`
    Contact(TestContact),
    /// `event "anna" Zakup { kwota: 2500 } at 91d ago`
    Event(TestEvent),
    /// `expect "anna" in s`
    Expect(Expectation),
}

/// `contact "anna" { ... } at POINT`
#[derive(Debug, Clone, PartialEq)]
pub struct TestContact {
    /// Its id.
    pub id: Literal<String>,
    /// Its fields.
    pub values: Vec<(Name, TestValue)>,
    /// Since when the values hold; for ever if not written.
    pub at: Option<Expr>,
}

/// `event "anna" Zakup { ... } at POINT`
#[derive(Debug, Clone, PartialEq)]
pub struct TestEvent {
    /// Whose.
    pub contact: Literal<String>,
    /// Its type.
    pub event: Name,
    /// Its attributes.
    pub values: Vec<(Name, TestValue)>,
    /// When.
    pub at: Expr,
}

/// A value in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestValue {
    /// A literal.
    One(Expr),
    /// `empty`
    Empty(Span),
    /// `[1, 2]`
    List(Vec<TestValue>, Span),
    /// `{ miasto: "Łódź" }`
    Record(Vec<(Name, TestValue)>, Span),
}

/// `expect ...`
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// What is expected.
    pub kind: ExpectationKind,
    /// All of it.
    pub span: Span,
}

/// The forms of an expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectationKind {
    /// `"anna" in s`; `false`: `not in`
    Member(Literal<String>, bool, Name),
    /// `"anna" in decision d = "label"`; `false`: `not in`
    Label(Literal<String>, bool, Name, Literal<String>),
    /// `segment s = ["anna", "jan"]`: these and nobody else.
    Members(Name, Vec<Literal<String>>),
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
    /// `list l`
    List(Name),
    /// `decision d = "label"`
    Decision(Name, Literal<String>),
    /// `sequence ... < ... >`
    Sequence(Box<Sequence>),
    /// `top 10 by VALUE of c`
    Ranked(Box<Ranked>),
    /// `sample 10% salt "x"`
    Sample(Sample),
}

/// `sequence by attr within 30d < event A; then not event B within 7d >`
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The attribute that all events share.
    pub by: Option<Name>,
    /// Where all of it lies.
    pub window: Option<Window>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// `not event B where ... within 7d`
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The place of `not`.
    pub not: Option<Span>,
    /// Which events.
    pub event: EventRef,
    /// On the attributes of one event.
    pub filter: Option<Filter>,
    /// How far from the step before.
    pub within: Option<Literal<Duration>>,
    /// All of it.
    pub span: Span,
}

/// `top 10% by VALUE of c`
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// `top` rather than `bottom`.
    pub highest: bool,
    /// How many.
    pub amount: Amount,
    /// By what.
    pub by: Expr,
    /// Of whom; of everyone if not written.
    pub of: Option<Condition>,
}

/// How many of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// `1000`
    Count(Literal<u64>),
    /// `10%` as 0.1.
    Share(Literal<Decimal>),
}

/// `sample 10% salt "x"`
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// 10% as 0.1.
    pub share: Literal<Decimal>,
    /// Its salt.
    pub salt: Literal<String>,
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
    /// `[A, B]`
    Union(Literal<Vec<Name>>),
    /// `"TEST_"*`
    Prefix(Literal<String>),
    /// `any`
    Any(Span),
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
    /// `at least 2 of < >`
    Quorum(CountWords, Vec<Filter>),
    /// `attr TEST`, `hour(time) TEST`
    Test(FilterValue, Box<Test>),
}

/// What a filter tests.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterValue {
    /// The part of it that is meant.
    pub part: Option<Literal<Part>>,
    /// The attribute, or `time`.
    pub attr: Name,
    /// All of it.
    pub span: Span,
}

/// `TEST [or empty] [for 7d]`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it says.
    pub kind: TestKind,
    /// Whether `or empty` follows.
    pub or_empty: bool,
    /// `for 7d`.
    pub lasting: Option<Literal<Duration>>,
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
    /// `has any < ... >`: records of a list.
    Items(ItemQuantifier, Vec<Filter>),
}

/// How many records of a list must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemQuantifier {
    /// `any`: at least one.
    Any,
    /// `only`: each; an empty list too.
    Only,
    /// `none`
    None,
    /// `at least 2`
    Count(CountWords),
}

pub use crate::check::typed::{ArithmeticOp, CompareOp, HasOp, Part};

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
    /// `a + b - c`, `a * b / c`: from left to right; one kind of precedence each.
    Chain(Box<Expr>, Vec<(Literal<ArithmeticOp>, Expr)>),
    /// `if(c, a, b)`
    If(Box<Condition>, Box<Expr>, Box<Expr>),
    /// `year(v)`, `size(list)`
    Part(Literal<Part>, Box<Expr>),
    /// A bare name as in `year(kwota)`, which only tests on events have.
    Bare(Name),
    /// `logistic(v)`
    Logistic(Box<Expr>),
    /// What the grammar does not allow; nothing more is said of it.
    Hole,
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
    /// What follows after commas: `2` in `nth(E.attr, 2)`, `7d` and `3` in `active_periods(E, 7d, 3)`.
    pub arguments: Vec<Argument>,
}

/// An argument of a function after its events.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// `7d`
    Duration(Literal<Duration>),
    /// `2`
    Number(Literal<Decimal>),
}
