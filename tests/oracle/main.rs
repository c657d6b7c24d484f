//! Random scripts over random data: the executor and the one-contact evaluator must agree on every contact.
//!
//! `SEGQL_ORACLE_CASES=100000 cargo test --release --test oracle` checks so many triples of script, data and now; every
//! world has its own seed, which a failure prints, and `SEGQL_ORACLE_SEED` repeats one. `SEGQL_ORACLE_FIRST` is the first seed, so
//! that several processes can share the work; `SEGQL_ORACLE_SEGMENTS` says how many segments are asked of each world.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

mod data;
mod history;
mod laws;
mod meaning;
mod scripts;
mod why;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{lower, rewrite};
use segql::row;
use segql::syntax::Sources;
use segql::time::{Clock, format_instant};

/// Segments of one script, unless `SEGQL_ORACLE_SEGMENTS` says otherwise: they share a store, which is the costly part of a case.
const SEGMENTS: u64 = 25;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn executor_and_oracle_agree() {
    let segments = setting("SEGQL_ORACLE_SEGMENTS").unwrap_or(SEGMENTS);
    if let Some(seed) = setting("SEGQL_ORACLE_SEED") {
        case(seed, segments);
        return;
    }
    let cases = setting("SEGQL_ORACLE_CASES").unwrap_or(1_000);
    let first = setting("SEGQL_ORACLE_FIRST").unwrap_or(1);
    let worlds = cases.div_ceil(segments);
    for seed in first..first + worlds {
        case(seed, segments);
        let done = seed + 1 - first;
        if done.is_multiple_of(500) {
            println!("{} triples agree so far", done * segments);
        }
    }
    println!("{} triples agree: {worlds} worlds from seed {first} on, {segments} segments in each", worlds * segments);
}

fn case(seed: u64, segments: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let world = data::World::random(&mut rng);
    let store = world.load(&mut rng);
    let snapshot = store.snapshot().unwrap();
    let engine = Engine::new(&snapshot);
    let text = scripts::script(&mut rng, &world, usize::try_from(segments).unwrap());
    let mut sources = Sources::default();
    let entry = sources.add("random.seg", &text);
    let checked =
        check(&mut sources, entry, Options { schema: &world.schema, overrides: &[], read: &|_| Ok(scripts::LIST.to_owned()) });
    assert!(!has_errors(&checked.diagnostics), "seed {seed}: {}", render::human(&checked.diagnostics, &sources, false));
    let clock = Clock { now: world.now, zone: world.schema.timezone };
    let plan = lower(&checked.program, &checked.own, &world.schema, &clock);
    let raw = evaluate(&engine, &plan, &clock, &Cancel::default()).unwrap();
    let rewritten = evaluate(&engine, &rewrite(&plan), &clock, &Cancel::default()).unwrap();
    let cutoffs = row::cutoffs(&world.schema, &checked.program, &world.profiles, &clock);
    for profile in &world.profiles {
        let answers = row::answers(&world.schema, &checked.program, profile, &clock, &cutoffs);
        let number = snapshot.find(&profile.id).unwrap().unwrap();
        for (at, id) in checked.own.iter().enumerate() {
            let expected = answers.segments[id.0 as usize];
            for (how, sets) in [("as lowered", &raw), ("rewritten", &rewritten)] {
                let line = text.lines().find(|l| l.starts_with(&format!("segment s{at} "))).unwrap_or_default();
                assert_eq!(
                    sets[at].contains(number),
                    expected,
                    "seed {seed}, {how}, now {}: `{line}` for {profile:?}",
                    format_instant(clock.now, clock.zone),
                );
            }
        }
    }
}

/// More contacts than a chunk has: ends of chunks, and contacts without anything.
#[test]
fn chunks_meet_without_a_seam() {
    use segql::store::record::{Batch, BatchKind};
    use segql::store::{LoadOptions, Loader, Store};
    let world = data::World::random(&mut ChaCha8Rng::seed_from_u64(7));
    let event = world.schema.event("B").unwrap();
    let contacts = 140_001_u32;
    let store = Store::temporary(&world.schema).unwrap();
    let mut loader = Loader::begin(&store, &world.schema, LoadOptions::default()).unwrap();
    let mut lines = Batch::new(BatchKind::Contacts);
    (0..contacts).for_each(|n| lines.begin_contact(&format!("c{n}"), 0));
    loader.push(&lines).unwrap();
    let mut events = Batch::new(BatchKind::Events);
    let with: Vec<u32> = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 140_000].to_vec();
    for n in &with {
        events.begin_event(&format!("c{n}"), event, world.now - 1, None);
    }
    // One contact with more rows than a block has.
    (0..70_000).for_each(|n| events.begin_event("c99999", event, world.now - n, None));
    loader.push(&events).unwrap();
    loader.finish().unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.contacts(), contacts);
    let count = |text: &str| {
        let mut sources = Sources::default();
        let entry = sources.add("a.seg", text);
        let checked =
            check(&mut sources, entry, Options { schema: &world.schema, overrides: &[], read: &|_| Err(String::new()) });
        let clock = Clock { now: world.now, zone: world.schema.timezone };
        let plan = rewrite(&lower(&checked.program, &checked.own, &world.schema, &clock));
        evaluate(&Engine::new(&snapshot), &plan, &clock, &Cancel::default()).unwrap().remove(0).iter().collect::<Vec<u32>>()
    };
    let mut all = with.clone();
    all.push(99_999);
    all.sort_unstable();
    assert_eq!(count("event B"), all);
    assert_eq!(count("event B at least 70000 times"), [99_999]);
    assert_eq!(count("event B at least 69999 times before now"), [99_999]);
    assert_eq!(count("not event B").len() + 9, contacts as usize);
    assert_eq!(count("everyone").len(), contacts as usize);
    assert_eq!(count("not everyone").len(), 0);
    assert_eq!(snapshot.id_of(140_000).unwrap(), "c140000");
}
