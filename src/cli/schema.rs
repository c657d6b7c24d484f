//! `segql schema`

use std::path::Path;

use super::args::FileArgs;
use super::failure::Failure;
use super::input::Input;
use super::{Ui, data, interrupt, output};
use crate::schema::toml::to_toml;
use crate::time::parse_zone;

/// Writes a schema from data.
pub fn infer(files: &FileArgs, timezone: &str, to: Option<&Path>, ui: Ui) -> Result<(), Failure> {
    let zone = parse_zone(timezone).map_err(|e| Failure::usage(format!("`--timezone`: {e}")))?;
    let input = Input::new(files, None)?;
    if input.is_empty() {
        return Err(Failure::usage("no data to look at; give `--contacts FILE` or `--events FILE`"));
    }
    let schema = input.infer(zone, ui, &interrupt::cancel())?;
    output::write(to, to_toml(&schema).as_bytes())
}

/// Prints a schema as it is understood.
pub fn show(store: Option<&Path>, schema: Option<&Path>, ui: Ui) -> Result<(), Failure> {
    output::print(to_toml(&data::schema_of(schema, store, ui)?).as_bytes())
}
