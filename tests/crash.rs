//! A process is killed at random moments of appending, importing, folding, erasing, compacting and copying: everything that
//! was acknowledged is there, what was under way is there whole or not at all, the store is whole, and the answers are the
//! one-contact evaluator's.
//!
//! `SEGQL_KILLS=500 cargo test --test crash -- --nocapture` kills so often; `SEGQL_KILL_SEED` begins with another seed.
#![cfg(all(feature = "engine", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{lower, rewrite};
use segql::row::{self, Event, Profile};
use segql::schema::{AttrId, EventId, FieldId, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store, Writer, WriterOptions};
use segql::syntax::Sources;
use segql::time::Clock;
use segql::value::{Value, ValueRef};

const CONTACTS: u64 = 40;

fn schema() -> Schema {
    segql::schema::toml::parse(
        "[fields]\nlicznik = { type = \"number\", decimals = 0 }\nopis = { type = \"text\" }\n[events.E.attributes]\nn = { type = \"number\", decimals = 0 }\n",
    )
    .unwrap()
}

fn event(schema: &Schema) -> EventId {
    schema.event("E").unwrap()
}

/// What the n-th operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Append,
    Import,
    Fold,
    Erase,
    Compact,
    Backup,
}

fn kind(n: u64) -> Kind {
    match n % 12 {
        3 => Kind::Import,
        5 => Kind::Fold,
        7 => Kind::Erase,
        9 => Kind::Compact,
        10 => Kind::Backup,
        _ => Kind::Append,
    }
}

/// A number that looks random and is the same in both processes.
fn mixed(n: u64, salt: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ x >> 32
}

fn contact(n: u64, salt: u64) -> String {
    format!("kontakt-{}", mixed(n, salt) % CONTACTS)
}

/// The lines, events and deletions of an operation that adds data.
struct Data {
    lines: Vec<(String, i64, String)>,
    events: Vec<(String, i64, i64, String)>,
    deletions: Vec<(String, String)>,
}

fn data(n: u64) -> Data {
    let many = if kind(n) == Kind::Import { 60 } else { 1 + mixed(n, 1) % 20 };
    let signed = n.cast_signed();
    let lines = (0..many).map(|i| (contact(n, i), signed, format!("opis {n}"))).collect();
    let event = |i: u64| {
        let ts = signed - (mixed(n, 200 + i) % 50).cast_signed();
        (contact(n, 100 + i), ts, signed * 100 + i.cast_signed(), format!("{n}/{i}"))
    };
    let events = (0..many).map(event).collect();
    // Some that were, some that never are, one that comes with it.
    let back = n.saturating_sub(mixed(n, 2) % 6);
    let deletions = vec![(contact(back, 100), format!("{back}/0")), (contact(n, 7), "never".to_owned())];
    Data { lines, events, deletions }
}

fn batches(n: u64, schema: &Schema) -> Vec<Batch> {
    let data = data(n);
    let mut lines = Batch::new(BatchKind::Contacts);
    for (id, ts, text) in &data.lines {
        lines.begin_contact(id, *ts);
        lines.field(FieldId(0), Some(ValueRef::Number(*ts)));
        lines.field(FieldId(1), Some(ValueRef::Text(text)));
    }
    let mut events = Batch::new(BatchKind::Events);
    for (id, ts, value, event_id) in &data.events {
        events.begin_event(id, event(schema), *ts, Some(event_id));
        events.attribute(AttrId(0), ValueRef::Number(*value));
    }
    data.deletions.iter().for_each(|(id, event_id)| events.delete_event(id, event_id));
    vec![lines, events]
}

/// What the store must hold.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    contacts: BTreeMap<String, Contact>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Contact {
    fields: Vec<Option<Value>>,
    events: Vec<(String, Event)>,
    known: BTreeSet<String>,
}

