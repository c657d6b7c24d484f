//! Rows to batches: names looked up, values brought to the types of the schema, every reason not to.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::columns::Flat;
use super::quick::Quick;
use super::raw::{Raw, Row, Visitor};
use super::report::Outcome;
use super::{Options, Reason};
use crate::check::nearest;
use crate::schema::{AttrId, Column, ColumnType, EventId, FieldId, Scalar, Schema};
use crate::store::column::Hasher;
use crate::store::record::{Batch, BatchKind};
use crate::store::{MAX_CONTACT_ID_BYTES, Texts};
use crate::time;
use crate::value::{Decimal, DecimalError, ValueRef, nfc};

/// Rows in a batch before the next is begun.
const BATCH_ROWS: usize = 16_384;

type Table<T> = HashMap<String, T, Hasher>;

/// The names of a schema, for look-ups.
pub(super) struct Names {
    fields: Table<Target>,
    events: Table<EventId>,
    attributes: Vec<Table<Target>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A column.
    Column(u16),
    /// A record, whose members are columns with dotted names.
    Record,
    /// A list of records.
    Items,
}

impl Names {
    pub fn new(schema: &Schema) -> Self {
        Self {
            fields: targets(&schema.fields),
            events: (0_u16..).map(EventId).zip(&schema.events).map(|(id, e)| (e.name.clone(), id)).collect(),
            attributes: schema.events.iter().map(|e| targets(&e.attributes)).collect(),
        }
    }
}

fn targets(columns: &[Column]) -> Table<Target> {
    let mut table: Table<Target> = Table::default();
    for (id, column) in (0_u16..).zip(columns) {
        table.insert(column.name.clone(), Target::Column(id));
        let group = if matches!(column.ty, ColumnType::Item(_)) { Target::Items } else { Target::Record };
        for (dot, _) in column.name.match_indices('.') {
            table.entry(column.name.get(..dot).unwrap_or_default().to_owned()).or_insert(group);
        }
    }
    table
}

/// Why a row is rejected.
struct Problem {
    code: Reason,
    message: String,
}

fn problem<T>(code: Reason, message: impl Into<String>) -> Result<T, Problem> {
    Err(Problem { code, message: message.into() })
}

/// Writes rows into batches.
pub(super) struct Encoder<'s> {
    schema: &'s Schema,
    names: &'s Names,
    now: i64,
    ts_unit: super::map::Unit,
    texts: Option<&'s Texts>,
    /// What was found out about the columns of a flat file.
    quick: Option<Box<Quick>>,
    batches: Vec<Batch>,
    outcome: Outcome,
    /// Rows that the present line has begun.
    begun: usize,
}

/// The field of which a column `ts(FIELD)` says since when it is as it is.
pub(super) fn since_of(name: &str) -> Option<&str> {
    name.strip_prefix("ts(")?.strip_suffix(')')
}

/// A value of the right type, on its way into a batch.
enum Typed<'v> {
    Text(Cow<'v, str>),
    Number(i64),
    Bool(bool),
    Date(i32),
    Time(i64),
}

impl Typed<'_> {
    fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Text(text) => ValueRef::Text(text),
            Self::Number(n) => ValueRef::Number(*n),
            Self::Bool(b) => ValueRef::Bool(*b),
            Self::Date(d) => ValueRef::Date(*d),
            Self::Time(t) => ValueRef::Time(*t),
        }
    }
}

impl<'s> Encoder<'s> {
    pub fn new(schema: &'s Schema, names: &'s Names, options: &'s Options) -> Self {
        Self {
            schema,
            names,
            now: options.now,
            ts_unit: options.mapping.ts_unit(),
            texts: options.texts.as_deref(),
            quick: None,
            batches: Vec::new(),
            outcome: Outcome::default(),
            begun: 0,
        }
    }

    pub fn finish(self) -> (Vec<Batch>, Outcome) {
        (self.batches, self.outcome)
    }

