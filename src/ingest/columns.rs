//! The columns of a Parquet file whose fields are scalars and lists of scalars, while they are read.

use std::borrow::Cow;
use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type as SchemaType};

use super::csv::Role;
use super::raw::Raw;

/// Rows that are decoded at once.
const ROWS: usize = 8192;

/// Rows of a flat file that were decoded together.
pub(super) struct Flat<'f> {
    pub columns: &'f [FlatColumn],
    /// The columns that have a value in every row.
    pub required: &'f [u16],
    pub roles: &'f [Role],
    /// Counts from 1 in each row group.
    pub decoding: u32,
}

impl Flat<'_> {
    /// Column and place of all cells of a row, given those in optional columns.
    pub fn cells(&self, row: u32, optional: &[(u16, u32)]) -> impl Iterator<Item = (u16, u32)> {
        self.required.iter().map(move |at| (*at, row)).chain(optional.iter().copied())
    }
}

/// How a physical value is meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
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

/// Whether all fields of a file can be read as columns here.
pub(super) fn is_flat(description: &SchemaDescriptor) -> bool {
    let fields = description.root_schema().get_fields();
    description.columns().iter().all(|column| is_scalar(column))
        || description.num_columns() == fields.len()
            && description
                .columns()
                .iter()
                .zip(fields)
                .all(|(column, field)| (is_scalar(column) || ListLevels::of(column, field).is_some()) && reads_alike(column))
}

/// Whether a column is a field by itself.
fn is_scalar(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() == 0 && column.max_def_level() <= 1 && column.path().parts().len() == 1
}

/// Whether the row interface, which reads files with lists of any other form, says the same of the values of a column.
fn reads_alike(column: &ColumnDescriptor) -> bool {
    let logical = match column.logical_type_ref() {
        None | Some(LogicalType::String | LogicalType::Date | LogicalType::Decimal(_)) => true,
        Some(LogicalType::Timestamp(timestamp)) => timestamp.unit != TimeUnit::NANOS,
        Some(_) => false,
    };
    let converted = matches!(
        column.converted_type(),
        ConvertedType::NONE
            | ConvertedType::UTF8
            | ConvertedType::DATE
            | ConvertedType::DECIMAL
            | ConvertedType::TIMESTAMP_MILLIS
            | ConvertedType::TIMESTAMP_MICROS
    );
    logical && converted
}

/// The definition levels of a list of scalars.
#[derive(Debug, Clone, Copy)]
struct ListLevels {
    /// Of an empty list; below it there is none.
    empty: i16,
    /// Of an item that is not empty.
    value: i16,
}

impl ListLevels {
    /// Those of a list in the form that the standard has for it; older forms have other names.
    fn of(column: &ColumnDescriptor, field: &SchemaType) -> Option<Self> {
        let is = |ty: &SchemaType, repetition| ty.get_basic_info().repetition() == repetition;
        if !field.is_group() || field.get_basic_info().converted_type() != ConvertedType::LIST {
            return None;
        }
        let [repeated] = field.get_fields() else { return None };
        if !repeated.is_group() || repeated.name() != "list" || !is(repeated, Repetition::REPEATED) {
            return None;
        }
        let [item] = repeated.get_fields() else { return None };
        let empty = i16::from(is(field, Repetition::OPTIONAL));
        let value = empty + 1 + i16::from(is(item, Repetition::OPTIONAL));
        let whole = item.is_primitive() && column.max_rep_level() == 1 && column.max_def_level() == value;
        whole.then_some(Self { empty, value })
    }
}

/// A column of a row group while it is read.
pub(super) struct FlatColumn {
    reader: ColumnReader,
    meaning: Meaning,
    /// Whether rows may be without a value.
    optional: bool,
    /// Of a column of lists.
    list: Option<ListLevels>,
    levels: Vec<i16>,
    repetitions: Vec<i16>,
    /// The rows that have a value, in order, if they need not have one.
    rows: Vec<u32>,
    /// Of the lists of these rows the levels, and where their values begin.
    lists: Vec<(Range<usize>, usize)>,
    values: Values,
}

pub(super) enum Values {
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
    /// The column at a place of the schema.
    pub fn new(reader: ColumnReader, description: &SchemaDescriptor, at: usize) -> Self {
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
        let column = description.column(at);
        Self {
            reader,
            meaning: meaning(&column),
            optional: column.max_def_level() > 0,
            list: ListLevels::of(&column, description.get_column_root(at)),
            levels: Vec::new(),
            repetitions: Vec::new(),
            rows: Vec::new(),
            lists: Vec::new(),
            values,
        }
    }

    /// Whether rows may be without a value.
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// The values of a column of scalars, and what they mean.
    pub fn scalars(&self) -> Option<(&Values, Meaning)> {
        self.list.is_none().then_some((&self.values, self.meaning))
    }

    /// Decodes the next rows and returns how many.
    pub fn advance(&mut self) -> Result<usize, ParquetError> {
        self.levels.clear();
        self.repetitions.clear();
        let mut levels = Levels {
            definition: self.optional.then_some(&mut self.levels),
            repetition: self.list.is_some().then_some(&mut self.repetitions),
        };
        let rows = match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => records(r, v, &mut levels),
            (ColumnReader::Int32ColumnReader(r), Values::I32(v)) => records(r, v, &mut levels),
            (ColumnReader::Int64ColumnReader(r), Values::I64(v)) => records(r, v, &mut levels),
            (ColumnReader::Int96ColumnReader(r), Values::I96(v)) => records(r, v, &mut levels),
            (ColumnReader::FloatColumnReader(r), Values::F32(v)) => records(r, v, &mut levels),
            (ColumnReader::DoubleColumnReader(r), Values::F64(v)) => records(r, v, &mut levels),
            (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => records(r, v, &mut levels),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => records(r, v, &mut levels),
            _ => return Err(ParquetError::General("a column changed its type".to_owned())),
        }?;
        self.rows.clear();
        match self.list {
            Some(levels) => self.find_lists(levels),
            None => self.rows.extend((0_u32..).zip(&self.levels).filter(|(_, level)| **level == 1).map(|(row, _)| row)),
        }
        Ok(rows)
    }

