//! `schema.toml`: reading it with every mistake found, and writing it.

use std::fmt::Write as _;

use std::collections::BTreeMap;
use std::ops::Range;

use ::toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Column, ColumnType, DEFAULT_DECIMALS, EventKind, EventType, MAX_DECIMALS, Scalar, Schema};
use crate::check::nearest;
use crate::value::nfc;

/// One mistake in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// Bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Reads a schema.
///
/// # Errors
/// Every mistake, in order of place.
///
/// ```
/// let schema = segql::schema::toml::parse("timezone = \"Europe/Warsaw\"\n[fields.Saldo]\ntype = \"number\"\ndecimals = 2").unwrap();
/// assert!(schema.field("Saldo").is_some() && schema.event("MailOpen").is_some());
/// assert!(segql::schema::toml::parse("timezone = \"Mars\"").is_err());
/// ```
pub fn parse(text: &str) -> Result<Schema, Vec<SchemaProblem>> {
    let mut reader = Reader { problems: Vec::new() };
    let table = DeTable::parse(text).map_err(|error| {
        vec![SchemaProblem {
            span: error.span().unwrap_or(0..0),
            message: format!("the schema is not TOML: {}", error.message()),
            help: None,
        }]
    })?;
    let schema = reader.schema(&table);
    reader.problems.sort_by_key(|p| p.span.start);
    if reader.problems.is_empty() { Ok(schema) } else { Err(reader.problems) }
}

type Value<'t> = Spanned<DeValue<'t>>;

struct Reader {
    problems: Vec<SchemaProblem>,
}

