//! Rows of events from flat Parquet, without looking up in every row what names, types and texts mean.
//!
//! Only what is plain is written here. A row with anything else in it is left to the way that the rows of all formats
//! take, which alone knows the rules and what to say.

use parquet::data_type::ByteArray;

use super::columns::{Flat, FlatColumn, Meaning, Values};
use super::csv::Role;
use super::encode::{Encoder, exact_double};
use crate::schema::{AttrId, EventId, Scalar};
use crate::store::record::{Batch, BatchKind};
use crate::store::{MAX_CONTACT_ID_BYTES, Texts};
use crate::value::{ValueRef, nfc};

/// Texts that are remembered of a column; a power of two.
const REMEMBERED: usize = 1 << REMEMBERED_BITS;
const REMEMBERED_BITS: u32 = 10;

/// What the columns of a file are to the events of a schema.
pub(super) struct Quick {
    /// For each event type the attributes that the columns are.
    goals: Vec<Vec<Option<Goal>>>,
    memories: Vec<Memory>,
}

/// An attribute without further rules.
#[derive(Clone, Copy)]
struct Goal {
    attr: AttrId,
    scalar: Scalar,
}

impl Quick {
    pub fn new(encoder: &Encoder<'_>, flat: &Flat<'_>) -> Self {
        let goal = |event: EventId, role: &Role| {
            let Role::Value(name) = role else { return None };
            let (attr, column) = encoder.attribute(event, &nfc(name))?;
            (!column.ty.is_list() && column.values.is_none()).then(|| Goal { attr, scalar: column.ty.scalar() })
        };
        let goals = encoder.events().map(|event| flat.roles.iter().map(|role| goal(event, role)).collect()).collect();
        Self { goals, memories: flat.columns.iter().map(Memory::new).collect() }
    }

    /// Writes a row; `None`: nothing is written, and the row is not plain.
    pub fn event(&mut self, encoder: &mut Encoder<'_>, flat: &Flat<'_>, row: u32, optional: &[(u16, u32)]) -> Option<()> {
        let (mut contact, mut event, mut ts, mut event_id) = (None, None, None, None);
        for (at, place) in flat.cells(row, optional) {
            let at = usize::from(at);
            let (role, column) = (flat.roles.get(at)?, flat.columns.get(at)?);
            let place = place as usize;
            match role {
                Role::Value(_) | Role::Ignored => {}
                Role::Contact => contact = Some(text(column.text(place)?)?),
                Role::Event => event = Some(self.memories.get_mut(at)?.event(flat, column.text(place)?, encoder)?),
                Role::Ts => ts = Some(column.instant(place)?),
                Role::EventId => event_id = Some(std::str::from_utf8(column.text(place)?.data()).ok()?),
            }
        }
        let (contact, event) = (contact.filter(|id| (1..=MAX_CONTACT_ID_BYTES).contains(&id.len()))?, event?);
        let goals = self.goals.get(usize::from(event.0))?;
        let texts = encoder.texts();
        let batch = encoder.batch(BatchKind::Events);
        batch.begin_event(contact, event, ts?, event_id);
        for (at, place) in flat.cells(row, optional) {
            let at = usize::from(at);
            if matches!(flat.roles.get(at), Some(Role::Value(_))) {
                let goal = goals.get(at).copied().flatten();
                let put = goal
                    .zip(flat.columns.get(at))
                    .zip(self.memories.get_mut(at))
                    .and_then(|((goal, column), memory)| put(batch, goal, column, place as usize, (memory, flat, texts)));
                if put.is_none() {
                    batch.cancel();
                    return None;
                }
            }
        }
        Some(())
    }
}

