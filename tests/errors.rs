//! One file for each mistake: `tests/errors/NAME.seg` and what segql says of it in `NAME.txt`.
//!
//! A new file gets its `.txt` with `UPDATE_ERRORS=1 cargo test --test errors`; read what it says before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::path::{Path, PathBuf};

use segql::check::{Options, check};
use segql::diag::{Applicability, Diagnostic, codes, has_errors, render};
use segql::lint;
use segql::schema::{AttrId, EventId, FieldId, Schema};
use segql::syntax::Sources;
use segql::time::Clock;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors")
}

fn schema() -> Schema {
    let text = std::fs::read_to_string(folder().join("schema.toml")).unwrap();
    segql::schema::toml::parse(&text).unwrap_or_else(|problems| panic!("tests/errors/schema.toml: {problems:?}"))
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    cases.sort();
    assert!(cases.len() > 40, "the cases are gone");
    cases
}

fn check_text(name: &str, text: &str) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let entry = sources.add(name, text);
    let read = |path: &Path| std::fs::read_to_string(folder().join(path)).map_err(|_| "there is no such file".to_owned());
    let schema = schema();
    let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &read });
    let mut diagnostics = checked.diagnostics;
    if !has_errors(&diagnostics) {
        let clock = Clock { now: 1_761_998_400_000, zone: schema.timezone };
        // Lints that need data say nothing without it.
        let data: Option<(&dyn lint::Facts, Clock)> = name.starts_with("w03").then_some((&Data, clock));
        diagnostics.extend(lint::lint(&checked.program, lint::Options { schema: &schema, sources: &sources, data }));
    }
    (sources, diagnostics)
}

/// What the lints are told of the data.
struct Data;

impl lint::Facts for Data {
    fn contacts(&self) -> u64 {
        20_000
    }

    fn without(&self, _: FieldId) -> Option<u64> {
        Some(1_234)
    }

    fn field_texts(&self, _: FieldId) -> Option<Vec<(String, u64)>> {
        Some([("PL", 12_431), ("Niemcy", 3_005), ("DE", 12)].map(|(t, n)| (t.to_owned(), n)).to_vec())
    }

    fn attribute_texts(&self, _: EventId, _: AttrId) -> Option<Vec<(String, u64)>> {
        Some([("buty", 77_000), ("kurtki", 9_001)].map(|(t, n)| (t.to_owned(), n)).to_vec())
    }

    fn oldest(&self, _: EventId) -> Option<i64> {
        Some(1_735_689_600_000)
    }
}

#[test]
fn every_mistake_is_reported_as_before() {
    let update = std::env::var_os("UPDATE_ERRORS").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (sources, diagnostics) = check_text(name, &std::fs::read_to_string(&path).unwrap());
        let shown = render::human(&diagnostics, &sources, false);
        let expected_path = path.with_extension("txt");
        if update {
            std::fs::write(&expected_path, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if shown != expected {
            wrong.push(format!("{name}:\n{shown}\nexpected:\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_raises_its_code_first() {
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let code = name.get(..5).unwrap().to_uppercase();
        let (_, diagnostics) = check_text(name, &std::fs::read_to_string(&path).unwrap());
        assert!(diagnostics.iter().any(|d| d.code.id() == code), "{name} does not raise {code}: {diagnostics:?}");
        let others: Vec<_> = diagnostics.iter().filter(|d| d.code.id() != code).collect();
        assert!(others.is_empty(), "one mistake, one error: {name} also raises {others:?}");
    }
}

/// Codes whose cause is not a script alone.
const ELSEWHERE: [&str; 4] = ["E0104", "E0109", "E0601", "E0701"];

#[test]
fn every_code_has_a_file() {
    let names: Vec<String> = cases().iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_uppercase()).collect();
    for code in codes::ALL.iter().filter(|c| !ELSEWHERE.contains(&c.id())) {
        assert!(names.iter().any(|n| n.starts_with(code.id())), "{code} ({}) has no file in tests/errors", code.title());
    }
}

#[test]
fn certain_fixes_remove_their_diagnostic() {
    let mut fixed = 0;
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, diagnostics) = check_text(name, &text);
        for diagnostic in &diagnostics {
            for fix in diagnostic.fixes.iter().filter(|f| f.applicability == Applicability::Certain) {
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
                let mut text = text.clone();
                for edit in edits {
                    text.replace_range(edit.span.start..edit.span.end, &edit.text);
                }
                let (_, after) = check_text(name, &text);
                let count = |of: &[Diagnostic]| of.iter().filter(|d| d.code == diagnostic.code).count();
                assert!(count(&after) < count(&diagnostics), "{}: `{}` does not help: {text}", path.display(), fix.title);
                assert!(!has_errors(&after) || has_errors(&diagnostics), "{}: `{}` breaks: {text}", path.display(), fix.title);
                fixed += 1;
            }
        }
    }
    assert!(fixed > 5, "the fixes are gone");
}
