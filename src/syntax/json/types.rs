//! The JSON form of a script, as types. `docs/schema/segql-1.json` is made from them.
//!
//! Every object says in `type` what it is, with the words of the language. Texts are the texts themselves, lengths of time
//! and points in time are spelled as in the language, and nothing has a place in a text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// The version of this form.
pub const VERSION: &str = "segql/1";

/// A script: definitions, or one bare condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Document {
    /// The version of this form: `segql/1`.
    #[schemars(extend("const" = "segql/1"))]
    pub version: String,
    /// The edition of the language; the newest if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Numeral>,
    /// The definitions in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Vec<Definition>>,
    /// The condition of a script that has no definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Comments around the line `edition` and at the end of the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<Box<Comments>>,
}

/// Something that comments can stand beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "{T}")]
pub struct Commented<T> {
    /// What it is.
    #[serde(flatten)]
    pub node: T,
    /// The comments beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<Box<Comments>>,
}

/// Comments with their `//` or `/* */`. They mean nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comments {
    /// Lines above: comments, and empty texts for blank lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<String>,
    /// `/* */` before it on its line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// At the end of the line of its opening sign.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub open: String,
    /// Lines before its closing sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub end: Vec<String>,
    /// At the end of its last line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
}

// ------------------------------------------------------------------------------------------------- literals

/// A number as written: a JSON number where that is the same, otherwise a text such as `"2_000"`, `"1.50"`, `"10%"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numeral(pub String);

impl Numeral {
    /// Whether a JSON number of 64 bits gives the same digits back.
    fn as_json(&self) -> Option<serde_json::Number> {
        let digits = self.0.bytes().filter(u8::is_ascii_digit).count();
        let number: serde_json::Number = serde_json::from_str(&self.0).ok()?;
        (digits <= 15 && number.to_string() == self.0).then_some(number)
    }
}

impl Serialize for Numeral {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_json() {
            Some(number) => number.serialize(serializer),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Numeral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Numeral;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<Numeral, E> {
                Ok(Numeral(n.to_string()))
            }

            fn visit_i64<E: Error>(self, n: i64) -> Result<Numeral, E> {
                Ok(Numeral(n.to_string()))
            }