/// Writes a value of the type of its attribute.
fn put(
    batch: &mut Batch,
    Goal { attr, scalar }: Goal,
    column: &FlatColumn,
    place: usize,
    (memory, flat, texts): (&mut Memory, &Flat<'_>, Option<&Texts>),
) -> Option<()> {
    let value = match scalar {
        Scalar::Text => {
            let value = column.text(place)?;
            if let Known::Number(number) = memory.text(flat, value, texts)? {
                batch.numbered_attribute(attr, number);
                return Some(());
            }
            ValueRef::Text(std::str::from_utf8(value.data()).ok()?)
        }
        Scalar::Number { decimals } => ValueRef::Number(column.number(place, decimals)?),
        Scalar::Time => ValueRef::Time(column.instant(place)?),
        Scalar::Date => match column.scalars()? {
            (Values::I32(days), Meaning::Day) => ValueRef::Date(*days.get(place)?),
            _ => return None,
        },
        Scalar::Bool => match column.scalars()? {
            (Values::Bool(bools), _) => ValueRef::Bool(*bools.get(place)?),
            _ => return None,
        },
    };
    batch.attribute(attr, value);
    Some(())
}

/// A text in NFC, if it is one as it is.
fn text(value: &ByteArray) -> Option<&str> {
    let text = std::str::from_utf8(value.data()).ok()?;
    matches!(nfc(text), std::borrow::Cow::Borrowed(_)).then_some(text)
}

impl FlatColumn {
    fn text(&self, place: usize) -> Option<&ByteArray> {
        match self.scalars()? {
            (Values::Bytes(texts), Meaning::Plain) => texts.get(place),
            _ => None,
        }
    }

    /// Milliseconds.
    fn instant(&self, place: usize) -> Option<i64> {
        match self.scalars()? {
            (Values::I64(instants), Meaning::Instant(1)) => instants.get(place).copied(),
            (Values::I64(instants), Meaning::Instant(units)) => Some(instants.get(place)?.div_euclid(units)),
            _ => None,
        }
    }

    /// A number with so many decimals, when it has no more.
    fn number(&self, place: usize, decimals: u8) -> Option<i64> {
        let (values, meaning) = self.scalars()?;
        let whole = |n: i64| match meaning {
            Meaning::Decimal(scale) => (scale == decimals).then_some(n),
            Meaning::Plain => n.checked_mul(10_i64.checked_pow(u32::from(decimals))?),
            Meaning::Day | Meaning::Instant(_) => None,
        };
        match values {
            Values::I32(numbers) => whole(i64::from(*numbers.get(place)?)),
            Values::I64(numbers) => whole(*numbers.get(place)?),
            Values::F64(numbers) => exact_double(*numbers.get(place)?, decimals),
            _ => None,
        }
    }
}

/// What is known of the texts of a column, by where they stand in memory: a Parquet dictionary has each text once, and
/// nothing moves while the rows that were decoded together are read.
struct Memory {
    places: Vec<Remembered>,
}

#[derive(Clone, Copy)]
struct Remembered {
    start: usize,
    len: usize,
    /// Which of the decodings it is of.
    decoding: u32,
    known: Known,
}

/// What is known of a text.
#[derive(Clone, Copy)]
enum Known {
    /// It has been met once.
    Text,
    /// It has no number.
    Spelled,
    /// It has one.
    Number(u32),
    /// It is an event type.
    Event(EventId),
}

const NOTHING: Remembered = Remembered { start: 0, len: 0, decoding: 0, known: Known::Text };

impl Memory {
    fn new(column: &FlatColumn) -> Self {
        let places = if matches!(column.scalars(), Some((Values::Bytes(_), _))) { vec![NOTHING; REMEMBERED] } else { Vec::new() };
        Self { places }
    }

    /// What is remembered of a text, or the place for it.
    fn place(&mut self, flat: &Flat<'_>, value: &ByteArray) -> Option<(&mut Remembered, bool)> {
        let (start, len) = (value.data().as_ptr().addr(), value.data().len());
        let hash = (start as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - REMEMBERED_BITS);
        let place = self.places.get_mut(usize::try_from(hash).ok()?)?;
        let met = place.start == start && place.len == len && place.decoding == flat.decoding;
        if !met {
            *place = Remembered { start, len, decoding: flat.decoding, known: Known::Text };
        }
        Some((place, met))
    }

    /// What is known of a text, which gets its number when it is met again; `None` when it is not plain.
    fn text(&mut self, flat: &Flat<'_>, value: &ByteArray, texts: Option<&Texts>) -> Option<Known> {
        let (place, met) = self.place(flat, value)?;
        if !met && text(value).is_none() {
            *place = NOTHING;
            return None;
        }
        if met && matches!(place.known, Known::Text) {
            let number = texts.and_then(|texts| texts.number(std::str::from_utf8(value.data()).ok()?));
            place.known = number.map_or(Known::Spelled, Known::Number);
        }
        Some(place.known)
    }

    /// The event type of a name.
    fn event(&mut self, flat: &Flat<'_>, value: &ByteArray, encoder: &Encoder<'_>) -> Option<EventId> {
        let (place, _) = self.place(flat, value)?;
        if let Known::Event(event) = place.known {
            return Some(event);
        }
        let event = encoder.event(text(value)?)?;
        place.known = Known::Event(event);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

    use super::super::encode::Names;
    use super::super::raw::{Row, Visitor};
    use super::super::report::Outcome;
    use super::super::{IngestError, Mapping, Options, Reason, Source, SourceKind};
    use super::*;
    use crate::store::record::spell_out;

    /// Takes every row the long way.
    struct Rows<'s>(Encoder<'s>);

    impl Visitor for Rows<'_> {
        fn row(&mut self, line: u64, row: &Row<'_>, text: &dyn Fn() -> String) {
            self.0.row(line, row, text);
        }
        fn reject(&mut self, line: u64, code: Reason, message: String, text: String) {
            self.0.reject(line, code, message, text);
        }
    }

    const SCHEMA: &str = r#"
        [events.E.attributes]
        t = "text"
        closed = { type = "text", values = ["x", "y"] }
        money = { type = "number", decimals = 2 }
        whole = { type = "number", decimals = 1 }
        double = { type = "number", decimals = 2 }
        day = "date"
        at = "time"
        yes = "bool"
        [events.F.attributes]
        t = "text"
        list = "list<text>"
    "#;

    const FILE: &str = "message events {
        OPTIONAL BYTE_ARRAY contact_id (STRING); OPTIONAL BYTE_ARRAY event (STRING); OPTIONAL INT64 ts (TIMESTAMP(MICROS,true));
        OPTIONAL BYTE_ARRAY event_id (STRING); OPTIONAL BYTE_ARRAY t (STRING); OPTIONAL BYTE_ARRAY closed (STRING);
        OPTIONAL INT64 money (DECIMAL(18,2)); OPTIONAL INT32 whole; OPTIONAL DOUBLE double; OPTIONAL INT32 day (DATE);
        OPTIONAL INT64 at (TIMESTAMP(MILLIS,true)); OPTIONAL BOOLEAN yes; OPTIONAL BYTE_ARRAY list (STRING); }";

    fn column<T: DataType>(group: &mut SerializedRowGroupWriter<'_, std::fs::File>, cells: &[Option<T::T>]) {
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
        let mut writer = group.next_column().unwrap().unwrap();
        writer.typed::<T>().write_batch(&values, Some(&levels), None).unwrap();
        writer.close().unwrap();
    }

    fn write(path: &std::path::Path, rows: usize, dictionaries: bool) {
        let mut state = 3_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut some = |empty: u64, value: &mut dyn FnMut(u64) -> Vec<u8>| -> Vec<Option<ByteArray>> {
            (0..rows).map(|_| (random(empty) > 0).then(|| ByteArray::from(value(random(1000))))).collect()
        };
        let one_of = |texts: &'static [&'static str]| move |n: u64| texts[usize::try_from(n).unwrap() % texts.len()].into();
        let contacts = some(50, &mut |n| match n {
            0 => Vec::new(),
            1 => vec![b'x'; MAX_CONTACT_ID_BYTES + 1],
            2 => "e\u{301}".into(),
            3 => vec![0xff],
            n => format!("c{}", n % 40).into(),
        });
        let events = some(50, &mut one_of(&["E", "E", "E", "F", "E", "G", "E", "E", "F", ""]));
        let ids = some(3, &mut |n| if n == 0 { vec![0xfe] } else { n.to_string().into() });
        let texts = some(4, &mut |n| match n {
            0 => vec![b'a', 0xff],
            1 => "o\u{301}".into(),
            2 => Vec::new(),
            n => format!("tekst ł {}", n % 30).into(),
        });
        let closed = some(2, &mut one_of(&["x", "y", "x", "z"]));
        let lists = some(30, &mut one_of(&["a"])).into_iter().map(|cell| cell.xor(Some("a".into()))).collect::<Vec<_>>();
        let mut numbers = |empty: u64| -> Vec<Option<i64>> {
            (0..rows).map(|_| (random(empty) > 0).then(|| random(1 << 40).cast_signed() - (1 << 39))).collect()
        };
        let (instants, money, at) = (numbers(50), numbers(3), numbers(3));
        let small = |cells: Vec<Option<i64>>| -> Vec<Option<i32>> {
            cells.into_iter().map(|cell| cell.map(|n| i32::try_from(n % 30_000).unwrap())).collect()
        };
        let (whole, day) = (small(numbers(3)), small(numbers(3)));
        let doubles: Vec<Option<f64>> = numbers(3)
            .into_iter()
            .map(|cell| {
                cell.map(|n| if n % 97 == 0 { f64::INFINITY } else { f64::from(i32::try_from(n % 100_000).unwrap()) / 1000.0 })
            })
            .collect();
        let bools: Vec<Option<bool>> = numbers(3).into_iter().map(|cell| cell.map(|n| n % 2 == 0)).collect();
        let properties = WriterProperties::builder().set_dictionary_enabled(dictionaries).build();
        let schema = Arc::new(parquet::schema::parser::parse_message_type(FILE).unwrap());
        let file = std::fs::File::create(path).unwrap();
        let mut file = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        column::<ByteArrayType>(&mut group, &contacts);
        column::<ByteArrayType>(&mut group, &events);
        column::<Int64Type>(&mut group, &instants);
        column::<ByteArrayType>(&mut group, &ids);
        column::<ByteArrayType>(&mut group, &texts);
        column::<ByteArrayType>(&mut group, &closed);
        column::<Int64Type>(&mut group, &money);
        column::<Int32Type>(&mut group, &whole);
        column::<DoubleType>(&mut group, &doubles);
        column::<Int32Type>(&mut group, &day);
        column::<Int64Type>(&mut group, &at);
        column::<BoolType>(&mut group, &bools);
        column::<ByteArrayType>(&mut group, &lists);
        group.close().unwrap();
        file.close().unwrap();
    }

    /// Ids and bodies.
    type Encoded = Vec<(Vec<u8>, Vec<u8>)>;

    /// All rows, with texts in place of their numbers, and what became of the lines.
    fn encoded<'s, V: Visitor>(
        path: &std::path::Path,
        options: &'s Options,
        new: &(dyn Fn() -> V + Sync),
        encoder: &dyn Fn(V) -> Encoder<'s>,
    ) -> (Encoded, Outcome) {
        let source = Source { path: path.to_owned(), copy: None, kind: SourceKind::Events, format: None };
        let mut all = None;
        super::super::parquet::read(&source, &Mapping::default(), None, new, &mut |visitor| {
            all = Some(encoder(visitor).finish());
            Ok::<(), IngestError>(())
        })
        .unwrap();
        let (batches, outcome) = all.unwrap();
        let texts = options.texts.as_ref().map(|texts| texts.all()).unwrap_or_default();
        let mut rows = Encoded::new();
        for (id, body) in batches.iter().flat_map(Batch::rows) {
            let mut spelled = Vec::new();
            spell_out(body, &texts, &mut spelled).unwrap();
            rows.push((id.to_vec(), spelled));
        }
        (rows, outcome)
    }

    #[test]
    fn plain_rows_are_what_all_rows_are() {
        let schema = crate::schema::toml::parse(SCHEMA).unwrap();
        let names = Names::new(&schema);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.parquet");
        for dictionaries in [true, false] {
            write(&path, 20_000, dictionaries);
            let options = Options { texts: Some(Arc::default()), ..Options::default() };
            let new = || Encoder::new(&schema, &names, &options);
            let quick = encoded(&path, &options, &new, &|encoder| encoder);
            let slow = encoded(&path, &options, &|| Rows(new()), &|rows: Rows<'_>| rows.0);
            assert!(quick.0.len() > 5_000 && quick.1.rejects.len() > 1_000, "{} {}", quick.0.len(), quick.1.rejects.len());
            assert!(quick.0 == slow.0, "other rows");
            assert_eq!(format!("{:?}", quick.1), format!("{:?}", slow.1));
            // Only dictionaries have texts that are met again.
            assert_eq!(options.texts.unwrap().all().iter().any(|text| !text.is_empty()), dictionaries);
        }
    }
}
