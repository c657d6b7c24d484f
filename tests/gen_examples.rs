//! The example scripts: they check without a word under their own schema, fit generated data, and select somebody.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::path::{Path, PathBuf};

use segql::check::{Checked, Options, check};
use segql::diag::render;
use segql::generate::{demo, schema};
use segql::schema::Schema;
use segql::syntax::Sources;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn checked(file: &str, schema: &Schema) -> Checked {
    let mut sources = Sources::default();
    let entry = sources.add(file, &std::fs::read_to_string(folder().join(file)).unwrap());
    let read = |path: &Path| std::fs::read_to_string(folder().join(path)).map_err(|e| e.to_string());
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &read });
    assert!(checked.diagnostics.is_empty(), "{}", render::human(&checked.diagnostics, &sources, false));
    checked
}

#[test]
fn examples_check_under_the_schema_of_generated_data() {
    for example in &demo::EXAMPLES {
        let checked = checked(example.file, &schema());
        assert!(checked.own.len() >= 8, "{}", example.file);
        let titled = |segment: &&segql::check::typed::Segment| segment.title.is_some();
        assert!(checked.program.segments.iter().all(|s| titled(&s)), "{}", example.file);
    }
}

#[test]
fn examples_check_under_their_own_schema_which_is_a_part_of_the_generated_one() {
    let full = schema();
    for example in &demo::EXAMPLES {
        let own = segql::schema::toml::parse(example.schema).unwrap_or_else(|problems| panic!("{}: {problems:?}", example.file));
        assert_eq!(own.timezone, full.timezone);
        for field in &own.fields {
            assert_eq!(Some(field), full.field(&field.name).and_then(|id| full.field_column(id)), "{}", example.file);
        }
        for event in &own.events {
            assert_eq!(Some(event), full.event(&event.name).and_then(|id| full.event_type(id)), "{}", example.file);
        }
        checked(example.file, &own);
    }
}
