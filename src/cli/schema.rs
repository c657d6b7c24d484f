//! `segql schema`

use std::path::Path;

use super::args::FileArgs;
use super::data::{self, Input};
use super::failure::Failure;
use super::output;
use crate::schema::toml::to_toml;
use crate::time::parse_zone;

/// Writes a schema from data.
pub fn infer(files: &FileArgs, timezone: &str, to: Option<&Path>) -> Result<(), Failure> {
    let zone = parse_zone(timezone).map_err(|e| Failure::usage(format!("`--timezone`: {e}")))?;
    let input = Input::new(files, None)?;
    if input.is_empty() {
        return Err(Failure::usage("no data to look at; give `--contacts FILE` or `--events FILE`"));
    }
    output::write(to, to_toml(&input.infer(zone)?).as_bytes())
}

/// Prints a schema as it is understood.
pub fn show(store: Option<&Path>, schema: Option<&Path>) -> Result<(), Failure> {
    output::print(to_toml(&data::schema_of(schema, store)?).as_bytes())
}