impl Reader {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.problems.push(SchemaProblem { span, message: message.into(), help });
    }

    fn schema(&mut self, table: &Spanned<DeTable<'_>>) -> Schema {
        let mut schema = Schema::new(chrono_tz::UTC);
        for (key, value) in in_order(table.get_ref()) {
            match key.get_ref().as_ref() {
                "timezone" => {
                    if let Some(name) = self.text(value, "the time zone") {
                        match crate::time::parse_zone(name) {
                            Ok(zone) => schema.timezone = zone,
                            Err(error) => {
                                let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|z| z.name()).collect();
                                let city = |zone: &&str| zone.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(name));
                                let near = names.iter().copied().find(city).or_else(|| nearest(name, names.iter().copied()));
                                self.problem(value.span(), error.to_string(), near.map(|n| format!("did you mean `{n}`?")));
                            }
                        }
                    }
                }
                "fields" => {
                    for (name, definition) in self.table(value, "`fields`") {
                        if name.get_ref() == "contact_id" {
                            self.problem(
                                name.span(),
                                "`contact_id` is there without being declared",
                                Some("leave it out".to_owned()),
                            );
                            continue;
                        }
                        self.column(name, definition, &mut schema.fields);
                    }
                }
                "events" => {
                    for (name, definition) in self.table(value, "`events`") {
                        self.event(name, definition, &mut schema.events);
                    }
                }
                "lints" => self.lints(value, &mut schema.allowed_lints),
                other => self.unknown(key, other, &["timezone", "fields", "events", "lints"]),
            }
        }
        schema
    }

    fn event(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, definition: &Value<'_>, events: &mut Vec<EventType>) {
        let text = nfc(name.get_ref()).into_owned();
        let at = events.iter().position(|e| e.name == text);
        if let Some(known) = at.and_then(|at| events.get(at))
            && known.kind == EventKind::Customer
        {
            self.problem(name.span(), format!("event `{text}` is declared twice"), Some("declare it once".to_owned()));
            return;
        }
        // A system event keeps what it has and may get more.
        let mut event = at.and_then(|at| events.get(at)).cloned().unwrap_or(EventType {
            name: text,
            kind: EventKind::Customer,
            description: None,
            attributes: Vec::new(),
        });
        for (key, value) in self.table(definition, "an event") {
            match key.get_ref().as_ref() {
                "kind" => match self.text(value, "`kind`") {
                    Some("customer" | "system") | None => {}
                    Some(other) => self.problem(
                        value.span(),
                        format!("`{other}` is not a kind of event"),
                        Some("write \"customer\" or \"system\"".to_owned()),
                    ),
                },
                "description" => event.description = self.text(value, "`description`").map(str::to_owned),
                "attributes" => {
                    for (name, definition) in self.table(value, "`attributes`") {
                        let known = event.attributes.iter().position(|a| a.name == nfc(name.get_ref()));
                        match known {
                            Some(_) if at.is_some() => {}
                            _ => self.column(name, definition, &mut event.attributes),
                        }
                    }
                }
                other => self.unknown(key, other, &["kind", "description", "attributes"]),
            }
        }
        match at.and_then(|at| events.get_mut(at)) {
            Some(slot) => *slot = event,
            None => events.push(event),
        }
    }

    /// A field or an attribute; records become several columns.
    fn column(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, definition: &Value<'_>, columns: &mut Vec<Column>) {
        let text = nfc(name.get_ref()).into_owned();
        let Some(found) = self.definition(definition) else { return };
        for (suffix, ty, values, description) in found {
            let name_of = if suffix.is_empty() { text.clone() } else { format!("{text}.{suffix}") };
            if columns.iter().any(|c| c.name == name_of) {
                self.problem(
                    name.span(),
                    format!("`{name_of}` is declared twice"),
                    Some("names are compared after Unicode normalisation; declare it once".to_owned()),
                );
                continue;
            }
            columns.push(Column { name: name_of, ty, values, description });
        }
    }

    /// Columns of a definition: `"number"`, `{ type = "number", decimals = 2 }`, `{ record = { } }`, `{ list = { } }`.
    #[expect(clippy::type_complexity, reason = "local")]
    fn definition(&mut self, value: &Value<'_>) -> Option<Vec<(String, ColumnType, Option<Vec<String>>, Option<String>)>> {
        if let DeValue::String(name) = value.get_ref() {
            let ty = self.type_name(name, value.span(), None)?;
            return Some(vec![(String::new(), ty, None, None)]);
        }
        let (mut ty, mut decimals, mut values, mut description, mut nested) = (None, None, None, None, None);
        let before = self.problems.len();
        for (key, inner) in self.table(value, "a definition") {
            match key.get_ref().as_ref() {
                "type" => match inner.get_ref() {
                    DeValue::Table(_) => nested = self.definition(inner),
                    _ => ty = self.text(inner, "`type`").map(|name| (name, inner.span())),
                },
                "decimals" => decimals = self.decimals(inner),
                "values" => values = self.texts(inner),
                "description" => description = self.text(inner, "`description`").map(str::to_owned),
                "record" => nested = Some(self.members(inner, false)),
                "list" => nested = Some(self.members(inner, true)),
                other => self.unknown(key, other, &["type", "decimals", "values", "description", "record", "list"]),
            }
        }
        if let Some(nested) = nested {
            return Some(nested);
        }
        let Some((name, span)) = ty else {
            if self.problems.len() == before {
                self.problem(
                    value.span(),
                    "a type is missing",
                    Some("add `type = \"text\"` (or number, bool, date, time, list<text>, list<number>)".to_owned()),
                );
            }
            return None;
        };
        let ty = self.type_name(name, span.clone(), decimals)?;
        if decimals.is_some() && !matches!(ty.scalar(), Scalar::Number { .. }) {
            self.problem(span.clone(), "only numbers have `decimals`", Some("leave `decimals` out".to_owned()));
        }
        if values.is_some() && ty.scalar() != Scalar::Text {
            self.problem(span, "only texts have a closed set of `values`", Some("leave `values` out".to_owned()));
        }
        Some(vec![(String::new(), ty, values, description)])
    }

    #[expect(clippy::type_complexity, reason = "local")]
    fn members(&mut self, value: &Value<'_>, list: bool) -> Vec<(String, ColumnType, Option<Vec<String>>, Option<String>)> {
        let mut out = Vec::new();
        if let (true, DeValue::String(name)) = (list, value.get_ref()) {
            let ty = self.type_name(name, value.span(), None);
            return ty.map(|ty| (String::new(), ColumnType::List(ty.scalar()), None, None)).into_iter().collect();
        }
        for (name, definition) in self.table(value, "a record") {
            let member = nfc(name.get_ref()).into_owned();
            for (suffix, ty, values, description) in self.definition(definition).unwrap_or_default() {
                let path = if suffix.is_empty() { member.clone() } else { format!("{member}.{suffix}") };
                let ty = match (list, ty) {
                    (true, ColumnType::Scalar(scalar)) => ColumnType::Item(scalar),
                    (true, _) => {
                        self.problem(
                            definition.span(),
                            "a list inside a list of records cannot be stored",
                            Some("leave it out, or make it a text".to_owned()),
                        );
                        continue;
                    }
                    (false, ty) => ty,
                };
                out.push((path, ty, values, description));
            }
        }
        out
    }

    fn type_name(&mut self, name: &str, span: Range<usize>, decimals: Option<u8>) -> Option<ColumnType> {
        let scalar = |name: &str| match name {
            "text" => Some(Scalar::Text),
            "number" => Some(Scalar::Number { decimals: decimals.unwrap_or(DEFAULT_DECIMALS) }),
            "bool" => Some(Scalar::Bool),
            "date" => Some(Scalar::Date),
            "time" => Some(Scalar::Time),
            _ => None,
        };
        let element = name.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>'));
        let ty = match element {
            Some(element) => scalar(element).filter(|s| matches!(s, Scalar::Text | Scalar::Number { .. })).map(ColumnType::List),
            None => scalar(name).map(ColumnType::Scalar),
        };
        if ty.is_none() {
            let near = nearest(name, ["text", "number", "bool", "date", "time", "list<text>", "list<number>"]);
            let help = near.map_or_else(
                || "the types are text, number, bool, date, time, list<text> and list<number>".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.problem(span, format!("`{name}` is not a type"), Some(help));
        }
        ty
    }

    fn decimals(&mut self, value: &Value<'_>) -> Option<u8> {
        let found = match value.get_ref() {
            DeValue::Integer(n) => n.as_str().parse::<u8>().ok().filter(|n| *n <= MAX_DECIMALS),
            _ => None,
        };
        if found.is_none() {
            self.problem(value.span(), format!("`decimals` is a whole number from 0 to {MAX_DECIMALS}"), None);
        }
        found
    }

    /// `allow = ["W0201"]`
    fn lints(&mut self, value: &Value<'_>, allowed: &mut Vec<String>) {
        for (key, value) in self.table(value, "`lints`") {
            if key.get_ref() != "allow" {
                self.unknown(key, key.get_ref(), &["allow"]);
                continue;
            }
            for code in self.texts(value).unwrap_or_default() {
                let known = crate::diag::codes::ALL.iter().map(|c| c.id()).filter(|id| id.starts_with('W'));
                if known.clone().any(|id| id == code) {
                    allowed.push(code);
                } else {
                    let near = nearest(&code, known).map(|n| format!("did you mean `{n}`?"));
                    self.problem(value.span(), format!("there is no lint `{code}`"), near);
                }
            }
        }
    }

    fn texts(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.problem(value.span(), "`values` is a list of texts", Some("write `values = [\"a\", \"b\"]`".to_owned()));
            return None;
        };
        items.iter().map(|item| self.text(item, "a value").map(|t| nfc(t).into_owned())).collect()
    }

    fn text<'v>(&mut self, value: &'v Value<'_>, what: &str) -> Option<&'v str> {
        if let DeValue::String(text) = value.get_ref() {
            Some(text)
        } else {
            self.problem(value.span(), format!("{what} is a text"), Some("write it in quotes".to_owned()));
            None
        }
    }

    fn table<'v, 't>(
        &mut self,
        value: &'v Value<'t>,
        what: &str,
    ) -> Vec<(&'v Spanned<std::borrow::Cow<'t, str>>, &'v Value<'t>)> {
        if let DeValue::Table(table) = value.get_ref() {
            in_order(table)
        } else {
            self.problem(
                value.span(),
                format!("{what} is a table"),
                Some("write it in braces or as a section in brackets".to_owned()),
            );
            Vec::new()
        }
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, name: &str, known: &[&str]) {
        let help = nearest(name, known.iter().copied())
            .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        self.problem(key.span(), format!("unknown key `{name}`"), Some(help));
    }
}

