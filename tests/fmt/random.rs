//! Random scripts over the whole grammar: laid out at random, with comments between any two tokens.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// A script and the comments in it.
pub struct Script {
    pub text: String,
    pub comments: Vec<String>,
}

/// A random script.
pub fn script(rng: &mut ChaCha8Rng) -> Script {
    let noise = *[0.0, 0.01, 0.05, 0.2].choose(rng).unwrap();
    let mut g = Generator { rng, tokens: Vec::new(), depth: 0 };
    g.script();
    let tokens = std::mem::take(&mut g.tokens);
    layout(rng, &tokens, noise)
}

/// The comments of a text: each has a number, so that it is easy to find.
pub fn comments(text: &str) -> Vec<String> {
    let comment = regex::Regex::new(r"(?s)/\*#.*?\*/|//+#[^\n]*").unwrap();
    comment.find_iter(text).map(|m| m.as_str().trim_end().to_owned()).collect()
}

fn layout(rng: &mut ChaCha8Rng, tokens: &[String], noise: f64) -> Script {
    let mut script = Script { text: String::new(), comments: Vec::new() };
    let dense = rng.random_bool(0.3);
    for (at, token) in tokens.iter().enumerate() {
        let glued = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '`' | '-' | '.');
        let previous = script.text.chars().last().unwrap_or(' ');
        // No white space inside a path; `last (` is not a window.
        if token == "\u{1}" || tokens.get(at.wrapping_sub(1)).is_some_and(|t| t == "\u{1}") {
            script.text.push_str(token.trim_start_matches('\u{1}'));
            continue;
        }
        while rng.random_bool(noise) {
            comment(rng, &mut script);
        }
        let needs = glued(previous) && token.starts_with(glued) || previous == '*' || matches!(token.as_str(), "/" | "*");
        match rng.random_range(0..10) {
            0 => script.text.push_str(["\n", "\n\n", "\n\n\n", " \t ", "\r\n"].choose(rng).unwrap()),
            1..6 if !dense => script.text.push(' '),
            _ if needs || token == "-" || previous == '-' => script.text.push(' '),
            _ => {}
        }
        script.text.push_str(token);
    }
    while rng.random_bool(noise) {
        comment(rng, &mut script);
    }
    script
}

fn comment(rng: &mut ChaCha8Rng, script: &mut Script) {
    let n = script.comments.len();
    let text = match rng.random_range(0..7) {
        0 => format!("/*# {n} */"),
        1 => format!("/*# {n}\n   druga */"),
        2 => format!("///# {n} \"opis\""),
        3 => format!("//# {n} {}", "długi komentarz ".repeat(8).trim_end()),
        _ => format!("//# {n}"),
    };
    script.text.push_str(["\n", "\n\n", " ", "  ", ""].choose(rng).unwrap());
    if script.text.ends_with('/') {
        script.text.push(' ');
    }
    script.text.push_str(&text);
    let end: &&str =
        if text.starts_with("//") { ["\n", "\n\n", " \n", "\r\n"].choose(rng) } else { ["\n", "", " "].choose(rng) }.unwrap();
    script.text.push_str(end);
    script.comments.push(text);
}

struct Generator<'a> {
    rng: &'a mut ChaCha8Rng,
    tokens: Vec<String>,
    depth: usize,
}

