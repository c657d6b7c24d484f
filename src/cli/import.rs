//! `segql import`

use super::Ui;
use super::args::ImportArgs;
use super::data::{self, Input};
use super::failure::Failure;
use super::{interrupt, output};
use crate::schema::Schema;
use crate::store::{Store, StoreError};

/// Loads files into a store, which is made when it is not there. A store made for an import that fails is removed again.
pub fn import(args: &ImportArgs, ui: Ui) -> Result<(), Failure> {
    let input = Input::new(&args.files, args.format.as_deref())?;
    if input.is_empty() {
        return Err(Failure::usage("nothing to import; give `--contacts FILE` or `--events FILE`"));
    }
    let cancel = interrupt::cancel();
    let given = args.files.schema.as_deref().map(data::read_schema).transpose()?;
    let (store, schema, created) = match Store::open(&args.store) {
        Ok(store) => {
            let known = store.snapshot().map_err(Failure::io)?.schema().clone();
            let schema = grown(&known, given)?;
            (store, schema, false)
        }
        Err(StoreError::Missing(_)) => create(args, given, &input)?,
        // An empty folder is as good as none.
        Err(StoreError::Foreign(path)) if path.read_dir().is_ok_and(|mut entries| entries.next().is_none()) => {
            create(args, given, &input)?
        }
        Err(error) => return Err(Failure::io(error)),
    };
    let now = data::instant(&args.now, &schema)?;
    let loaded = input.load(&store, &schema, now, &args.files, ui, &cancel);
    let (report, summary) = match loaded {
        Ok(loaded) => loaded,
        Err(failure) => {
            drop(store);
            if created {
                // What is left is an empty store that nobody asked for.
                drop(std::fs::remove_dir_all(&args.store));
            }
            return Err(failure);
        }
    };
    if args.json {
        let mut value = serde_json::to_value(&report).map_err(Failure::io)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("contacts_new".to_owned(), summary.contacts_new.into());
            object.insert("contacts".to_owned(), summary.contacts_total.into());
            object.insert("events_added".to_owned(), summary.events_added.into());
        }
        return output::print(format!("{value}\n").as_bytes());
    }
    output::print(
        format!(
            "{report}new contacts {:>12}\ncontacts     {:>12}\nnew events   {:>12}\n",
            summary.contacts_new, summary.contacts_total, summary.events_added
        )
        .as_bytes(),
    )
}

fn create(args: &ImportArgs, given: Option<Schema>, input: &Input) -> Result<(Store, Schema, bool), Failure> {
    let schema = match given {
        Some(schema) => schema,
        None => input.infer(chrono_tz::UTC)?,
    };
    let store = Store::create(&args.store, &schema).map_err(Failure::io)?;
    Ok((store, schema, true))
}

/// The store's schema with what is new in the given one.
fn grown(known: &Schema, given: Option<Schema>) -> Result<Schema, Failure> {
    match given {
        Some(given) => known.grown(&given).map_err(|problems| Failure::Data(problems.join("; "))),
        None => Ok(known.clone()),
    }
}
