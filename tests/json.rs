//! The JSON form of scripts: what comes back, what is refused, and that the published schema is that of the types.
//!
//! `UPDATE_SCHEMA=1 cargo test --test json` writes `docs/schema/segql-1.json`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

#[path = "fmt/random.rs"]
mod random;

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use segql::fmt::format;
use segql::syntax::json::{from_json, pretty, schema, to_json};
use segql::syntax::{SourceId, parse};
use serde_json::{Value, json};

fn formatted(text: &str) -> String {
    format(text, SourceId(0)).unwrap_or_else(|e| panic!("{e}:\n{text}")).text
}

fn json_of(text: &str) -> String {
    let document = to_json(text, SourceId(0)).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    pretty(&document)
}

fn text_of(json: &str) -> String {
    from_json(json).unwrap_or_else(|e| panic!("{e}\n{json}"))
}

fn scripts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(scripts(path.to_str().unwrap()));
        } else if path.extension().is_some_and(|e| e == "seg" || e == "out") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/segql-1.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "docs/schema/segql-1.json is not that of the types; UPDATE_SCHEMA=1 writes it");
}

/// Files that people wrote: text to JSON to text is the canonical text, comments and blank lines included.
#[test]
fn files_come_back_as_their_canonical_text() {
    let mut tried = 0;
    for path in scripts("examples").into_iter().chain(scripts("tests/fmt/cases")) {
        let text = std::fs::read_to_string(&path).unwrap();
        if to_json(&text, SourceId(0)).is_err() {
            continue;
        }
        let json = json_of(&text);
        let back = text_of(&json);
        // Comments between the words of one condition move beside it; everywhere else they stay.
        if !path.ends_with("tests/fmt/cases/comments.seg") && !path.ends_with("tests/fmt/cases/comments.out") {
            assert_eq!(back, formatted(&text), "{}", path.display());
        }
        assert_eq!(text_of(&json_of(&back)), back, "{}", path.display());
        tried += 1;
    }
    assert!(tried > 20, "only {tried} files");
}

/// The meaning without places.
fn meaning(text: &str) -> String {
    let (mut script, diagnostics) = parse(text, SourceId(0));
    script.edition.take_if(|edition| edition.value == 1);
    let places = regex::Regex::new(r"Span \{[^}]*\}").unwrap();
    places.replace_all(&format!("{script:?} {}", diagnostics.len()), "").into_owned()
}