impl Model {
    fn apply(&mut self, n: u64, schema: &Schema) {
        match kind(n) {
            Kind::Append | Kind::Import => {
                let data = data(n);
                let blank = || Contact { fields: vec![None, None], ..Contact::default() };
                for (id, ts, text) in data.lines {
                    self.contacts.entry(id).or_insert_with(blank).fields = vec![Some(Value::Number(ts)), Some(Value::Text(text))];
                }
                for (id, ts, value, event_id) in data.events {
                    let contact = self.contacts.entry(id).or_insert_with(blank);
                    if contact.known.insert(event_id.clone()) {
                        let event = Event { event: event(schema), ts, attributes: vec![Some(Value::Number(value))] };
                        contact.events.push((event_id, event));
                    }
                }
                for (id, event_id) in data.deletions {
                    let contact = self.contacts.entry(id).or_insert_with(blank);
                    contact.events.retain(|(known, _)| *known != event_id);
                    contact.known.insert(event_id);
                }
            }
            Kind::Erase => drop(self.contacts.remove(&contact(n, 5))),
            Kind::Fold | Kind::Compact | Kind::Backup => {}
        }
    }

    fn profiles(&self) -> Vec<Profile> {
        let profile = |(id, contact): (&String, &Contact)| {
            let mut events: Vec<Event> = contact.events.iter().map(|(_, event)| event.clone()).collect();
            events.sort_by_key(|event| event.ts);
            Profile { id: id.clone(), fields: contact.fields.clone(), since: vec![None; 2], events }
        };
        self.contacts.iter().map(profile).collect()
    }

    /// Whether a store holds exactly this.
    fn is_in(&self, store: &Store) -> bool {
        let snapshot = store.snapshot().unwrap();
        let profiles = self.profiles();
        snapshot.contacts() as usize == profiles.len()
            && profiles.iter().all(|profile| {
                let Some(number) = snapshot.find(&profile.id).unwrap() else { return false };
                let events = snapshot.events_of(number).unwrap().into_iter();
                let events: Vec<Event> = events.map(|e| Event { event: e.event, ts: e.ts, attributes: e.attributes }).collect();
                snapshot.fields_of(number).unwrap() == profile.fields && events == profile.events
            })
    }
}

const SCRIPT: &str = "segment a = event E where n > 1000\nsegment b = field licznik > 20\nsegment c = count(E) >= 3\nsegment d = top 5 by count(E)\nsegment e = not event E within 20s\nsegment f = all < event E at least 2 times; field opis contains \"1\" >\n";

fn answers_agree(store: &Store, model: &Model, now: i64) {
    let snapshot = store.snapshot().unwrap();
    let schema = snapshot.schema();
    let mut sources = Sources::default();
    let entry = sources.add("crash.seg", SCRIPT);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Err(String::new()) });
    let clock = Clock { now, zone: schema.timezone };
    let plan = rewrite(&lower(&checked.program, &checked.own, schema, &clock));
    let sets = evaluate(&Engine::new(&snapshot), &plan, &clock, &Cancel::default()).unwrap();
    let profiles = model.profiles();
    let cutoffs = row::cutoffs(schema, &checked.program, &profiles, &clock);
    for (at, set) in sets.iter().enumerate() {
        let members = profiles.iter().filter(|p| row::answers(schema, &checked.program, p, &clock, &cutoffs).segments[at]);
        let expected: Vec<String> = members.map(|p| p.id.clone()).collect();
        assert_eq!(snapshot.sorted_ids(set).unwrap(), expected, "segment {at}");
    }
}

