//! The example scripts: they check without a word under their own schema, fit generated data, and select somebody.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use segql::check::{Checked, Options, check};
use segql::diag::render;
use segql::generate::{AttributeValue, ContactRow, EventRow, FieldValue, GenOptions, Sink, World, demo, generate, schema};
use segql::row::{Event, Profile, answers, cutoffs};
use segql::schema::Schema;
use segql::syntax::Sources;
use segql::time::Clock;
use segql::value::Value;

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

/// Generated contacts with their events.
struct Profiles(Vec<Profile>);

impl Sink for Profiles {
    type Error = Infallible;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Infallible> {
        for row in rows {
            let value = |value| match value {
                AttributeValue::Word(number) => Value::Text(world.text(number).to_owned()),
                AttributeValue::Amount(grosze) => Value::Number(grosze),
                AttributeValue::MessageId(id) => Value::Text(format!("{id:016x}")),
            };
            let attributes = row.kind.attributes().iter().map(|a| world.attribute(row, *a).map(value)).collect();
            self.0[row.contact as usize].events.push(Event { event: row.kind.id(), ts: row.ts, attributes });
        }
        Ok(())
    }

    fn contacts(&mut self, _: &World, rows: Vec<ContactRow>) -> Result<(), Infallible> {
        for row in rows {
            let value = |value| match value {
                FieldValue::Word(text) => Value::Text(text.to_owned()),
                FieldValue::Text(text) => Value::Text(text),
                FieldValue::Number(n) => Value::Number(n),
                FieldValue::Bool(b) => Value::Bool(b),
                FieldValue::Date(day) => Value::Date(day),
                FieldValue::Time(ms) => Value::Time(ms),
                FieldValue::Words(items) => Value::List(items.iter().map(|i| Some(Value::Text((*i).to_owned()))).collect()),
            };
            let profile = &mut self.0[row.number as usize];
            profile.id = row.id;
            profile.fields = row.fields.into_iter().map(|field| field.map(value)).collect();
        }
        Ok(())
    }
}

#[test]
fn every_example_segment_selects_some_but_not_all_generated_contacts() {
    let options = GenOptions { contacts: 5_000, events: 100_000, ..GenOptions::default() };
    let mut profiles = Profiles(vec![Profile::default(); 5_000]);
    generate(&options, &mut profiles).unwrap();
    let schema = schema();
    let clock = Clock { now: options.until, zone: schema.timezone };
    let (mut wrong, mut counts) = (Vec::new(), HashMap::new());
    for example in &demo::EXAMPLES {
        let checked = checked(example.file, &schema);
        let cutoffs = cutoffs(&schema, &checked.program, &profiles.0, &clock);
        let answers: Vec<_> = profiles.0.iter().map(|p| answers(&schema, &checked.program, p, &clock, &cutoffs)).collect();
        for id in &checked.own {
            let segment = &checked.program.segments[id.0 as usize];
            let count = answers.iter().filter(|a| a.segments[id.0 as usize]).count();
            counts.insert(segment.name.clone(), count);
            if !(3..=4_900).contains(&count) {
                wrong.push(format!("{}: {} has {count} contacts", example.file, segment.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What the comments of the examples say.
    assert_eq!(counts["cenni_vip"], counts["cenni_vip_z_zakupow"]);
    assert!(counts["nieaktywni_vip"] < counts["vip_bez_zakupu"]);
    assert_eq!(counts["odmowili"] + counts["niepytani"], counts["bez_zgody"]);
    assert_eq!(counts["bez_zgody"], counts["bez_zgody_inaczej"]);
    assert!(counts["inny_produkt"] < counts["nie_ten_produkt"]);
    assert_eq!(counts["dawno_u_lekarza"] + counts["nigdy_u_lekarza"], counts["dawno_lub_nigdy"]);
    assert_eq!(counts["nudzimy"], counts["nudzimy_inaczej"]);
}