    /// The numbers that texts may have.
    pub fn texts(&self) -> Option<&'s Texts> {
        self.texts
    }

    /// The event types of the schema.
    pub fn events(&self) -> impl Iterator<Item = EventId> {
        (0_u16..).map(EventId).take(self.schema.events.len())
    }

    /// The event type with a name in NFC.
    pub fn event(&self, name: &str) -> Option<EventId> {
        self.names.events.get(name).copied()
    }

    /// The attribute of an event with a name in NFC.
    pub fn attribute(&self, event: EventId, name: &str) -> Option<(AttrId, &'s Column)> {
        let Some(Target::Column(id)) = self.names.attributes.get(usize::from(event.0))?.get(name) else { return None };
        Some((AttrId(*id), self.schema.attribute_column(event, AttrId(*id))?))
    }

    /// The batch for the next row.
    pub fn batch(&mut self, kind: BatchKind) -> &mut Batch {
        if self.batches.last().is_none_or(|b| b.kind() != kind || b.len() >= BATCH_ROWS) {
            // Small jobs need little; after a full batch there is more to come.
            let room = if self.batches.is_empty() { 0 } else { BATCH_ROWS };
            self.batches.push(Batch::with_capacity(kind, room));
        }
        // One has just been pushed when there was none.
        let last = self.batches.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "not empty")]
        &mut self.batches[last]
    }

    fn encode(&mut self, row: &Row<'_>) -> Result<(), Problem> {
        let contact = match row.contact.and_then(Raw::as_id) {
            Some(id) if !id.is_empty() => id,
            _ => return problem(Reason::R04, "there is no `contact_id`, or it is empty"),
        };
        let contact = nfc(&contact);
        if contact.len() > MAX_CONTACT_ID_BYTES {
            return problem(
                Reason::R13,
                format!("`contact_id` has {} bytes, more than the {MAX_CONTACT_ID_BYTES} that are kept", contact.len()),
            );
        }
        if row.is_event { self.encode_event(&contact, row) } else { self.encode_contact(&contact, row) }
    }

    fn encode_event(&mut self, contact: &str, row: &Row<'_>) -> Result<(), Problem> {
        match row.op {
            None => {}
            Some(Raw::Text(op)) if op == "delete" => return self.encode_deletion(contact, row),
            Some(other) => {
                let message =
                    format!("`op` is {}; the only one is \"delete\", and a line without `op` adds its event", other.describe());
                return problem(Reason::R15, message);
            }
        }
        let name = match row.event {
            Some(Raw::Text(name)) if !name.is_empty() => name.as_ref(),
            Some(Raw::Cell(name)) => name,
            _ => return problem(Reason::R05, "there is no `event`, or it is not a text"),
        };
        let names = self.names;
        let Some(id) = names.events.get(nfc(name).as_ref()).copied() else {
            let near = nearest(name, self.schema.events.iter().map(|e| e.name.as_str()));
            return problem(Reason::R08, format!("the schema has no event `{name}`{}", did_you_mean_or_add(near)));
        };
        let ts = self.instant(row.ts)?;
        let event_id = row.event_id.and_then(Raw::as_id);
        self.batch(BatchKind::Events).begin_event(contact, id, ts, event_id.as_deref());
        self.begun += 1;
        let (Some(table), Some(ty)) = (names.attributes.get(usize::from(id.0)), self.schema.event_type(id)) else {
            return Ok(());
        };
        for (name, raw) in row.values {
            self.value(BatchKind::Events, table, &ty.attributes, name, raw)?;
        }
        Ok(())
    }

    fn encode_deletion(&mut self, contact: &str, row: &Row<'_>) -> Result<(), Problem> {
        let Some(id) = row.event_id.and_then(Raw::as_id) else {
            return problem(Reason::R15, "a line with `op` \"delete\" has no `event_id`; only events with one can be deleted");
        };
        self.batch(BatchKind::Events).delete_event(contact, &id);
        self.begun += 1;
        self.outcome.deletions += 1;
        Ok(())
    }

    fn encode_contact(&mut self, contact: &str, row: &Row<'_>) -> Result<(), Problem> {
        let ts = if row.ts.is_none_or(|ts| *ts == Raw::Null) { self.now } else { self.instant(row.ts)? };
        let fields = &self.names.fields;
        if row.values.iter().any(|(name, _)| since_of(name).is_some() && !fields.contains_key(name.as_ref())) {
            return self.encode_history(contact, ts, row.values);
        }
        self.begin_contact(contact, ts);
        for (name, raw) in row.values {
            self.value(BatchKind::Contacts, &self.names.fields, &self.schema.fields, name, raw)?;
        }
        Ok(())
    }

    /// A row that says of fields, in columns `ts(FIELD)`, since when each is as it is: a line for each instant. A field without a
    /// value and without an instant is not spoken of.
    fn encode_history(&mut self, contact: &str, ts: i64, values: &[(Cow<'_, str>, Raw<'_>)]) -> Result<(), Problem> {
        let mut lines: BTreeMap<i64, Vec<(&str, &Raw<'_>)>> = BTreeMap::new();
        for (name, raw) in values {
            if since_of(name).is_some() && !self.names.fields.contains_key(name.as_ref()) {
                continue;
            }
            let own = values.iter().find(|(other, _)| since_of(other) == Some(name.as_ref())).map(|(_, since)| since);
            let since = match own {
                Some(Raw::Null | Raw::Cell("")) if matches!(raw, Raw::Null | Raw::Cell("")) => continue,
                None | Some(Raw::Null | Raw::Cell("")) => ts,
                Some(since) => self.instant(Some(since))?,
            };
            lines.entry(since).or_default().push((name, raw));
        }
        if lines.is_empty() {
            self.begin_contact(contact, ts);
        }
        for (ts, values) in lines {
            self.begin_contact(contact, ts);
            for (name, raw) in values {
                self.value(BatchKind::Contacts, &self.names.fields, &self.schema.fields, name, raw)?;
            }
        }
        Ok(())
    }

    fn begin_contact(&mut self, contact: &str, ts: i64) {
        self.batch(BatchKind::Contacts).begin_contact(contact, ts);
        self.begun += 1;
    }

    /// Takes back the rows that a line has begun.
    fn take_back(&mut self) {
        for _ in 0..std::mem::take(&mut self.begun) {
            while self.batches.last().is_some_and(Batch::is_empty) {
                self.batches.pop();
            }
            if let Some(last) = self.batches.last_mut() {
                last.cancel();
            }
        }
    }

    fn instant(&self, ts: Option<&Raw<'_>>) -> Result<i64, Problem> {
        let text = match ts {
            None | Some(Raw::Null) => return problem(Reason::R06, "there is no `ts`"),
            Some(Raw::Instant(ms)) => return Ok(*ms),
            Some(Raw::Day(day)) => return Ok(time::Clock { now: 0, zone: self.schema.timezone }.day_start(*day)),
            Some(Raw::Text(text)) => text.as_ref(),
            Some(Raw::Cell(text)) => text,
            Some(Raw::Int(n)) => return self.ts_unit.millis(*n).map_or_else(|| problem(Reason::R06, NUMERIC_TS), Ok),
            Some(Raw::Number(n)) => n.as_ref(),
            Some(other) => return problem(Reason::R06, format!("`ts` is {}, and an instant is wanted", other.describe())),
        };
        if let Ok(n) = text.parse::<Decimal>()
            && !text.contains(['T', ':'])
        {
            return self.ts_unit.millis_of(n).map_or_else(|| problem(Reason::R06, NUMERIC_TS), Ok);
        }
        time::parse_instant(text, self.schema.timezone)
            .map_err(|error| Problem { code: Reason::R06, message: format!("`ts`: {error}") })
    }

    /// Writes one field or attribute; records go to their columns.
    fn value(
        &mut self,
        kind: BatchKind,
        table: &Table<Target>,
        columns: &[Column],
        name: &str,
        raw: &Raw<'_>,
    ) -> Result<(), Problem> {
        let key = nfc(name);
        match table.get(key.as_ref()) {
            Some(Target::Column(id)) => {
                let Some(column) = columns.get(usize::from(*id)) else { return Ok(()) };
                self.column(kind, *id, column, raw)
            }
            Some(Target::Record) => match raw {
                Raw::Record(members) => {
                    for (member, raw) in members {
                        self.value(kind, table, columns, &format!("{key}.{member}"), raw)?;
                    }
                    Ok(())
                }
                Raw::Null => {
                    let prefix = format!("{key}.");
                    for (id, _) in (0_u16..).zip(columns).filter(|(_, c)| c.name.starts_with(&prefix)) {
                        self.put(kind, id, None);
                    }
                    Ok(())
                }
                other => problem(Reason::R10, format!("`{key}` is {}, and a record is wanted", other.describe())),
            },
            Some(Target::Items) => self.items(kind, columns, &key, raw),
            None if *raw == Raw::Null && kind == BatchKind::Events => Ok(()),
            None => {
                let near = nearest(&key, columns.iter().map(|c| c.name.as_str()));
                let (code, what) = if kind == BatchKind::Contacts { (Reason::R07, "field") } else { (Reason::R09, "attribute") };
                problem(code, format!("the schema has no {what} `{key}` here{}", did_you_mean_or_add(near)))
            }
        }
    }

    fn column(&mut self, kind: BatchKind, id: u16, column: &Column, raw: &Raw<'_>) -> Result<(), Problem> {
        let scalar = column.ty.scalar();
        if column.ty.is_list() {
            let items: Vec<Option<Typed<'_>>> = match raw {
                Raw::Null => Vec::new(),
                Raw::List(items) => items.iter().map(|item| self.typed(column, scalar, item)).collect::<Result<_, _>>()?,
                // A cell of CSV is a list in JSON, or one item.
                Raw::Cell(text) if text.starts_with('[') => {
                    let Ok(Raw::List(items)) = super::json::value(text) else {
                        return problem(
                            Reason::R10,
                            format!("`{}` is {}, and a list such as [\"a\", \"b\"] is wanted", column.name, raw.describe()),
                        );
                    };
                    let owned = items.iter().map(|item| self.typed(column, scalar, item)).collect::<Result<Vec<_>, _>>()?;
                    self.put_list(kind, id, &owned);
                    return Ok(());
                }
                Raw::Cell(_) => vec![self.typed(column, scalar, raw)?],
                other => return problem(Reason::R10, format!("`{}` is {}, and a list is wanted", column.name, other.describe())),
            };
            self.put_list(kind, id, &items);
            return Ok(());
        }
        let typed = self.typed(column, scalar, raw)?;
        self.put(kind, id, typed.as_ref().map(Typed::as_ref));
        Ok(())
    }

    fn put_list(&mut self, kind: BatchKind, id: u16, items: &[Option<Typed<'_>>]) {
        let refs: Vec<Option<ValueRef<'_>>> = items.iter().map(|item| item.as_ref().map(Typed::as_ref)).collect();
        let value = if refs.is_empty() { None } else { Some(ValueRef::List(&refs)) };
        self.put(kind, id, value);
    }

    /// A list of records: one list for each member, all of the same length.
    fn items(&mut self, kind: BatchKind, columns: &[Column], name: &str, raw: &Raw<'_>) -> Result<(), Problem> {
        let records = match raw {
            Raw::Null => &[],
            Raw::List(records) => records.as_slice(),
            other => return problem(Reason::R10, format!("`{name}` is {}, and a list of records is wanted", other.describe())),
        };
        let prefix = format!("{name}.");
        for record in records {
            let Raw::Record(members) = record else {
                return problem(Reason::R10, format!("`{name}` holds {}, and a list of records is wanted", record.describe()));
            };
            if let Some((unknown, _)) =
                members.iter().find(|(m, _)| !columns.iter().any(|c| c.name.strip_prefix(&prefix) == Some(m.as_ref())))
            {
                return problem(Reason::R09, format!("the schema has no `{name}.{unknown}`"));
            }
        }
        for (id, column, member) in (0_u16..).zip(columns).filter_map(|(id, c)| Some((id, c, c.name.strip_prefix(&prefix)?))) {
            let mut values = Vec::with_capacity(records.len());
            for record in records {
                let Raw::Record(members) = record else { continue };
                let raw = members.iter().find(|(m, _)| m == member).map(|(_, raw)| raw);
                values.push(match raw {
                    Some(raw) => self.typed(column, column.ty.scalar(), raw)?,
                    None => None,
                });
            }
            self.put_list(kind, id, &values);
        }
        Ok(())
    }

    fn put(&mut self, kind: BatchKind, id: u16, value: Option<ValueRef<'_>>) {
        let batch = self.batch_of_row(kind);
        match (kind, value) {
            (BatchKind::Contacts, value) => batch.field(FieldId(id), value),
            (BatchKind::Events, Some(value)) => batch.attribute(AttrId(id), value),
            (BatchKind::Events, None) => {}
        }
    }

    /// The batch that holds the row begun last, full or not.
    fn batch_of_row(&mut self, kind: BatchKind) -> &mut Batch {
        if self.batches.is_empty() {
            self.batches.push(Batch::new(kind));
        }
        let last = self.batches.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "not empty")]
        &mut self.batches[last]
    }

    /// A value of a scalar type; `None` when it is empty.
    fn typed<'v>(&mut self, column: &Column, scalar: Scalar, raw: &'v Raw<'_>) -> Result<Option<Typed<'v>>, Problem> {
        let mistaken = |wanted: &str| Problem {
            code: Reason::R10,
            message: format!("`{}` is {}, and {wanted} is wanted", column.name, raw.describe()),
        };
        let wrong = |wanted: &str| Err(mistaken(wanted));
        if matches!(raw, Raw::Null) || matches!(raw, Raw::Cell("")) {
            return Ok(None);
        }
        Ok(Some(match scalar {
            Scalar::Text => {
                let text = match raw {
                    Raw::Text(text) => nfc(text),
                    Raw::Cell(text) => nfc(text),
                    _ => return wrong("a text"),
                };
                if let Some(values) = &column.values
                    && !values.iter().any(|v| *v == text)
                {
                    return problem(Reason::R12, outside(column, &text, values));
                }
                Typed::Text(text)
            }
            Scalar::Number { decimals } => Typed::Number(self.number(column, decimals, raw)?),
            Scalar::Bool => Typed::Bool(match raw {
                Raw::Bool(b) => *b,
                Raw::Cell("true" | "TRUE" | "True" | "1") => true,
                Raw::Cell("false" | "FALSE" | "False" | "0") => false,
                _ => return wrong("true or false"),
            }),
            Scalar::Date => Typed::Date(match raw {
                Raw::Day(day) => *day,
                Raw::Text(text) => time::parse_date(text).map_err(|_| mistaken("a date such as 2025-11-01"))?,
                Raw::Cell(text) => time::parse_date(text).map_err(|_| mistaken("a date such as 2025-11-01"))?,
                _ => return wrong("a date such as 2025-11-01"),
            }),
            Scalar::Time => Typed::Time(match raw {
                Raw::Instant(ms) => *ms,
                Raw::Text(text) => time::parse_instant(text, self.schema.timezone)
                    .map_err(|_| mistaken("an instant such as 2025-11-01T12:00:00Z"))?,
                Raw::Cell(text) => time::parse_instant(text, self.schema.timezone)
                    .map_err(|_| mistaken("an instant such as 2025-11-01T12:00:00Z"))?,
                _ => return wrong("an instant such as 2025-11-01T12:00:00Z"),
            }),
        }))
    }

    fn number(&mut self, column: &Column, decimals: u8, raw: &Raw<'_>) -> Result<i64, Problem> {
        let decimal = match raw {
            Raw::Number(text) => text.parse::<Decimal>(),
            Raw::Cell(text) => text.trim().parse::<Decimal>(),
            Raw::Int(n) => Ok(Decimal::whole(*n)),
            Raw::Decimal(n, scale) => Ok(Decimal::new(*n, *scale)),
            Raw::Double(n) => {
                if let Some(scaled) = exact_double(*n, decimals) {
                    return Ok(scaled);
                }
                Decimal::from_f64(*n)
            }
            _ => Err(DecimalError::Malformed),
        };
        match decimal.and_then(|d| d.to_scaled(decimals)) {
            Ok(rounded) => {
                self.outcome.rounded += u64::from(rounded.inexact);
                Ok(rounded.scaled)
            }
            Err(DecimalError::OutOfRange) => {
                let most = Decimal::new(i128::from(i64::MAX), decimals);
                problem(
                    Reason::R11,
                    format!(
                        "`{}` is {}, and with {decimals} decimals the largest number is {most}; give it fewer `decimals` in the schema, or mend the line",
                        column.name,
                        raw.describe()
                    ),
                )
            }
            Err(DecimalError::Malformed) => {
                problem(Reason::R10, format!("`{}` is {}, and a number is wanted", column.name, raw.describe()))
            }
        }
    }
}

