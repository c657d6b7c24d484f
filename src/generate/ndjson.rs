//! Lines of JSON, as the importer reads them.

use std::io::{self, Write};

use super::contact::{ContactRow, FieldValue};
use super::event::{AttributeValue, EventRow, message_id};
use super::{World, write_id};
use crate::schema::{ColumnType, Scalar, Schema};
use crate::time::{format_date, format_instant};

/// Writes one event as a line.
pub fn event(out: &mut impl Write, world: &World, row: &EventRow, schema: &Schema) -> io::Result<()> {
    let mut id = Vec::with_capacity(12);
    write_id(row.contact, &mut id);
    out.write_all(b"{\"contact_id\":\"")?;
    out.write_all(&id)?;
    write!(out, "\",\"event\":\"{}\",\"ts\":\"{}\",\"attrs\":{{", row.kind.name(), format_instant(row.ts, schema.timezone))?;
    let mut separator = "";
    for &attribute in row.kind.attributes() {
        let Some(value) = world.attribute(row, attribute) else { continue };
        write!(out, "{separator}\"{}\":", attribute.name())?;
        separator = ",";
        match value {
            AttributeValue::Word(number) => serde_json::to_writer(&mut *out, world.text(number))?,
            AttributeValue::Amount(grosze) => number(out, grosze, 2)?,
            AttributeValue::MessageId(id) => write!(out, "\"{}\"", message_id(id))?,
        }
    }
    out.write_all(b"}}\n")
}

/// Writes one contact as a line; empty fields are left out.
pub fn contact(out: &mut impl Write, row: &ContactRow, schema: &Schema) -> io::Result<()> {
    write!(out, "{{\"contact_id\":\"{}\"", row.id)?;
    for (field, value) in schema.fields.iter().zip(&row.fields) {
        let Some(value) = value else { continue };
        write!(out, ",\"{}\":", field.name)?;
        match value {
            FieldValue::Word(word) => serde_json::to_writer(&mut *out, word)?,
            FieldValue::Text(text) => serde_json::to_writer(&mut *out, text)?,
            FieldValue::Number(n) => {
                let decimals = match field.ty {
                    ColumnType::Scalar(Scalar::Number { decimals }) => decimals,
                    _ => 0,
                };
                number(out, *n, decimals)?;
            }
            FieldValue::Bool(b) => write!(out, "{b}")?,
            FieldValue::Date(day) => write!(out, "\"{}\"", format_date(*day))?,
            FieldValue::Time(ms) => write!(out, "\"{}\"", format_instant(*ms, schema.timezone))?,
            FieldValue::Words(items) => serde_json::to_writer(&mut *out, items)?,
        }
    }
    out.write_all(b"}\n")
}

/// A scaled number, exactly.
fn number(out: &mut impl Write, n: i64, decimals: u8) -> io::Result<()> {
    let scale = 10_u64.pow(u32::from(decimals));
    let sign = if n < 0 { "-" } else { "" };
    let (whole, rest) = (n.unsigned_abs() / scale, n.unsigned_abs() % scale);
    if decimals == 0 {
        write!(out, "{sign}{whole}")
    } else {
        write!(out, "{sign}{whole}.{rest:0width$}", width = usize::from(decimals))
    }
}