            fn visit_f64<E: Error>(self, n: f64) -> Result<Numeral, E> {
                Ok(Numeral(n.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Numeral, E> {
                Ok(Numeral(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

impl JsonSchema for Numeral {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number: a JSON number, or a text that keeps its spelling or more digits than a JSON number has",
            "type": ["number", "string"],
            "pattern": r"^-?[0-9][0-9_]*(\.[0-9]+)?%?$",
            "examples": [2000, 0.25, "2_000", "1.50", "10%"],
        })
    }
}

/// A text with a pattern of its own.
macro_rules! spelled {
    ($name:ident, $title:literal, $pattern:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "description": $doc, "type": "string", "pattern": $pattern })
            }
        }
    };
}

spelled!(Length, "Duration", "^([0-9]+(s|min|h|d|w|mo|y))+$", "A length of time: `90d`, `6mo`, `1h30min`.");
spelled!(Name, "Name", "^[^`\\n]+$", "A name, without backticks.");
spelled!(
    Path,
    "Path",
    "^(`[^`\\n]+`|[^`.\\n]+)(\\.(`[^`\\n]+`|[^`.\\n]+))*$",
    "A name, or names joined by dots: `adres.miasto`. A part that has a dot itself stands in backticks."
);
spelled!(Date, "Date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A date: `2025-11-01`.");
spelled!(
    Instant,
    "Instant",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$",
    "An instant: `2025-11-01T12:00`, with or without an offset."
);
spelled!(ValueType, "ValueType", "^[A-Za-z_]+(<[A-Za-z_]+>)?$", "The type of a param: `text`, `number`, `list<text>`, ...");

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

// ---------------------------------------------------------------------------------------------- definitions

/// A definition.
pub type Definition = Commented<DefinitionKind>;

/// The forms of a definition. `doc` are the lines of `///` above it, without the slashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Definition")]
#[expect(clippy::large_enum_variant, reason = "a few for each line of a script; boxes would only burden callers")]
#[expect(missing_docs, reason = "the names say it")]
pub enum DefinitionKind {
    /// `segment name "title" = CONDITION`
    Segment {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        name: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        condition: Condition,
    },
    /// `let $name = VALUE`
    Let {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        name: Name,
        value: Value,
    },
    /// `param $name: type = LITERAL`
    Param {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        name: Name,
        value_type: ValueType,
        value: Value,
    },
    /// `list name "title" = "file"`
    List {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        name: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        file: String,
    },
    /// `decision name "title" < when CONDITION -> "label"; otherwise -> "label" >`
    Decision {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        name: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        #[schemars(length(min = 1))]
        branches: Vec<Branch>,
    },
    /// `use "file.seg"`
    Use {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        file: String,
    },
    /// `test "title" at INSTANT { ... }`
    Test {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<String>,
        title: String,
        /// A date or an instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Value>,
        lines: Vec<TestLine>,
    },
}

/// A branch of a decision.
pub type Branch = Commented<BranchKind>;

/// `when CONDITION -> "label"`; without a condition `otherwise -> "label"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Branch")]
#[expect(missing_docs, reason = "the names say it")]
pub struct BranchKind {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    pub label: String,
}

/// A line of a test.
pub type TestLine = Commented<TestLineKind>;

/// The forms of a line of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "TestLine")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TestLineKind {
    /// `contact "id" { field: value } at POINT`
    Contact {
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        values: Option<Vec<Entry>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Value>,
    },
    /// `event "id" E { attribute: value } at POINT`
    Event {
        id: String,
        event: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        values: Option<Vec<Entry>>,
        at: Value,
    },
    /// `expect "id" in s`
    ExpectIn { id: String, segment: Name },
    /// `expect "id" not in s`
    ExpectNotIn { id: String, segment: Name },
    /// `expect "id" in decision d = "label"`
    ExpectLabel { id: String, decision: Name, label: String },
    /// `expect "id" not in decision d = "label"`
    ExpectNotLabel { id: String, decision: Name, label: String },
    /// `expect segment s = ["id", "id"]`
    ExpectMembers { segment: Name, ids: Vec<String> },
}

/// A value of a contact, an event or a record in a test.
pub type Entry = Commented<EntryKind>;

/// `name: value`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Entry")]
#[expect(missing_docs, reason = "the names say it")]
pub struct EntryKind {
    pub name: Path,
    pub value: Value,
}

// ----------------------------------------------------------------------------------------------- conditions

/// A set of contacts.
pub type Condition = Commented<ConditionKind>;

/// The forms of a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Condition")]
#[expect(clippy::large_enum_variant, reason = "a few for each line of a script; boxes would only burden callers")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ConditionKind {
    /// `all < a; b >`
    All {
        #[schemars(length(min = 1))]
        members: Vec<Condition>,
    },
    /// `any < a; b >`
    Any {
        #[schemars(length(min = 1))]
        members: Vec<Condition>,
    },
    /// `none < a; b >`
    None {
        #[schemars(length(min = 1))]
        members: Vec<Condition>,
    },
    /// `at least 2 of < a; b; c >`
    Quorum {
        count: Count,
        #[schemars(length(min = 1))]
        members: Vec<Condition>,
    },
    /// `not a`
    Not { condition: Box<Condition> },
    /// `everyone`
    Everyone,
    /// `nobody`
    Nobody,
    /// `segment name`
    Segment { name: Name },
    /// `list name`
    List { name: Name },
    /// `decision name = "label"`
    Decision { name: Name, label: String },
    /// `event E where ... at least 2 times within 30d`
    Event {
        event: Events,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "where")]
        filter: Option<Filter>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<Count>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<Window>,
    },
    /// `VALUE TEST or empty for 7d`
    Test {
        value: Value,
        test: Test,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        or_empty: bool,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "for")]
        lasting: Option<Length>,
    },
    /// `sequence by attr within 30d < event A; then event B within 2h >`
    Sequence {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Path>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<Window>,
        #[schemars(length(min = 1))]
        steps: Vec<Step>,
    },
    /// `top 10% by VALUE of CONDITION`
    Top {
        amount: Numeral,
        by: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Box<Condition>>,
    },
    /// `bottom 10 by VALUE of CONDITION`
    Bottom {
        amount: Numeral,
        by: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Box<Condition>>,
    },
    /// `sample 10% salt "x"`
    Sample { share: Numeral, salt: String },
}

