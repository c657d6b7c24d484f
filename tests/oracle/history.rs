//! Random histories of everything that can be done to a store, against a plain model in memory: after each step the store
//! gives every contact back as the model has it, and every answer of the executor is the one-contact evaluator's.
//!
//! `SEGQL_HISTORIES=1000 cargo test --test oracle histories` runs so many; `SEGQL_HISTORY_SEED` repeats one.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::diag::has_errors;
use segql::exec::{Cancel, Engine, evaluate};
use segql::export;
use segql::ingest::{self, Source, SourceKind};
use segql::plan::{lower, rewrite};
use segql::row::{self, Event, Profile};
use segql::schema::Schema;
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Snapshot, Store, Writer, WriterOptions};
use segql::syntax::Sources;
use segql::time::Clock;

use super::data::{Import, World, moments, schema};
use super::{scripts, setting};

/// What a store must hold.
#[derive(Default, Clone)]
struct Model {
    contacts: BTreeMap<String, Contact>,
}

#[derive(Default, Clone)]
struct Contact {
    profile: Profile,
    seen: BTreeMap<usize, i64>,
    /// The event with each id, by its place; deleted ids stay.
    ids: BTreeMap<String, Option<usize>>,
    /// Events in order of arrival; deleted ones leave a gap.
    events: Vec<Option<Event>>,
}

impl Model {
    fn contact(&mut self, id: &str, schema: &Schema) -> &mut Contact {
        let contact = self.contacts.entry(id.to_owned()).or_default();
        id.clone_into(&mut contact.profile.id);
        contact.profile.fields.resize(schema.fields.len(), None);
        contact.profile.since.resize(schema.fields.len(), None);
        contact
    }

    fn apply(&mut self, import: &Import, schema: &Schema) {
        let mut lines: Vec<_> = import.lines.iter().collect();
        lines.sort_by_key(|(_, ts, _)| *ts);
        for (id, ts, fields) in lines {
            let Contact { profile, seen, .. } = self.contact(id, schema);
            for (at, value) in fields {
                let newest = seen.entry(*at).or_insert(i64::MIN);
                if *ts >= *newest {
                    if profile.since[*at].is_none() || profile.fields[*at] != *value {
                        profile.since[*at] = Some(*ts);
                    }
                    *newest = *ts;
                    profile.fields[*at].clone_from(value);
                }
            }
        }
        for (id, event, event_id) in &import.events {
            let contact = self.contact(id, schema);
            if let Some(event_id) = event_id {
                if contact.ids.contains_key(event_id) {
                    continue;
                }
                contact.ids.insert(event_id.clone(), Some(contact.events.len()));
            }
            contact.events.push(Some(event.clone()));
        }
        for (id, event_id) in &import.deletions {
            let contact = self.contact(id, schema);
            if let Some(Some(place)) = contact.ids.insert(event_id.clone(), None) {
                contact.events[place] = None;
            }
        }
    }

    /// How many events are there that were not in an earlier state.
    fn added_since(&self, before: &Self) -> u64 {
        let of = |model: &Self, id: &String| model.contacts.get(id).map_or(0, |contact| contact.events.len());
        let new = |(id, contact): (&String, &Contact)| contact.events.iter().skip(of(before, id)).flatten().count() as u64;
        self.contacts.iter().map(new).sum()
    }

    /// The contacts as they are now, ascending by id.
    fn profiles(&self, schema: &Schema) -> Vec<Profile> {
        let profile = |contact: &Contact| {
            let mut profile = contact.profile.clone();
            profile.fields.resize(schema.fields.len(), None);
            profile.since.resize(schema.fields.len(), None);
            profile.events = contact.events.iter().flatten().cloned().collect();
            for event in &mut profile.events {
                event.attributes.resize(schema.event_type(event.event).unwrap().attributes.len(), None);
            }
            profile
        };
        self.contacts.values().map(profile).collect()
    }
}

/// The schema without its last fields, its last event type and the last attributes of another.
fn smaller(full: &Schema) -> Schema {
    let mut schema = full.clone();
    schema.fields.truncate(5);
    schema.events.pop();
    schema.events.last_mut().unwrap().attributes.truncate(3);
    schema
}