    /// The rows that have a list, and where it stands.
    fn find_lists(&mut self, ListLevels { empty, value }: ListLevels) {
        self.lists.clear();
        let (mut row, mut values, mut start) = (0_u32, 0, 0);
        while start < self.levels.len() {
            // Whatever follows at level 1 is of the same row.
            let more = self.repetitions.get(start + 1..).unwrap_or_default().iter().take_while(|level| **level == 1).count();
            let entries = start..start + 1 + more;
            let levels = self.levels.get(entries.clone()).unwrap_or_default();
            start = entries.end;
            if levels.first().is_some_and(|level| *level >= empty) {
                self.rows.push(row);
                self.lists.push((entries, values));
            }
            values += levels.iter().filter(|level| **level == value).count();
            row += 1;
        }
    }

    /// The value at a place: that of an optional column's row is its number among those that have one.
    pub fn raw(&self, place: usize) -> Option<Raw<'_>> {
        let Some(ListLevels { empty, value }) = self.list else { return self.scalar(place) };
        let (entries, mut next) = self.lists.get(place).cloned()?;
        let mut items = Vec::new();
        for level in self.levels.get(entries)?.iter().filter(|level| **level > empty) {
            if *level == value {
                items.push(self.scalar(next)?);
                next += 1;
            } else {
                items.push(Raw::Null);
            }
        }
        Some(Raw::List(items))
    }

    fn scalar(&self, place: usize) -> Option<Raw<'_>> {
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

/// Where the levels of a column go, if it has any.
struct Levels<'l> {
    definition: Option<&'l mut Vec<i16>>,
    repetition: Option<&'l mut Vec<i16>>,
}

fn records<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    values: &mut Vec<T::T>,
    Levels { definition, repetition }: &mut Levels<'_>,
) -> Result<usize, ParquetError> {
    values.clear();
    let mut rows = 0;
    // A call ends at the end of a page.
    while rows < ROWS {
        let (read, _, _) = reader.read_records(ROWS - rows, definition.as_deref_mut(), repetition.as_deref_mut(), values)?;
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

/// A text, or a number in bytes.
pub(super) fn bytes(data: &[u8], meaning: Meaning) -> Raw<'_> {
    if let Meaning::Decimal(scale) = meaning {
        // Big-endian two's complement of any length.
        let sign = if data.first().is_some_and(|b| b & 0x80 != 0) { -1 } else { 0 };
        return Raw::Decimal(data.iter().fold(sign, |n: i128, b| n << 8 | i128::from(*b)), scale);
    }
    std::str::from_utf8(data).map_or_else(|_| Raw::Text(String::from_utf8_lossy(data)), |text| Raw::Text(Cow::Borrowed(text)))
}

/// The cells of some rows in optional columns, row by row: most columns are empty in most rows, and only the others cost
/// anything.
#[derive(Default)]
pub(super) struct Cells {
    /// Where the cells of each row end.
    ends: Vec<u32>,
    /// Column and place in it; a place beyond the column is an empty cell.
    cells: Vec<(u16, u32)>,
}

impl Cells {
    /// Deals the values of the columns out to their rows; with `empty` also the cells without one.
    pub fn deal(&mut self, columns: &[FlatColumn], rows: usize, empty: bool) {
        let optional = || (0_u16..).zip(columns).filter(|(_, column)| column.optional);
        let starts = &mut self.ends;
        starts.clear();
        if empty {
            starts.resize(rows, u32::try_from(optional().count()).unwrap_or(u32::MAX));
        } else {
            starts.resize(rows, 0);
            optional().for_each(|(_, column)| column.rows.iter().for_each(|row| bump(starts, *row)));
        }
        let mut sum = 0;
        for start in starts.iter_mut() {
            sum += std::mem::replace(start, sum);
        }
        self.cells.clear();
        self.cells.resize(sum as usize, (0, u32::MAX));
        for (at, column) in optional() {
            let mut put = |row: u32, place: u32| {
                if let Some(cell) = starts.get(row as usize).and_then(|start| self.cells.get_mut(*start as usize)) {
                    *cell = (at, place);
                }
                bump(starts, row);
            };
            let mut present = (0_u32..).zip(&column.rows).peekable();
            if empty {
                for row in (0_u32..).take(rows) {
                    put(row, present.next_if(|(_, r)| **r == row).map_or(u32::MAX, |(place, _)| place));
                }
            } else {
                present.for_each(|(place, row)| put(*row, place));
            }
        }
        // Every start has moved to the end of its row.
    }

    /// Those of each row.
    pub fn rows(&self) -> impl Iterator<Item = &[(u16, u32)]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let cells = self.cells.get(start as usize..*end as usize).unwrap_or_default();
            start = *end;
            cells
        })
    }
}

fn bump(counts: &mut [u32], at: u32) {
    if let Some(count) = counts.get_mut(at as usize) {
        *count += 1;
    }
}
