//! `segql demo`: the examples on generated data.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::args::DemoArgs;
use super::evaluate;
use super::failure::Failure;
use super::script::{self, Script};
use super::{Ui, interrupt, output, table};
use crate::check::{Options, check};
use crate::diag::{has_errors, render};
use crate::exec::Cancel;
use crate::generate::demo::{COMMON, EXAMPLES, read};
use crate::generate::{ContactRow, EventRow, GenError, GenOptions, Sink, World, generate, schema};
use crate::schema::Schema;
use crate::store::record::{Batch, BatchKind};
use crate::store::{LoadOptions, Loader, Store, StoreError};
use crate::syntax::Sources;
use crate::time::{Clock, format_instant};

/// Makes data, loads it, and evaluates the examples on it.
pub fn demo(args: &DemoArgs, ui: Ui) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let options = GenOptions { contacts: args.contacts, events: args.events, days: 730, ..GenOptions::default() };
    let schema = schema();
    let store = match &args.dir {
        Some(dir) => Store::create(&dir.join(STORE), &schema)?,
        None => Store::temporary(&schema)?,
    };
    eprintln!("making {} contacts with {} events ...", args.contacts, args.events);
    let begin = Instant::now();
    if let Err(failure) = fill(&store, &schema, &options, &cancel) {
        drop(store);
        if let Some(dir) = &args.dir {
            // What is left is an empty store that nobody asked for.
            drop(std::fs::remove_dir_all(dir.join(STORE)));
        }
        return Err(failure);
    }
    eprintln!("loaded in {:.1} s", begin.elapsed().as_secs_f64());
    if let Some(dir) = &args.dir {
        write_examples(dir)?;
    }
    let clock = Clock { now: options.until, zone: schema.timezone };
    eprintln!("now {}", format_instant(clock.now, clock.zone));
    let snapshot = store.snapshot()?;
    let mut rows = Vec::new();
    for example in &EXAMPLES {
        let mut sources = Sources::default();
        let entry = sources.add(example.file, example.script);
        let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &read });
        if has_errors(&checked.diagnostics) {
            eprint!("{}", render::human(&checked.diagnostics, &sources, ui.color));
            return Err(Failure::Script);
        }
        let asked = script::asked(&checked, &[])?;
        let script = Script { checked, asked, sources };
        let evaluated = evaluate::segments(&script, &snapshot, &clock, 5, &cancel)?;
        for ((asked, set), (_, median, _)) in script.asked.iter().zip(&evaluated.members).zip(&evaluated.elapsed_us) {
            let title = if asked.name == example.main { example.title } else { "" };
            rows.push(vec![
                asked.name.clone(),
                set.len().to_string(),
                table::share(set.len(), snapshot.contacts()),
                table::milliseconds(*median),
                title.to_owned(),
            ]);
        }
    }
    output::print(table::render(&["segment", "contacts", "share", "time", "example"], rows.into_iter()).as_bytes())?;
    if let Some(dir) = &args.dir {
        let script = dir.join("examples").join(EXAMPLES.first().map_or("", |e| e.file));
        eprintln!("\nthe store is `{}`, the scripts are in `{}`; try", dir.join(STORE).display(), dir.join("examples").display());
        eprintln!(
            "  segql run {} --store {} --now {}",
            script.display(),
            dir.join(STORE).display(),
            format_instant(clock.now, clock.zone)
        );
    }
    Ok(())
}

/// Name of the demo's store in its folder.
const STORE: &str = "store.segql";

fn write_examples(dir: &Path) -> Result<(), Failure> {
    let files = EXAMPLES
        .iter()
        .flat_map(|e| [(PathBuf::from(e.file), e.script), (Path::new(e.file).with_file_name("schema.toml"), e.schema)]);
    for (file, text) in files.chain([(PathBuf::from(COMMON.0), COMMON.1)]) {
        let path = dir.join("examples").join(file);
        let failed = |e: std::io::Error| Failure::io(format!("cannot write `{}`: {e}", path.display()));
        std::fs::create_dir_all(path.parent().unwrap_or(dir)).map_err(failed)?;
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

fn fill(store: &Store, schema: &Schema, options: &GenOptions, cancel: &Cancel) -> Result<(), Failure> {
    let loader = Loader::begin(store, schema, LoadOptions::default())?;
    let mut filling = Filling { loader, schema, since: options.until, cancel };
    generate(options, &mut filling).map_err(|error| match error {
        GenError::Options(error) => Failure::usage(error),
        GenError::Sink(Stop::Interrupted) => Failure::Interrupted,
        GenError::Sink(Stop::Store(error)) => error.into(),
    })?;
    filling.loader.finish_unless(&|| cancel.is_cancelled())?;
    Ok(())
}

/// Generated rows on their way into a store.
struct Filling<'f> {
    loader: Loader<'f>,
    schema: &'f Schema,
    since: i64,
    cancel: &'f Cancel,
}

/// What stops generation.
enum Stop {
    Interrupted,
    Store(StoreError),
}

impl Filling<'_> {
    fn push(&mut self, batch: &Batch) -> Result<(), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        self.loader.push(batch).map_err(Stop::Store)
    }
}

impl Sink for Filling<'_> {
    type Error = Stop;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Stop> {
        let mut batch = Batch::new(BatchKind::Events);
        for row in rows {
            row.push(world, self.schema, &mut batch);
        }
        self.push(&batch)
    }

    fn contacts(&mut self, _: &World, rows: Vec<ContactRow>) -> Result<(), Stop> {
        let mut batch = Batch::new(BatchKind::Contacts);
        for row in &rows {
            row.push(self.since, &mut batch);
        }
        self.push(&batch)
    }
}
