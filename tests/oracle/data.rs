//! Random schemas, contacts and events, full of boundary cases; a plain model of what a store must hold.

use std::collections::BTreeMap;

use rand::Rng;
use rand::RngExt;
use rand::seq::IndexedRandom;
use segql::row::{Event, Profile};
use segql::schema::{AttrId, Column, ColumnType, FieldId, Scalar, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store};
use segql::time::{Clock, Duration, Unit};
use segql::value::{Value, ValueRef};

/// Everything of a case but its script.
pub struct World {
    pub schema: Schema,
    pub now: i64,
    pub profiles: Vec<Profile>,
    imports: Vec<Import>,
}

/// A contact, the instant of the line, and the fields that it sets or empties.
pub type Line = (String, i64, Vec<(usize, Option<Value>)>);

/// Contact lines, events and deletions of events that arrive together.
#[derive(Debug, Default)]
pub struct Import {
    pub lines: Vec<Line>,
    pub events: Vec<(String, Event, Option<String>)>,
    pub deletions: Vec<(String, String)>,
}

pub const TEXTS: [&str; 10] = ["", "PL", "pl", "DE", "Łódź", "lodz", "ŁÓDŹ", "Straße", "STRASSE", "a.b(c"];
pub const CLOSED: [&str; 3] = ["Standard", "Gold", "Żółty"];
const ZONES: [&str; 4] = ["UTC", "Europe/Warsaw", "America/Sao_Paulo", "Pacific/Apia"];

pub fn schema(rng: &mut impl Rng) -> Schema {
    let mut decimals = || rng.random_range(0..=9_u8);
    let (a, b, c) = (decimals(), decimals(), decimals());
    let zone = ZONES.choose(rng).unwrap();
    let text = format!(
        r#"
timezone = "{zone}"
[fields]
t = {{ type = "text" }}
u = {{ type = "text" }}
z = {{ type = "text", values = ["Standard", "Gold", "Żółty"] }}
n = {{ type = "number", decimals = {a} }}
m = {{ type = "number", decimals = {b} }}
b = {{ type = "bool" }}
d = {{ type = "date" }}
e = {{ type = "date" }}
c = {{ type = "time" }}
lt = {{ type = "list<text>" }}
lu = {{ type = "list<text>" }}
ln = {{ type = "list<number>", decimals = {c} }}
zam = {{ list = {{ sku = "text", cena = {{ type = "number", decimals = {a} }}, dzien = "date" }} }}
[events.A.attributes]
t = "text"
z = {{ type = "text", values = ["Standard", "Gold", "Żółty"] }}
n = {{ type = "number", decimals = {b} }}
b = "bool"
d = "date"
c = "time"
lt = "list<text>"
ln = "list<number>"
adres = {{ record = {{ miasto = "text" }} }}
items = {{ list = {{ sku = "text", cena = "number" }} }}
[events.B.attributes]
t = "text"
n = {{ type = "number", decimals = {c} }}
"#
    );
    segql::schema::toml::parse(&text).unwrap()
}

/// Instants around which things happen.
pub fn moments() -> [i64; 8] {
    [
        1_743_296_400_000, // 2025-03-30T01:00Z, clocks go forward in Warsaw
        1_761_440_400_000, // 2025-10-26T01:00Z, clocks go back
        1_740_754_800_000, // end of February
        1_709_208_000_000, // 2024-02-29
        1_764_547_200_000, // 2025-12-01
        1_767_225_599_999, // the last millisecond of 2025
        1_746_057_600_000, // 2025-05-01
        1_761_998_400_000, // 2025-11-01T12:00Z
    ]
}

pub const DURATIONS: [(u32, Unit); 12] = [
    (0, Unit::Day),
    (1, Unit::Second),
    (90, Unit::Minute),
    (5, Unit::Hour),
    (1, Unit::Day),
    (7, Unit::Day),
    (30, Unit::Day),
    (2, Unit::Week),
    (1, Unit::Month),
    (6, Unit::Month),
    (1, Unit::Year),
    (400, Unit::Day),
];

/// An instant that is likely to lie on an edge of some window.
pub fn instant(rng: &mut impl Rng, now: i64, zone: chrono_tz::Tz) -> i64 {
    let clock = Clock { now, zone };
    let (count, unit) = *DURATIONS.choose(rng).unwrap();
    let duration = Duration::of(count, unit).unwrap();
    let at = match rng.random_range(0..6) {
        0 => now,
        1 | 2 => clock.minus(now, &duration),
        3 => clock.day_start(clock.day_of(clock.minus(now, &duration))),
        4 => clock.plus(now, &duration),
        _ => now - rng.random_range(0..40_000_000_000_i64),
    };
    at + [0, 0, 1, -1].choose(rng).unwrap()
}

