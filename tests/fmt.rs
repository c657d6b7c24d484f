//! The formatter: files with their expected output, and random scripts.
//!
//! `tests/fmt/cases/NAME.seg` becomes `NAME.out`. A new file gets its `.out` with `UPDATE_FMT=1 cargo test --test fmt`; read
//! it before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

#[path = "fmt/random.rs"]
mod random;

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use segql::fmt::{Formatted, format};
use segql::syntax::{SourceId, parse};

fn formatted(text: &str) -> Formatted {
    format(text, SourceId(0)).unwrap_or_else(|e| panic!("{e}:\n{text}"))
}

/// The syntax tree and the diagnostics, without places.
fn meaning(text: &str) -> String {
    let (mut script, diagnostics) = parse(text, SourceId(0));
    script.edition.take_if(|edition| edition.value == 1);
    let codes: Vec<_> = diagnostics.iter().map(|d| (d.code.id(), &d.message)).collect();
    let places = regex::Regex::new(r"Span \{[^}]*\}").unwrap();
    places.replace_all(&format!("{script:?} {codes:?}"), "").into_owned()
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn files_become_what_is_expected() {
    let update = std::env::var_os("UPDATE_FMT").is_some();
    let cases = cases("tests/fmt/cases");
    assert!(cases.len() > 8, "the cases are gone");
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let out = formatted(&text).text;
        assert_eq!(formatted(&out).text, out, "{} is formatted twice", case.display());
        assert_eq!(meaning(&text), meaning(&out), "{}", case.display());
        let expected = case.with_extension("out");
        if update {
            std::fs::write(&expected, &out).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(out == expected, "{} has become:\n{out}", case.display());
    }
}

/// Every script with mistakes, too: what cannot be read stays.
#[test]
fn scripts_with_mistakes_keep_them() {
    for case in cases("tests/errors") {
        let text = std::fs::read_to_string(&case).unwrap();
        let out = formatted(&text);
        assert_eq!(formatted(&out.text).text, out.text, "{} is formatted twice", case.display());
        assert_eq!(meaning(&text), meaning(&out.text), "{}", case.display());
    }
}

/// What is wrong with the formatted form of a script, if anything.
fn problem(text: &str, mut comments: Vec<String>) -> Option<String> {
    let out = match format(text, SourceId(0)) {
        Ok(out) => out.text,
        Err(error) => return Some(error.to_string()),
    };
    if meaning(text) != meaning(&out) {
        return Some(format!("the meaning changes with\n{out}"));
    }
    let again = match format(&out, SourceId(0)) {
        Ok(again) => again.text,
        Err(error) => return Some(format!("{error}, in\n{out}")),
    };
    if again != out {
        return Some(format!("it becomes\n{out}\nand then\n{again}"));
    }
    let mut kept = random::comments(&out);
    comments.sort();
    kept.sort();
    if comments != kept {
        return Some(format!("other comments, in\n{out}"));
    }
    let untidy = out.lines().any(|line| line.ends_with(' ')) || out.contains("\n\n\n");
    untidy.then(|| format!("spaces at the end of a line, or two blank lines, in\n{out}"))
}

#[test]
fn random_scripts_keep_meaning_and_comments() {
    let count = std::env::var("FMT_SCRIPTS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let (mut readable, mut problems) = (0, Vec::new());
    for seed in 0..count {
        let random::Script { text, comments } = random::script(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        let well_formed = format(&text, SourceId(0)).is_ok_and(|out| out.broken.is_empty());
        readable += u64::from(well_formed);
        problems.extend(problem(&text, comments).map(|problem| (text, problem)));
    }
    let shortest = problems.iter().min_by_key(|(text, _)| text.len());
    if let Some((text, problem)) = shortest {
        panic!("{} of {count} scripts; the shortest:\n{text}\n---- {problem}", problems.len());
    }
    assert!(readable > count * 9 / 10, "only {readable} of {count} random scripts can be read");
}

#[test]
fn broken_definitions_stay_between_random_ones() {
    for seed in 0..100 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let (before, after) = (random::script(&mut rng).text, random::script(&mut rng).text);
        let broken = "segment   zepsuty = all < field a ==  1 and // tu\n   everyone nobody >  // tam";
        let text = format!("{before}\n\n{broken}\n// dalej\n{}", after.replace("edition 1", ""));
        let out = formatted(&text);
        assert_eq!(out.broken.len(), 1, "seed {seed}:\n{text}");
        assert!(out.text.contains(&broken.replace(">  //", "> //")), "seed {seed}:\n{}", out.text);
        assert!(formatted(&out.text).text == out.text, "seed {seed}:\n{}", out.text);
    }
}
