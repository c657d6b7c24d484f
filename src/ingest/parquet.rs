//! Parquet through the column readers of the `parquet` crate; files with records or lists of records through its row
//! interface.

use std::borrow::Cow;
use std::fs::File;

use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row as RecordRow};

use super::columns::{Cells, Flat, FlatColumn, Meaning, bytes, is_flat};
use super::csv::{Role, roles};
use super::raw::{Raw, Row, Visitor};
use super::{IngestError, Mapping, Source, SourceKind, pipeline};
use crate::schema::Schema;
use crate::value::Decimal;

/// Rows of the groups that are under way at once. One thread takes the rows of all: four that read keep it busy.
const ROWS_UNDER_WAY: i64 = 6 << 20;

/// Reads row groups on several threads.
pub(super) fn read<V: Visitor, E: From<IngestError>>(
    source: &Source,
    mapping: &Mapping,
    schema: Option<&Schema>,
    visitor: &(dyn Fn() -> V + Sync),
    consume: &mut dyn FnMut(V) -> Result<(), E>,
) -> Result<(), E> {
    let path = &source.path;
    let damaged = |error: &ParquetError| IngestError::Unreadable {
        path: path.clone(),
        reason: format!("it is not readable Parquet ({error})"),
    };
    let open = || -> Result<SerializedFileReader<File>, IngestError> {
        let file = File::open(source.place()).map_err(|e| IngestError::unreadable(path, &e))?;
        SerializedFileReader::new(file).map_err(|e| damaged(&e))
    };
    let reader = open()?;
    let description = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<String> = description.root_schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    let roles = roles(&names, source, mapping, schema)?;
    let flat = is_flat(&description);
    let first_rows: Vec<u64> = (0..reader.num_row_groups())
        .scan(1_u64, |next, group| {
            let first = *next;
            *next += u64::try_from(reader.metadata().row_group(group).num_rows()).unwrap_or(0);
            Some(first)
        })
        .collect();
    let constant = mapping.event_constant().map(|name| Raw::Text(Cow::Borrowed(name)));
    let table = Table { roles: &roles, kind: source.kind, constant };
    let work = |(group, first): (usize, u64)| {
        let mut visitor = visitor();
        // A reader moves the position of its file, so each job has a file of its own.
        let reader = open()?;
        let read = if flat {
            read_flat(&reader, group, first, &table, &mut visitor)
        } else {
            read_nested(&reader, group, first, &table, &mut visitor)
        };
        read.map_err(|e| damaged(&e))?;
        Ok(visitor)
    };
    let sizes = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows);
    let largest = sizes.max().unwrap_or(0).max(1);
    let most = usize::try_from(ROWS_UNDER_WAY / largest).unwrap_or(0).max(3);
    pipeline::run(first_rows.into_iter().enumerate().map(Ok), most, work, consume)
}

struct Table<'t> {
    roles: &'t [Role],
    kind: SourceKind,
    constant: Option<Raw<'t>>,
}

impl Table<'_> {
    /// Hands a row to the visitor; the values of each column are taken in order.
    fn row<'v>(&self, number: u64, cells: impl Iterator<Item = Raw<'v>>, visitor: &mut impl Visitor) {
        let events = self.kind == SourceKind::Events;
        let mut keys = Keys::default();
        let mut values: Vec<(Cow<'_, str>, Raw<'_>)> = Vec::with_capacity(self.roles.len());
        for (raw, role) in cells.zip(self.roles) {
            match role {
                // Columns of other events are empty in this row.
                Role::Value(_) if events && raw == Raw::Null => {}
                Role::Value(name) => values.push((Cow::Borrowed(name.as_str()), raw)),
                role => keys.set(role, raw),
            }
        }
        self.hand_over(number, &keys, &values, visitor);
    }

    fn hand_over(&self, number: u64, keys: &Keys<'_>, values: &[(Cow<'_, str>, Raw<'_>)], visitor: &mut impl Visitor) {
        let row = Row {
            contact: keys.contact.as_ref(),
            event: self.constant.as_ref().or(keys.event.as_ref()),
            is_event: self.kind == SourceKind::Events,
            ts: keys.ts.as_ref(),
            event_id: keys.event_id.as_ref(),
            op: None,
            values,
        };
        visitor.row(number, &row, &String::new);
    }
}

/// What a row has besides fields or attributes.
#[derive(Default)]
struct Keys<'v> {
    contact: Option<Raw<'v>>,
    event: Option<Raw<'v>>,
    ts: Option<Raw<'v>>,
    event_id: Option<Raw<'v>>,
}

impl<'v> Keys<'v> {
    fn set(&mut self, role: &Role, raw: Raw<'v>) {
        match role {
            Role::Contact => self.contact = Some(raw),
            Role::Event => self.event = Some(raw),
            Role::Ts => self.ts = Some(raw),
            Role::EventId => self.event_id = Some(raw).filter(|r| *r != Raw::Null),
            Role::Value(_) | Role::Ignored => {}
        }
    }
}

