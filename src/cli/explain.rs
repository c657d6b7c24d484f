//! `segql explain`

use super::Ui;
use super::args::{ExplainArgs, ExplainFormat};
use super::failure::Failure;
use super::script::{self, Unchecked};
use super::{data, interrupt, output};
use crate::plan::{explain as explained, lower_wanted, rewrite};
use crate::schema::Schema;
use crate::time::{Clock, format_instant};

/// Prints how segments are evaluated, at one moment. A schema is enough; the data is not read.
pub fn explain(args: &ExplainArgs, ui: Ui) -> Result<(), Failure> {
    let script = script::open(&args.script, ui)?;
    let with_files = !args.data.files.contacts.is_empty() || !args.data.files.events.is_empty();
    if with_files {
        let store = data::open(&args.data, &args.now, ui, &interrupt::cancel())?;
        let schema = store.snapshot()?.schema().clone();
        return print(args, script, &schema, ui);
    }
    let schema = data::schema_of(args.data.files.schema.as_deref(), args.data.store.as_deref(), ui)?;
    print(args, script, &schema, ui)
}

fn print(args: &ExplainArgs, script: Unchecked<'_>, schema: &Schema, ui: Ui) -> Result<(), Failure> {
    let script = script.check(schema, None, ui)?;
    let clock = Clock { now: data::instant(&args.now, schema)?, zone: schema.timezone };
    let wanted: Vec<_> = script.asked.iter().map(|asked| asked.set).collect();
    let plan = rewrite(&lower_wanted(&script.checked.program, &wanted, schema, &clock));
    let names: Vec<&str> = script.asked.iter().map(|asked| asked.name.as_str()).collect();
    let explained = explained(&plan, &names, schema);
    let text = match args.format {
        ExplainFormat::Text => {
            eprintln!("now {}", format_instant(clock.now, clock.zone));
            explained.text()
        }
        ExplainFormat::Json => format!("{:#}\n", explained.json()),
        ExplainFormat::Dot => explained.dot(),
    };
    output::print(text.as_bytes())
}
