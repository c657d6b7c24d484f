//! Parquet files, through the column writers of the `parquet` crate.
//!
//! A row group is collected, its columns are encoded in parallel into memory, then appended to the file.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use ::parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::{ColumnDescPtr, ColumnPath};
use bytes::Bytes;
use rayon::prelude::*;

use super::contact::{ContactRow, FieldValue};
use super::event::{Attribute, AttributeValue, EventKind, EventRow, message_id};
use super::{World, write_id};
use crate::schema::{Column, ColumnType, Scalar};

/// Events of a row group.
const EVENT_GROUP: usize = 1 << 20;
/// Contacts of a row group.
const CONTACT_GROUP: usize = 1 << 17;

/// An encoded column chunk.
type Chunk = (Bytes, ColumnCloseResult);

/// Columns of `events.parquet` before the attributes.
#[derive(Debug, Clone, Copy)]
enum EventColumn {
    ContactId,
    Event,
    Ts,
    Attribute(Attribute),
}

impl EventColumn {
    fn all() -> impl Iterator<Item = Self> {
        [Self::ContactId, Self::Event, Self::Ts].into_iter().chain(Attribute::ALL.into_iter().map(Self::Attribute))
    }
}

/// Writes `events.parquet`.
pub struct EventsFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: EventGroup,
}

/// The events of the present row group, and the texts they may hold.
struct EventGroup {
    rows: Vec<EventRow>,
    kinds: Vec<ByteArray>,
    texts: Vec<ByteArray>,
}

impl<W: Write + Send> EventsFile<W> {
    /// Begins the file; texts are those of `world`.
    pub fn new(out: W, world: &World) -> Result<Self> {
        let mut message = String::from(
            "message events { REQUIRED BYTE_ARRAY contact_id (STRING); REQUIRED BYTE_ARRAY event (STRING); \
             REQUIRED INT64 ts (TIMESTAMP(MILLIS,true)); ",
        );
        for attribute in Attribute::ALL {
            let ty = if attribute.is_number() { "INT64 {} (DECIMAL(18,2))" } else { "BYTE_ARRAY {} (STRING)" };
            message.extend(["OPTIONAL ", &ty.replace("{}", attribute.name()), "; "]);
        }
        message.push('}');
        let group = EventGroup {
            rows: Vec::with_capacity(EVENT_GROUP),
            kinds: EventKind::ALL.iter().map(|kind| text(kind.name())).collect(),
            texts: world.texts().iter().map(|word| text(word)).collect(),
        };
        Ok(Self { file: file(out, &message, &["contact_id", "message_id"])?, group })
    }

    /// Adds events.
    pub fn push(&mut self, world: &World, mut rows: &[EventRow]) -> Result<()> {
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(EVENT_GROUP - self.group.rows.len()));
            self.group.rows.extend_from_slice(now);
            rows = later;
            if self.group.rows.len() == EVENT_GROUP {
                self.flush(world)?;
            }
        }
        Ok(())
    }

    /// Writes what is left and the footer.
    pub fn finish(mut self, world: &World) -> Result<()> {
        self.flush(world)?;
        self.file.close().map(drop)
    }

    fn flush(&mut self, world: &World) -> Result<()> {
        let group = &mut self.group;
        if group.rows.is_empty() {
            return Ok(());
        }
        let (columns, properties) = (self.file.schema_descr().columns().to_vec(), Arc::clone(self.file.properties()));
        let jobs: Vec<(EventColumn, &ColumnDescPtr)> = EventColumn::all().zip(&columns).collect();
        let chunks: Vec<Result<Chunk>> = jobs
            .into_par_iter()
            .with_max_len(1)
            .map(|(column, descriptor)| group.encode(world, column, Encoder { descriptor, properties: &properties }))
            .collect();
        append(&mut self.file, chunks)?;
        group.rows.clear();
        Ok(())
    }
}