fn read_flat(
    reader: &SerializedFileReader<File>,
    group: usize,
    first: u64,
    table: &Table<'_>,
    visitor: &mut impl Visitor,
) -> Result<(), ParquetError> {
    let row_group = reader.get_row_group(group)?;
    let descriptions = row_group.metadata().schema_descr_ptr();
    let mut columns = (0..row_group.num_columns())
        .map(|at| Ok(FlatColumn::new(row_group.get_column_reader(at)?, &descriptions, at)))
        .collect::<Result<Vec<_>, ParquetError>>()?;
    let mut next = first;
    let required: Vec<u16> = (0_u16..).zip(&columns).filter(|(_, column)| !column.is_optional()).map(|(at, _)| at).collect();
    let mut cells = Cells::default();
    let mut in_order: Vec<(u16, u32)> = Vec::new();
    let mut decoding = 0;
    loop {
        let mut rows = 0;
        decoding += 1;
        for column in &mut columns {
            rows = column.advance()?;
        }
        if rows == 0 {
            return Ok(());
        }
        // An empty cell empties a field; an event does not have the attribute.
        cells.deal(&columns, rows, table.kind == SourceKind::Contacts);
        let flat = Flat { columns: &columns, required: &required, roles: table.roles, decoding };
        let may_be_plain = table.kind == SourceKind::Events && table.constant.is_none();
        let mut values: Vec<(Cow<'_, str>, Raw<'_>)> = Vec::new();
        for (row, of_row) in (0_u32..).zip(cells.rows()) {
            if may_be_plain && visitor.cells(&flat, row, of_row) {
                next += 1;
                continue;
            }
            let mut keys = Keys::default();
            values.clear();
            in_order.clear();
            in_order.extend(flat.cells(row, of_row));
            in_order.sort_unstable();
            for (at, place) in &in_order {
                let (Some(column), Some(role)) = (columns.get(usize::from(*at)), table.roles.get(usize::from(*at))) else {
                    continue;
                };
                let raw = column.raw(*place as usize).unwrap_or(Raw::Null);
                match role {
                    Role::Value(name) => values.push((Cow::Borrowed(name.as_str()), raw)),
                    role => keys.set(role, raw),
                }
            }
            table.hand_over(next, &keys, &values, visitor);
            next += 1;
        }
    }
}

fn read_nested(
    reader: &SerializedFileReader<File>,
    group: usize,
    first: u64,
    table: &Table<'_>,
    visitor: &mut impl Visitor,
) -> Result<(), ParquetError> {
    let row_group = reader.get_row_group(group)?;
    for (number, row) in (first..).zip(row_group.get_row_iter(None)?) {
        let row: RecordRow = row?;
        let cells: Vec<Raw<'_>> = row.get_column_iter().map(|(_, field)| nested(field)).collect();
        table.row(number, cells.into_iter(), visitor);
    }
    Ok(())
}

