//! Any text at all: the parser neither panics nor hangs, and what it says has places inside the text.
//!
//! `SEGQL_CASES=100000 cargo test --test hostile_syntax` tries more texts than usual.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::diag::{Applicability, Diagnostic, render};
use segql::syntax::{SourceId, Sources, parse};

/// Scripts to start from: examples, and the mistakes that have a test.
fn scripts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["examples", "tests/errors"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let scripts: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(scripts.len() > 200, "the scripts are gone");
    scripts
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "seg") {
            files.push(path);
        }
    }
}

fn cases() -> u64 {
    std::env::var("SEGQL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

/// What every diagnostic of every text must be.
fn examine(text: &str) -> Vec<Diagnostic> {
    let (_, diagnostics) = parse(text, SourceId(0));
    let inside = |span: segql::syntax::Span| {
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?} in {text:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} in {text:?}");
    };
    for diagnostic in &diagnostics {
        inside(diagnostic.span);
        diagnostic.labels.iter().for_each(|label| inside(label.span));
        for fix in &diagnostic.fixes {
            fix.edits.iter().for_each(|edit| inside(edit.span));
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|edit| edit.span);
            assert!(edits.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "{fix:?} overlaps in {text:?}");
        }
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{}", diagnostic.message);
    }
    assert!(diagnostics.len() <= 250, "{} errors for {text:?}", diagnostics.len());
    let mut sources = Sources::default();
    sources.add("a.seg", text);
    assert_eq!(render::human(&diagnostics, &sources, false).is_empty(), diagnostics.is_empty());
    diagnostics
}

fn random_boundary(text: &str, random: &mut ChaCha8Rng) -> usize {
    let mut at = random.random_range(0..=text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

const PARTS: [&str; 64] = [
    "all",
    "any",
    "none",
    "<",
    ">",
    ";",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "field",
    "event",
    "segment",
    "not",
    "=",
    "!=",
    ">=",
    "==",
    "and",
    "or",
    "AND",
    "&&",
    "!",
    "\"",
    "'",
    "„",
    "”",
    "`",
    "/*",
    "*/",
    "//",
    "--",
    "#",
    "\n",
    " ",
    "\t",
    "\\",
    "$",
    "%",
    ".",
    "->",
    "=>",
    "is",
    "null",
    "within",
    "30d",
    "30 days",
    "2025-11-01",
    "01.11.2025",
    "1,5",
    "1 000",
    "at least",
    "2",
    "times",
    "where",
    "of",
    "in",
    "\u{200B}",
    "ż",
    "🦀",
    "\u{0}",
];

/// A script with a few things deleted, doubled, moved or put in.
fn mutated(scripts: &[String], random: &mut ChaCha8Rng) -> String {
    let mut text = scripts[random.random_range(0..scripts.len())].clone();
    for _ in 0..random.random_range(1..6) {
        let (a, b) = (random_boundary(&text, random), random_boundary(&text, random));
        let (a, b) = (a.min(b), a.max(b));
        let b = if random.random_bool(0.8) { b.min(a + 12) } else { b };
        let b = (a..=b).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        match random.random_range(0..5) {
            0 => drop(text.drain(a..b)),
            1 => {
                let doubled = text[a..b].to_owned();
                text.insert_str(b, &doubled);
            }
            2 => text.insert_str(a, PARTS[random.random_range(0..PARTS.len())]),
            3 => {
                let moved: String = text.drain(a..b).collect();
                let at = random_boundary(&text, random);
                text.insert_str(at, &moved);
            }
            _ => text.replace_range(a..b, PARTS[random.random_range(0..PARTS.len())]),
        }
    }
    text
}

#[test]
fn mutated_scripts() {
    let scripts = scripts();
    for seed in 0..cases() {
        examine(&mutated(&scripts, &mut ChaCha8Rng::seed_from_u64(seed)));
    }
}

#[test]
fn words_in_any_order() {
    for seed in 0..cases() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = random.random_range(1..60);
        let parts: Vec<&str> = (0..count).map(|_| PARTS[random.random_range(0..PARTS.len())]).collect();
        examine(&parts.join(if random.random_bool(0.7) { " " } else { "" }));
    }
}

#[test]
fn bytes_of_any_kind() {
    for seed in 0..cases() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut bytes = vec![0; random.random_range(1..200)];
        random.fill_bytes(&mut bytes);
        examine(&String::from_utf8_lossy(&bytes));
    }
}

/// Every way to nest, as deep as may be, with a mistake at the bottom: an alternative that is tried twice at each level
/// would take longer than anybody waits.
#[test]
fn mistakes_deep_inside() {
    for (open, close) in [
        ("all < ", " >"),
        ("not ", ""),
        ("at least 1 of < ", " >"),
        ("event E where all < ", " >"),
        ("event E where not ", ""),
        ("event E where x has any < ", " >"),
        ("top 10 by count(E) of ", ""),
        ("field a between if(", ", 1, 2) and 3"),
        ("field a = if(", ", 1, 2)"),
        ("field a in [if(", ", 1, 2)]"),
        ("(", ") > 1"),
        ("count(E where a > ", ")"),
        ("year(", ")"),
        ("count(E between ", " and now)"),
        ("all < field a = 1; any < ", " >; none < field b = 2 > >"),
        ("field a has any < x = 1; x has none < ", " > >"),
    ] {
        for bottom in ["everyone everyone", "=", "field a = ", "\""] {
            examine(&format!("{}{bottom}{}", open.repeat(60), close.repeat(60)));
            examine(&format!("segment s = {}{bottom}", open.repeat(60)));
        }
    }
}

/// Fixes that are called certain never lead round in circles.
#[test]
fn certain_fixes_come_to_an_end() {
    let scripts = scripts();
    for seed in 0..cases() / 3 {
        let original = mutated(&scripts, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut text = original.clone();
        for round in 0.. {
            let found = examine(&text);
            let Some(fix) = found.iter().flat_map(|d| &d.fixes).find(|fix| fix.applicability == Applicability::Certain) else {
                break;
            };
            assert!(round < 300, "round in circles:\n{original}\nbecame\n{text}");
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            for edit in edits {
                text.replace_range(edit.span.start..edit.span.end, &edit.text);
            }
        }
    }
}
