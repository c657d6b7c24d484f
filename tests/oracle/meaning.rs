//! What logic says of two scripts must hold on data: random scripts, and what random edits make of them.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use segql::check::{Checked, Options, check};
use segql::diag::{Severity, has_errors};
use segql::meaning::{Arena, Relation, Side, Status, changes, read};
use segql::row;
use segql::syntax::json::{from_json, to_json};
use segql::syntax::{Sources, Span};
use segql::time::Clock;
use serde_json::{Value, json};

use super::{data, scripts, setting};

/// Segments of one script.
const SEGMENTS: usize = 25;

/// How often each answer of logic was seen to hold.
#[derive(Debug, Default)]
struct Seen {
    equal: u32,
    narrower: u32,
    wider: u32,
    changed: u32,
}

#[test]
fn what_logic_says_holds() {
    let worlds = setting("SEGQL_MEANING_WORLDS").unwrap_or(8);
    let mut seen = Seen::default();
    if let Some(seed) = setting("SEGQL_ORACLE_SEED") {
        case(seed, &mut seen);
        return;
    }
    for seed in 1..=worlds {
        case(seed, &mut seen);
    }
    println!("{seen:?}");
    for count in [seen.equal, seen.narrower, seen.wider] {
        assert!(u64::from(count) > worlds, "hardly anything is tried: {seen:?}");
    }
}

/// What logic says of two conditions.
fn relation(before: &str, after: &str) -> Option<Relation> {
    let (mut arena, mut sources) = (Arena::default(), Sources::default());
    let mut side = |text: &str| {
        let entry = sources.add("a.seg", text);
        (read(&mut arena, &mut sources, entry, &|_| Err(String::new())), to_json(text, entry).unwrap())
    };
    let (a, b) = (side(before), side(after));
    let (a, b) = (Side { meanings: &a.0, document: &a.1 }, Side { meanings: &b.0, document: &b.1 });
    changes(&arena, &sources, a, b)[0].relation
}

#[test]
fn what_logic_knows() {
    for (narrow, wide) in [
        ("event A within 7d", "event A within 30d"),
        ("event A at least 3 times within 7d", "event A within 1mo"),
        ("event A where x > 3 and y = 1", "event [A, B] where x >= 3"),
        ("count(A within 7d) > 5", "count(A within 30d) >= 5"),
        ("all < event A; event B >", "event B"),
        ("field x in [1, 2]", "field x < 3"),
        ("field x = 1", "field x is set"),
        ("not event A within 30d", "not event A within 7d"),
        ("sequence by p < event A; then event B within 2h >", "sequence < event A; then event B within 3h >"),
        ("sequence within 7d < event A; then not event B >", "sequence within 30d < event A; then not event B >"),
        ("top 5 by count(A)", "top 10 by count(A)"),
        ("sample 5% salt \"s\"", "sample 10% salt \"s\""),
    ] {
        assert_eq!(relation(wide, narrow), Some(Relation::Narrower), "`{narrow}` lies in `{wide}`");
        assert_eq!(relation(narrow, wide), Some(Relation::Wider), "`{narrow}` lies in `{wide}`");
    }
}

#[test]
fn what_logic_leaves_open() {
    for (a, b) in [
        ("event A within 30d", "event A within 1mo"),
        ("count(A within 7d) = count(B)", "count(A within 30d) = count(B)"),
        ("count(A within 7d) != count(B)", "count(A within 30d) != count(B)"),
        ("sum(A.x within 7d) > 5", "sum(A.x within 30d) > 5"),
        ("sequence by p < event A; then not event B >", "sequence < event A; then not event B >"),
        ("sequence < event A; then not event B within 1d >", "sequence < event A; then not event B within 2d >"),
        ("top 5 by count(A)", "top 10 by count(B)"),
        ("sample 5% salt \"s\"", "sample 10% salt \"t\""),
        ("field x != 1", "not field x = 2"),
        ("event A at most 3 times within 7d", "event A where x = 1 at most 3 times within 30d"),
    ] {
        assert_eq!(relation(a, b), None, "`{a}` and `{b}`");
        assert_eq!(relation(b, a), None, "`{b}` and `{a}`");
    }
}

