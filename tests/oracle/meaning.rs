//! What logic says of two scripts must hold on data: random scripts, and what random edits make of them.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use segql::check::{Checked, Options, check};
use segql::diag::has_errors;
use segql::meaning::{Arena, Relation, Side, Status, changes, read};
use segql::row;
use segql::syntax::Sources;
use segql::syntax::json::{from_json, to_json};
use segql::time::Clock;
use serde_json::{Value, json};

use super::{SEGMENTS, data, scripts, setting};

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
    let worlds = setting("SEGQL_MEANING_WORLDS").unwrap_or(40);
    let mut seen = Seen::default();
    for seed in 1..=worlds {
        case(seed, &mut seen);
    }
    println!("{seen:?}");
    for count in [seen.equal, seen.narrower, seen.wider] {
        assert!(u64::from(count) > worlds, "hardly anything is tried: {seen:?}");
    }
}

fn case(seed: u64, seen: &mut Seen) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let world = data::World::random(&mut rng);
    let before = scripts::script(&mut rng, &world, SEGMENTS);
    let mut document = serde_json::to_value(to_json(&before, segql::syntax::SourceId(0)).unwrap()).unwrap();
    for definition in document["definitions"].as_array_mut().unwrap() {
        for _ in 0..rng.random_range(1..4) {
            let original = definition.clone();
            let mut places = Vec::new();
            collect(definition, String::new(), &mut places);
            let Some(place) = places.choose(&mut rng) else { break };
            edit(&mut rng, definition.pointer_mut(place).unwrap());
            let alone = json!({ "version": "segql/1", "definitions": [definition.clone()] });
            if from_json(&alone.to_string()).is_err() {
                *definition = original;
            }
        }
    }
    let after = from_json(&document.to_string()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));

    let checked = |text: &str| -> Option<Checked> {
        let mut sources = Sources::default();
        let entry = sources.add("random.seg", text);
        let read = |_: &std::path::Path| Ok(scripts::LIST.to_owned());
        let checked = check(&mut sources, entry, Options { schema: &world.schema, overrides: &[], read: &read });
        (!has_errors(&checked.diagnostics)).then_some(checked)
    };
    // An edit may have made a mistake of meaning.
    let (Some(old), Some(new)) = (checked(&before), checked(&after)) else { return };
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
    let mut side = |name: &str, text: &str| {
        let entry = sources.add(name, text);
        (read(&mut arena, &mut sources, entry, &|_| Ok(scripts::LIST.to_owned())), to_json(text, entry).unwrap())
    };
    let (a, b) = (side("a.seg", &before), side("b.seg", &after));
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
fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, format!("{place}/{at}"), places);
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
                places.push(place.clone());
            }
            for (key, member) in members {
                collect(member, format!("{place}/{key}"), places);
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
        value["value"] = json!(value["value"].as_f64().unwrap_or(1.0) as i64 + rng.random_range(-2..3));
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
