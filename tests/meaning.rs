//! Hashes of meanings: stable for ever, blind to form, and different for what is different.
//!
//! `tests/meaning/hashes.txt` holds hashes that must never change: `UPDATE_HASHES=1 cargo test --test meaning` adds those of new
//! lines in `tests/meaning/definitions.seg`, and refuses to change one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

#[path = "fmt/random.rs"]
#[expect(dead_code, reason = "the comments of a script matter to other tests")]
mod random;

use std::collections::BTreeMap;
use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use segql::fmt::format;
use segql::meaning::{Arena, Digest, read};
use segql::syntax::json::{from_json, to_json};
use segql::syntax::{SourceId, Sources};
use serde_json::{Value, json};

/// The hash of each definition, by what it is called.
fn hashes(text: &str) -> Vec<(String, Digest)> {
    let (mut arena, mut sources) = (Arena::default(), Sources::default());
    let entry = sources.add("a.seg", text);
    let meanings = read(&mut arena, &mut sources, entry, &|_| Err("no files here".to_owned()));
    let with_meaning = meanings.definitions.iter().filter_map(|d| Some((d.title(), arena.digest(d.meaning?))));
    with_meaning.collect()
}

fn hash(condition: &str) -> Digest {
    let all = hashes(condition);
    all.last().unwrap_or_else(|| panic!("no definition in {condition}")).1
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn hashes_are_for_ever() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meaning/hashes.txt");
    let now: Vec<String> =
        hashes(&file("tests/meaning/definitions.seg")).into_iter().map(|(name, hash)| format!("{hash}  {name}")).collect();
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: BTreeMap<&str, &str> =
        kept.lines().filter_map(|line| line.split_once("  ")).map(|(hash, name)| (name, hash)).collect();
    for line in &now {
        let (hash, name) = line.split_once("  ").unwrap();
        assert!(
            kept.get(name).is_none_or(|kept| *kept == hash),
            "the hash of `{name}` has changed: hashes are promised to be stable"
        );
    }
    if std::env::var_os("UPDATE_HASHES").is_some() {
        std::fs::write(&path, now.join("\n") + "\n").unwrap();
    } else {
        assert_eq!(kept.len(), now.len(), "UPDATE_HASHES=1 adds the hashes of new definitions");
    }
}

#[test]
fn what_means_the_same_has_one_hash() {
    for same in [
        &["event E within 7d", "event E within 1w", "event E at least 1 time within 168h", "/* a */ event E within 7d // b"][..2],
        &["event E within 12mo", "event E within 1y", "event E between 12mo ago and now", "event `E` at least 1 time within 1y"],
        &["event E within 90min", "event E within 1h30min"],
        &["event E before 90d ago", "event E older than 90d"],
        &["all < event A; event B >", "all < event B; event A; event B; >", "not any < not event A; none < event B > >"],
        &["all < event A; all < event B; event C > >", "all < event C; event B; event A >"],
        &["not not event A", "event A", "all < event A >", "any < event A; nobody >", "all < event A; everyone >"],
        &["none < event A; event B >", "not any < event A; event B >", "all < not event A; not event B >"],
        &["at least 1 of < event A; event B >", "any < event B; event A >"],
        &["at least 2 of < event A; event B >", "all < event A; event B >"],
        &["at most 1 of < event A; event B; event C >", "not at least 2 of < event C; event A; event B >"],
        &["event A at most 2 times", "not event A at least 3 times", "count(A) <= 2", "count(A) < 3", "not count(A) >= 3"],
        &["event A between 2 and 3 times", "all < count(A) > 1; count(A) < 4 >"],
        &["field a in [\"x\", \"y\"]", "field a in [\"y\", \"x\", \"y\"]"],
        &["field a = \"x\"", "field a in [\"x\"]"],
        &["field a != 5", "field a not in [5.0]", "all < field a is set; not field a = 5 >"],
        &["field a between 2 and 3", "all < field a >= 2; field a <= 3.00 >"],
        &["field a < 5", "all < field a is set; not field a >= 5 >"],
        &["field a is false", "field a = false", "all < field a is set; not field a is true >"],
        &["field a = 1 or empty", "any < field a = 1.0; field a is empty >"],
        &["event [A, B]", "event [B, A, B]"],
        &["event A where a = 1 and b = 2", "event A where all < b = 2; a = 1 >"],
        &["field t = 2025-11-01T12:00Z", "field t = 2025-11-01T13:00:00+01:00"],
        &["segment part = event A\nsegment s = all < segment part; event B >", "all < event A; event B >"],
        &["let $x = count(A)\nsegment s = $x > 2 * 3", "count(A) > 2 * 3"],
        &["param $x: number = 10%\nsegment s = field a > $x", "field a > 0.1"],
        &["param $x: list<text> = [\"b\", \"a\"]\nsegment s = field a in $x", "field a in [\"a\", \"b\"]"],
    ] {
        for other in same {
            assert_eq!(hash(other), hash(same[0]), "`{}` and `{other}`", same[0]);
        }
    }
}