fn case(seed: u64, seen: &mut Seen) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let world = data::World::random(&mut rng);
    let before = scripts::script(&mut rng, &world, SEGMENTS);
    let mut document = serde_json::to_value(to_json(&before, segql::syntax::SourceId(0)).unwrap()).unwrap();
    let originals = document["definitions"].as_array().unwrap().clone();
    for (definition, original) in document["definitions"].as_array_mut().unwrap().iter_mut().zip(&originals) {
        for _ in 0..rng.random_range(1..4) {
            let mut places = Vec::new();
            collect(definition, "", &mut places);
            let Some(place) = places.choose(&mut rng) else { break };
            edit(&mut rng, definition.pointer_mut(place).unwrap());
        }
        let alone = json!({ "version": "segql/1", "definitions": [definition] });
        if from_json(&alone.to_string()).is_err() {
            definition.clone_from(original);
        }
    }

    let checked = |text: &str| {
        let mut sources = Sources::default();
        let entry = sources.add("random.seg", text);
        check(&mut sources, entry, Options { schema: &world.schema, overrides: &[], read: &|_| Ok(scripts::LIST.to_owned()) })
    };
    let read_alone = |arena: &mut Arena, sources: &mut Sources, name: &str, text: &str| {
        let entry = sources.add(name, text);
        (read(arena, sources, entry, &|_| Ok(scripts::LIST.to_owned())), to_json(text, entry).unwrap())
    };
    let old = checked(&before);
    assert!(!has_errors(&old.diagnostics), "seed {seed}");
    // Edits that make a mistake of meaning are taken back, until none is left.
    let (after, new) = loop {
        let after = from_json(&document.to_string()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let new = checked(&after);
        let errors: Vec<_> = new.diagnostics.iter().filter(|d| d.severity() == Severity::Error).collect();
        if errors.is_empty() {
            break (after, new);
        }
        let (meanings, _) = read_alone(&mut Arena::default(), &mut Sources::default(), "random.seg", &after);
        let inside = |span: Span| errors.iter().any(|error| span.start <= error.span.start && error.span.start < span.end);
        let mut taken_back = 0;
        for (at, _) in meanings.definitions.iter().enumerate().filter(|(_, d)| inside(d.span)) {
            taken_back += u32::from(document["definitions"][at] != originals[at]);
            document["definitions"][at].clone_from(&originals[at]);
        }
        assert!(taken_back > 0, "seed {seed}: {errors:?}");
    };
    let clock = Clock { now: world.now, zone: world.schema.timezone };
    let members = |checked: &Checked| -> HashMap<String, Vec<bool>> {
        let cutoffs = row::cutoffs(&world.schema, &checked.program, &world.profiles, &clock);
        let answers: Vec<_> =
            world.profiles.iter().map(|p| row::answers(&world.schema, &checked.program, p, &clock, &cutoffs).segments).collect();
        let of = |at: usize| answers.iter().map(|answers| answers[at]).collect();
        checked.program.segments.iter().enumerate().map(|(at, segment)| (segment.name.clone(), of(at))).collect()
    };
    let (old, new) = (members(&old), members(&new));

    let (mut arena, mut sources) = (Arena::default(), Sources::default());
    let a = read_alone(&mut arena, &mut sources, "a.seg", &before);
    let b = read_alone(&mut arena, &mut sources, "b.seg", &after);
    let (a, b) = (Side { meanings: &a.0, document: &a.1 }, Side { meanings: &b.0, document: &b.1 });
    for change in changes(&arena, &sources, a, b) {
        let (Some(from), Some(to)) = (change.before, change.after) else { continue };
        let (from, to) = (&a.meanings.definitions[from], &b.meanings.definitions[to]);
        let (Some(was), Some(is)) = (old.get(&from.name), new.get(&to.name)) else { continue };
        let enters = was.iter().zip(is).any(|(was, is)| !was && *is);
        let leaves = was.iter().zip(is).any(|(was, is)| *was && !is);
        let (says, wrong) = match (change.status, change.relation) {
            (Status::Changed, Some(Relation::Narrower)) => (&mut seen.narrower, enters),
            (Status::Changed, Some(Relation::Wider)) => (&mut seen.wider, leaves),
            (Status::Changed, _) => (&mut seen.changed, false),
            _ => (&mut seen.equal, enters || leaves),
        };
        *says += 1;
        let texts = (sources.text(from.span), sources.text(to.span));
        assert!(!wrong, "seed {seed}: {:?} {:?}:\n{}\n{}", change.status, change.relation, texts.0, texts.1);
    }
}

/// The places in a definition that can be edited.
fn collect(value: &Value, place: &str, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &format!("{place}/{at}"), places);
            }
        }
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            let editable = members.contains_key("members")
                || members.contains_key("items")
                || members.contains_key("duration")
                || members.contains_key("count")
                || members.contains_key("operator")
                || matches!(kind, "number" | "event" | "test" | "segment" | "not" | "everyone" | "sample" | "top");
            if editable && !place.is_empty() {
                places.push(place.to_owned());
            }
            for (key, member) in members {
                collect(member, &format!("{place}/{key}"), places);
            }
        }
        _ => {}
    }
}

fn edit(rng: &mut impl Rng, value: &mut Value) {
    let kind = value["type"].as_str().unwrap_or_default().to_owned();
    for list in ["members", "items"] {
        if let Some(items) = value.get_mut(list).and_then(Value::as_array_mut) {
            match rng.random_range(0..4) {
                0 if items.len() > 1 => _ = items.remove(rng.random_range(0..items.len())),
                1 => items.shuffle(rng),
                2 => items.push(items[0].clone()),
                _ if matches!(kind.as_str(), "all" | "any") => value["type"] = json!(if kind == "all" { "any" } else { "all" }),
                _ => {}
            }
            return;
        }
    }
    if value.get("duration").is_some() {
        value["duration"] = json!(["1d", "24h", "7d", "1w", "30d", "1mo", "3mo", "90d", "1y", "12mo"].choose(rng).unwrap());
    } else if let Some(count) = value.get("count").and_then(Value::as_u64) {
        value["count"] = json!((count + rng.random_range(0..3)).saturating_sub(1));
    } else if value.get("operator").is_some() {
        value["operator"] = json!(["<", "<=", ">", ">=", "=", "!="].choose(rng).unwrap());
    } else if kind == "number" {
        value["value"] = json!(value["value"].as_i64().unwrap_or(1) + rng.random_range(-2..3));
    } else if kind == "event" && rng.random_bool(0.5) {
        let parts = value.as_object_mut().unwrap();
        parts.remove(*["window", "where", "times"].choose(rng).unwrap());
    } else if kind == "not" && rng.random_bool(0.5) && value.get("condition").is_some() {
        *value = value["condition"].take();
    } else if matches!(kind.as_str(), "event" | "segment" | "not" | "everyone" | "sample" | "top") {
        let inner = value.take();
        let not = json!({ "type": "not", "condition": inner });
        *value = if rng.random_bool(0.6) { json!({ "type": "not", "condition": not }) } else { not };
    } else if kind == "test" {
        let or_empty = value["or_empty"].as_bool().unwrap_or(false);
        value["or_empty"] = json!(!or_empty);
    }
}