/// How many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Count {
    /// `at least 3`
    AtLeast { count: Numeral },
    /// `at most 3`
    AtMost { count: Numeral },
    /// `exactly 3`
    Exactly { count: Numeral },
    /// `between 2 and 5`: of events only.
    Between { min: Numeral, max: Numeral },
}

/// A step of a sequence.
pub type Step = Commented<StepKind>;

/// `not event E where ... within 7d`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Step")]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepKind {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not: bool,
    pub event: Events,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "where")]
    pub filter: Option<Filter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Length>,
}

/// Which events.
pub type Events = Commented<EventsKind>;

/// The forms of an event reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Events")]
#[expect(missing_docs, reason = "the names say it")]
pub enum EventsKind {
    /// `E`
    Name { name: Name },
    /// `[A, B]`
    Union {
        #[schemars(length(min = 1))]
        names: Vec<Name>,
    },
    /// `"TEST_"*`
    Prefix { prefix: String },
    /// `any`
    Any,
}

/// A test on one event or record.
pub type Filter = Commented<FilterKind>;

/// The forms of a filter. `and` is written without a group: `a = 1 and b = 2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Filter")]
#[expect(clippy::large_enum_variant, reason = "a few for each line of a script; boxes would only burden callers")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FilterKind {
    /// `a and b`
    And {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `all < a; b >`
    All {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `any < a; b >`
    Any {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `none < a; b >`
    None {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `at least 2 of < a; b; c >`
    Quorum {
        count: Count,
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `not a`
    Not { filter: Box<Filter> },
    /// `attribute TEST`, `hour(time) TEST`
    Test {
        value: Value,
        test: Test,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        or_empty: bool,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "for")]
        lasting: Option<Length>,
    },
}

/// How a value is tested.
pub type Test = Commented<TestKind>;

/// The forms of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Test")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TestKind {
    /// `is empty`
    IsEmpty,
    /// `is set`
    IsSet,
    /// `is true`
    IsTrue,
    /// `is false`
    IsFalse,
    /// `= x`, `<= x`
    Compare {
        operator: Operator,
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `in [a, b]`
    In {
        list: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `not in [a, b]`
    NotIn {
        list: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `between a and b`
    Between { min: Value, max: Value },
    /// `contains x`
    Contains {
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `starts with x`
    StartsWith {
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `ends with x`
    EndsWith {
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `matches "regex"`
    Matches {
        pattern: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `has x`
    Has {
        value: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `has any of [a, b]`
    HasAnyOf {
        list: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `has all of [a, b]`
    HasAllOf {
        list: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `has none of [a, b]`
    HasNoneOf {
        list: Value,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignoring: Vec<Ignoring>,
    },
    /// `has any < a; b >`: of the records of a list.
    HasAny {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `has only < a; b >`
    HasOnly {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `has none < a; b >`
    HasNone {
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `has at least 2 < a; b >`
    HasCount {
        count: Count,
        #[schemars(length(min = 1))]
        members: Vec<Filter>,
    },
    /// `anniversary within next 7d`; without a length `anniversary today`.
    Anniversary {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_next: Option<Length>,
    },
    /// `older than 90d`, ...
    Window { window: Box<Window> },
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the signs say it")]
pub enum Operator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

/// What a test on texts ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ignoring {
    Case,
    Accents,
}

// ---------------------------------------------------------------------------------------------------- values

/// A window of time.
pub type Window = Commented<WindowKind>;

/// The forms of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Window")]
#[expect(missing_docs, reason = "the names say it")]
pub enum WindowKind {
    /// `within 30d`
    Within { duration: Length },
    /// `within next 30d`
    WithinNext { duration: Length },
    /// `within 7d after field F`
    WithinAfter { duration: Length, field: Path },
    /// `within 7d before field F`
    WithinBefore { duration: Length, field: Path },
    /// `older than 90d`
    OlderThan { duration: Length },
    /// `between a and b`
    Between { from: Value, to: Value },
    /// `before x`
    Before { value: Value },
    /// `after x`
    After { value: Value },
    /// `since x`
    Since { value: Value },
    /// `on x`
    On { value: Value },
    /// `this month`
    This { period: Period },
    /// `last 3 months`; without a count `last month`.
    Last {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<Numeral>,
        period: Period,
    },
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
}

/// A value.
pub type Value = Commented<ValueKind>;

/// The forms of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Value")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ValueKind {
    /// `2000`, `10%`
    Number { value: Numeral },
    /// `"text"`
    Text { value: String },
    /// `true`, `false`
    Bool { value: bool },
    /// `2025-11-01`
    Date { value: Date },
    /// `2025-11-01T12:00`
    Instant { value: Instant },
    /// `now`
    Now,
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
    /// `90d ago`
    Ago { duration: Length },
    /// `7d from now`
    FromNow { duration: Length },
    /// `start of month`, `start of day 2d ago`
    StartOf {
        period: Period,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Box<Value>>,
    },
    /// `start of last month`
    StartOfLast { period: Period },
    /// `[a, b]`
    List { items: Vec<Value> },
    /// `{ miasto: "Łódź" }` in a test.
    Record { values: Vec<Entry> },
    /// `empty` in a test.
    Empty,
    /// `field F`
    Field { name: Path },
    /// `$name`: of a `let` or a `param`.
    Variable { name: Name },
    /// An attribute of the event or record that is tested.
    Attribute { name: Path },
    /// `time`: the instant of the event that is tested.
    Time,
    /// `sum(E.attribute where ... within ..., 2)`
    Aggregate {
        function: Function,
        event: Events,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attribute: Option<Path>,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "where")]
        filter: Option<Box<Filter>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<Box<Window>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        arguments: Vec<Argument>,
    },
    /// `a + b - c`, `a * b / c`: one operator fewer than operands, from left to right.
    Arithmetic {
        #[schemars(length(min = 2))]
        operands: Vec<Value>,
        #[schemars(length(min = 1))]
        operators: Vec<ArithmeticOperator>,
    },
    /// `(a)`; wherever they are needed they are added.
    Parentheses { value: Box<Value> },
    /// `if(c, a, b)`
    If { condition: Box<Condition>, then: Box<Value>, otherwise: Box<Value> },
    /// `year(v)`, `size(list)`
    Part { part: Part, value: Box<Value> },
}

/// An argument of a function after its events: a number or a length of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Argument(pub Numeral);

impl JsonSchema for Argument {
    fn schema_name() -> Cow<'static, str> {
        "Argument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number or a length of time",
            "type": ["number", "string"],
            "pattern": r"^(-?[0-9][0-9_]*(\.[0-9]+)?|([0-9]+(s|min|h|d|w|mo|y))+)$",
            "examples": [2, "7d"],
        })
    }
}

/// `+ - * /`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the signs say it")]
pub enum ArithmeticOperator {
    #[serde(rename = "+")]
    Add,
    #[serde(rename = "-")]
    Subtract,
    #[serde(rename = "*")]
    Multiply,
    #[serde(rename = "/")]
    Divide,
}

/// A function over events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Function {
    Count,
    Sum,
    Average,
    Min,
    Max,
    Distinct,
    MostFrequent,
    First,
    Last,
    Nth,
    ActiveDays,
    ActivePeriods,
}

/// A part of a point in time, or the size of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Part {
    Year,
    Month,
    Day,
    Weekday,
    Hour,
    Size,
    Logistic,
}
