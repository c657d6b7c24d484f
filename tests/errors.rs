//! One file for each mistake: `tests/errors/NAME.seg` and what segql says of it in `NAME.txt`.
//!
//! A new file gets its `.txt` with `UPDATE_ERRORS=1 cargo test --test errors`; read what it says before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use segql::check::{Options, check};
use segql::diag::{Applicability, Diagnostic, Severity, codes, has_errors, render};
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
fn every_file_raises_its_code_and_no_other() {
    let mut wrong = Vec::new();
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let code = name.get(..5).unwrap().to_uppercase();
        let (_, diagnostics) = check_text(name, &std::fs::read_to_string(&path).unwrap());
        // Some files show several mistakes at once.
        let others = diagnostics.iter().any(|d| d.code.id() != code) && !name.contains("several");
        if others || !diagnostics.iter().any(|d| d.code.id() == code) {
            let raised: Vec<String> = diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect();
            wrong.push(format!("{name} raises {raised:?}"));
        }
    }
    assert!(wrong.is_empty(), "one mistake, one error:\n{}", wrong.join("\n"));
}

/// Codes whose cause is not a script alone.
const ELSEWHERE: [&str; 5] = ["E0104", "E0109", "E0111", "E0601", "E0701"];

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
                let text = applied(&text, fix);
                let (_, after) = check_text(name, &text);
                let same = |d: &&Diagnostic| d.code == diagnostic.code;
                let (before, after) = (diagnostics.iter().filter(same).count(), after.iter().filter(same).count());
                assert!(after < before, "{}: `{}` does not help: {text}", path.display(), fix.title);
                fixed += 1;
            }
        }
    }
    assert!(fixed > 100, "the fixes are gone: {fixed}");
}

/// Applying certain fixes until there are none ends, and a script whose mistakes all had one is right then.
#[test]
fn fixes_lead_to_a_script_without_mistakes() {
    for path in cases() {
        let original = std::fs::read_to_string(&path).unwrap();
        let mut text = original.clone();
        let mut rounds = 0;
        let certain = |d: &Diagnostic| d.fixes.iter().find(|f| f.applicability == Applicability::Certain).cloned();
        let all_certain = check_text("a.seg", &text).1.iter().all(|d| certain(d).is_some());
        while let Some(fix) = check_text("a.seg", &text).1.iter().find_map(certain) {
            text = applied(&text, &fix);
            rounds += 1;
            assert!(rounds < 100, "{}: the fixes go round in circles: {text}", path.display());
        }
        let (_, left) = check_text("a.seg", &text);
        let syntax: Vec<_> = left.iter().filter(|d| d.code.is_syntax()).collect();
        assert!(!all_certain || syntax.is_empty(), "{}: {original}\nbecame\n{text}\nwith {syntax:?}", path.display());
    }
}

fn applied(text: &str, fix: &segql::diag::Fix) -> String {
    let mut text = text.to_owned();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
    for edit in edits {
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    text
}

/// The code blocks of a page under a heading.
fn blocks<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let Some((_, section)) = page.split_once(&format!("\n## {heading}\n")) else { return Vec::new() };
    let section = section.split("\n## ").next().unwrap();
    section.split("```segql\n").skip(1).map(|block| block.split("\n```").next().unwrap()).collect()
}

#[test]
fn every_page_shows_its_mistake_and_the_remedy() {
    let mut shown = 0;
    for code in codes::ALL {
        let page = code.page();
        assert!(page.starts_with(&format!("# {code}: {}\n", code.title())), "docs/errors/{code}.md begins with another title");
        assert!(code.summary().ends_with('.') && !code.summary().contains('\n'), "{code}: {}", code.summary());
        let (wrong, right) = (blocks(page, "Wrong"), blocks(page, "Right"));
        assert_eq!(wrong.len(), right.len(), "docs/errors/{code}.md");
        for (wrong, right) in wrong.iter().zip(right) {
            let name = format!("{}.seg", code.id().to_lowercase());
            let (_, diagnostics) = check_text(&name, wrong);
            assert!(diagnostics.iter().any(|d| d.code == *code), "docs/errors/{code}.md: its example raises {diagnostics:?}");
            let (_, diagnostics) = check_text(&name, right);
            let left: Vec<_> = diagnostics.iter().filter(|d| d.severity() == Severity::Error || d.code == *code).collect();
            assert!(left.is_empty(), "docs/errors/{code}.md: the remedy still raises {left:?}");
            shown += 1;
        }
        assert!(!wrong.is_empty() || ELSEWHERE.contains(&code.id()), "docs/errors/{code}.md has no example");
    }
    assert!(shown > 80, "the examples are gone: {shown}");
}

#[test]
fn every_page_has_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || codes::find(name.trim_end_matches(".md")).is_some(),
            "docs/errors/{name} belongs to no code"
        );
    }
}

/// `docs/errors/README.md` lists every code; `UPDATE_ERRORS=1` writes it.
#[test]
fn the_index_lists_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors/README.md");
    let mut index = String::from(
        "# Errors and warnings\n\nEvery diagnostic has a code that keeps its meaning. `segql explain-error CODE` prints its page.\n\n\
         | code | what it is |\n|---|---|\n",
    );
    for code in codes::ALL {
        writeln!(index, "| [{code}]({code}.md) | {} |", code.title().replace('|', "\\|")).unwrap();
    }
    if std::env::var_os("UPDATE_ERRORS").is_some() {
        std::fs::write(&path, &index).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), index, "run with UPDATE_ERRORS=1");
}
