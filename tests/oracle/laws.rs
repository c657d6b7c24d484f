//! Each law of set algebra alone: scripts on which exactly it fires have the members that they have without it, and those
//! that the one-contact evaluator gives.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{LAWS, lower, rewrite_told};
use segql::row;
use segql::syntax::Sources;
use segql::time::Clock;

use super::data;

/// A law and conditions on which nothing but it fires.
const SCRIPTS: &[(&str, &[&str])] = &[
    (
        "flatten",
        &["all < all < field b is true; event A >; event B >", "any < field b is true; any < event A; field n > 1 >; event B >"],
    ),
    ("negated_constants", &["not everyone", "not nobody"]),
    (
        "constants",
        &[
            "all < event A; everyone; event B >",
            "all < event A; nobody >",
            "any < event A; nobody; event B >",
            "any < event A; everyone >",
        ],
    ),
    ("duplicates", &["all < event A; event B; event A >", "any < event A; event B; event A >"]),
    ("complement", &["all < event A; not event A >", "any < event A; event B; not event A >"]),
    (
        "quorum_bounds",
        &[
            "at least 0 of < event A; event B >",
            "at least 1 of < event A; event B >",
            "at least 2 of < event A; event B >",
            "at most 0 of < event A; event B >",
            "at most 2 of < event A; event B >",
        ],
    ),
    (
        "merge_tests",
        &[
            "any < field n < 0; field n > 1; event A >",
            "all < field n >= 0; field n < 2; event A >",
            "any < field t = \"PL\"; field t in [\"DE\", \"pl\"]; event A >",
            "all < field d before 2025-06-01; field d after 2020-01-01; event A >",
        ],
    ),
    ("impossible", &["event A at least 0 times", "count(A) >= 0", "count(A) < 0", "distinct(A.t) = 0.5"]),
    ("ranking", &["top 0 by field n", "top 100% by field n of event A", "bottom 0% by field n of event A"]),
    ("negated_parts", &["any < not event A; not event B >"]),
    ("single_part", &["all < event A >", "any < event A >"]),
    ("double_negation", &["not not event A"]),
];

#[test]
fn every_law_alone_changes_no_answer() {
    let tested: BTreeSet<&str> = SCRIPTS.iter().map(|(law, _)| *law).collect();
    assert_eq!(tested, LAWS.iter().map(|law| law.name).collect(), "each law has its scripts");
    let (mut members, mut others) = (0, 0);
    for seed in 1..=12 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let world = data::World::random(&mut rng);
        let store = world.load(&mut rng);
        let snapshot = store.snapshot().unwrap();
        let engine = Engine::new(&snapshot);
        let clock = Clock { now: world.now, zone: world.schema.timezone };
        for (law, script) in SCRIPTS.iter().flat_map(|(law, scripts)| scripts.iter().map(move |script| (law, script))) {
            let mut sources = Sources::default();
            let entry = sources.add("law.seg", script);
            let options = Options { schema: &world.schema, overrides: &[], read: &|_| Err("no other file".to_owned()) };
            let checked = check(&mut sources, entry, options);
            assert!(!has_errors(&checked.diagnostics), "{}", render::human(&checked.diagnostics, &sources, false));
            let plan = lower(&checked.program, &checked.own, &world.schema, &clock);
            let (smaller, rewrites) = rewrite_told(&plan);
            let fired: Vec<&str> = rewrites.laws().map(|(law, _)| law.name).collect();
            assert_eq!(fired, [*law], "`{script}`: {}", rewrites.text(&world.schema));
            let sets = |plan| evaluate(&engine, plan, &clock, &Cancel::default()).unwrap();
            let (without, with) = (sets(&plan), sets(&smaller));
            let cutoffs = row::cutoffs(&world.schema, &checked.program, &world.profiles, &clock);
            for profile in &world.profiles {
                let answers = row::answers(&world.schema, &checked.program, profile, &clock, &cutoffs);
                let expected = answers.segments[checked.own[0].0 as usize];
                let number = snapshot.find(&profile.id).unwrap().unwrap();
                let found = (without[0].contains(number), with[0].contains(number));
                assert_eq!(found, (expected, expected), "seed {seed}, {law}: `{script}` for {profile:?}");
                *(if expected { &mut members } else { &mut others }) += 1;
            }
        }
    }
    assert!(members > 500 && others > 500, "{members} members, {others} others");
}