fn nested(field: &Field) -> Raw<'_> {
    match field {
        Field::Null => Raw::Null,
        Field::Bool(b) => Raw::Bool(*b),
        Field::Byte(n) => Raw::Int(i64::from(*n)),
        Field::Short(n) => Raw::Int(i64::from(*n)),
        Field::Int(n) | Field::TimeMillis(n) => Raw::Int(i64::from(*n)),
        Field::Long(n) | Field::TimeMicros(n) => Raw::Int(*n),
        Field::UByte(n) => Raw::Int(i64::from(*n)),
        Field::UShort(n) => Raw::Int(i64::from(*n)),
        Field::UInt(n) => Raw::Int(i64::from(*n)),
        Field::ULong(n) => Raw::Number(Cow::Owned(n.to_string())),
        Field::Float16(n) => Raw::Number(Cow::Owned(n.to_string())),
        Field::Float(n) => Raw::Number(Cow::Owned(n.to_string())),
        Field::Double(n) => Raw::Double(*n),
        Field::Decimal(n) => match bytes(n.data(), Meaning::Decimal(u8::try_from(n.scale()).unwrap_or(0))) {
            Raw::Decimal(n, scale) => Raw::Number(Cow::Owned(Decimal::new(n, scale).to_string())),
            other => other,
        },
        Field::Str(text) => Raw::Text(Cow::Borrowed(text)),
        Field::Bytes(data) => bytes(data.data(), Meaning::Plain),
        Field::Date(day) => Raw::Day(*day),
        Field::TimestampMillis(ms) => Raw::Instant(*ms),
        Field::TimestampMicros(us) => Raw::Instant(us.div_euclid(1000)),
        Field::Group(row) => {
            Raw::Record(row.get_column_iter().map(|(name, f)| (Cow::Borrowed(name.as_str()), nested(f))).collect())
        }
        Field::ListInternal(list) => Raw::List(list.elements().iter().map(nested).collect()),
        Field::MapInternal(map) => Raw::Record(
            map.entries()
                .iter()
                .map(|(key, f)| (nested(key).as_id().map_or(Cow::Borrowed(""), |k| Cow::Owned(k.into_owned())), nested(f)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArrayType, DataType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

    use super::*;

    const FILE: &str = "message contacts { REQUIRED BYTE_ARRAY contact_id (STRING);
        OPTIONAL GROUP a (LIST) { REPEATED GROUP list { OPTIONAL BYTE_ARRAY element (STRING); } }
        OPTIONAL INT32 day (DATE);
        REQUIRED GROUP b (LIST) { REPEATED GROUP list { REQUIRED INT64 element; } }
        OPTIONAL GROUP c (LIST) { REPEATED GROUP list { REQUIRED INT64 element (TIMESTAMP(MICROS,true)); } } }";

    fn column<T: DataType>(
        group: &mut SerializedRowGroupWriter<'_, File>,
        values: &[T::T],
        definition: Option<&[i16]>,
        repetition: Option<&[i16]>,
    ) {
        let mut writer = group.next_column().unwrap().unwrap();
        writer.typed::<T>().write_batch(values, definition, repetition).unwrap();
        writer.close().unwrap();
    }

    /// Levels of random lists, with those of empty lists and items, and how many values there are.
    fn lists(rows: usize, empty: i16, value: i16, random: &mut dyn FnMut(u64) -> u64) -> (Vec<i16>, Vec<i16>, usize) {
        let (mut definition, mut repetition) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let items = random(5);
            repetition.push(0);
            if items == 0 {
                definition.push(i16::try_from(random(2)).unwrap().min(empty));
            }
            for item in 0..items {
                definition.push(if random(4) == 0 { empty + 1 } else { value });
                repetition.extend((item > 0).then_some(1));
            }
        }
        let values = definition.iter().filter(|level| **level == value).count();
        (definition, repetition, values)
    }

    #[test]
    fn lists_are_what_the_row_interface_reads() {
        const ROWS: usize = 20_000;
        let mut state = 5_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contacts.parquet");
        let schema = Arc::new(parquet::schema::parser::parse_message_type(FILE).unwrap());
        let properties = WriterProperties::builder().set_data_page_row_count_limit(1000).set_write_batch_size(100).build();
        let mut file = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        let texts = |count: usize| (0..count).map(|n| format!("t{}", n % 700).as_str().into()).collect::<Vec<_>>();
        column::<ByteArrayType>(&mut group, &texts(ROWS), None, None);
        let (definition, repetition, values) = lists(ROWS, 1, 3, &mut random);
        column::<ByteArrayType>(&mut group, &texts(values), Some(&definition), Some(&repetition));
        let present: Vec<i16> = (0..ROWS).map(|_| i16::try_from(random(2)).unwrap()).collect();
        let days: Vec<i32> = (0_i32..).zip(&present).filter(|(_, level)| **level == 1).map(|(day, _)| day).collect();
        column::<Int32Type>(&mut group, &days, Some(&present), None);
        for (empty, value) in [(0, 1), (1, 2)] {
            let (definition, repetition, values) = lists(ROWS, empty, value, &mut random);
            let numbers: Vec<i64> = (0_i64..).take(values).collect();
            column::<Int64Type>(&mut group, &numbers, Some(&definition), Some(&repetition));
        }
        group.close().unwrap();
        file.close().unwrap();

        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let description = reader.metadata().file_metadata().schema_descr_ptr();
        assert!(is_flat(&description));
        let group = reader.get_row_group(0).unwrap();
        let mut columns: Vec<FlatColumn> = (0..description.num_columns())
            .map(|at| FlatColumn::new(group.get_column_reader(at).unwrap(), &description, at))
            .collect();
        let mut rows = group.get_row_iter(None).unwrap();
        let mut cells = Cells::default();
        let mut read = 0;
        loop {
            let decoded: Vec<usize> = columns.iter_mut().map(|column| column.advance().unwrap()).collect();
            assert!(decoded.iter().all(|rows| *rows == decoded[0]));
            if decoded[0] == 0 {
                break;
            }
            cells.deal(&columns, decoded[0], true);
            for (at, optional) in cells.rows().enumerate() {
                let row = rows.next().unwrap().unwrap();
                let wanted: Vec<Raw<'_>> = row.get_column_iter().map(|(_, field)| nested(field)).collect();
                let raw = |(column, place): &(u16, u32)| columns[usize::from(*column)].raw(*place as usize).unwrap_or(Raw::Null);
                let mut found: Vec<Raw<'_>> = optional.iter().map(raw).collect();
                found.insert(0, columns[0].raw(at).unwrap());
                assert_eq!(found, wanted);
                read += 1;
            }
        }
        assert_eq!(read, ROWS);
    }
}
