//! Parquet through the column readers of the `parquet` crate; files with lists or records through its row interface.

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row as RecordRow};
use parquet::schema::types::ColumnDescriptor;

use super::csv::{Role, roles};
use super::raw::{Raw, Row, Visitor};
use super::{IngestError, Mapping, Source, SourceKind, pipeline};
use crate::schema::Schema;
use crate::value::Decimal;

/// Rows that are decoded at once.
const ROWS: usize = 8192;

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
    let flat =
        description.columns().iter().all(|c| c.max_rep_level() == 0 && c.max_def_level() <= 1 && c.path().parts().len() == 1);
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
    pipeline::run(first_rows.into_iter().enumerate().map(Ok), work, consume)
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

/// How a physical value is meant.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Plain,
    Day,
    /// Units in a millisecond; negative: milliseconds in a unit.
    Instant(i64),
    Decimal(u8),
}

fn meaning(column: &ColumnDescriptor) -> Meaning {
    match column.logical_type_ref() {
        Some(LogicalType::Date) => return Meaning::Day,
        Some(LogicalType::Timestamp(timestamp)) => {
            return Meaning::Instant(match timestamp.unit {
                TimeUnit::MILLIS => 1,
                TimeUnit::MICROS => 1_000,
                TimeUnit::NANOS => 1_000_000,
            });
        }
        Some(LogicalType::Decimal(decimal)) => return Meaning::Decimal(u8::try_from(decimal.scale).unwrap_or(0)),
        _ => {}
    }
    match column.converted_type() {
        ConvertedType::DATE => Meaning::Day,
        ConvertedType::TIMESTAMP_MILLIS => Meaning::Instant(1),
        ConvertedType::TIMESTAMP_MICROS => Meaning::Instant(1_000),
        ConvertedType::DECIMAL => Meaning::Decimal(u8::try_from(column.type_scale()).unwrap_or(0)),
        _ if column.physical_type() == Physical::INT96 => Meaning::Instant(1),
        _ => Meaning::Plain,
    }
}

/// A column of a row group while it is read.
struct FlatColumn {
    reader: ColumnReader,
    optional: bool,
    meaning: Meaning,
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<Int96>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl FlatColumn {
    fn new(reader: ColumnReader, column: &Arc<ColumnDescriptor>) -> Self {
        let values = match &reader {
            ColumnReader::BoolColumnReader(_) => Values::Bool(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Values::I32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Values::I64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Values::I96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Values::F32(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Values::F64(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) => Values::Bytes(Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => Values::Fixed(Vec::new()),
        };
        Self { reader, optional: column.max_def_level() > 0, meaning: meaning(column), levels: Vec::new(), values }
    }

    /// Decodes the next rows and returns how many.
    fn advance(&mut self) -> Result<usize, ParquetError> {
        self.levels.clear();
        let levels = &mut self.levels;
        let optional = self.optional;
        match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => records(r, v, levels, optional),
            (ColumnReader::Int32ColumnReader(r), Values::I32(v)) => records(r, v, levels, optional),
            (ColumnReader::Int64ColumnReader(r), Values::I64(v)) => records(r, v, levels, optional),
            (ColumnReader::Int96ColumnReader(r), Values::I96(v)) => records(r, v, levels, optional),
            (ColumnReader::FloatColumnReader(r), Values::F32(v)) => records(r, v, levels, optional),
            (ColumnReader::DoubleColumnReader(r), Values::F64(v)) => records(r, v, levels, optional),
            (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => records(r, v, levels, optional),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => records(r, v, levels, optional),
            _ => Err(ParquetError::General("a column changed its type".to_owned())),
        }
    }

    /// The rows that have a value, in order: the first has the first value, and so on.
    fn present(&self, rows: usize) -> impl Iterator<Item = usize> {
        let optional = self.optional;
        (0..rows).filter(move |row| !optional || self.levels.get(*row) == Some(&1))
    }

    fn raw(&self, place: usize) -> Option<Raw<'_>> {
        Some(match &self.values {
            Values::Bool(v) => Raw::Bool(*v.get(place)?),
            Values::I32(v) => whole(i64::from(*v.get(place)?), self.meaning),
            Values::I64(v) => whole(*v.get(place)?, self.meaning),
            Values::I96(v) => Raw::Instant(v.get(place)?.to_millis()),
            Values::F32(v) => Raw::Number(Cow::Owned(v.get(place)?.to_string())),
            Values::F64(v) => Raw::Double(*v.get(place)?),
            Values::Bytes(v) => bytes(v.get(place)?.data(), self.meaning),
            Values::Fixed(v) => bytes(v.get(place)?.data(), self.meaning),
        })
    }
}

fn records<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    values: &mut Vec<T::T>,
    levels: &mut Vec<i16>,
    optional: bool,
) -> Result<usize, ParquetError> {
    values.clear();
    let mut rows = 0;
    // A call ends at the end of a page.
    while rows < ROWS {
        let (read, _, _) = reader.read_records(ROWS - rows, optional.then_some(&mut *levels), None, values)?;
        if read == 0 {
            break;
        }
        rows += read;
    }
    Ok(rows)
}

fn whole(n: i64, meaning: Meaning) -> Raw<'static> {
    match meaning {
        Meaning::Plain => Raw::Int(n),
        Meaning::Day => Raw::Day(i32::try_from(n).unwrap_or(i32::MAX)),
        Meaning::Instant(units) => Raw::Instant(n.div_euclid(units)),
        Meaning::Decimal(scale) => Raw::Decimal(i128::from(n), scale),
    }
}

fn bytes(data: &[u8], meaning: Meaning) -> Raw<'_> {
    if let Meaning::Decimal(scale) = meaning {
        // Big-endian two's complement of any length.
        let sign = if data.first().is_some_and(|b| b & 0x80 != 0) { -1 } else { 0 };
        return Raw::Decimal(data.iter().fold(sign, |n: i128, b| n << 8 | i128::from(*b)), scale);
    }
    std::str::from_utf8(data).map_or_else(|_| Raw::Text(String::from_utf8_lossy(data)), |text| Raw::Text(Cow::Borrowed(text)))
}