#[test]
fn random_scripts_come_back() {
    let count = std::env::var("JSON_SCRIPTS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let (mut tried, mut exact) = (0, 0);
    let documented = regex::Regex::new(r"doc: (None|Some\(.*?\)), (name|title)").unwrap();
    for seed in 0..count {
        let random::Script { text, mut comments } = random::script(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        let Ok(document) = to_json(&text, SourceId(0)) else { continue };
        tried += 1;
        let json = pretty(&document);
        let back = text_of(&json);
        let canonical = formatted(&text);
        assert_eq!(formatted(&back), back, "seed {seed}");
        if comments.is_empty() {
            assert_eq!(back, canonical, "seed {seed}");
        }
        exact += u64::from(back == canonical);
        let strip_docs = |text: &str| documented.replace_all(text, "").into_owned();
        assert_eq!(strip_docs(&meaning(&back)), strip_docs(&meaning(&text)), "seed {seed}:\n{text}\n----\n{back}");
        let mut kept = random::comments(&back);
        kept.sort();
        comments.sort();
        assert_eq!(kept, comments, "seed {seed}:\n{text}\n----\n{back}");
        // Comments in the middle of things come to rest beside them.
        let again = text_of(&json_of(&text_of(&json_of(&back))));
        assert_eq!(text_of(&json_of(&again)), again, "seed {seed}:\n{text}");
    }
    assert!(tried > count / 2, "only {tried} of {count} random scripts can be read");
    assert!(exact > tried / 2, "only {exact} of {tried} come back exactly");
}

#[test]
fn comments_stand_where_they_stood() {
    let text = "// the head\nedition 1 // pinned\n\n// about a\n\n/// Documented.\n/// Twice.\nsegment a = // why\n  all < // both\n    \
                // older\n    field wiek > 30; // thirty\n\n    /* b */ event Zakup\n      within 30d; // month\n    any <\n      everyone // all\n      \
                // nothing else\n    >\n    // the end\n  > // done\n\nparam $x: number = 2_000 // x\nlet $y = 1.50 + $x * (10% - 3)\n\n\
                decision d <\n  // first\n  when segment a -> \"a\"; // a\n  otherwise -> \"b\" // b\n>\n\n// foot\n";
    assert_eq!(text_of(&json_of(text)), formatted(text));
    let value: Value = serde_json::from_str(&json_of(text)).unwrap();
    let a = &value["definitions"][0];
    assert_eq!(a["doc"], "Documented.\nTwice.");
    assert_eq!(a["condition"]["members"][0]["comments"], json!({ "above": ["// older"], "after": "// thirty" }));
    assert_eq!(value["comments"], json!({ "above": ["// the head"], "open": "// pinned", "end": ["", "// foot"] }));
    assert_eq!(value["definitions"][1]["value"], json!({ "type": "number", "value": "2_000" }));
}

/// What is wrong with a JSON text: place and message.
fn refused(json: &Value) -> (String, String) {
    let error = from_json(&json.to_string()).expect_err(&json.to_string());
    (error.place.clone(), error.to_string())
}

#[test]
fn what_cannot_be_read_is_named() {
    let with = |condition: Value| json!({ "version": "segql/1", "condition": condition });
    for (document, place, words) in [
        (json!({ "condition": { "type": "everyone" } }), "", "`version` is missing"),
        (json!({ "version": "segql/7", "condition": {} }), "/version", "this segql knows `segql/1`"),
        (json!([1]), "", "JSON object"),
        (json!({ "version": "segql/1" }), "", "`definitions` or one `condition`"),
        (json!({ "version": "segql/1", "edition": 7, "definitions": [] }), "/edition", "edition 7 is not known"),
        (json!({ "version": "segql/1", "segments": [] }), "/segments", "unknown field `segments`"),
        (with(json!({ "type": "everyone", "colour": 1 })), "/condition/colour", "unknown field `colour`"),
        (with(json!({ "type": "evryone" })), "/condition/type", "did you mean `everyone`?"),
        (with(json!({ "name": "a" })), "/condition", "`type` is missing"),
        (with(json!({ "type": "segment" })), "/condition", "`name` is missing"),
        (with(json!({ "type": "segment", "name": 5 })), "/condition/name", "a JSON string is wanted here, and this is number"),
        (with(json!({ "type": "segment", "name": "a`b" })), "/condition/name", "a name, without backticks"),
        (with(json!({ "type": "all", "members": [] })), "/condition/members", "at least 1"),
        (
            with(
                json!({ "type": "all", "members": [{ "type": "everyone" }, { "type": "not", "condition": { "type": "segment", "nme": "x" } }] }),
            ),
            "/condition/members/1/condition",
            "`name` is missing",
        ),
        (
            with(
                json!({ "type": "event", "event": { "type": "name", "name": "E" }, "window": { "type": "within", "duration": "30 days" } }),
            ),
            "/condition/window/duration",
            "`90d`",
        ),
        (
            with(
                json!({ "type": "test", "value": { "type": "field", "name": "a" }, "test": { "type": "compare", "operator": "==", "value": { "type": "number", "value": 1 } } }),
            ),
            "/condition/test/operator",
            "write one of \"=\"",
        ),
        (
            with(
                json!({ "type": "test", "value": { "type": "field", "name": "a" }, "test": { "type": "compare", "operator": "=", "value": { "type": "date", "value": "2025-13-45" } } }),
            ),
            "/condition/test/value",
            "2025-13-45",
        ),
        (
            with(json!({ "type": "everyone", "comments": { "after": "nobody" } })),
            "/condition/comments/after",
            "a comment begins with `//`",
        ),
        (
            with(json!({ "type": "everyone", "comments": { "above": ["// a\nnobody"] } })),
            "/condition/comments/above/0",
            "a comment begins with `//`",
        ),
        (
            with(
                json!({ "type": "test", "value": { "type": "arithmetic", "operands": [{ "type": "number", "value": 1 }, { "type": "number", "value": 1 }], "operators": ["+", "-"] }, "test": { "type": "is_set" } }),
            ),
            "/condition/value/operators",
            "2 operands have 1 operators",
        ),
        (
            with(
                json!({ "type": "test", "value": { "type": "field", "name": "a" }, "test": { "type": "in", "list": { "type": "number", "value": 1 } } }),
            ),
            "/condition/test/list",
            "`list`",
        ),
    ] {
        let (found, message) = refused(&document);
        assert_eq!(found, place, "{message}: {document}");
        assert!(message.contains(words), "{message}");
    }
    let error = from_json("{\n  \"version\": }").unwrap_err();
    assert_eq!(error.place, "line 2, column 14");
}

/// What programs write is not what the formatter would have written: numbers as numbers, no parentheses, `and` inside `not`.
#[test]
fn written_by_programs() {
    let number = |n: Value| json!({ "type": "number", "value": n });
    let chain = |operators: Value, operands: Value| json!({ "type": "arithmetic", "operators": operators, "operands": operands });
    let sum = chain(json!(["+", "-"]), json!([number(json!(1)), number(json!(0.25)), number(json!("2_000"))]));
    let product = chain(json!(["*", "/"]), json!([sum, number(json!(-5)), sum]));
    let test =
        |name: &str| json!({ "type": "test", "value": { "type": "attribute", "name": name }, "test": { "type": "is_set" } });
    let filter = json!({ "type": "not", "filter": { "type": "and", "members": [test("a b.c"), test("time"), test("`x.y`")] } });
    let document = json!({
        "version": "segql/1",
        "definitions": [
            { "type": "let", "name": "w", "value": chain(json!(["-"]), json!([sum, product])) },
            { "type": "segment", "name": "within", "doc": "Two\n\nlines.", "condition":
                { "type": "event", "event": { "type": "name", "name": "any" }, "where": filter } },
        ],
    });
    assert_eq!(
        text_of(&document.to_string()),
        "edition 1\n\nlet $w = (1 + 0.25 - 2_000) - (1 + 0.25 - 2_000) * -5 / (1 + 0.25 - 2_000)\n\n/// Two\n///\n/// lines.\n\
         segment within = event `any` where not all < `a b`.c is set; `time` is set; `x.y` is set >\n"
    );
}

#[test]
fn machines_write_thousands() {
    let member = json!({ "type": "segment", "name": "s" });
    let items: Vec<Value> = (0..10_000).map(|n| json!({ "type": "text", "value": format!("v{n}") })).collect();
    let members: Vec<Value> = std::iter::repeat_n(member, 5_000).collect();
    let list = json!({ "type": "test", "value": { "type": "field", "name": "f" }, "test": { "type": "in", "list": { "type": "list", "items": items } } });
    let group = json!({ "type": "all", "members": members });
    let document = json!({ "version": "segql/1", "condition": { "type": "any", "members": [group, list] } });
    let text = text_of(&document.to_string());
    assert!(text.lines().count() > 5_000);
    assert_eq!(serde_json::from_str::<Value>(&json_of(&text)).unwrap(), document);
}

#[test]
fn nesting_has_an_end() {
    let nested = |levels: usize| {
        let mut text = r#"{"version":"segql/1","condition":"#.to_owned();
        text += &r#"{"type":"all","members":["#.repeat(levels);
        text += r#"{"type":"everyone"}"#;
        text += &"]}".repeat(levels);
        text + "}"
    };
    let deepest = text_of(&nested(128));
    assert!(deepest.starts_with("all <\n  all <"), "{deepest}");
    assert_eq!(text_of(&json_of(&deepest)), deepest);
    let error = from_json(&nested(129)).unwrap_err();
    assert!(error.message.contains("128 levels"), "{error}");
    let error = from_json(&nested(100_000)).unwrap_err();
    assert!(error.message.contains("nested more than"), "{error}");
    assert!(error.place.starts_with("line 1, column "), "{error}");
}
