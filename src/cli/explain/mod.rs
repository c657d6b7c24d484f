//! `segql explain`: how segments are evaluated, what the laws made of them, and with `--analyze` what happened.

mod analyze;
mod picture;
mod table;

use super::Ui;
use super::args::{ExplainArgs, ExplainFormat};
use super::contact::View;
use super::data::Known;
use super::failure::Failure;
use super::script::{self, Asked, Script};
use super::{data, interrupt, output};
use crate::check::typed::Program;
use crate::exec::Cancel;
use crate::plan::{Explained, Plan, Rewrites, Wanted, explain as explained, explain_on, lower_wanted, rewrite, rewrite_told};
use crate::schema::Schema;
use crate::time::{Clock, format_instant};

/// What of a plan is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The plan.
    Plan,
    /// The plan, evaluated so many times.
    Analysis(u32),
    /// What the laws did.
    Rewrites,
}

/// Prints how segments are evaluated, at one moment. A schema is enough; only `--analyze` evaluates.
pub fn explain(args: &ExplainArgs, ui: Ui) -> Result<(), Failure> {
    let part = match (args.analyze, args.rewrites) {
        (true, _) => Part::Analysis(args.repeat),
        (false, true) => Part::Rewrites,
        (false, false) => Part::Plan,
    };
    if part == Part::Rewrites && matches!(args.format, ExplainFormat::Dot | ExplainFormat::Svg) {
        return Err(Failure::usage("`--rewrites` is no picture: write `--format text` or `--format json`"));
    }
    let script = script::open(&args.script, ui)?;
    let cancel = interrupt::cancel();
    let with_files = !args.data.files.contacts.is_empty() || !args.data.files.events.is_empty();
    let known = if with_files || args.analyze {
        Known::Store(Box::new(data::open(&args.data, &args.now, ui, &cancel)?))
    } else {
        data::known(args.data.files.schema.as_deref(), args.data.store.as_deref(), ui)?
    };
    match known {
        Known::Schema(schema) => {
            let script = script.check(&schema, None, ui)?;
            let clock = moment(args, &schema)?;
            let program = &script.checked.program;
            let text = if part == Part::Rewrites {
                of_rewrites(&rewrites(program, &script.asked, &schema, &clock), &schema, args.format)
            } else {
                printed(&explained(&plan(program, &script.asked, &schema, &clock), &names(&script.asked), &schema), args.format)
            };
            output::print(text.as_bytes())
        }
        Known::Store(store) => {
            let snapshot = store.snapshot()?;
            let script: Script = script.check(snapshot.schema(), None, ui)?;
            let clock = moment(args, snapshot.schema())?;
            let cancel: &Cancel = &cancel;
            let program = &script.checked.program;
            let view = View { snapshot: &snapshot, program, sources: &script.sources, clock, cancel };
            output::print(on_data(&view, &script.asked, part, args.format)?.as_bytes())
        }
    }
}

/// How sets are evaluated on data.
pub fn on_data(view: &View<'_>, asked: &[Asked], part: Part, format: ExplainFormat) -> Result<String, Failure> {
    let schema = view.snapshot.schema();
    let repeat = match part {
        Part::Rewrites => return Ok(of_rewrites(&rewrites(view.program, asked, schema, &view.clock), schema, format)),
        Part::Plan => None,
        Part::Analysis(repeat) => Some(repeat),
    };
    let engine = view.engine();
    let plan = plan(view.program, asked, schema, &view.clock);
    let run = repeat.map(|repeat| analyze::run(&engine, &plan, view, repeat)).transpose()?;
    Ok(printed(&explain_on(&plan, &names(asked), schema, Some(&engine), run), format))
}

fn moment(args: &ExplainArgs, schema: &Schema) -> Result<Clock, Failure> {
    let clock = Clock { now: data::instant(&args.now, schema)?, zone: schema.timezone };
    if args.format == ExplainFormat::Text {
        eprintln!("now {}", format_instant(clock.now, clock.zone));
    }
    Ok(clock)
}

fn wanted(asked: &[Asked]) -> Vec<Wanted> {
    asked.iter().map(|asked| asked.set).collect()
}

fn names(asked: &[Asked]) -> Vec<&str> {
    asked.iter().map(|asked| asked.name.as_str()).collect()
}

fn plan(program: &Program, asked: &[Asked], schema: &Schema, clock: &Clock) -> Plan {
    rewrite(&lower_wanted(program, &wanted(asked), schema, clock))
}

fn rewrites(program: &Program, asked: &[Asked], schema: &Schema, clock: &Clock) -> Rewrites {
    rewrite_told(&lower_wanted(program, &wanted(asked), schema, clock)).1
}

fn of_rewrites(rewrites: &Rewrites, schema: &Schema, format: ExplainFormat) -> String {
    if format == ExplainFormat::Json { format!("{:#}\n", rewrites.json(schema)) } else { rewrites.text(schema) }
}

fn printed(explained: &Explained, format: ExplainFormat) -> String {
    match format {
        ExplainFormat::Text => explained.run.as_ref().map_or_else(|| explained.text(), |run| table::text(explained, run)),
        ExplainFormat::Json => format!("{:#}\n", explained.json()),
        ExplainFormat::Dot => explained.dot(),
        ExplainFormat::Svg => picture::svg(explained),
    }
}