/// The cells of some rows, row by row: most columns are empty in most rows, and only the others cost anything.
#[derive(Default)]
struct Cells {
    /// Where the cells of each row end.
    ends: Vec<u32>,
    /// Column and place in it; a place beyond the column is an empty cell.
    cells: Vec<(u16, u32)>,
}

impl Cells {
    /// Deals the values of the columns out to their rows; with `empty` also the cells without one.
    fn deal(&mut self, columns: &[FlatColumn], rows: usize, empty: bool) {
        let mut starts = vec![0_u32; rows];
        for column in columns {
            if empty {
                for count in &mut starts {
                    *count += 1;
                }
            } else {
                column.present(rows).for_each(|row| bump(&mut starts, row));
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        self.cells.clear();
        self.cells.resize(sum as usize, (0, u32::MAX));
        for (at, column) in (0_u16..).zip(columns) {
            let mut put = |row: usize, place: u32| {
                if let Some(cell) = starts.get(row).and_then(|start| self.cells.get_mut(*start as usize)) {
                    *cell = (at, place);
                }
                bump(&mut starts, row);
            };
            let mut present = (0_u32..).zip(column.present(rows)).peekable();
            if empty {
                for row in 0..rows {
                    put(row, present.next_if(|(_, r)| *r == row).map_or(u32::MAX, |(place, _)| place));
                }
            } else {
                present.for_each(|(place, row)| put(row, place));
            }
        }
        // Every start has moved to the end of its row.
        self.ends = starts;
    }

    fn rows(&self) -> impl Iterator<Item = &[(u16, u32)]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let cells = self.cells.get(start as usize..*end as usize).unwrap_or_default();
            start = *end;
            cells
        })
    }
}

fn bump(counts: &mut [u32], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += 1;
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
        .map(|at| Ok(FlatColumn::new(row_group.get_column_reader(at)?, &descriptions.column(at))))
        .collect::<Result<Vec<_>, ParquetError>>()?;
    let mut next = first;
    let mut cells = Cells::default();
    loop {
        let mut rows = 0;
        for column in &mut columns {
            rows = column.advance()?;
        }
        if rows == 0 {
            return Ok(());
        }
        // An empty cell empties a field; an event does not have the attribute.
        cells.deal(&columns, rows, table.kind == SourceKind::Contacts);
        let mut values: Vec<(Cow<'_, str>, Raw<'_>)> = Vec::new();
        for of_row in cells.rows() {
            let mut keys = Keys::default();
            values.clear();
            for (at, place) in of_row {
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