/// A later instant than `now` at which something of a contact is likely to turn.
pub fn edge(rng: &mut impl Rng, profile: &Profile, now: i64, clock: &Clock) -> i64 {
    let (count, unit) = *DURATIONS.choose(rng).unwrap();
    let duration = Duration::of(count, unit).unwrap();
    let at = match (rng.random_range(0..4), profile.events.choose(rng)) {
        (0 | 1, Some(event)) => clock.plus(event.ts, &duration),
        (2, Some(event)) => clock.day_start(clock.day_of(clock.plus(event.ts, &duration))),
        _ => clock.day_start(clock.day_of(now)),
    };
    at + [0, 1, -1].choose(rng).unwrap()
}

/// Values for columns: the members of a list of records are of one length, and empty together.
fn values(rng: &mut impl Rng, columns: &[Column], chance: f64, now: i64, zone: chrono_tz::Tz) -> Vec<Option<Value>> {
    let records = if rng.random_bool(chance) { rng.random_range(1..4) } else { 0 };
    columns
        .iter()
        .map(|c| match c.ty {
            ColumnType::Item(s) if records > 0 => {
                Some(Value::List((0..records).map(|_| rng.random_bool(0.8).then(|| scalar(rng, s, false, now, zone))).collect()))
            }
            ColumnType::Item(_) => None,
            ty => rng.random_bool(chance).then(|| value(rng, ty, c.values.is_some(), now, zone)),
        })
        .collect()
}

fn value(rng: &mut impl Rng, ty: ColumnType, closed: bool, now: i64, zone: chrono_tz::Tz) -> Value {
    if ty.is_list() {
        let len = rng.random_range(1..4);
        return Value::List((0..len).map(|_| Some(scalar(rng, ty.scalar(), closed, now, zone))).collect());
    }
    scalar(rng, ty.scalar(), closed, now, zone)
}

fn scalar(rng: &mut impl Rng, scalar: Scalar, closed: bool, now: i64, zone: chrono_tz::Tz) -> Value {
    match scalar {
        Scalar::Text => Value::Text((*(if closed { &CLOSED[..] } else { &TEXTS[..] }).choose(rng).unwrap()).to_owned()),
        Scalar::Number { decimals } => {
            let unit = 10_i64.pow(u32::from(decimals));
            Value::Number(match rng.random_range(0..5) {
                0 => 0,
                1 => rng.random_range(-5..=5) * unit,
                2 => rng.random_range(-500..=500_i64),
                3 => unit / 2,
                _ => rng.random_range(-5 * unit..=5 * unit),
            })
        }
        Scalar::Bool => Value::Bool(rng.random()),
        Scalar::Date => {
            Value::Date(Clock { now, zone }.day_of(instant(rng, now, zone)) - [0, 0, 365, 366, 731].choose(rng).unwrap())
        }
        Scalar::Time => Value::Time(instant(rng, now, zone)),
    }
}

impl World {
    pub fn random(rng: &mut impl Rng) -> Self {
        let schema = schema(rng);
        let now =
            moments().choose(rng).unwrap() + rng.random_range(-90_000_000..90_000_000_i64) * i64::from(rng.random_bool(0.5));
        let contacts = rng.random_range(1..14);
        let mut imports: Vec<Import> = Vec::new();
        for round in 0..rng.random_range(1..4_i64) {
            imports.push(Import::random(rng, &schema, (0..contacts).map(|n| (n, 0.8, 8)), round, now));
        }
        let profiles = model(&schema, &imports);
        Self { schema, now, profiles, imports }
    }

    /// A world without data, for scripts.
    pub fn empty(schema: &Schema, now: i64) -> Self {
        Self { schema: schema.clone(), now, profiles: Vec::new(), imports: Vec::new() }
    }

    /// A store that has received everything.
    pub fn load(&self, rng: &mut impl Rng) -> Store {
        let store = Store::temporary(&self.schema).unwrap();
        for import in &self.imports {
            // Sometimes everything goes through temporary files.
            let memory_budget = if rng.random_bool(0.3) { 0 } else { 1 << 20 };
            let mut loader =
                Loader::begin(&store, &self.schema, LoadOptions { memory_budget, ..LoadOptions::default() }).unwrap();
            import.batches().iter().for_each(|batch| loader.push(batch).unwrap());
            loader.finish().unwrap();
        }
        self.compare(&store);
        store
    }

    /// The store gives every contact back as the model has it.
    fn compare(&self, store: &Store) {
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.contacts() as usize, self.profiles.len());
        for profile in &self.profiles {
            let number = snapshot.find(&profile.id).unwrap().unwrap();
            assert_eq!(snapshot.id_of(number).unwrap(), profile.id);
            assert_eq!(snapshot.fields_of(number).unwrap(), profile.fields, "{}", profile.id);
            assert_eq!(snapshot.since_of(number).unwrap(), profile.since, "{}", profile.id);
            let stored: Vec<Event> = snapshot
                .events_of(number)
                .unwrap()
                .into_iter()
                .map(|e| Event { event: e.event, ts: e.ts, attributes: e.attributes })
                .collect();
            let mut expected = profile.events.clone();
            expected.sort_by_key(|e| (e.event, e.ts));
            assert_eq!(stored, expected, "{}", profile.id);
        }
    }
}

