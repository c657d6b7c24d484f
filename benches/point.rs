//! How long one contact takes: all answers of a thousand segments and ten decisions, read from a store and decided, contact by
//! contact.
//!
//! `SEGQL_BENCH_STORE=data.segql cargo bench --bench point` measures on a store of generated data (`segql gen`, `segql import`), of any
//! size; without it 50,000 contacts are made. `SEGQL_BENCH_CONTACTS` says how many contacts are asked about, 5,000 if it does not.
//! Prints, for reading the contact and deciding apart and together, the median, the 99th percentile and the longest.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench measures, and may stop"
)]

mod common;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::check::{Options, check};
use segql::diag::has_errors;
use segql::row::{Cutoffs, Setting};
use segql::syntax::Sources;
use segql::time::{Clock, parse_instant};

const NOW: &str = "2025-11-01T12:00:00Z";

fn main() {
    let store = common::store(50_000, 2_000_000);
    let asked = std::env::var("SEGQL_BENCH_CONTACTS").ok().and_then(|n| n.parse().ok()).unwrap_or(5_000_usize);
    let snapshot = store.snapshot().unwrap();
    let schema = snapshot.schema();
    let mut sources = Sources::default();
    let entry = sources.add("thousand.seg", &script());
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Err(String::new()) });
    assert!(!has_errors(&checked.diagnostics), "{:?}", checked.diagnostics.first());
    let clock = Clock { now: parse_instant(NOW, schema.timezone).unwrap(), zone: schema.timezone };
    let setting = Setting { schema, program: &checked.program, clock, cutoffs: &Cutoffs::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let ids: Vec<String> = (0..asked).map(|_| snapshot.id_of(rng.random_range(0..snapshot.contacts())).unwrap()).collect();
    println!(
        "{} contacts in the store, {} asked about, {} segments, {} decisions",
        snapshot.contacts(),
        ids.len(),
        checked.own.len(),
        checked.own_decisions.len()
    );
    let (mut read, mut decided, mut both) = (Vec::new(), Vec::new(), Vec::new());
    let profiles = snapshot.profiles();
    let (mut members, mut events) = (0, 0);
    // The first round warms the pages up; the second is what counts.
    for round in 0..2 {
        for id in &ids {
            let begin = Instant::now();
            let profile = profiles.get(id).unwrap().unwrap();
            let loaded = begin.elapsed();
            let second = Instant::now();
            let answers = profile.which(&setting);
            let answered = second.elapsed();
            if round == 1 {
                members += answers.segments.iter().filter(|s| **s).count();
                events += profile.events.len();
                read.push(loaded);
                decided.push(answered);
                both.push(loaded + answered);
            }
        }
    }
    println!("{} memberships and {} events for each contact", members / ids.len(), events / ids.len());
    for (what, times) in [("read the contact", read), ("decide", decided), ("both", both)] {
        print(what, times);
    }
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000].as_secs_f64() * 1e6;
    println!("{what:>16}  median {:>7.1} us  p99 {:>7.1} us  max {:>7.1} us", at(500), at(990), at(1000));
}

/// A thousand segments as marketers write them, and ten decisions.
fn script() -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut text = "let $kwota = sum(Zakup.kwota within 12mo)\nlet $szansa = logistic(2 * if(event Koszyk within 7d, 1, 0) + 0.3 * count(MailClick within 30d) - 2)\n".to_owned();
    for n in 0..1000 {
        let days = [3, 7, 14, 30, 60, 90, 180, 365][rng.random_range(0..8)];
        let amount = [50, 100, 200, 500, 1000, 2000][rng.random_range(0..6)];
        let times = rng.random_range(1..6);
        let tier = ["Standard", "Silver", "Gold", "Platinum"][rng.random_range(0..4)];
        let country = ["PL", "DE", "CZ", "GB"][rng.random_range(0..4)];
        let condition = match n % 12 {
            0 => format!("all < field Status_VIP = \"{tier}\"; $kwota > {amount}; last(Zakup) older than {days}d >"),
            1 => format!("all < event Zakup where kwota >= {amount} within {days}d; field Zgoda_SMS is true >"),
            2 => format!("all < not event MailOpen within {days}d; event MailSent at least {times} times within {days}d >"),
            3 => format!("any < event Koszyk within {days}d; event Odwiedziny_strony at least {times} times within 7d >"),
            4 => format!("all < field Kraj = \"{country}\"; field wiek between 18 and {}; event Zakup >", 30 + times * 5),
            5 => format!("sequence within {days}d < event Koszyk; then not event Zakup within 2d >"),
            6 => format!(
                "at least 2 of < event MailClick within {days}d; event PushOpen within {days}d; event SmsClick within {days}d >"
            ),
            7 => format!("all < count(Zakup within {days}d) >= {times}; average(Zakup.kwota) > {amount} >"),
            8 => format!("all < $szansa > 0.{times}; field Zgoda_marketingowa is true or empty >"),
            9 => format!("all < field urodziny anniversary within next {}d; not segment s{} >", times * 5, n - 9),
            10 => format!("all < event Transakcja last {times} months; field Saldo < {amount} >"),
            _ => format!("active_days(Odwiedziny_strony within {days}d) >= {times}"),
        };
        writeln!(text, "segment s{n} = {condition}").unwrap();
    }
    for n in 0..10 {
        writeln!(
            text,
            "decision d{n} < when segment s{} -> \"a\"; when segment s{} -> \"b\"; when $szansa > 0.5 -> \"c\"; otherwise -> \"d\" >",
            n * 7,
            n * 11 + 1
        )
        .unwrap();
    }
    text
}