#[test]
fn what_means_something_else_has_another() {
    let all = [
        "event E",
        "event E within 1d",
        "event E within 24h",
        "event E within 1mo",
        "event E within 30d",
        "event E older than 30d",
        "event F within 30d",
        "event \"E\"*",
        "event any",
        "field a",
        "field a = 1",
        "field a = \"1\"",
        "field a != 1",
        "not field a = 1",
        "field a > 1",
        "field a >= 1",
        "field a contains \"x\"",
        "field a contains \"x\" ignoring case",
        "field a matches \"x\"",
        "field t = 2025-11-01T12:00",
        "field t = 2025-11-01T12:00Z",
        "event E where time = 2025-11-01",
        "event E where `time` = 2025-11-01",
        "all < event A; event B >",
        "any < event A; event B >",
        "at least 2 of < event A; event A; event B >",
        "sequence < event A; then event B >",
        "sequence < event B; then event A >",
        "sequence < event A; then not event B >",
        "top 10 by count(A)",
        "bottom 10 by count(A)",
        "top 10% by count(A)",
        "sample 10% salt \"a\"",
        "sample 10% salt \"b\"",
        "count(A) - count(B) > 0",
        "count(B) - count(A) > 0",
    ];
    let mut known = BTreeMap::new();
    for text in all.into_iter().filter(|text| *text != "field a") {
        if let Some(other) = known.insert(hash(text), text) {
            panic!("`{text}` and `{other}` have one hash");
        }
    }
}

#[test]
fn form_does_not_count() {
    let mut tried = 0;
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let text = random::script(&mut rng).text;
        let Ok(document) = to_json(&text, SourceId(0)) else { continue };
        let before = hashes(&text);
        let formatted = format(&text, SourceId(0)).unwrap().text;
        assert_eq!(hashes(&formatted), before, "seed {seed}");
        let mut json = serde_json::to_value(document).unwrap();
        shuffle(&mut json, &mut rng);
        let shuffled = from_json(&json.to_string()).unwrap();
        assert_eq!(hashes(&shuffled), before, "seed {seed}:\n{text}\n----\n{shuffled}");
        tried += 1;
    }
    assert!(tried > 100, "only {tried} scripts tried");
}

/// Shuffles what may stand in any order; drops comments, documentation and titles.
fn shuffle(value: &mut Value, rng: &mut ChaCha8Rng) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shuffle(item, rng)),
        Value::Object(object) => {
            object.remove("comments");
            object.remove("doc");
            if object.get("type") == Some(&json!("segment")) && object.contains_key("condition") {
                object.remove("title");
            }
            let members = if matches!(object.get("type").and_then(Value::as_str), Some("all" | "any" | "none" | "and" | "quorum"))
            {
                "members"
            } else {
                ""
            };
            if let Some(members) = object.get_mut(members).and_then(Value::as_array_mut) {
                members.shuffle(rng);
            }
            object.values_mut().for_each(|value| shuffle(value, rng));
        }
        _ => {}
    }
}

/// Every number and every text of the examples counts.
#[test]
fn literals_count() {
    let mut tried = 0;
    for example in ["ecommerce_lapsed_vip", "bank_cross_selling", "language_tour", "travel_last_minute"] {
        let text = file(&format!("examples/{example}/segments.seg"));
        let document = serde_json::to_value(to_json(&text, SourceId(0)).unwrap()).unwrap();
        let before = hashes(&from_json(&document.to_string()).unwrap());
        for (at, definition) in document["definitions"].as_array().unwrap().iter().enumerate() {
            if matches!(definition["type"].as_str(), Some("test" | "use")) {
                continue;
            }
            let mut places = Vec::new();
            literals(definition, &format!("/definitions/{at}"), &mut places);
            for place in places {
                let mut changed = document.clone();
                let value = changed.pointer_mut(&place).unwrap();
                *value = match &value {
                    Value::Number(n) => json!(n.as_f64().unwrap() + 17.0),
                    Value::String(text) if text.ends_with('%') => json!("3.5%"),
                    Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit()) && place.ends_with("value") => {
                        json!("1999")
                    }
                    Value::String(text) => json!(format!("{text}x")),
                    other => panic!("{other}"),
                };
                // What a value has no room for is another test's business.
                let Ok(text) = from_json(&changed.to_string()) else { continue };
                assert_ne!(hashes(&text), before, "{example}, {place}");
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "only {tried} literals tried");
}

fn literals(value: &Value, place: &str, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                literals(item, &format!("{place}/{at}"), places);
            }
        }
        Value::Object(object) => {
            if matches!(object.get("type").and_then(Value::as_str), Some("number" | "text")) {
                places.push(format!("{place}/value"));
            }
            object.iter().for_each(|(key, value)| literals(value, &format!("{place}/{key}"), places));
        }
        _ => {}
    }
}

/// Thousands of definitions, each made from the one before, and thousands of members.
#[test]
fn machines_write_thousands() {
    use std::fmt::Write as _;
    let mut chain = "segment s0 = event A".to_owned();
    for n in 1..5_000 {
        let _ = write!(chain, "\nsegment s{n} = not all < segment s{}; event A within {n}d >", n - 1);
    }
    assert_eq!(hashes(&chain).len(), 5_000);
    let wide = format!("any < {} >", (0..20_000).map(|n| format!("field a = {n}")).collect::<Vec<_>>().join("; "));
    assert_eq!(hashes(&wide).len(), 1);
}
