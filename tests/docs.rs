//! The examples of the documentation are run: every block of the language in `docs/*.md` and `README.md` is checked under
//! the schema of `docs/reference.md`, and answered on generated contacts by the executor and the one-contact evaluator.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{lower, rewrite};
use segql::schema::{AttrId, ColumnType, FieldId, Scalar, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store};
use segql::syntax::Sources;
use segql::time::Clock;
use segql::value::ValueRef;

const NOW: i64 = 1_761_998_400_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The blocks of a language in a page: the line each begins at, the words after the language, the text.
fn blocks(page: &str, language: &str) -> Vec<(usize, String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (at, line) in page.lines().enumerate() {
        match (&mut open, line.trim_end().strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, _, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, Some(info)) => open = Some((at + 2, info.to_owned(), String::new())),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks.retain(|(_, info, _)| info.split(' ').next() == Some(language));
    blocks
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn reference_schema() -> Schema {
    let blocks = blocks(&read("docs/reference.md"), "toml");
    segql::schema::toml::parse(&blocks[0].2).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A hundred contacts with values and events that differ from each other.
fn store(schema: &Schema) -> Store {
    let store = Store::temporary(schema).unwrap();
    let mut loader = Loader::begin(&store, schema, LoadOptions::default()).unwrap();
    let mut lines = Batch::new(BatchKind::Contacts);
    let mut events = Batch::new(BatchKind::Events);
    let day = |n: i64| i32::try_from(NOW / 86_400_000 - n * 37).unwrap();
    let with = |ty: ColumnType, n: i64, use_it: &mut dyn FnMut(ValueRef<'_>)| {
        let texts = ["PL", "Łódź", "buty", "Gold"];
        let one = |n: i64| match ty.scalar() {
            Scalar::Text => ValueRef::Text(texts[usize::try_from(n).unwrap() % texts.len()]),
            Scalar::Number { decimals } => ValueRef::Number((n * 13 - 40) * 10_i64.pow(decimals.into())),
            Scalar::Bool => ValueRef::Bool(n % 2 == 0),
            Scalar::Date => ValueRef::Date(day(n)),
            Scalar::Time => ValueRef::Time(NOW - n * 3_600_000 * 7),
        };
        if ty.is_list() { use_it(ValueRef::List(&[Some(one(n)), Some(one(n + 1))])) } else { use_it(one(n)) }
    };
    for n in 0..100_i64 {
        let id = format!("c{n}");
        lines.begin_contact(&id, NOW - n * 86_400_000);
        for (at, column) in (0_u16..).zip(&schema.fields) {
            if (n + i64::from(at)) % 5 > 0 {
                with(column.ty, n + i64::from(at), &mut |value| lines.field(FieldId(at), Some(value)));
            }
        }
        for e in 0..n % 7 {
            let names = ["Zakup", "Koszyk", "Zwrot", "MailOpen", "TEST_A", "Zakup"];
            let event = schema.event(names[usize::try_from(n + e).unwrap() % names.len()]).unwrap();
            events.begin_event(&id, event, NOW - (n * e + 1) * 5_000_000, None);
            for (at, column) in (0_u16..).zip(&schema.event_type(event).unwrap().attributes) {
                with(column.ty, n + e + i64::from(at), &mut |value| events.attribute(AttrId(at), value));
            }
        }
    }
    loader.push(&lines).unwrap();
    loader.push(&events).unwrap();
    loader.finish().unwrap();
    store
}

#[test]
fn every_example_of_the_language_runs() {
    let schema = reference_schema();
    let store = store(&schema);
    let snapshot = store.snapshot().unwrap();
    let mut pages: Vec<PathBuf> = root().join("docs").read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    pages.push(root().join("README.md"));
    let mut run = 0;
    for page in pages.iter().filter(|p| p.exists()) {
        let name = page.strip_prefix(root()).unwrap().display().to_string();
        for (line, info, text) in blocks(&std::fs::read_to_string(page).unwrap(), "seg") {
            // Blocks of other data say so.
            if info != "seg" {
                continue;
            }
            let mut sources = Sources::default();
            let entry = sources.add(&format!("{name}, line {line}"), &text);
            let read = |path: &Path| Err(format!("{} is not there", path.display()));
            let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &read });
            assert!(!has_errors(&checked.diagnostics), "{}", render::human(&checked.diagnostics, &sources, false));
            let clock = Clock { now: NOW, zone: schema.timezone };
            let plan = lower(&checked.program, &checked.own, &schema, &clock);
            let engine = Engine::new(&snapshot);
            let plain = evaluate(&engine, &plan, &clock, &Cancel::default()).unwrap();
            let rewritten = evaluate(&engine, &rewrite(&plan), &clock, &Cancel::default()).unwrap();
            assert_eq!(plain, rewritten, "{name}, line {line}");
            run += 1;
        }
    }
    assert!(run >= 15, "{run} examples only");
}