impl EventGroup {
    fn encode(&self, world: &World, column: EventColumn, encoder: Encoder<'_>) -> Result<Chunk> {
        match column {
            EventColumn::ContactId => {
                encoder.required::<ByteArrayType>(&texts(self.rows.iter().map(|row| row.contact), write_id))
            }
            EventColumn::Event => {
                let kinds = self.rows.iter().filter_map(|row| self.kinds.get(row.kind as usize).cloned());
                encoder.required::<ByteArrayType>(&kinds.collect::<Vec<_>>())
            }
            EventColumn::Ts => encoder.required::<Int64Type>(&self.rows.iter().map(|row| row.ts).collect::<Vec<_>>()),
            EventColumn::Attribute(attribute) => {
                let values = self.rows.iter().map(|row| world.attribute(row, attribute));
                if attribute.is_number() {
                    encoder.optional::<Int64Type>(values.map(|value| match value {
                        Some(AttributeValue::Amount(grosze)) => Some(grosze),
                        _ => None,
                    }))
                } else {
                    encoder.optional::<ByteArrayType>(values.map(|value| match value? {
                        AttributeValue::Word(number) => self.texts.get(number as usize).cloned(),
                        AttributeValue::MessageId(id) => Some(ByteArray::from(message_id(id).into_bytes())),
                        AttributeValue::Amount(_) => None,
                    }))
                }
            }
        }
    }
}

/// Writes `contacts.parquet`.
pub struct ContactsFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    fields: Vec<Column>,
    rows: Vec<ContactRow>,
}

impl<W: Write + Send> ContactsFile<W> {
    /// Begins the file with a column for each field.
    pub fn new(out: W, fields: Vec<Column>) -> Result<Self> {
        let mut message = String::from("message contacts { REQUIRED BYTE_ARRAY contact_id (STRING); ");
        for field in &fields {
            let ty = match field.ty {
                ColumnType::List(_) | ColumnType::Item(_) => {
                    "GROUP {} (LIST) { REPEATED GROUP list { OPTIONAL BYTE_ARRAY element (STRING); } }"
                }
                ColumnType::Scalar(Scalar::Text) => "BYTE_ARRAY {} (STRING);",
                ColumnType::Scalar(Scalar::Number { decimals: 0 }) => "INT64 {};",
                ColumnType::Scalar(Scalar::Number { .. }) => "INT64 {} (DECIMAL(18,2));",
                ColumnType::Scalar(Scalar::Bool) => "BOOLEAN {};",
                ColumnType::Scalar(Scalar::Date) => "INT32 {} (DATE);",
                ColumnType::Scalar(Scalar::Time) => "INT64 {} (TIMESTAMP(MILLIS,true));",
            };
            message.extend(["OPTIONAL ", &ty.replacen("{}", &field.name, 1), " "]);
        }
        message.push('}');
        Ok(Self { file: file(out, &message, &["contact_id", "email"])?, fields, rows: Vec::new() })
    }

    /// Adds contacts.
    pub fn push(&mut self, mut rows: Vec<ContactRow>) -> Result<()> {
        self.rows.append(&mut rows);
        if self.rows.len() >= CONTACT_GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and the footer.
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.file.close().map(drop)
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let (columns, properties) = (self.file.schema_descr().columns().to_vec(), Arc::clone(self.file.properties()));
        let encoder = |descriptor| Encoder { descriptor, properties: &properties };
        let jobs: Vec<(usize, &Column, &ColumnDescPtr)> =
            self.fields.iter().zip(columns.iter().skip(1)).enumerate().map(|(at, (field, column))| (at, field, column)).collect();
        let rows = &self.rows;
        let fields = jobs
            .into_par_iter()
            .with_max_len(1)
            .map(|(at, field, descriptor)| encode_field(rows, at, field.ty, encoder(descriptor)))
            .collect::<Vec<_>>();
        let ids = columns.first().map(|descriptor| {
            let ids = texts(self.rows.iter().map(|row| row.id.as_bytes()), |id, out| out.extend_from_slice(id));
            encoder(descriptor).required::<ByteArrayType>(&ids)
        });
        append(&mut self.file, ids.into_iter().chain(fields).collect())?;
        self.rows.clear();
        Ok(())
    }
}