impl Generator<'_> {
    fn one<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices.choose(self.rng).unwrap()
    }

    fn chance(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    /// Tokens, with spaces between them.
    fn put(&mut self, tokens: &str) {
        self.tokens.extend(tokens.split(' ').filter(|t| !t.is_empty()).map(str::to_owned));
    }

    /// One token.
    fn token(&mut self, token: &str) {
        self.tokens.push(token.to_owned());
    }

    fn word(&mut self) {
        let word = self.one(&[
            "a",
            "Kraj",
            "Wartość_zakupów",
            "`dwa słowa`",
            "`zwykłe`",
            "all",
            "`within`",
            "o\u{301}sma",
            "bardzo_długa_nazwa_pola_kontaktu",
        ]);
        self.token(word);
    }

    fn attr(&mut self) {
        let attr = self.one(&["kwota", "`time`", "time", "kategoria", "`any`", "`now`", "`inna nazwa`", "`proste`"]);
        self.token(attr);
        if self.chance(0.2) {
            self.put("\u{1} . \u{1} miasto");
            // A path is one token: nothing may stand inside.
            let len = self.tokens.len();
            let path: String = self.tokens.drain(len - 5..).filter(|t| t != "\u{1}").collect();
            self.tokens.push(path);
        }
    }

    fn string(&mut self) {
        let string = self.one(&[
            "\"\"",
            "\"PL\"",
            "\"Łódź // nie komentarz\"",
            "\"\\u{17C}\\n\\\"\"",
            "\"dwie\nlinie\"",
            "\"o\u{301}\"",
            "\"\\d+\"",
            "\"dość długi tekst, jakich wiele\"",
        ]);
        self.token(string);
    }

    fn duration(&mut self) {
        let duration = self.one(&["7d", "1h30min", "90d", "6mo", "1y"]);
        self.token(duration);
    }

    fn count(&mut self) {
        let count = self.one(&["1", "2", "1_000"]);
        self.token(count);
    }

    fn script(&mut self) {
        if self.chance(0.2) {
            self.condition();
            return;
        }
        if self.chance(0.5) {
            self.put("edition 1");
        }
        for _ in 0..self.rng.random_range(1..6) {
            self.statement();
        }
    }

    fn title(&mut self) {
        if self.chance(0.3) {
            self.string();
        }
    }

    fn statement(&mut self) {
        match self.rng.random_range(0..10) {
            0 => {
                self.put("param $");
                self.word();
                self.put(":");
                let ty = self.one(&["text", "list<text>", "number"]);
                self.put(ty);
                self.put("=");
                if self.chance(0.3) { self.list() } else { self.literal() }
            }
            1 => {
                self.put("use");
                self.string();
            }
            2 | 3 => {
                self.put("let $");
                self.word();
                self.put("=");
                self.expr();
            }
            4 => {
                self.put("list");
                self.word();
                self.title();
                self.put("=");
                self.string();
            }
            5 => self.decision(),
            6 => self.test_block(),
            _ => {
                self.put("segment");
                self.word();
                self.title();
                self.put("=");
                self.condition();
            }
        }
    }

    fn decision(&mut self) {
        self.put("decision");
        self.word();
        self.title();
        self.put("<");
        for _ in 0..self.rng.random_range(1..4) {
            self.put("when");
            self.condition();
            self.put("->");
            self.string();
            self.put(";");
        }
        self.put("otherwise ->");
        self.string();
        if self.chance(0.3) {
            self.put(";");
        }
        self.put(">");
    }

    fn test_block(&mut self) {
        self.put("test");
        self.string();
        if self.chance(0.5) {
            let at = self.one(&["at 2025-11-01T12:00", "at 2025-11-01"]);
            self.put(at);
        }
        self.put("{");
        for _ in 0..self.rng.random_range(0..5) {
            match self.rng.random_range(0..4) {
                0 => {
                    self.put("contact");
                    self.string();
                    self.values();
                }
                1 => {
                    self.put("event");
                    self.string();
                    self.word();
                    if self.chance(0.5) {
                        self.values();
                    }
                    self.put("at");
                    self.point();
                }
                2 => {
                    self.put("expect");
                    self.string();
                    let words = self.one(&["in", "not in"]);
                    self.put(words);
                    if self.chance(0.3) {
                        self.put("decision");
                        self.word();
                        self.put("=");
                        self.string();
                    } else {
                        self.word();
                    }
                }
                _ => {
                    self.put("expect segment");
                    self.word();
                    self.put("= [");
                    for _ in 0..self.rng.random_range(0..3) {
                        self.string();
                        self.put(",");
                    }
                    if self.tokens.last().is_some_and(|t| t == ",") && self.chance(0.7) {
                        self.tokens.pop();
                    }
                    self.put("]");
                }
            }
        }
        self.put("}");
    }

    fn values(&mut self) {
        self.put("{");
        for at in 0..self.rng.random_range(0..4) {
            if at > 0 {
                self.put(",");
            }
            self.word();
            self.put(":");
            self.depth += 1;
            match self.rng.random_range(0..6) {
                0 if self.depth < 5 => self.values(),
                1 => self.list(),
                2 => self.put("empty"),
                _ => self.literal(),
            }
            self.depth -= 1;
        }
        self.put("}");
    }

    fn counted(&mut self) {
        let words = self.one(&["at least", "at most", "exactly"]);
        self.put(words);
        self.count();
    }

    /// `< a; b >` of what `member` makes.
    fn members(&mut self, member: fn(&mut Self)) {
        self.put("<");
        for at in 0..self.rng.random_range(1..4) {
            if at > 0 {
                self.put(";");
            }
            member(self);
        }
        if self.chance(0.3) {
            self.put(";");
        }
        self.put(">");
    }

    fn condition(&mut self) {
        self.depth += 1;
        let most = if self.depth > 4 { 8 } else { 15 };
        match self.rng.random_range(0..most) {
            0 => {
                let word = self.one(&["everyone", "nobody", "segment s", "list l", "segment `nowi i starzy`"]);
                match word.split_once('`') {
                    Some((before, name)) => {
                        self.put(before);
                        self.token(&format!("`{name}"));
                    }
                    None => self.put(word),
                }
            }
            1 | 2 => self.event(),
            3..6 => {
                self.field();
                self.test(Self::stored_test);
            }
            6 => {
                self.put("sample 10% salt");
                self.string();
            }
            7 => {
                self.put("decision d =");
                self.string();
            }
            8 => {
                self.expr();
                self.test(Self::stored_test);
            }
            9 => {
                self.put("not");
                self.condition();
            }
            10 => {
                let words = self.one(&["top 1_000 by", "bottom 10% by"]);
                self.put(words);
                self.expr();
                if self.chance(0.5) {
                    self.put("of");
                    self.condition();
                }
            }
            11 => self.sequence(),
            12 => {
                self.counted();
                self.put("of");
                self.members(Self::condition);
            }
            _ => {
                let word = self.one(&["all", "any", "none"]);
                self.put(word);
                self.members(Self::condition);
            }
        }
        self.depth -= 1;
    }

    fn sequence(&mut self) {
        self.put("sequence");
        if self.chance(0.4) {
            self.put("by");
            self.attr();
        }
        if self.chance(0.4) {
            self.window();
        }
        self.put("<");
        for at in 0..self.rng.random_range(1..4) {
            if at > 0 {
                self.put("; then");
                if self.chance(0.3) {
                    self.put("not");
                }
            }
            self.put("event");
            self.event_ref();
            self.filter_on_events();
            if self.chance(0.4) {
                self.put("within");
                self.duration();
            }
        }
        self.put(">");
    }

    fn event_ref(&mut self) {
        match self.rng.random_range(0..6) {
            0 => self.put("any"),
            1 => {
                self.put("[");
                self.word();
                self.put(",");
                self.word();
                self.put("]");
            }
            2 => {
                self.string();
                self.put("*");
            }
            _ => self.word(),
        }
    }

    fn filter_on_events(&mut self) {
        if self.chance(0.4) {
            self.put("where");
            self.filter();
        }
    }

    fn event(&mut self) {
        self.put("event");
        self.event_ref();
        self.filter_on_events();
        let order = self.rng.random_range(0..5);
        if order == 0 || order == 1 {
            self.window();
        }
        if order == 1 || order == 2 {
            if self.chance(0.7) {
                self.counted();
                let word = self.one(&["times", "time"]);
                self.put(word);
            } else {
                self.put("between 1 and 5 time");
            }
        }
        if order == 2 {
            self.window();
        }
    }

    fn filter(&mut self) {
        for at in 0..self.rng.random_range(1..3) {
            if at > 0 {
                self.put("and");
            }
            self.filter_part();
        }
    }

    fn filter_part(&mut self) {
        self.depth += 1;
        let most = if self.depth > 5 { 5 } else { 8 };
        match self.rng.random_range(0..most) {
            0 => {
                self.put("hour (");
                self.attr();
                self.put(")");
                self.test(Self::attr_test);
            }
            5 => {
                self.put("not");
                self.filter_part();
            }
            6 => {
                let word = self.one(&["all", "any", "none"]);
                self.put(word);
                self.members(Self::filter);
            }
            7 => {
                self.counted();
                self.put("of");
                self.members(Self::filter);
            }
            _ => {
                self.attr();
                self.test(Self::attr_test);
            }
        }
        self.depth -= 1;
    }

    fn test(&mut self, base: fn(&mut Self)) {
        base(self);
        if self.chance(0.15) {
            self.put("or empty");
        }
        if self.chance(0.1) {
            self.put("for 7d");
        }
    }

    fn attr_test(&mut self) {
        if self.chance(0.15) && self.depth < 6 {
            let words = self.one(&["has any", "has only", "has none", "has at least 2"]);
            self.put(words);
            self.members(Self::filter);
        } else {
            self.stored_test();
        }
    }

    fn stored_test(&mut self) {
        match self.rng.random_range(0..10) {
            0 => {
                let words = self.one(&["is set", "is empty", "is true", "is false"]);
                self.put(words);
            }
            1 => {
                let words = self.one(&["in", "not in"]);
                self.put(words);
                self.operand();
                self.ignoring();
            }
            2 => {
                self.put("between");
                self.expr();
                self.put("and");
                self.expr();
            }
            3 => {
                let words = self.one(&["contains", "starts with", "ends with"]);
                self.put(words);
                self.string();
                self.ignoring();
            }
            4 => {
                self.put("matches");
                self.string();
                self.ignoring();
            }
            5 => {
                let words = self.one(&["has any of", "has all of", "has none of"]);
                self.put(words);
                self.operand();
            }
            6 => {
                let words = self.one(&["anniversary today", "anniversary within next 7d"]);
                self.put(words);
            }
            7 => self.window(),
            _ => {
                let op = self.one(&["=", "!=", "<", "<=", ">", ">="]);
                self.put(op);
                self.expr();
                if op == "=" {
                    self.ignoring();
                }
            }
        }
    }

    fn ignoring(&mut self) {
        if self.chance(0.3) {
            let words = self.one(&["case", "accents", "case and accents", "accents and case"]);
            self.put("ignoring");
            self.put(words);
        }
    }

    fn operand(&mut self) {
        match self.rng.random_range(0..4) {
            0 => self.field(),
            1 => self.put("$ kraje"),
            _ => self.list(),
        }
    }

    fn list(&mut self) {
        self.put("[");
        let len = *[0, 1, 2, 3, 12].choose(self.rng).unwrap();
        for at in 0..len {
            if at > 0 {
                self.put(",");
            }
            self.literal();
        }
        if len > 0 && self.chance(0.3) {
            self.put(",");
        }
        self.put("]");
    }

    fn field(&mut self) {
        self.put("field");
        self.word();
    }

    fn window(&mut self) {
        match self.rng.random_range(0..9) {
            0 | 1 => {
                self.put("within");
                self.duration();
            }
            2 => {
                self.put("older than");
                self.duration();
            }
            3 => {
                self.put("between");
                self.point();
                self.put("and");
                self.point();
            }
            4 => {
                let word = self.one(&["before", "after", "since", "on"]);
                self.put(word);
                self.expr();
            }
            5 => {
                let words = self.one(&["today", "yesterday", "this week", "last month", "last 1 months", "last 3 month"]);
                self.put(words);
            }
            6 => {
                self.put("within");
                self.duration();
                let words = self.one(&["after", "before"]);
                self.put(words);
                self.field();
            }
            _ => self.put("within next 30d"),
        }
    }

    fn point(&mut self) {
        let point = self.one(&[
            "now",
            "today",
            "90d ago",
            "7d from now",
            "2025-11-01",
            "2025-11-01T12:00+02:00",
            "start of month",
            "start of last week",
            "start of day 2d ago",
        ]);
        self.put(point);
    }

    fn literal(&mut self) {
        match self.rng.random_range(0..6) {
            0 => self.point(),
            1 | 2 => self.string(),
            3 => self.put("10%"),
            4 => {
                let word = self.one(&["true", "false"]);
                self.put(word);
            }
            _ => {
                let number = self.one(&["0", "-5", "2_000", "0.25"]);
                self.put(number);
            }
        }
    }

    fn expr(&mut self) {
        self.depth += 1;
        self.primary();
        let more = if self.depth > 4 { 0 } else { *[0, 0, 0, 1, 1, 4].choose(self.rng).unwrap() };
        for _ in 0..more {
            let op = self.one(&["+", "-", "*", "/"]);
            self.put(op);
            self.primary();
        }
        self.depth -= 1;
    }

    fn primary(&mut self) {
        let most = if self.depth > 4 { 4 } else { 8 };
        match self.rng.random_range(0..most) {
            0 | 1 => self.literal(),
            2 => self.field(),
            3 => {
                self.put("$");
                self.word();
            }
            4 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            5 => {
                self.put("if (");
                self.condition();
                self.put(",");
                self.expr();
                self.put(",");
                self.expr();
                self.put(")");
            }
            6 => {
                let part = self.one(&["year", "size"]);
                self.put(part);
                self.put("(");
                self.field();
                self.put(")");
            }
            _ => self.aggregate(),
        }
    }

    fn aggregate(&mut self) {
        let name = self.one(&["count", "sum", "most_frequent", "last", "nth", "active_periods"]);
        self.put(name);
        self.put("(");
        self.event_ref();
        if self.chance(0.5) {
            self.put(".");
            self.attr();
        }
        self.filter_on_events();
        if self.chance(0.4) {
            self.window();
        }
        if self.chance(0.3) {
            self.put(", 7d , 3");
        }
        self.put(")");
    }
}
