//! Memberships as Parquet: `segment` and `contact_id`.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::args::RunArgs;
use super::evaluate::Evaluated;
use super::failure::Failure;
use super::output;
use super::script::Script;
use crate::store::Snapshot;

const SCHEMA: &str = "message membership { REQUIRED BYTE_ARRAY segment (UTF8); REQUIRED BYTE_ARRAY contact_id (UTF8); }";

/// Writes the members of all segments to the output file.
pub fn write(args: &RunArgs, script: &Script, snapshot: &Snapshot<'_>, evaluated: &Evaluated) -> Result<(), Failure> {
    let mut segments = Vec::new();
    let mut contacts = Vec::new();
    for (asked, set) in script.asked.iter().zip(&evaluated.members) {
        let name = ByteArray::from(asked.name.as_str());
        for id in snapshot.sorted_ids(set)? {
            segments.push(name.clone());
            contacts.push(ByteArray::from(id.into_bytes()));
        }
    }
    let bytes = encode(&[segments, contacts]).map_err(|e| Failure::io(format!("cannot write Parquet: {e}")))?;
    output::write(args.output.as_deref(), &bytes)
}

fn encode(columns: &[Vec<ByteArray>]) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut out = Vec::new();
    let mut file = SerializedFileWriter::new(&mut out, schema, Arc::new(WriterProperties::default()))?;
    let mut group = file.next_row_group()?;
    for values in columns {
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(values, None, None)?;
            column.close()?;
        }
    }
    group.close()?;
    file.close()?;
    Ok(out)
}
