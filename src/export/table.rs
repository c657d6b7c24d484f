//! A Parquet file with columns of our types.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::schema::{ColumnType, Scalar};
use crate::value::Value;

/// The most digits of a decimal of 64 bits, as the format counts them.
const PRECISION: i32 = 18;

/// A file under way.
pub(super) struct Table<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<(ColumnType, bool)>,
}

impl<W: Write + Send> Table<W> {
    /// Begins a file; each column has a name, a type, and may be empty or not.
    pub fn new(out: W, name: &str, columns: &[(String, ColumnType, bool)]) -> Result<Self> {
        let fields = columns.iter().map(|(name, ty, optional)| field(name, *ty, *optional)).collect::<Result<Vec<_>>>()?;
        let schema = Type::group_type_builder(name).with_fields(fields).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_created_by("segql".to_owned())
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { file, columns: columns.iter().map(|(_, ty, optional)| (*ty, *optional)).collect() })
    }

    /// Writes a row group: the cells of each column.
    pub fn write(&mut self, cells: &[Vec<Option<Value>>]) -> Result<()> {
        if cells.first().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for ((ty, optional), cells) in self.columns.iter().zip(cells) {
            if let Some(mut column) = group.next_column()? {
                write_column(&mut column, *ty, *optional, cells)?;
                column.close()?;
            }
        }
        group.close().map(drop)
    }

    /// Writes the footer.
    pub fn finish(self) -> Result<()> {
        let mut out = self.file.into_inner()?;
        out.flush().map_err(Into::into)
    }
}

fn field(name: &str, ty: ColumnType, optional: bool) -> Result<TypePtr> {
    let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    if !ty.is_list() {
        return scalar(name, ty.scalar(), repetition);
    }
    let element = scalar("element", ty.scalar(), Repetition::OPTIONAL)?;
    let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]).build()?;
    let outer = Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    Ok(Arc::new(outer))
}

fn scalar(name: &str, scalar: Scalar, repetition: Repetition) -> Result<TypePtr> {
    let (physical, logical) = match scalar {
        Scalar::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Scalar::Number { decimals: 0 } => (Physical::INT64, None),
        Scalar::Number { decimals } => (Physical::INT64, Some(LogicalType::decimal(i32::from(decimals), PRECISION))),
        Scalar::Bool => (Physical::BOOLEAN, None),
        Scalar::Date => (Physical::INT32, Some(LogicalType::Date)),
        Scalar::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
    };
    let mut builder = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical);
    if let Scalar::Number { decimals } = scalar
        && decimals > 0
    {
        builder = builder.with_precision(PRECISION).with_scale(i32::from(decimals));
    }
    builder.build().map(Arc::new)
}

fn write_column(writer: &mut SerializedColumnWriter<'_>, ty: ColumnType, optional: bool, cells: &[Option<Value>]) -> Result<()> {
    match ty.scalar() {
        Scalar::Text => levels::<ByteArrayType>(writer, ty, optional, cells, |value| match value {
            Value::Text(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
            _ => None,
        }),
        Scalar::Bool => levels::<BoolType>(writer, ty, optional, cells, |value| match value {
            Value::Bool(b) => Some(*b),
            _ => None,
        }),
        Scalar::Date => levels::<Int32Type>(writer, ty, optional, cells, |value| match value {
            Value::Date(day) => Some(*day),
            _ => None,
        }),
        Scalar::Number { .. } | Scalar::Time => levels::<Int64Type>(writer, ty, optional, cells, |value| match value {
            Value::Number(n) | Value::Time(n) => Some(*n),
            _ => None,
        }),
    }
}

fn levels<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    ty: ColumnType,
    optional: bool,
    cells: &[Option<Value>],
    convert: impl Fn(&Value) -> Option<T::T>,
) -> Result<()> {
    let (mut values, mut defined, mut repeated): (Vec<T::T>, Vec<i16>, Vec<i16>) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        match cell {
            // Elements of lists may be missing; an empty list is a missing one.
            Some(Value::List(items)) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    let item = item.as_ref().and_then(&convert);
                    defined.push(if item.is_some() { 3 } else { 2 });
                    repeated.push(i16::from(at > 0));
                    values.extend(item);
                }
            }
            cell => {
                let value = cell.as_ref().and_then(&convert);
                defined.push(i16::from(value.is_some()));
                repeated.push(0);
                values.extend(value);
            }
        }
    }
    let defined = (optional || ty.is_list()).then_some(defined.as_slice());
    let repeated = ty.is_list().then_some(repeated.as_slice());
    writer.typed::<T>().write_batch(&values, defined, repeated).map(drop)
}
