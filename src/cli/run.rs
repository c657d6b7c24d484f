//! `segql run`

use std::fmt::Write;

use serde_json::json;

use super::Ui;
use super::args::{RunArgs, RunFormat};
use super::evaluate::{self, Evaluated};
use super::failure::Failure;
use super::script::Script;
use super::{data, interrupt, output, progress, script, table};
use crate::store::Snapshot;
use crate::time::{Clock, format_instant};

/// Evaluates segments and prints them.
pub fn run(args: &RunArgs, ui: Ui) -> Result<(), Failure> {
    if args.format == RunFormat::Parquet && args.output.is_none() {
        return Err(Failure::usage("`--format parquet` writes a file; name it with `-o FILE`"));
    }
    let script = script::open(&args.script, ui)?;
    let cancel = interrupt::cancel();
    let store = data::open(&args.data, &args.now, ui, &cancel)?;
    let snapshot = store.snapshot()?;
    let schema = snapshot.schema();
    // What the data says of the script is asked with `check`: here it would cost more than the answer.
    let script = script.check(schema, None, ui)?;
    if args.format == RunFormat::Ids && script.asked.len() > 1 {
        let names: Vec<&str> = script.asked.iter().map(|asked| asked.name.as_str()).collect();
        return Err(Failure::usage(format!(
            "`--format ids` prints one segment, and the script has several: name one of {}",
            names.join(", ")
        )));
    }
    let clock = Clock { now: data::instant(&args.now, schema)?, zone: schema.timezone };
    if args.now.now.is_none() {
        eprintln!("now {}", format_instant(clock.now, clock.zone));
    }
    let evaluated = progress::evaluating(ui, &cancel, || evaluate::segments(&script, &snapshot, &clock, args.repeat, &cancel))?;
    if evaluated.reads_fields && clock.now < data::clock_now() - EARLIER_MS && !store.is_temporary() {
        eprintln!("note: events are those up to {}, fields are as they are today", format_instant(clock.now, clock.zone));
    }
    let text = match args.format {
        RunFormat::Count => count(&script, &snapshot, &evaluated),
        RunFormat::Ids => members(&script, &snapshot, &evaluated, |out, _, id| out.push_str(id))?,
        RunFormat::Csv => {
            "segment,contact_id\n".to_owned()
                + &members(&script, &snapshot, &evaluated, |out, name, id| {
                    let _ = write!(out, "{},{}", table::csv_cell(name), table::csv_cell(id));
                })?
        }
        RunFormat::Ndjson => members(&script, &snapshot, &evaluated, |out, name, id| {
            let _ = write!(out, "{}", json!({ "segment": name, "contact_id": id }));
        })?,
        RunFormat::Json => json(args, &script, &snapshot, &evaluated, &clock)?,
        RunFormat::Parquet => return super::membership::write(args, &script, &snapshot, &evaluated),
    };
    output::write(args.output.as_deref(), text.as_bytes())
}

/// A `now` older than this is meant as the past.
const EARLIER_MS: i64 = 3_600_000;

fn count(script: &Script, snapshot: &Snapshot<'_>, evaluated: &Evaluated) -> String {
    if let [set] = evaluated.members.as_slice() {
        return format!("{}\n", set.len());
    }
    let rows = script.asked.iter().zip(&evaluated.members).zip(&evaluated.elapsed_us).map(|((asked, set), (_, median, _))| {
        vec![
            asked.name.clone(),
            set.len().to_string(),
            table::share(set.len(), snapshot.contacts()),
            table::milliseconds(*median),
            asked.title.clone().unwrap_or_default(),
        ]
    });
    table::render(&["segment", "contacts", "share", "time", "title"], rows)
}

/// The members of all segments, one a line.
fn members(
    script: &Script,
    snapshot: &Snapshot<'_>,
    evaluated: &Evaluated,
    line: impl Fn(&mut String, &str, &str),
) -> Result<String, Failure> {
    let mut out = String::new();
    for (asked, set) in script.asked.iter().zip(&evaluated.members) {
        for id in snapshot.sorted_ids(set)? {
            line(&mut out, &asked.name, &id);
            out.push('\n');
        }
    }
    Ok(out)
}

fn json(
    args: &RunArgs,
    script: &Script,
    snapshot: &Snapshot<'_>,
    evaluated: &Evaluated,
    clock: &Clock,
) -> Result<String, Failure> {
    let mut rows = Vec::new();
    for ((asked, set), (min, median, max)) in script.asked.iter().zip(&evaluated.members).zip(&evaluated.elapsed_us) {
        let mut row = json!({
            "segment": asked.name,
            "count": set.len(),
            "now": format_instant(clock.now, clock.zone),
            "elapsed_us": { "min": min, "median": median, "max": max },
        });
        if args.with_ids
            && let Some(object) = row.as_object_mut()
        {
            object.insert("ids".to_owned(), json!(snapshot.sorted_ids(set)?));
        }
        rows.push(row);
    }
    Ok(format!("{}\n", serde_json::Value::Array(rows)))
}
