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
    let mut out = "param $liczba: number = 1.5\nparam $kraje: list<text> = [\"PL\", \"Łódź\"]\n".to_owned();
    for at in 0..segments {
        let mut writer = Writer { rng, world, segments: at };
        let condition = writer.condition(3);
        writeln!(out, "segment s{at} = {condition}").unwrap();
    }
    out
}

struct Writer<'w, R> {
    rng: &'w mut R,
    world: &'w World,
    segments: usize,
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
        match self.rng.random_range(0..20) {
            0 => "everyone".to_owned(),
            1 => "nobody".to_owned(),
            2 if self.segments > 0 => format!("segment s{}", self.rng.random_range(0..self.segments)),
            3 => "field contact_id in [\"c1\", \"c3\"]".to_string(),
            4 => "field contact_id ends with \"2\"".to_owned(),
            5..=10 => {
                let column = self.world.schema.fields.choose(self.rng).unwrap().clone();
                format!("field {} {}", column.name, self.test(&column, true))
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
            _ => self.attribute(ty),
        }
    }

    fn attribute(&mut self, ty: &EventType) -> String {
        if self.rng.random_bool(0.1) || ty.attributes.is_empty() {
            let time = Column::new("time", ColumnType::Scalar(Scalar::Time));
            return format!("time {}", self.test(&time, false));
        }
        let column = ty.attributes.choose(self.rng).unwrap().clone();
        format!("{} {}", column.name, self.test(&column, true))
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
        self.window()
    }
}
