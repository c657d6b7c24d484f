//! `segql import`

use serde_json::Value;

use super::Ui;
use super::args::ImportArgs;
use super::data;
use super::failure::Failure;
use super::input::{Failed, Input};
use super::{interrupt, output};
use crate::exec::Cancel;
use crate::ingest::Report;
use crate::schema::Schema;
use crate::store::{LoadSummary, Store, StoreError};

/// Loads files into a store, which is made when it is not there. A store made for an import that fails is removed again.
pub fn import(args: &ImportArgs, ui: Ui) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let input = Input::new(&args.files, args.format.as_deref())?;
    if input.is_empty() {
        return Err(Failure::usage("nothing to import; give `--contacts FILE` or `--events FILE`"));
    }
    let given = args.files.schema.as_deref().map(|path| data::read_schema(path, ui)).transpose()?;
    let (store, schema, created) = match Store::open(&args.store) {
        Ok(store) => {
            let known = store.snapshot()?.schema().clone();
            let schema = grown(&known, given)?;
            (store, schema, false)
        }
        Err(StoreError::Missing(_)) => create(args, given, &input, ui, &cancel)?,
        // An empty folder is as good as none.
        Err(StoreError::Foreign(path)) if path.read_dir().is_ok_and(|mut entries| entries.next().is_none()) => {
            create(args, given, &input, ui, &cancel)?
        }
        Err(error) => return Err(error.into()),
    };
    let loaded = data::instant(&args.now, &schema)
        .map_err(Failed::from)
        .and_then(|now| input.load(&store, &schema, now, &args.files, ui, &cancel));
    match loaded {
        Ok((report, summary)) => print(args, &report, summary),
        Err(Failed { failure, report }) => {
            let contacts = store.snapshot().map_or(0, |s| s.contacts());
            drop(store);
            if created {
                // What is left is an empty store that nobody asked for.
                drop(std::fs::remove_dir_all(&args.store));
            }
            if let Some(report) = report {
                print(args, &report, LoadSummary { contacts_total: contacts, ..LoadSummary::default() })?;
            }
            Err(failure)
        }
    }
}

fn create(
    args: &ImportArgs,
    given: Option<Schema>,
    input: &Input,
    ui: Ui,
    cancel: &Cancel,
) -> Result<(Store, Schema, bool), Failure> {
    let schema = match given {
        Some(schema) => schema,
        None => data::inferred(input, ui, cancel)?,
    };
    Ok((Store::create(&args.store, &schema)?, schema, true))
}

/// The store's schema with what is new in the given one.
fn grown(known: &Schema, given: Option<Schema>) -> Result<Schema, Failure> {
    match given {
        Some(given) => known.grown(&given).map_err(|problems| Failure::Data(problems.join("; "))),
        None => Ok(known.clone()),
    }
}

fn print(args: &ImportArgs, report: &Report, summary: LoadSummary) -> Result<(), Failure> {
    let LoadSummary { contacts_new, contacts_total, events_added, .. } = summary;
    if args.json {
        let mut value = serde_json::to_value(report).map_err(Failure::io)?;
        if let Value::Object(object) = &mut value {
            object.insert("contacts_new".to_owned(), contacts_new.into());
            object.insert("contacts".to_owned(), contacts_total.into());
            object.insert("events_added".to_owned(), events_added.into());
        }
        return output::print(format!("{value}\n").as_bytes());
    }
    let text =
        format!("{report}new contacts {contacts_new:>12}\ncontacts     {contacts_total:>12}\nnew events   {events_added:>12}\n");
    output::print(text.as_bytes())
}