#[test]
fn histories_agree_with_the_model() {
    if let Some(seed) = setting("SEGQL_HISTORY_SEED") {
        history(seed);
        return;
    }
    (1..=setting("SEGQL_HISTORIES").unwrap_or(12)).for_each(history);
}

fn history(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let full = schema(&mut rng);
    let now = *moments().choose(&mut rng).unwrap();
    let script = scripts::script(&mut rng, &World::empty(&full, now), 8);
    let mut current = if rng.random_bool(0.5) { smaller(&full) } else { full.clone() };
    let folder = tempfile::tempdir().unwrap();
    let mut path = folder.path().join("s");
    let mut store = Store::create(&path, &current).unwrap();
    let mut model = Model::default();
    let steps = rng.random_range(3..9);
    let mut done: Vec<String> = Vec::new();
    for round in 0..steps {
        match rng.random_range(0..14) {
            0..5 => {
                let writer = Writer::begin(&store, WriterOptions { fold_bytes: None, ..WriterOptions::default() }).unwrap();
                for _ in 0..rng.random_range(1..4) {
                    let import = some(&mut rng, &current, round, now);
                    model.apply(&import, &current);
                    writer.append(import.batches().into()).unwrap();
                    done.push(format!("append {import:?}"));
                }
            }
            5..7 => {
                let import = some(&mut rng, &current, round, now);
                // What does not stay in memory is no small import: the chunks are rewritten.
                let memory_budget = if rng.random_bool(0.5) { 0 } else { 1 << 20 };
                let options = LoadOptions { memory_budget, ..LoadOptions::default() };
                let mut loader = Loader::begin(&store, &current, options).unwrap();
                import.batches().iter().for_each(|batch| loader.push(batch).unwrap());
                let summary = loader.finish().unwrap();
                let before = model.clone();
                model.apply(&import, &current);
                // What was known before, or comes twice, or is deleted at once, is a duplicate; all else has been added.
                let new = import.events.len() as u64;
                assert_eq!(summary.events_added + summary.duplicates, new, "seed {seed}");
                assert_eq!(summary.events_added, model.added_since(&before), "seed {seed}, round {round}: {done:#?} {import:?}");
                done.push(format!("import {memory_budget} {import:?}"));
            }
            7..9 => {
                let writer = Writer::begin(&store, WriterOptions::default()).unwrap();
                writer.fold().unwrap();
                done.push("fold".to_owned());
            }
            9 => {
                drop(store);
                store = Store::open(&path).unwrap();
                done.push("reopen".to_owned());
            }
            10 => {
                current = full.clone();
                Writer::begin(&store, WriterOptions::default()).unwrap().grow(&current).unwrap();
                done.push("grow".to_owned());
            }
            11 => {
                let (compacted, summary) = store.compact(&|| false).unwrap();
                store = compacted;
                assert!(summary.bytes_after > 0);
                done.push("compact".to_owned());
            }
            12 => {
                let copy = folder.path().join(format!("copy {round}"));
                store.backup(&copy, &|| false).unwrap();
                path = copy;
                store = Store::open(&path).unwrap();
                done.push("backup".to_owned());
            }
            _ => {
                let ids: Vec<String> = (0..2).map(|_| format!("c{}", rng.random_range(0..9))).collect();
                let known: BTreeSet<&String> = ids.iter().filter(|id| model.contacts.contains_key(*id)).collect();
                let summary = store.erase(&ids.iter().map(String::as_str).collect::<Vec<_>>(), now).unwrap();
                assert_eq!(summary.erased as usize, known.len(), "seed {seed}");
                for id in &ids {
                    drop(model.contacts.remove(id));
                }
                done.push(format!("erase {ids:?}"));
            }
        }
        let profiles = model.profiles(&current);
        let snapshot = store.snapshot().unwrap();
        compare(&snapshot, &profiles, &format!("seed {seed}, round {round}: {done:#?}"));
        if current == full {
            agree(&snapshot, &profiles, &script, now, &format!("seed {seed}, round {round}: {done:#?}"));
        }
    }
    round_trip(&store, folder.path(), &model.profiles(&current), now, &format!("seed {seed}: {done:#?}"));
    let verified = store.verify(&|| false).unwrap();
    assert!(verified.problems.is_empty(), "seed {seed}: {verified:?} {done:#?}");
    assert_eq!(verified.events, model.profiles(&current).iter().map(|p| p.events.len() as u64).sum::<u64>(), "seed {seed}");
}