fn encode_field(rows: &[ContactRow], at: usize, ty: ColumnType, encoder: Encoder<'_>) -> Result<Chunk> {
    let values = rows.iter().map(|row| row.fields.get(at).and_then(Option::as_ref));
    match ty {
        ColumnType::List(_) | ColumnType::Item(_) => encoder.list(values.map(|value| match value {
            Some(FieldValue::Words(items)) => items.as_slice(),
            _ => &[],
        })),
        ColumnType::Scalar(Scalar::Text) => encoder.optional::<ByteArrayType>(values.map(|value| match value? {
            FieldValue::Word(word) => Some(text(word)),
            FieldValue::Text(own) => Some(text(own)),
            _ => None,
        })),
        ColumnType::Scalar(Scalar::Bool) => encoder.optional::<BoolType>(values.map(|value| match value? {
            FieldValue::Bool(b) => Some(*b),
            _ => None,
        })),
        ColumnType::Scalar(Scalar::Date) => encoder.optional::<Int32Type>(values.map(|value| match value? {
            FieldValue::Date(day) => Some(*day),
            _ => None,
        })),
        ColumnType::Scalar(Scalar::Number { .. } | Scalar::Time) => {
            encoder.optional::<Int64Type>(values.map(|value| match value? {
                FieldValue::Number(n) | FieldValue::Time(n) => Some(*n),
                _ => None,
            }))
        }
    }
}

/// Encodes one column of one row group.
#[derive(Clone, Copy)]
struct Encoder<'a> {
    descriptor: &'a ColumnDescPtr,
    properties: &'a WriterPropertiesPtr,
}

impl Encoder<'_> {
    fn required<T: DataType>(self, values: &[T::T]) -> Result<Chunk> {
        self.levels::<T>(values, None, None)
    }

    fn optional<T: DataType>(self, rows: impl Iterator<Item = Option<T::T>>) -> Result<Chunk> {
        let mut values = Vec::new();
        let mut levels = Vec::with_capacity(rows.size_hint().0);
        for value in rows {
            levels.push(i16::from(value.is_some()));
            values.extend(value);
        }
        self.levels::<T>(&values, Some(&levels), None)
    }

    /// Lists of texts; an empty list is written as a missing one.
    fn list<'t>(self, rows: impl Iterator<Item = &'t [&'t str]>) -> Result<Chunk> {
        let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        for items in rows {
            if items.is_empty() {
                defined.push(0);
                repeated.push(0);
            }
            for (at, item) in items.iter().enumerate() {
                values.push(text(item));
                defined.push(3);
                repeated.push(i16::from(at > 0));
            }
        }
        self.levels::<ByteArrayType>(&values, Some(&defined), Some(&repeated))
    }

    fn levels<T: DataType>(self, values: &[T::T], defined: Option<&[i16]>, repeated: Option<&[i16]>) -> Result<Chunk> {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let writer = get_column_writer(Arc::clone(self.descriptor), Arc::clone(self.properties), pages);
        let mut writer = get_typed_column_writer::<T>(writer);
        writer.write_batch(values, defined, repeated)?;
        let closed = writer.close()?;
        Ok((Bytes::from(sink.into_inner()?), closed))
    }
}

fn file<W: Write + Send>(out: W, message: &str, unlike: &[&str]) -> Result<SerializedFileWriter<W>> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("segql".to_owned())
        .set_column_encoding(ColumnPath::from("ts"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(ColumnPath::from("ts"), false);
    // Nearly every value is different: a dictionary would only be built and thrown away.
    for name in unlike {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    SerializedFileWriter::new(out, Arc::new(parse_message_type(message)?), Arc::new(properties.build()))
}

fn append<W: Write + Send>(file: &mut SerializedFileWriter<W>, chunks: Vec<Result<Chunk>>) -> Result<()> {
    let mut group = file.next_row_group()?;
    for chunk in chunks {
        let (bytes, closed) = chunk?;
        group.append_column(&bytes, closed)?;
    }
    group.close().map(drop)
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

/// Many short texts in one allocation.
fn texts<T>(items: impl Iterator<Item = T>, write: impl Fn(T, &mut Vec<u8>)) -> Vec<ByteArray> {
    let mut all = Vec::with_capacity(items.size_hint().0 * 10);
    let mut ends = Vec::with_capacity(items.size_hint().0);
    for item in items {
        write(item, &mut all);
        ends.push(all.len());
    }
    let all = Bytes::from(all);
    let mut start = 0;
    ends.into_iter().map(|end| ByteArray::from(all.slice(std::mem::replace(&mut start, end)..end))).collect()
}

/// What can go wrong: writing, in the words of the operating system where it spoke.
pub type Error = ParquetError;