/// Entries in the order in which they are written; the table itself sorts them by name.
fn in_order<'v, 't>(table: &'v DeTable<'t>) -> Vec<(&'v Spanned<std::borrow::Cow<'t, str>>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Writes a schema so that [`parse`] reads the same. System events are left out unless they have more than they are born
/// with.
#[must_use]
pub fn to_toml(schema: &Schema) -> String {
    let mut out = format!("timezone = {}\n", quoted(schema.timezone.name()));
    for (name, definition) in grouped(&schema.fields) {
        let _ = write!(out, "\n[fields.{}]\n{}", key(&name), long(&definition));
    }
    let born = super::system_events();
    for event in schema.events.iter().filter(|e| !born.contains(e)) {
        let kind = if event.kind == EventKind::System { "system" } else { "customer" };
        let _ = writeln!(out, "\n[events.{}]\nkind = \"{kind}\"", key(&event.name));
        if let Some(description) = &event.description {
            let _ = writeln!(out, "description = {}", quoted(description));
        }
        if !event.attributes.is_empty() {
            let _ = writeln!(out, "[events.{}.attributes]", key(&event.name));
            for (name, definition) in grouped(&event.attributes) {
                let _ = writeln!(out, "{} = {}", key(&name), short(&definition));
            }
        }
    }
    out
}

/// A column, or the members of a record or of a list of records.
enum Definition<'c> {
    Column(&'c Column),
    Record(BTreeMap<usize, (String, Definition<'c>)>, bool),
}

/// Columns with the flattened ones put together again, in order of their first appearance.
fn grouped(columns: &[Column]) -> Vec<(String, Definition<'_>)> {
    let mut out: Vec<(String, Definition<'_>)> = Vec::new();
    for column in columns {
        insert(&mut out, &column.name, column);
    }
    out
}

fn insert<'c>(out: &mut Vec<(String, Definition<'c>)>, path: &str, column: &'c Column) {
    let Some((head, rest)) = path.split_once('.') else {
        out.push((path.to_owned(), Definition::Column(column)));
        return;
    };
    let list = matches!(column.ty, ColumnType::Item(_));
    let at = out.iter().position(|(name, d)| name == head && matches!(d, Definition::Record(..))).unwrap_or_else(|| {
        out.push((head.to_owned(), Definition::Record(BTreeMap::new(), list)));
        out.len() - 1
    });
    if let Some((_, Definition::Record(members, _))) = out.get_mut(at) {
        let mut inner: Vec<(String, Definition<'c>)> = std::mem::take(members).into_values().collect();
        insert(&mut inner, rest, column);
        *members = inner.into_iter().enumerate().collect();
    }
}

fn long(definition: &Definition<'_>) -> String {
    match definition {
        Definition::Column(column) => properties(column, true).into_iter().map(|p| p + "\n").collect(),
        Definition::Record(..) => format!("type = {}\n", short(definition)),
    }
}

fn short(definition: &Definition<'_>) -> String {
    match definition {
        Definition::Column(column) => {
            let properties = properties(column, false);
            match properties.as_slice() {
                [only] => only.trim_start_matches("type = ").to_owned(),
                all => format!("{{ {} }}", all.join(", ")),
            }
        }
        Definition::Record(members, list) => {
            let members: Vec<String> = members.values().map(|(name, d)| format!("{} = {}", key(name), short(d))).collect();
            format!("{{ {} = {{ {} }} }}", if *list { "list" } else { "record" }, members.join(", "))
        }
    }
}

fn properties(column: &Column, _section: bool) -> Vec<String> {
    let name = match column.ty {
        ColumnType::List(scalar) => format!("list<{scalar}>"),
        ty => ty.scalar().to_string(),
    };
    let mut out = vec![format!("type = \"{name}\"")];
    if let Scalar::Number { decimals } = column.ty.scalar()
        && decimals != DEFAULT_DECIMALS
    {
        out.push(format!("decimals = {decimals}"));
    }
    if let Some(values) = &column.values {
        let values: Vec<String> = values.iter().map(|v| quoted(v)).collect();
        out.push(format!("values = [{}]", values.join(", ")));
    }
    if let Some(description) = &column.description {
        out.push(format!("description = {}", quoted(description)));
    }
    out
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    ::toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
timezone = "Europe/Warsaw"
[fields.Status_VIP]
type = "text"
values = ["Standard", "Gold"]
description = "Loyalty tier"
[fields."Wartość_zakupów_12m"]
type = "number"
decimals = 2
[fields.Tagi]
type = "list<text>"
[fields.adres]
type = { record = { miasto = "text", geo = { record = { lat = "number" } } } }
[events.Zakup]
kind = "customer"
[events.Zakup.attributes]
kwota = { type = "number", decimals = 2 }
items = { list = { sku = "text", cena = "number" } }
[events.MailOpen]
kind = "system"
[events.MailOpen.attributes]
device = "text"
"#;

    #[test]
    fn reads_and_writes() {
        let schema = parse(TEXT).unwrap();
        let names: Vec<&str> = schema.fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["Status_VIP", "Wartość_zakupów_12m", "Tagi", "adres.miasto", "adres.geo.lat"]);
        let zakup = schema.event_type(schema.event("Zakup").unwrap()).unwrap();
        assert_eq!(zakup.attributes[1], Column::new("items.sku", ColumnType::Item(Scalar::Text)));
        let open = schema.event_type(schema.event("MailOpen").unwrap()).unwrap();
        assert_eq!(open.attributes.len(), 4);
        let again = parse(&to_toml(&schema)).unwrap_or_else(|p| panic!("{p:?}\n{}", to_toml(&schema)));
        assert_eq!(again, schema);
    }

    #[test]
    fn every_mistake_is_found() {
        let problems = parse("timezone = \"Warsaw\"\nfeilds = 1\n[fields.a]\ntype = \"numbr\"\n[fields.b]\ndecimals = 12\n[events.E]\nkind = \"mine\"").unwrap_err();
        let helps: Vec<_> = problems.iter().map(|p| (p.message.as_str(), p.help.as_deref().unwrap_or(""))).collect();
        assert_eq!(problems.len(), 5, "{helps:?}");
        assert_eq!(helps[0].1, "did you mean `Europe/Warsaw`?");
        assert_eq!(helps[1].1, "did you mean `fields`?");
        assert_eq!(helps[2].1, "did you mean `number`?");
    }
}
