//! What may stand at a place. The grammar says which words and which kinds of names it would take there; the schema, the
//! definitions and the data say which names and values there are.

use crate::fmt::written_name;
use crate::schema::{ColumnType, Scalar, Schema};
use crate::syntax::lex::{Kind as TokenKind, Token, is_word_char, strict, tolerant};
use crate::syntax::parse::{self, NodeKind};
use crate::syntax::quoted;
use crate::value::{Folding, fold, grouped};

/// What one completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What takes the place of the text from [`Completion::from`] to the cursor.
    pub insert: String,
    /// What people see of it.
    pub label: String,
    /// What it is: a type, how many contacts have the value.
    pub detail: String,
}

/// What may stand at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where the piece begins that is being written.
    pub from: usize,
    /// What it may become, the likeliest first.
    pub candidates: Vec<Candidate>,
}

/// Of what a value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A field, by name.
    Field(String),
    /// An attribute of an event, by name.
    Attribute(String, String),
}

/// What there is to name.
pub trait Known {
    /// Fields and events.
    fn schema(&self) -> &Schema;
    /// Names of the definitions of a kind.
    fn defined(&self, kind: super::outline::Kind) -> Vec<String>;
    /// The texts that occur, with how often, the most frequent first.
    fn values(&self, subject: &Subject) -> Vec<(String, u64)>;
}

/// What may stand at byte `at` of a text.
#[must_use]
pub fn complete(text: &str, at: usize, known: &dyn Known) -> Completion {
    let before = text.get(..at).unwrap_or(text);
    let open = tolerant(before).into_iter().next_back().filter(|t| t.end == before.len());
    if let Some(token) = open
        && token.kind == TokenKind::OpenText
    {
        let head = before.get(..token.start).unwrap_or_default();
        let typed = before.get(token.start + 1..).unwrap_or_default();
        return Completion {
            from: token.start,
            candidates: values(head, known).into_iter().filter(|c| begins(&c.label, typed)).collect(),
        };
    }
    let from = match open {
        Some(token) if token.kind == TokenKind::OpenName => token.start,
        _ => before.char_indices().rev().take_while(|(_, c)| is_word_char(*c)).last().map_or(before.len(), |(start, _)| start),
    };
    let (head, typed) = before.split_at(from);
    if typed.starts_with(|c: char| c.is_ascii_digit()) {
        return Completion { from, candidates: Vec::new() };
    }
    let typed = typed.trim_start_matches('`');
    let mut candidates = names_and_words(head, known);
    candidates.retain(|candidate| begins(&candidate.label, typed) && candidate.label != typed);
    Completion { from, candidates }
}

/// Whether a name begins with what was typed, whatever case and accents.
fn begins(name: &str, typed: &str) -> bool {
    let both = Folding { case: true, accents: true };
    fold(name, both).starts_with(&*fold(typed, both))
}

/// A character that no rule takes: where reading stops at it, something else was expected.
const NOTHING: char = '\u{1}';

fn names_and_words(head: &str, known: &dyn Known) -> Vec<Candidate> {
    use super::outline::Kind;
    let _explained = parse::explain_failures();
    let probe = format!("{head}{NOTHING}");
    let Some(failure) = parse::failure(NodeKind::script, &probe) else { return Vec::new() };
    if failure.at < head.trim_end().len() {
        return Vec::new();
    }
    let tokens: Vec<Token> = strict(head).collect();
    let last = tokens.last().map_or("", |token| token.text(head));
    let mut out = values(head, known);
    let has = |rule: NodeKind| failure.rules.contains(&rule);
    let schema = known.schema();
    let defined = |out: &mut Vec<Candidate>, kind, rule, detail: &str| {
        out.extend(known.defined(kind).into_iter().map(|name| named(rule, &name, detail)));
    };
    if has(NodeKind::field_name) || has(NodeKind::field_path) || last == "field" {
        out.extend(schema.fields.iter().map(|f| path(&f.name, &type_of(f.ty))));
    }
    if has(NodeKind::event_name) || has(NodeKind::event_ref) || last == "event" {
        out.extend(
            schema.events.iter().map(|e| named(NodeKind::event_name, &e.name, e.description.as_deref().unwrap_or("event"))),
        );
    }
    if has(NodeKind::segment_name) && last == "segment" && tokens.len() > 1 || last == "segment" && tokens.len() > 1 {
        defined(&mut out, Kind::Segment, NodeKind::segment_name, "segment");
    }
    if last == "list" {
        defined(&mut out, Kind::List, NodeKind::list_name, "list");
    }
    if last == "decision" {
        defined(&mut out, Kind::Decision, NodeKind::decision_name, "decision");
    }
    if last == "$" {
        defined(&mut out, Kind::Let, NodeKind::param_name, "let");
        defined(&mut out, Kind::Param, NodeKind::param_name, "param");
    }
    // A test of an attribute begins with its name or a part of it; a condition could also begin with `field`.
    let word = |word: &str| failure.words.iter().any(|w| w == word);
    let attribute = has(NodeKind::attr_name) || has(NodeKind::attr_path) || has(NodeKind::filter_value) || last == ".";
    if (attribute || word("weekday") && !word("field"))
        && let Some(event) = event_before(head, &tokens)
        && let Some(ty) = schema.event(&event).and_then(|id| schema.event_type(id))
    {
        out.extend(ty.attributes.iter().map(|a| path(&a.name, &type_of(a.ty))));
    }
    let mut words: Vec<&str> = failure.words.iter().map(String::as_str).filter(|word| is_word(word)).collect();
    words.sort_unstable();
    words.dedup();
    out.extend(words.into_iter().map(|word| Candidate {
        insert: word.to_owned(),
        label: word.to_owned(),
        detail: String::new(),
    }));
    out
}