/// Not a test of its own: the process that is killed. It says what it begins and what is acknowledged.
#[test]
fn child() {
    let Ok(path) = std::env::var("SEGQL_CRASH_STORE") else { return };
    let mut n: u64 = std::env::var("SEGQL_CRASH_NEXT").unwrap().parse().unwrap();
    let path = Path::new(&path);
    let say = |what: &str, n: u64| {
        let mut out = std::io::stdout().lock();
        out.write_all(format!("# {what} {n}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
    };
    let schema = schema();
    let mut store = Store::open(path).unwrap();
    loop {
        say("begin", n);
        match kind(n) {
            Kind::Append => {
                let options = WriterOptions { fold_bytes: Some(40_000), ..WriterOptions::default() };
                Writer::begin(&store, options).unwrap().append(batches(n, &schema)).unwrap();
            }
            Kind::Import => {
                // Nothing stays in memory, so that the chunks are rewritten.
                let options = LoadOptions { memory_budget: 0, ..LoadOptions::default() };
                let mut loader = Loader::begin(&store, &schema, options).unwrap();
                for batch in &batches(n, &schema) {
                    loader.push(batch).unwrap();
                }
                loader.finish().unwrap();
            }
            Kind::Fold => drop(Writer::begin(&store, WriterOptions::default()).unwrap().fold().unwrap()),
            Kind::Erase => drop(store.erase(&[&contact(n, 5)], 0).unwrap()),
            Kind::Compact => store = store.compact(&|| false).unwrap().0,
            Kind::Backup => drop(store.backup(&path.with_extension(format!("copy{n}")), &|| false).unwrap()),
        }
        say("done", n);
        n += 1;
    }
}

/// Runs a process for a while and kills it; what it has begun and what it has done.
fn run_and_kill(path: &Path, next: u64, after: Duration) -> (Option<u64>, Option<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("SEGQL_CRASH_STORE", path)
        .env("SEGQL_CRASH_NEXT", next.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut begun, mut done) = (None, None);
    let mut note = |line: &str| {
        // The harness may have written before it on the same line.
        if let Some((what, n)) = line.split_once("# ").and_then(|(_, said)| said.split_once(' ')) {
            let n = n.parse().ok();
            if what == "begin" { begun = n } else { done = n }
        }
    };
    while let Some(Ok(line)) = lines.next() {
        note(&line);
        if line.contains("# begin") {
            break;
        }
    }
    std::thread::sleep(after);
    child.kill().unwrap();
    lines.map_while(Result::ok).for_each(|line| note(&line));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    (begun, done)
}

#[test]
fn whatever_is_killed_loses_nothing() {
    if std::env::var("SEGQL_CRASH_STORE").is_ok() {
        return;
    }
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = setting("SEGQL_KILLS").unwrap_or(12);
    let mut rng = ChaCha8Rng::seed_from_u64(setting("SEGQL_KILL_SEED").unwrap_or(1));
    let schema = schema();
    let mut killed: BTreeMap<String, u64> = BTreeMap::new();
    let (mut left, mut operations) = (kills, 0);
    while left > 0 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        drop(Store::create(&path, &schema).unwrap());
        let mut model = Model::default();
        let mut next = 1_u64;
        for _ in 0..left.min(20) {
            left -= 1;
            // Mostly soon, for beginnings are where most happens.
            let most = [8, 60, 600][rng.random_range(0..3)];
            let after = Duration::from_millis(rng.random_range(0..most));
            let (begun, done) = run_and_kill(&path, next, after);
            let at = format!("after {after:?}: {begun:?} was begun and {done:?} done");
            if let Some(done) = done {
                (next..=done).for_each(|n| model.apply(n, &schema));
                next = done + 1;
            }
            let store = Store::open(&path).unwrap_or_else(|error| panic!("{at}: {error}"));
            let under_way = begun.filter(|begun| *begun == next);
            if let Some(n) = under_way {
                *killed.entry(format!("{:?}", kind(n))).or_default() += 1;
                if !model.is_in(&store) {
                    // It was not acknowledged, and is there: then all of it is.
                    model.apply(n, &schema);
                    next += 1;
                }
            }
            assert!(model.is_in(&store), "{at}");
            let verified = store.verify(&|| false).unwrap();
            assert!(verified.problems.is_empty(), "{at}: {verified:?}");
            answers_agree(&store, &model, next.cast_signed() * 1000);
            answers_agree(&store, &model, next.cast_signed());
            copies_are_whole(&path, &at);
            operations += 1;
        }
        // What was left behind does not keep anybody from writing.
        let store = Store::open(&path).unwrap();
        Writer::begin(&store, WriterOptions::default()).unwrap().fold().unwrap();
        assert!(model.is_in(&store));
    }
    println!("{operations} kills, while under way: {killed:?}");
}

/// A copy that was killed is no store, or a whole one.
fn copies_are_whole(path: &Path, at: &str) {
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let copy = entry.unwrap().path();
        let is_copy = copy.extension().is_some_and(|e| e.to_string_lossy().starts_with("copy"));
        if is_copy && copy.join("data.mdb").exists() {
            let store = Store::open(&copy).unwrap_or_else(|error| panic!("{at}: {error}"));
            let verified = store.verify(&|| false).unwrap();
            assert!(verified.problems.is_empty(), "{at}: {verified:?}");
        }
        if is_copy {
            std::fs::remove_dir_all(&copy).unwrap();
        }
    }
}
