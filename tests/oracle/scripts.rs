//! Random scripts in the language itself, so that parser and checker take part.

use std::fmt::Write as _;

use rand::Rng;
use rand::RngExt;
use rand::seq::IndexedRandom;
use segql::schema::{Column, ColumnType, EventType, Scalar};
use segql::time::{format_date, format_instant};

use super::data::{CLOSED, TEXTS, World, instant};

/// A script of segments `s0`, `s1`, ..., some of which refer to earlier ones.
pub fn script(rng: &mut impl Rng, world: &World, segments: usize) -> String {
    let mut out =
        "param $liczba: number = 1.5\nparam $kraje: list<text> = [\"PL\", \"Łódź\"]\nlist lista = \"lista.csv\"\n".to_owned();
    let mut writer = Writer { rng, world, segments: 0, lets: Vec::new(), decisions: 0 };
    while writer.segments < segments {
        match writer.rng.random_range(0..12) {
            0 | 1 => {
                let kind = writer.one(&[Kind::Number, Kind::Number, Kind::Time, Kind::Date, Kind::Text, Kind::Texts]);
                let value = writer.variable_of(kind, 2);
                writeln!(out, "let $l{} = {value}", writer.lets.len()).unwrap();
                writer.lets.push(kind);
            }
            2 => {
                let (a, b) = (writer.condition(1), writer.condition(1));
                writeln!(out, "decision d{} < when {a} -> \"x\"; when {b} -> \"y\"; otherwise -> \"x\" >", writer.decisions)
                    .unwrap();
                writer.decisions += 1;
            }
            _ => {
                let condition = writer.condition(3);
                writeln!(out, "segment s{} = {condition}", writer.segments).unwrap();
                writer.segments += 1;
            }
        }
    }
    out
}

/// The static list that scripts use.
pub const LIST: &str = "contact_id\nc1\nc4\nnobody\n";

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Time,
    Date,
    Text,
    Texts,
}

struct Writer<'w, R> {
    rng: &'w mut R,
    world: &'w World,
    segments: usize,
    lets: Vec<Kind>,
    decisions: usize,
}