/// Words that one would write out; units follow a number at once.
fn is_word(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !matches!(word, "mo" | "min")
}

fn named(rule: NodeKind, name: &str, detail: &str) -> Candidate {
    Candidate { insert: written_name(rule, name), label: name.to_owned(), detail: detail.to_owned() }
}

/// The name of a column; each part of a dotted one is a name of its own.
fn path(name: &str, detail: &str) -> Candidate {
    let insert: Vec<String> = name.split('.').map(|part| written_name(NodeKind::attr_name, part)).collect();
    Candidate { insert: insert.join("."), label: name.to_owned(), detail: detail.to_owned() }
}

/// `text`, `list of number`
#[must_use]
pub fn type_of(ty: ColumnType) -> String {
    let one = match ty.scalar() {
        Scalar::Text => "text",
        Scalar::Number { .. } => "number",
        Scalar::Bool => "bool",
        Scalar::Date => "date",
        Scalar::Time => "time",
    };
    if ty.is_list() { format!("list of {one}") } else { one.to_owned() }
}

/// The values of what is compared at the end of a text.
fn values(head: &str, known: &dyn Known) -> Vec<Candidate> {
    let tokens: Vec<Token> = strict(head).collect();
    let Some(subject) = compared(head, &tokens) else { return Vec::new() };
    let unit = if matches!(subject, Subject::Field(_)) { "contact" } else { "event" };
    let schema = known.schema();
    let column = match &subject {
        Subject::Field(name) => schema.field(name).and_then(|id| schema.field_column(id)),
        Subject::Attribute(event, name) => {
            schema.event(event).and_then(|id| schema.attribute_column(id, schema.event_type(id)?.attribute(name)?))
        }
    };
    let Some(column) = column.filter(|column| column.ty.scalar() == Scalar::Text) else { return Vec::new() };
    let counted = known.values(&subject);
    let mut all: Vec<(String, Option<u64>)> = counted.into_iter().map(|(value, count)| (value, Some(count))).collect();
    for value in column.values.iter().flatten() {
        if !all.iter().any(|(known, _)| known == value) {
            all.push((value.clone(), None));
        }
    }
    let candidate = |(value, count): (String, Option<u64>)| Candidate {
        insert: quoted(&value),
        detail: count.map_or(String::new(), |n| format!("{} {unit}{}", grouped(n), if n == 1 { "" } else { "s" })),
        label: value,
    };
    all.into_iter().map(candidate).collect()
}

/// What stands before a comparison at the end of a text: `field Kraj in ["PL", ` is about the field `Kraj`.
fn compared(head: &str, tokens: &[Token]) -> Option<Subject> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(head));
    let mut at = tokens.len();
    let mut operator = false;
    while at > 0 {
        let word = text(at - 1);
        let between = matches!(tokens.get(at - 1).map(|t| t.kind), Some(TokenKind::Text)) || matches!(word, "," | "[");
        let test = matches!(
            word,
            "=" | "!=" | "in" | "has" | "contains" | "with" | "starts" | "ends" | "any" | "all" | "none" | "of" | "not" | "is"
        );
        if !between && !test {
            break;
        }
        operator |= matches!(word, "=" | "!=" | "in" | "has" | "of" | "contains" | "with");
        at -= 1;
    }
    if !operator || at == 0 {
        return None;
    }
    let mut parts = vec![bare(text(at - 1))];
    let mut start = at - 1;
    while start >= 2 && text(start - 1) == "." {
        parts.push(bare(text(start - 2)));
        start -= 2;
    }
    parts.reverse();
    let name = parts.join(".");
    if start > 0 && text(start - 1) == "field" {
        return Some(Subject::Field(name));
    }
    let event = event_before(head, tokens.get(..start)?)?;
    Some(Subject::Attribute(event, name))
}