/// What is exported imports back to the same contacts.
fn round_trip(store: &Store, folder: &std::path::Path, profiles: &[Profile], now: i64, what: &str) {
    let snapshot = store.snapshot().unwrap();
    let schema = snapshot.schema().clone();
    let file = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    let mut sources = vec![("contacts.parquet".to_owned(), SourceKind::Contacts)];
    export::contacts(&snapshot, file("contacts.parquet"), &|| false).unwrap();
    for (at, types) in export::event_tables(&schema).iter().enumerate() {
        export::events(&snapshot, types, file(&format!("events{at}.parquet")), &|| false).unwrap();
        sources.push((format!("events{at}.parquet"), SourceKind::Events));
    }
    export::deletions(&snapshot, &mut file("deletions.ndjson")).unwrap();
    sources.push(("deletions.ndjson".to_owned(), SourceKind::Events));
    let sources: Vec<Source> =
        (sources.into_iter()).map(|(name, kind)| Source { path: folder.join(name), copy: None, kind, format: None }).collect();
    let copy = Store::temporary(&schema).unwrap();
    let mut loader = Loader::begin(&copy, &schema, LoadOptions::default()).unwrap();
    let options = ingest::Options { now, ..ingest::Options::default() };
    let mut sink = |batch: &Batch| loader.push(batch);
    let report = ingest::import(&sources, &schema, &options, &mut sink, &mut |_| std::ops::ControlFlow::Continue(()));
    assert_eq!(report.unwrap_or_else(|e| panic!("{e:?}: {what}")).rejected_lines(), 0, "{what}");
    loader.finish().unwrap();
    compare(&copy.snapshot().unwrap(), profiles, what);
    let deleted =
        |snapshot: &Snapshot<'_>| -> usize { (0..snapshot.chunks()).map(|c| snapshot.deleted_events(c).unwrap().len()).sum() };
    assert_eq!(deleted(&copy.snapshot().unwrap()), deleted(&snapshot), "{what}");
}

fn some(rng: &mut ChaCha8Rng, schema: &Schema, round: i64, now: i64) -> Import {
    let contacts: Vec<(i32, f64, i32)> = (0..9).filter(|_| rng.random_bool(0.4)).map(|n| (n, 0.5, 4)).collect();
    let mut import = Import::random(rng, schema, contacts.into_iter(), round, now);
    for _ in 0..rng.random_range(0..3) {
        import.deletions.push((format!("c{}", rng.random_range(0..9)), format!("e{}", rng.random_range(0..6))));
    }
    import
}

/// The store gives every contact back as the model has it.
fn compare(snapshot: &Snapshot<'_>, profiles: &[Profile], what: &str) {
    assert_eq!(snapshot.contacts() as usize, profiles.len(), "{what}");
    for profile in profiles {
        let number = snapshot.find(&profile.id).unwrap().unwrap_or_else(|| panic!("no {}: {what}", profile.id));
        assert_eq!(snapshot.id_of(number).unwrap(), profile.id, "{what}");
        assert_eq!(snapshot.fields_of(number).unwrap(), profile.fields, "{}: {what}", profile.id);
        assert_eq!(snapshot.since_of(number).unwrap(), profile.since, "{}: {what}", profile.id);
        let stored: Vec<Event> = (snapshot.events_of(number).unwrap().into_iter())
            .map(|e| Event { event: e.event, ts: e.ts, attributes: e.attributes })
            .collect();
        let mut expected = profile.events.clone();
        expected.sort_by_key(|e| (e.event, e.ts));
        assert_eq!(stored, expected, "{}: {what}", profile.id);
    }
}