impl<R: Rng> Writer<'_, R> {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(self.rng).unwrap()
    }

    fn condition(&mut self, depth: u32) -> String {
        if depth == 0 || self.rng.random_bool(0.3) {
            return self.leaf();
        }
        match self.rng.random_range(0..8) {
            0..=2 => format!("all {}", self.members(depth)),
            3..=4 => format!("any {}", self.members(depth)),
            5 => format!("none {}", self.members(depth)),
            6 => format!("not {}", self.condition(depth - 1)),
            _ => {
                let members: Vec<String> = (0..self.rng.random_range(1..4)).map(|_| self.condition(depth - 1)).collect();
                let n = self.rng.random_range(0..=members.len());
                let words = self.one(&["at least", "at most", "exactly"]);
                format!("{words} {n} of < {} >", members.join("; "))
            }
        }
    }

    fn members(&mut self, depth: u32) -> String {
        let members: Vec<String> = (0..self.rng.random_range(1..4)).map(|_| self.condition(depth - 1)).collect();
        format!("< {} >", members.join("; "))
    }

    fn leaf(&mut self) -> String {
        match self.rng.random_range(0..30) {
            20 => format!("list {}", "lista"),
            21 => format!("sample {}% salt \"{}\"", self.one(&["0", "10", "50", "99.5", "100"]), self.one(&["a", "b"])),
            22 if self.decisions > 0 => {
                format!("decision d{} = \"{}\"", self.rng.random_range(0..self.decisions), self.one(&["x", "y"]))
            }
            23 => self.ranked(),
            24 | 25 => self.sequence(),
            26..=29 => {
                let kind = self.one(&[Kind::Number, Kind::Number, Kind::Number, Kind::Time, Kind::Date, Kind::Text, Kind::Texts]);
                let value = self.variable_of(kind, 2);
                format!("{value} {}", self.test_of(kind))
            }
            0 => "everyone".to_owned(),
            1 => "nobody".to_owned(),
            2 if self.segments > 0 => format!("segment s{}", self.rng.random_range(0..self.segments)),
            3 => "field contact_id in [\"c1\", \"c3\"]".to_string(),
            4 => "field contact_id ends with \"2\"".to_owned(),
            5..=10 => {
                let lasting = self.optional(0.2, |w| format!(" for {}", w.duration()));
                if self.rng.random_bool(0.1) {
                    return format!("field zam {}{lasting}", self.items_test(&["sku", "cena", "dzien"]));
                }
                let column = self.world.schema.fields.choose(self.rng).unwrap().clone();
                format!("field {} {}{lasting}", column.name, self.test(&column, true))
            }
            11..=16 => self.event(),
            _ => self.value(),
        }
    }

    fn event_type(&mut self) -> EventType {
        let schema = &self.world.schema;
        let name = *["A", "A", "A", "B", "MailOpen"].choose(self.rng).unwrap();
        let id = schema.event(name).unwrap();
        schema.event_type(id).unwrap().clone()
    }

    fn event(&mut self) -> String {
        if self.rng.random_bool(0.25) {
            let (events, filter) = self.several();
            let times = self.optional(0.5, |w| format!(" {}", w.times()));
            let window = self.optional(0.7, |w| format!(" {}", w.event_window()));
            return format!("event {events}{filter}{times}{window}");
        }
        let ty = self.event_type();
        let filter = self.optional(0.5, |w| w.filter(&ty));
        let times = self.optional(0.5, |w| format!(" {}", w.times()));
        let window = self.optional(0.7, |w| format!(" {}", w.event_window()));
        if self.rng.random_bool(0.5) {
            format!("event {}{filter}{times}{window}", ty.name)
        } else {
            format!("event {}{filter}{window}{times}", ty.name)
        }
    }

    fn optional(&mut self, chance: f64, make: impl FnOnce(&mut Self) -> String) -> String {
        if self.rng.random_bool(chance) { make(self) } else { String::new() }
    }

    fn times(&mut self) -> String {
        let n = self.rng.random_range(0..4);
        match self.rng.random_range(0..4) {
            0 => format!("at least {n} times"),
            1 => format!("at most {n} times"),
            2 => format!("exactly {n} time"),
            _ => format!("between {n} and {} times", n + self.rng.random_range(0..3)),
        }
    }

    fn filter(&mut self, ty: &EventType) -> String {
        format!(" where {}", self.filter_body(ty, 2))
    }

    fn filter_body(&mut self, ty: &EventType, depth: u32) -> String {
        match self.rng.random_range(0..6) {
            0 if depth > 0 => format!("any < {}; {} >", self.filter_body(ty, depth - 1), self.filter_body(ty, depth - 1)),
            1 if depth > 0 => format!("none < {}; {} >", self.filter_body(ty, depth - 1), self.attribute(ty)),
            2 => format!("{} and {}", self.attribute(ty), self.attribute(ty)),
            3 => format!("not {}", self.attribute(ty)),
            4 if depth > 0 => {
                let words = self.one(&["at least 1", "at most 1", "exactly 1", "at least 2"]);
                format!("{words} of < {}; {}; {} >", self.attribute(ty), self.attribute(ty), self.filter_body(ty, 0))
            }
            _ => self.attribute(ty),
        }
    }

    fn attribute(&mut self, ty: &EventType) -> String {
        if self.rng.random_bool(0.1) || ty.attributes.is_empty() {
            let time = Column::new("time", ColumnType::Scalar(Scalar::Time));
            return format!("time {}", self.test(&time, false));
        }
        if self.rng.random_bool(0.15) {
            let part = self.one(&["year(time)", "month(time)", "day(time)", "weekday(time)", "hour(time)"]);
            return format!("{part} {}", self.part_test());
        }
        if ty.name == "A" && self.rng.random_bool(0.2) {
            return match self.rng.random_range(0..3) {
                0 => format!("{} {}", self.one(&["size(items)", "size(lt)", "weekday(d)", "hour(c)"]), self.part_test()),
                _ => format!("items {}", self.items_test(&["sku", "cena"])),
            };
        }
        let column = ty.attributes.choose(self.rng).unwrap().clone();
        format!("{} {}", column.name, self.test(&column, true))
    }

    fn part_test(&mut self) -> &'static str {
        self.one(&["= 1", "in [1, 2, 6, 7]", ">= 12", "between 1 and 10", "< 3", "is set", "is empty", "= 2025"])
    }

    /// A test on records with these members.
    fn items_test(&mut self, members: &[&str]) -> String {
        let quantifier = self.one(&["any", "any", "only", "none", "at least 2", "at most 1", "exactly 1"]);
        let mut parts = Vec::new();
        for _ in 0..self.rng.random_range(1..3) {
            let part = match self.one(members) {
                "sku" => {
                    let column = Column::new("sku", ColumnType::Scalar(Scalar::Text));
                    format!("sku {}", self.test(&column, true))
                }
                "cena" => {
                    let column = Column::new("cena", ColumnType::Scalar(Scalar::Number { decimals: 6 }));
                    format!("cena {}", self.test(&column, true))
                }
                _ => {
                    let column = Column::new("dzien", ColumnType::Scalar(Scalar::Date));
                    format!("dzien {}", self.test(&column, true))
                }
            };
            parts.push(if self.rng.random_bool(0.2) { format!("not {part}") } else { part });
        }
        let or_empty = self.optional(0.2, |_| " or empty".to_owned());
        format!("has {quantifier} < {} >{or_empty}", parts.join("; "))
    }

    /// Events of several types, with a filter that goes with them.
    fn several(&mut self) -> (&'static str, String) {
        let events = self.one(&["[A, B]", "[B, A, MailOpen]", "[MailOpen, B]", "any", "\"Mail\"*", "[A]"]);
        let mut filter = String::new();
        if self.rng.random_bool(0.5) && events != "\"Mail\"*" {
            let text = Column::new("t", ColumnType::Scalar(Scalar::Text));
            let number = Column::new("n", ColumnType::Scalar(Scalar::Number { decimals: 2 }));
            let part = match self.rng.random_range(0..4) {
                0 => format!("t {}", self.test(&text, true)),
                1 => format!("n {}", self.test(&number, true)),
                2 => format!("not n {}", self.test(&number, true)),
                _ => format!("any < n {}; hour(time) {} >", self.test(&number, true), self.part_test()),
            };
            filter = format!(" where {part}");
        }
        (events, filter)
    }

    fn sequence(&mut self) -> String {
        let by = self.optional(0.4, |w| format!(" by {}", w.one(&["t", "n"])));
        let types: &[&str] = if by.is_empty() { &["A", "B", "MailOpen", "[A, B]", "any"] } else { &["A", "B", "[A, B]"] };
        let window = self.optional(0.4, |w| format!(" {}", w.event_window()));
        let mut steps = Vec::new();
        for at in 0..self.rng.random_range(1..4) {
            let not = if at > 0 && self.rng.random_bool(0.3) { "not " } else { "" };
            let then = if at > 0 { "then " } else { "" };
            let within = if at > 0 { self.optional(0.6, |w| format!(" within {}", w.duration())) } else { String::new() };
            let filter = self.optional(0.2, |w| format!(" where hour(time) {}", w.part_test()));
            steps.push(format!("{then}{not}event {}{filter}{within}", self.one(types)));
        }
        format!("sequence{by}{window} < {} >", steps.join("; "))
    }

    fn ranked(&mut self) -> String {
        let kind = self.one(&[Kind::Number, Kind::Number, Kind::Time, Kind::Date]);
        let amount = self.one(&["1", "2", "5", "0", "10%", "50%", "100%", "33.3%"]);
        let of = self.optional(0.4, |w| format!(" of {}", w.condition(1)));
        format!("{} {amount} by {}{of}", self.one(&["top", "bottom"]), self.value_of(kind, 2))
    }

    /// A value that is no constant.
    fn variable_of(&mut self, kind: Kind, depth: u32) -> String {
        let known: Vec<usize> = (0..self.lets.len()).filter(|at| self.lets[*at] == kind).collect();
        if self.rng.random_bool(0.2)
            && let Some(at) = known.choose(self.rng)
        {
            return format!("$l{at}");
        }
        if depth > 0 && self.rng.random_bool(0.15) {
            return format!("if({}, {}, {})", self.condition(1), self.value_of(kind, depth - 1), self.value_of(kind, depth - 1));
        }
        match kind {
            Kind::Number => self.number_value(depth),
            Kind::Time => match self.rng.random_range(0..3) {
                0 => "field c".to_owned(),
                1 => self.aggregate(&["min", "max", "first", "last", "most_frequent"], "A.c"),
                _ => {
                    let (events, filter) = self.several();
                    let window = self.optional(0.4, |w| format!(" {}", w.event_window()));
                    format!("{}({events}{filter}{window})", self.one(&["first", "last"]))
                }
            },
            Kind::Date => match self.rng.random_range(0..2) {
                0 => self.one(&["field d", "field e"]).to_owned(),
                _ => self.aggregate(&["min", "max", "first", "last", "nth"], "A.d"),
            },
            Kind::Text => {
                if self.rng.random_range(0..3) == 0 {
                    self.one(&["field t", "field u"]).to_owned()
                } else {
                    let attr = self.one(&["A.t", "[A, B].t", "any.t"]);
                    self.aggregate(&["first", "last", "nth", "most_frequent"], attr)
                }
            }
            Kind::Texts => match self.rng.random_range(0..2) {
                0 => self.one(&["field lt", "field lu"]).to_owned(),
                _ => self.aggregate(&["first", "last", "nth"], "A.lt"),
            },
        }
    }

    fn value_of(&mut self, kind: Kind, depth: u32) -> String {
        if !self.rng.random_bool(0.15) {
            return self.variable_of(kind, depth);
        }
        match kind {
            Kind::Number => self.number(),
            Kind::Time => self.one(&["now", "30d ago", "2025-10-26T01:30", "start of month"]).to_owned(),
            Kind::Date => self.one(&["today", "yesterday", "2025-11-01"]).to_owned(),
            Kind::Text => self.one(&["\"PL\"", "\"łódź\"", "\"\""]).to_owned(),
            Kind::Texts => self.variable_of(kind, depth),
        }
    }

    /// A function of an attribute, with everything that may follow.
    fn aggregate(&mut self, functions: &[&'static str], attr: &str) -> String {
        let function = self.one(functions);
        let filter = if attr.starts_with("A.") {
            let id = self.world.schema.event("A").unwrap();
            let ty = self.world.schema.event_type(id).unwrap().clone();
            self.optional(0.3, |w| w.filter(&ty))
        } else {
            self.optional(0.3, |w| format!(" where hour(time) {}", w.part_test()))
        };
        let window = self.optional(0.4, |w| format!(" {}", w.event_window()));
        let argument = match function {
            "nth" => format!(", {}", self.one(&["1", "2", "3", "-1", "-2"])),
            "most_frequent" => self.optional(0.3, |w| format!(", {}", w.one(&["1", "2"]))),
            _ => String::new(),
        };
        format!("{function}({attr}{filter}{window}{argument})")
    }

    fn number_value(&mut self, depth: u32) -> String {
        match self.rng.random_range(0..12) {
            0 => self.one(&["field n", "field m"]).to_owned(),
            1 | 2 => {
                let attr = self.one(&["A.n", "A.n", "B.n", "[A, B].n", "any.n"]);
                self.aggregate(&["sum", "average", "min", "max", "distinct"], attr)
            }
            3 => {
                let attr = self.one(&["A.n", "[B, A].n"]);
                self.aggregate(&["first", "last", "nth", "most_frequent"], attr)
            }
            4 => {
                let attr = self.one(&["A.t", "A.b", "A.d", "A.c", "any.t"]);
                self.aggregate(&["distinct"], attr)
            }
            5 => {
                let (events, filter) = self.several();
                let window = self.optional(0.4, |w| format!(" {}", w.event_window()));
                format!("{}({events}{filter}{window})", self.one(&["count", "active_days"]))
            }
            6 => {
                let (events, filter) = self.several();
                let at_least = self.optional(0.4, |w| format!(", {}", w.one(&["1", "2"])));
                let length = self.one(&["1d", "7d", "1mo", "5h", "1mo2d"]);
                format!("active_periods({events}{filter}, {length}, {}{at_least})", self.one(&["1", "3", "12"]))
            }
            7 => {
                let when = self.one(&[Kind::Time, Kind::Date]);
                format!("{}({})", self.one(&["year", "month", "day", "weekday"]), self.variable_of(when, depth.saturating_sub(1)))
            }
            8 => format!("hour({})", self.variable_of(Kind::Time, depth.saturating_sub(1))),
            9 => {
                let list = if self.rng.random_bool(0.5) {
                    "field zam".to_owned()
                } else {
                    self.variable_of(Kind::Texts, depth.saturating_sub(1))
                };
                format!("size({list})")
            }
            10 if depth > 0 && self.rng.random_bool(0.3) => {
                format!("logistic({})", self.variable_of(Kind::Number, depth - 1))
            }
            _ if depth > 0 => {
                let op = self.one(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.variable_of(Kind::Number, depth - 1), self.value_of(Kind::Number, depth - 1))
            }
            _ => "count(B)".to_owned(),
        }
    }

    /// A test on a value of a kind.
    fn test_of(&mut self, kind: Kind) -> String {
        let scalar = match kind {
            Kind::Number => Scalar::Number { decimals: 2 },
            Kind::Time => Scalar::Time,
            Kind::Date => Scalar::Date,
            Kind::Text | Kind::Texts => Scalar::Text,
        };
        if kind == Kind::Texts {
            return self.test(&Column::new("x", ColumnType::List(scalar)), false);
        }
        if self.rng.random_bool(0.5) {
            return self.test(&Column::new("x", ColumnType::Scalar(scalar)), true);
        }
        let body = self.against_value(kind);
        if self.rng.random_bool(0.2) { format!("{body} or empty") } else { body }
    }

    fn against_value(&mut self, kind: Kind) -> String {
        let op = self.one(&["=", "!=", "<", "<=", ">", ">="]);
        match kind {
            Kind::Number if self.rng.random_bool(0.2) => {
                format!("between {} and {}", self.variable_of(kind, 1), self.value_of(kind, 1))
            }
            Kind::Number => format!("{op} {}", self.value_of(kind, 1)),
            Kind::Time | Kind::Date => {
                let other = self.one(&[Kind::Time, Kind::Date]);
                let value = self.variable_of(other, 1);
                match self.rng.random_range(0..4) {
                    0 => format!("{} {value}", self.one(&["before", "after", "since", "on"])),
                    1 => format!("between {value} and {}", self.value_of(other, 1)),
                    2 => format!(
                        "within {} {} field {}",
                        self.duration(),
                        self.one(&["after", "before"]),
                        self.one(&["d", "c", "e"])
                    ),
                    _ => format!("{op} {value}"),
                }
            }
            Kind::Text | Kind::Texts => {
                let (value, ignoring) = (self.value_of(Kind::Text, 1), self.ignoring());
                match self.rng.random_range(0..4) {
                    0 => format!("{} {value}{ignoring}", self.one(&["contains", "starts with", "ends with"])),
                    1 => format!("{} field {}{ignoring}", self.one(&["in", "not in"]), self.one(&["lt", "lu"])),
                    _ => format!("{} {value}{ignoring}", self.one(&["=", "!="])),
                }
            }
        }
    }

    fn value(&mut self) -> String {
        let ty = self.event_type();
        let filter = self.optional(0.4, |w| w.filter(&ty));
        let window = self.optional(0.6, |w| format!(" {}", w.event_window()));
        let number = Column::new("x", ColumnType::Scalar(Scalar::Number { decimals: 2 }));
        let time = Column::new("x", ColumnType::Scalar(Scalar::Time));
        match self.rng.random_range(0..4) {
            0 => format!("count({}{filter}{window}) {}", ty.name, self.test(&number, false)),
            1 if ty.name == "A" => format!("sum(A.n{filter}{window}) {}", self.test(&number, false)),
            2 => format!("first({}{filter}{window}) {}", ty.name, self.test(&time, false)),
            _ => format!("last({}{filter}{window}) {}", ty.name, self.test(&time, false)),
        }
    }

    /// A test; `stored` for fields and attributes, which also compare with fields.
    fn test(&mut self, column: &Column, stored: bool) -> String {
        let body = match self.rng.random_range(0..10) {
            0 => self.one(&["is set", "is empty"]).to_owned(),
            _ if column.ty.is_list() => self.list_test(column),
            1 if stored => self.against_field(column).unwrap_or_else(|| self.scalar_test(column, stored)),
            2 if stored && column.values.is_none() => match column.ty.scalar() {
                Scalar::Number { .. } => self.against_value(Kind::Number),
                Scalar::Time => self.against_value(Kind::Time),
                Scalar::Date => self.against_value(Kind::Date),
                Scalar::Text => self.against_value(Kind::Text),
                Scalar::Bool => self.scalar_test(column, stored),
            },
            _ => self.scalar_test(column, stored),
        };
        if self.rng.random_bool(0.2) { format!("{body} or empty") } else { body }
    }

    fn against_field(&mut self, column: &Column) -> Option<String> {
        let same = |f: &&Column| {
            !f.ty.is_list() && std::mem::discriminant(&f.ty.scalar()) == std::mem::discriminant(&column.ty.scalar())
        };
        let others: Vec<&Column> = self.world.schema.fields.iter().filter(same).collect();
        let other = others.choose(self.rng)?.name.clone();
        let ordered = !matches!(column.ty.scalar(), Scalar::Text | Scalar::Bool);
        let op = if ordered { self.one(&["=", "!=", "<", "<=", ">", ">="]) } else { self.one(&["=", "!="]) };
        Some(format!("{op} field {other}"))
    }

    fn scalar_test(&mut self, column: &Column, stored: bool) -> String {
        match column.ty.scalar() {
            Scalar::Bool => self.one(&["is true", "is false", "= true", "!= false"]).to_owned(),
            Scalar::Text => self.text_test(column),
            Scalar::Number { .. } => self.number_test(),
            Scalar::Date | Scalar::Time => self.time_test(stored),
        }
    }

    fn text(&mut self, column: &Column) -> String {
        let text = if column.values.is_some() { self.one(&CLOSED) } else { self.one(&TEXTS) };
        format!("\"{text}\"")
    }

    fn ignoring(&mut self) -> &'static str {
        self.one(&["", "", "", " ignoring case", " ignoring accents", " ignoring case and accents"])
    }

    fn text_test(&mut self, column: &Column) -> String {
        let (a, b, ignoring) = (self.text(column), self.text(column), self.ignoring());
        match self.rng.random_range(0..8) {
            0 => format!("= {a}{ignoring}"),
            1 => format!("!= {a}{ignoring}"),
            2 => format!("in [{a}, {b}]{ignoring}"),
            3 => format!("not in [{a}, {b}]{ignoring}"),
            4 if column.values.is_none() => format!("in $kraje{ignoring}"),
            5 => format!("starts with \"{}\"{ignoring}", self.one(&["P", "ł", "S", "", "STR"])),
            6 => format!("{} \"{}\"{ignoring}", self.one(&["contains", "ends with"]), self.one(&["l", "ż", "DŹ", "ss", ""])),
            _ => format!("matches \"{}\"{ignoring}", self.one(&["^P", "ó", "[a-z]+$", "L|ł", "^$"])),
        }
    }

    fn number(&mut self) -> String {
        self.one(&["0", "1", "-2", "2.5", "0.5", "0.000000001", "-0.3", "$liczba", "3", "1.25"]).to_owned()
    }

    fn number_test(&mut self) -> String {
        let (a, b) = (self.number(), self.number());
        match self.rng.random_range(0..9) {
            0 => format!("between -2 and {}", self.one(&["0", "1.5", "3"])),
            1 => format!("in [{a}, {b}, 1]"),
            2 => format!("not in [{a}, {b}]"),
            _ => format!("{} {a}", self.one(&["=", "!=", "<", "<=", ">", ">="])),
        }
    }

    fn list_test(&mut self, column: &Column) -> String {
        if !matches!(column.ty.scalar(), Scalar::Text | Scalar::Number { .. }) {
            return self.one(&["is set", "is empty"]).to_owned();
        }
        let text = column.ty.scalar() == Scalar::Text;
        let (a, b) = if text { (self.text(column), self.text(column)) } else { (self.number(), self.number()) };
        let ignoring = if text { self.ignoring() } else { "" };
        match self.rng.random_range(0..5) {
            0 => format!("has {a}{ignoring}"),
            1 if text => format!("has {} of field {}", self.one(&["any", "all", "none"]), self.one(&["lt", "lu"])),
            2 if !text => format!("has {} of field ln", self.one(&["any", "all", "none"])),
            _ => format!("has {} of [{a}, {b}]{ignoring}", self.one(&["any", "all", "none"])),
        }
    }

    fn duration(&mut self) -> &'static str {
        self.one(&["0d", "1s", "90min", "5h", "1d", "7d", "30d", "2w", "1mo", "6mo", "1y", "400d", "1h30min", "1mo2d"])
    }

    fn point(&mut self) -> String {
        let zone = self.world.schema.timezone;
        let now = self.world.now;
        match self.rng.random_range(0..9) {
            0 => "now".to_owned(),
            1 => self.one(&["today", "yesterday"]).to_owned(),
            2 => format!("{} ago", self.duration()),
            3 => format!("{} from now", self.duration()),
            4 => format!("start of {}", self.one(&["day", "week", "month", "quarter", "year"])),
            5 => format!("start of last {}", self.one(&["day", "week", "month", "quarter", "year"])),
            6 => format_instant(instant(self.rng, now, zone), zone),
            7 => format!("start of {} {} ago", self.one(&["day", "month"]), self.duration()),
            _ => format_date(segql::time::Clock { now, zone }.day_of(instant(self.rng, now, zone))),
        }
    }

    fn time_test(&mut self, stored: bool) -> String {
        match self.rng.random_range(0..8) {
            0 => format!("{} {}", self.one(&["=", "!=", "<", "<=", ">", ">="]), self.point()),
            1 => format!("in [{}, {}]", self.point(), self.point()),
            2 => format!("not in [{}]", self.point()),
            3 => format!("within next {}", self.duration()),
            4 if stored => {
                self.one(&["anniversary today", "anniversary within next 7d", "anniversary within next 1mo"]).to_owned()
            }
            _ => self.window(),
        }
    }

    fn window(&mut self) -> String {
        match self.rng.random_range(0..9) {
            0..=1 => format!("within {}", self.duration()),
            2 => format!("older than {}", self.duration()),
            3 => self
                .one(&[
                    "between 30d ago and 1d ago",
                    "between 1y ago and now",
                    "between 2024-01-01 and 2025-10-26",
                    "between 7d ago and today",
                ])
                .to_owned(),
            4 => format!("{} {}", self.one(&["before", "after", "since", "on"]), self.point()),
            5 => self.one(&["today", "yesterday"]).to_owned(),
            6 => format!("this {}", self.one(&["day", "week", "month", "quarter", "year"])),
            7 => format!("last {}", self.one(&["day", "week", "month", "quarter", "year"])),
            _ => format!("last {} {}", self.rng.random_range(1..5), self.one(&["days", "weeks", "months", "quarters", "years"])),
        }
    }

    fn event_window(&mut self) -> String {
        if self.rng.random_bool(0.2) {
            return format!("within {} {} field {}", self.duration(), self.one(&["after", "before"]), self.one(&["d", "c", "e"]));
        }
        if self.rng.random_bool(0.1) {
            let kind = self.one(&[Kind::Time, Kind::Date]);
            let value = self.variable_of(kind, 1);
            return match self.rng.random_range(0..3) {
                0 => format!("between {value} and {}", self.value_of(kind, 1)),
                _ => format!("{} {value}", self.one(&["before", "after", "since", "on"])),
            };
        }
        self.window()
    }
}
