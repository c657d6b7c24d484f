//! A store to measure on.

use std::path::Path;

use segql::generate::{ContactRow, EventRow, GenOptions, Sink, World, generate, schema};
use segql::schema::Schema;
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store, StoreError};

/// The store that `SEGQL_BENCH_STORE` names, or a temporary one of so many generated contacts and events.
pub fn store(contacts: u32, events: u64) -> Store {
    if let Some(path) = std::env::var_os("SEGQL_BENCH_STORE") {
        return Store::open(Path::new(&path)).unwrap();
    }
    let schema = schema();
    let store = Store::temporary(&schema).unwrap();
    fill(&store, &schema, &GenOptions { contacts, events, days: 730, ..GenOptions::default() });
    store
}

fn fill(store: &Store, schema: &Schema, options: &GenOptions) {
    let loader = Loader::begin(store, schema, LoadOptions::default()).unwrap();
    let mut filling = Filling { loader, schema, since: options.until };
    assert!(generate(options, &mut filling).is_ok());
    filling.loader.finish().unwrap();
}

struct Filling<'f> {
    loader: Loader<'f>,
    schema: &'f Schema,
    since: i64,
}

impl Sink for Filling<'_> {
    type Error = StoreError;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), StoreError> {
        let mut batch = Batch::new(BatchKind::Events);
        for row in rows {
            row.push(world, self.schema, &mut batch);
        }
        self.loader.push(&batch)
    }

    fn contacts(&mut self, _: &World, rows: Vec<ContactRow>) -> Result<(), StoreError> {
        let mut batch = Batch::new(BatchKind::Contacts);
        for row in &rows {
            row.push(self.since, &mut batch);
        }
        self.loader.push(&batch)
    }
}