const NUMERIC_TS: &str = "`ts` is a number, and its unit is not known; give `--map` with `ts = { path = \"ts\", unit = \"ms\" }`";

/// The double as a scaled integer when its shortest text has at most `decimals` digits after the point.
///
/// A decimal of at most 15 digits that reads back as the double is its shortest text, because no two of those are the
/// same double.
pub(super) fn exact_double(n: f64, decimals: u8) -> Option<i64> {
    const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    let power = *POWERS.get(usize::from(decimals))?;
    let scaled = (n * power).round();
    #[expect(clippy::float_cmp, reason = "exactly the same double is what is asked for")]
    let same = scaled.abs() < 1e15 && scaled / power == n;
    #[expect(clippy::cast_possible_truncation, reason = "below 10^15")]
    same.then_some(scaled as i64)
}

/// A text that the closed set does not have, with those that it has.
fn outside(column: &Column, text: &str, values: &[String]) -> String {
    const SHOWN: usize = 8;
    let near = nearest(text, values.iter().map(String::as_str));
    let known: Vec<String> = values.iter().take(SHOWN).map(|v| format!("`{v}`")).collect();
    let more = if values.len() > SHOWN { ", ..." } else { "" };
    format!("`{}` is `{text}`, and its values are {}{more}{}", column.name, known.join(", "), did_you_mean(near))
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

fn did_you_mean_or_add(near: Option<&str>) -> String {
    if near.is_some() { did_you_mean(near) } else { "; add it to the schema".to_owned() }
}

impl Visitor for Encoder<'_> {
    fn row(&mut self, line: u64, row: &Row<'_>, text: &dyn Fn() -> String) {
        self.outcome.lines += 1;
        // A row that turns out to be bad half-way is taken back; one that never began is not there.
        self.begun = 0;
        match self.encode(row) {
            Ok(()) => self.outcome.accepted += 1,
            Err(Problem { code, message }) => {
                self.take_back();
                self.outcome.rejects.push((line, code, message, text()));
            }
        }
    }

    fn cells(&mut self, flat: &Flat<'_>, row: u32, optional: &[(u16, u32)]) -> bool {
        let mut quick = self.quick.take().unwrap_or_else(|| Box::new(Quick::new(self, flat)));
        let taken = quick.event(self, flat, row, optional).is_some();
        self.quick = Some(quick);
        self.outcome.lines += u64::from(taken);
        self.outcome.accepted += u64::from(taken);
        taken
    }

    fn reject(&mut self, line: u64, code: Reason, message: String, text: String) {
        self.outcome.lines += 1;
        self.outcome.rejects.push((line, code, message, text));
    }
}