impl Import {
    /// Lines and events of some contacts: each with the chance of a line and the most events.
    pub fn random(
        rng: &mut impl Rng,
        schema: &Schema,
        contacts: impl Iterator<Item = (i32, f64, i32)>,
        round: i64,
        now: i64,
    ) -> Self {
        let zone = schema.timezone;
        let events: Vec<_> = ["A", "B", "MailOpen"].iter().filter_map(|name| schema.event(name)).collect();
        let mut import = Self::default();
        for (n, line, most) in contacts {
            if rng.random_bool(line) {
                // A line speaks of all members of a list of records, or of none.
                let records = rng.random_bool(0.9);
                let mut fields: Vec<(usize, Option<Value>)> =
                    values(rng, &schema.fields, 0.8, now, zone).into_iter().enumerate().collect();
                fields.retain(|(at, _)| match schema.fields[*at].ty {
                    ColumnType::Item(_) => records,
                    _ => rng.random_bool(0.9),
                });
                // Lines may be late: an older one than the store has seen says nothing.
                let ts = match rng.random_range(0..3) {
                    0 => round * 10 - if rng.random_bool(0.2) { 15 } else { 0 },
                    _ => instant(rng, now, zone),
                };
                import.lines.push((format!("c{n}"), ts, fields));
            }
            for _ in 0..rng.random_range(0..most) {
                let event = *events.choose(rng).unwrap();
                let attributes = &schema.event_type(event).unwrap().attributes;
                let attributes = values(rng, attributes, 0.7, now, zone);
                let event_id = rng.random_bool(0.3).then(|| format!("e{}", rng.random_range(0..6)));
                import.events.push((format!("c{n}"), Event { event, ts: instant(rng, now, zone), attributes }, event_id));
            }
        }
        import
    }

    /// The same as batches.
    pub fn batches(&self) -> [Batch; 2] {
        let mut lines = Batch::new(BatchKind::Contacts);
        for (contact, ts, fields) in &self.lines {
            lines.begin_contact(contact, *ts);
            for (at, value) in fields {
                with_ref(value.as_ref(), &mut |value| lines.field(FieldId(u16::try_from(*at).unwrap()), value));
            }
        }
        let mut events = Batch::new(BatchKind::Events);
        for (contact, event, event_id) in &self.events {
            events.begin_event(contact, event.event, event.ts, event_id.as_deref());
            for (at, value) in event.attributes.iter().enumerate() {
                with_ref(value.as_ref(), &mut |value| {
                    if let Some(value) = value {
                        events.attribute(AttrId(u16::try_from(at).unwrap()), value);
                    }
                });
            }
        }
        self.deletions.iter().for_each(|(contact, id)| events.delete_event(contact, id));
        [lines, events]
    }
}

fn with_ref(value: Option<&Value>, use_it: &mut dyn FnMut(Option<ValueRef<'_>>)) {
    fn one(value: &Value) -> ValueRef<'_> {
        match value {
            Value::Text(text) => ValueRef::Text(text),
            Value::Number(n) => ValueRef::Number(*n),
            Value::Bool(b) => ValueRef::Bool(*b),
            Value::Date(d) => ValueRef::Date(*d),
            Value::Time(t) => ValueRef::Time(*t),
            Value::List(_) => panic!("a list in a list"),
        }
    }
    match value {
        Some(Value::List(items)) => {
            let refs: Vec<Option<ValueRef<'_>>> = items.iter().map(|i| i.as_ref().map(one)).collect();
            use_it(Some(ValueRef::List(&refs)));
        }
        other => use_it(other.map(one)),
    }
}

/// What contacts are after all imports, the plain way.
fn model(schema: &Schema, imports: &[Import]) -> Vec<Profile> {
    let mut profiles: BTreeMap<String, Profile> = BTreeMap::new();
    let mut seen: BTreeMap<(String, usize), i64> = BTreeMap::new();
    let mut ids: Vec<(String, String)> = Vec::new();
    let fields = schema.fields.len();
    let blank =
        |id: &String| Profile { id: id.clone(), fields: vec![None; fields], since: vec![None; fields], events: Vec::new() };
    for import in imports {
        let mut lines: Vec<_> = import.lines.iter().collect();
        lines.sort_by_key(|(_, ts, _)| *ts);
        for (contact, ts, fields) in lines {
            let profile = profiles.entry(contact.clone()).or_insert_with(|| blank(contact));
            for (at, value) in fields {
                let newest = seen.entry((contact.clone(), *at)).or_insert(i64::MIN);
                if *ts >= *newest {
                    // The first line that speaks of a field begins its history, also one that empties it.
                    if profile.since[*at].is_none() || profile.fields[*at] != *value {
                        profile.since[*at] = Some(*ts);
                    }
                    *newest = *ts;
                    profile.fields[*at].clone_from(value);
                }
            }
        }
        for (contact, event, event_id) in &import.events {
            let profile = profiles.entry(contact.clone()).or_insert_with(|| blank(contact));
            if let Some(event_id) = event_id {
                let key = (contact.clone(), event_id.clone());
                if ids.contains(&key) {
                    continue;
                }
                ids.push(key);
            }
            profile.events.push(event.clone());
        }
    }
    profiles.into_values().collect()
}