fn bare(name: &str) -> String {
    name.trim_matches('`').to_owned()
}

/// The event that is spoken of at the end of a text.
fn event_before(head: &str, tokens: &[Token]) -> Option<String> {
    const FUNCTIONS: [&str; 12] = [
        "count",
        "sum",
        "average",
        "min",
        "max",
        "distinct",
        "most_frequent",
        "first",
        "last",
        "nth",
        "active_days",
        "active_periods",
    ];
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(head));
    (0..tokens.len()).rev().find_map(|at| {
        let name = match text(at) {
            "event" => at + 1,
            "(" if at > 0 && FUNCTIONS.contains(&text(at - 1)) => at + 1,
            _ => return None,
        };
        let name = if text(name) == "[" { name + 1 } else { name };
        let token = tokens.get(name)?;
        matches!(token.kind, TokenKind::Word | TokenKind::Name).then(|| bare(token.text(head)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ide::outline::Kind;

    struct Shop(Schema);

    impl Known for Shop {
        fn schema(&self) -> &Schema {
            &self.0
        }

        fn defined(&self, kind: Kind) -> Vec<String> {
            match kind {
                Kind::Segment => vec!["stali klienci".to_owned(), "vip".to_owned()],
                Kind::Let => vec!["wydatki".to_owned()],
                _ => Vec::new(),
            }
        }

        fn values(&self, subject: &Subject) -> Vec<(String, u64)> {
            match subject {
                Subject::Field(name) if name == "Kraj" => vec![("Polska".to_owned(), 7), ("Łotwa".to_owned(), 2)],
                Subject::Attribute(event, name) if event == "Zakup" && name == "kategoria" => vec![("buty".to_owned(), 3)],
                _ => Vec::new(),
            }
        }
    }

    fn at(text: &str) -> Vec<String> {
        let schema = crate::schema::toml::parse(
            "[fields.Kraj]\ntype = \"text\"\n[fields.\"Imię psa\"]\ntype = \"text\"\n[fields.Saldo]\ntype = \"number\"\n\
             [fields.Tier]\ntype = \"text\"\nvalues = [\"Gold\", \"Silver\"]\n\
             [events.Zakup.attributes]\nkategoria = \"text\"\nkwota = \"number\"\nadres = { record = { miasto = \"text\" } }\n",
        )
        .unwrap();
        complete(text, text.len(), &Shop(schema)).candidates.into_iter().map(|c| c.insert).collect()
    }

    fn has(text: &str, wanted: &[&str]) {
        let found = at(text);
        for word in wanted {
            assert!(found.iter().any(|f| f == word), "`{text}` lacks `{word}`: {found:?}");
        }
    }

    #[test]
    fn names_at_every_position() {
        has("", &["field", "event", "all", "segment", "let", "everyone"]);
        assert_eq!(at("field K"), ["Kraj"]);
        has("field ", &["Kraj", "`Imię psa`", "Saldo"]);
        assert_eq!(at("field `imie"), ["`Imię psa`"]);
        has("all < event Zak", &["Zakup"]);
        has("event Zakup ", &["where", "within", "at", "last", "today"]);
        has("event Zakup where ", &["kwota", "kategoria", "adres.miasto", "not"]);
        has("event Zakup where kwota > 5 and kat", &["kategoria"]);
        has("sum(Zakup.", &["kwota"]);
        has("count(Zakup where ", &["kwota"]);
        has("all < segment ", &["vip", "`stali klienci`"]);
        has("$", &["wydatki"]);
        has("field Kraj ", &["in", "is", "contains", "not"]);
        has("field Kraj is ", &["empty", "set"]);
    }

    #[test]
    fn values_with_their_counts() {
        assert_eq!(at("field Kraj = ").get(..2).unwrap(), ["\"Polska\"", "\"Łotwa\""]);
        assert_eq!(at("field Kraj = \"lot"), ["\"Łotwa\""]);
        assert_eq!(at("field Kraj in [\"Polska\", \"Ł"), ["\"Łotwa\""]);
        assert_eq!(at("field Tier = \"g"), ["\"Gold\""]);
        assert_eq!(at("event Zakup where kategoria = \""), ["\"buty\""]);
        assert!(at("field Saldo = \"").is_empty());
    }

    #[test]
    fn nothing_where_nothing_fits() {
        assert!(at("event Zakup within 30").is_empty());
        assert!(at("feld x = ").is_empty());
    }
}