/// Every answer of the executor is the one-contact evaluator's, for exactly the contacts of the model.
fn agree(snapshot: &Snapshot<'_>, profiles: &[Profile], script: &str, now: i64, what: &str) {
    let schema = snapshot.schema();
    let mut sources = Sources::default();
    let entry = sources.add("random.seg", script);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Ok(scripts::LIST.to_owned()) });
    assert!(!has_errors(&checked.diagnostics), "{what}");
    let clock = Clock { now, zone: schema.timezone };
    let plan = rewrite(&lower(&checked.program, &checked.own, schema, &clock));
    let sets = evaluate(&Engine::new(snapshot), &plan, &clock, &Cancel::default()).unwrap();
    let cutoffs = row::cutoffs(schema, &checked.program, profiles, &clock);
    let mut expected: Vec<Vec<String>> = vec![Vec::new(); checked.own.len()];
    for profile in profiles {
        let answers = row::answers(schema, &checked.program, profile, &clock, &cutoffs);
        for (at, id) in checked.own.iter().enumerate() {
            if answers.segments[id.0 as usize] {
                expected[at].push(profile.id.clone());
            }
        }
    }
    for (at, (set, expected)) in sets.iter().zip(&expected).enumerate() {
        let line = script.lines().find(|l| l.starts_with(&format!("segment s{at} "))).unwrap_or_default();
        assert_eq!(&snapshot.sorted_ids(set).unwrap(), expected, "`{line}` {what}");
    }
}

/// New contacts fill a chunk and begin the next; ids, events and rankings are right across the seam, before and after.
#[test]
fn appended_contacts_cross_into_the_next_chunk() {
    let full = schema(&mut ChaCha8Rng::seed_from_u64(3));
    let event = full.event("B").unwrap();
    let store = Store::temporary(&full).unwrap();
    let mut loader = Loader::begin(&store, &full, LoadOptions::default()).unwrap();
    let mut batch = Batch::new(BatchKind::Contacts);
    (0..65_530).for_each(|n| batch.begin_contact(&format!("a{n:06}"), 0));
    loader.push(&batch).unwrap();
    loader.finish().unwrap();
    let writer = Writer::begin(&store, WriterOptions { fold_bytes: None, ..WriterOptions::default() }).unwrap();
    for n in 0..20 {
        let mut batch = Batch::new(BatchKind::Events);
        // One of them is known, all others are new.
        let id = if n == 7 { "a000003".to_owned() } else { format!("b{n:02}") };
        batch.begin_event(&id, event, 100 + n % 3, None);
        let appended = writer.append(vec![batch]).unwrap();
        assert_eq!(appended.contacts_new, u32::from(n != 7));
    }
    let check_all = || {
        let snapshot = store.snapshot().unwrap();
        assert_eq!((snapshot.contacts(), snapshot.chunks()), (65_549, 2));
        let members = |text: &str| {
            let mut sources = Sources::default();
            let entry = sources.add("a.seg", text);
            let checked = check(&mut sources, entry, Options { schema: &full, overrides: &[], read: &|_| Err(String::new()) });
            let clock = Clock { now: 1000, zone: full.timezone };
            let plan = rewrite(&lower(&checked.program, &checked.own, &full, &clock));
            let set = evaluate(&Engine::new(&snapshot), &plan, &clock, &Cancel::default()).unwrap().remove(0);
            snapshot.sorted_ids(&set).unwrap()
        };
        let mut with: Vec<String> = (0..20).filter(|n| *n != 7).map(|n| format!("b{n:02}")).collect();
        with.insert(0, "a000003".to_owned());
        assert_eq!(members("event B"), with);
        assert_eq!(members("not event B").len(), 65_529);
        assert_eq!(members("top 5 by last(B)"), ["b02", "b05", "b08", "b11", "b14"]);
        assert_eq!(members("bottom 3 by count(B)"), ["a000000", "a000001", "a000002"]);
        assert_eq!(members("all < event B; field contact_id starts with \"a\" >"), ["a000003"]);
        assert_eq!(snapshot.id_of(65_548).unwrap(), "b19");
        assert_eq!(snapshot.find("b19").unwrap(), Some(65_548));
    };
    check_all();
    writer.fold().unwrap();
    check_all();
}
