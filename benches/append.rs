//! How fast events are appended, durably: each batch is on the disk before the next one begins.
//!
//! `cargo bench --bench append` makes a store of 200,000 contacts and 4 million events, appends 2,000 batches of 1,000 events
//! of contacts all over the store, a tenth of them new ones, and prints events in a second and how long batches take; then what
//! a segment takes with what was appended beside the columns, and after folding.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench reads the clock and may stop"
)]

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{lower, rewrite};
use segql::schema::{AttrId, EventId, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store, Writer, WriterOptions};
use segql::syntax::Sources;
use segql::time::Clock;
use segql::value::ValueRef;

const CONTACTS: u32 = 200_000;
const EVENTS: u32 = 4_000_000;
const BATCHES: u32 = 2_000;
const ROWS: u32 = 1_000;
const NOW: i64 = 1_761_998_400_000;
const YEAR: i64 = 365 * 86_400_000;

fn schema() -> Schema {
    let text = "[events.Zakup.attributes]\nkwota = { type = \"number\", decimals = 2 }\nkategoria = \"text\"\n[events.Wizyta.attributes]\nadres = \"text\"\n";
    segql::schema::toml::parse(text).expect("a schema")
}

/// An event like others, with an id of its own.
fn event(batch: &mut Batch, rng: &mut ChaCha8Rng, contacts: u32, kinds: [EventId; 2], id: u64, ts: i64) {
    let contact = format!("kontakt-{:08}", rng.random_range(0..contacts));
    let purchase = rng.random_bool(0.3);
    let event_id = format!("zdarzenie-{id}");
    batch.begin_event(&contact, kinds[usize::from(!purchase)], ts, Some(&event_id));
    if purchase {
        batch.attribute(AttrId(0), ValueRef::Number(rng.random_range(100..50_000)));
        batch.attribute(AttrId(1), ValueRef::Text(["buty", "czapki", "kurtki", "torby"][rng.random_range(0..4)]));
    } else {
        batch.attribute(AttrId(0), ValueRef::Text(&format!("/oferta/{}", rng.random_range(0..500))));
    }
}

fn main() {
    let schema = schema();
    let kinds = [schema.event("Zakup").expect("declared"), schema.event("Wizyta").expect("declared")];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let folder = tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
    let store = Store::create(&folder.path().join("store"), &schema).expect("a store");
    let mut loader = Loader::begin(&store, &schema, LoadOptions::default()).expect("a loader");
    let mut lines = Batch::new(BatchKind::Contacts);
    (0..CONTACTS).for_each(|n| lines.begin_contact(&format!("kontakt-{n:08}"), 0));
    loader.push(&lines).expect("room");
    let mut id = 0;
    for _ in 0..EVENTS / 10_000 {
        let mut batch = Batch::new(BatchKind::Events);
        for _ in 0..10_000 {
            let ts = NOW - rng.random_range(0..YEAR);
            event(&mut batch, &mut rng, CONTACTS, kinds, id, ts);
            id += 1;
        }
        loader.push(&batch).expect("room");
    }
    loader.finish().expect("a store");
    println!("{CONTACTS} contacts, {EVENTS} events; {BATCHES} batches of {ROWS} events");
    for (what, fold_bytes) in [("without folding", None), ("with folding at 64 MiB", WriterOptions::default().fold_bytes)] {
        let writer = Writer::begin(&store, WriterOptions { fold_bytes, ..WriterOptions::default() }).expect("a writer");
        let mut times: Vec<Duration> = Vec::new();
        for n in 0..BATCHES {
            let mut batch = Batch::new(BatchKind::Events);
            for _ in 0..ROWS {
                event(&mut batch, &mut rng, CONTACTS + CONTACTS / 9, kinds, id, NOW - i64::from(n));
                id += 1;
            }
            let begin = Instant::now();
            writer.append(vec![batch]).expect("room");
            times.push(begin.elapsed());
        }
        report(what, &mut times);
        let before = segment(&store, &schema);
        let begin = Instant::now();
        let folded = writer.fold().expect("room");
        let took = begin.elapsed();
        let after = segment(&store, &schema);
        println!("{:28} first {:>8.1?}, then {:>8.1?}", "  a segment, not folded:", before.0, before.1);
        println!("{:28} {took:>8.1?} for {} chunks", "  folding:", folded.chunks);
        println!("{:28} first {:>8.1?}, then {:>8.1?}", "  a segment, folded:", after.0, after.1);
    }
}

fn report(what: &str, times: &mut [Duration]) {
    let all: Duration = times.iter().sum();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let rate = f64::from(BATCHES * ROWS) / all.as_secs_f64();
    println!("{what}: {rate:.0} events/s; a batch: median {:.1?}, p99 {:.1?}, longest {:.1?}", at(0.5), at(0.99), at(1.0));
}

/// How long a segment takes for the first time in a snapshot, and then.
fn segment(store: &Store, schema: &Schema) -> (Duration, Duration) {
    let snapshot = store.snapshot().expect("a snapshot");
    let engine = Engine::new(&snapshot);
    let mut sources = Sources::default();
    let text = "all < event Zakup within 90d; sum(Zakup.kwota) > 500 >";
    let entry = sources.add("bench.seg", text);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Err(String::new()) });
    let clock = Clock { now: NOW, zone: schema.timezone };
    let plan = rewrite(&lower(&checked.program, &checked.own, schema, &clock));
    let run = || {
        let begin = Instant::now();
        evaluate(&engine, &plan, &clock, &Cancel::default()).expect("an answer");
        begin.elapsed()
    };
    let first = run();
    let mut times: Vec<Duration> = (0..7).map(|_| run()).collect();
    times.sort_unstable();
    (first, times[3])
}
