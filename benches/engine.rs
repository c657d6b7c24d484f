//! The inner loops, the operators and the planner.
//!
//! `cargo bench --bench engine` measures scans of packed columns of every width (values a second), a segment of every family of
//! operators, and the lowering and rewriting of 1,000 segments. The operators run on the store that `SEGQL_BENCH_STORE` names, or
//! on 200,000 generated contacts with 8 million events.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench may stop, and reads its settings")]

mod common;

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use segql::check::{Checked, Options, check};
use segql::diag::has_errors;
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{Plan, lower, rewrite};
use segql::schema::Schema;
use segql::store::column::{Column, encode_ints, encode_texts};
use segql::syntax::Sources;
use segql::time::{Clock, parse_instant};

/// Values of a column of a chunk.
const VALUES: i64 = 65_536;

/// One segment of every family.
const OPERATORS: [(&str, &str); 22] = [
    ("closed set", "field Status_VIP in [\"Gold\", \"Platinum\"]"),
    ("number", "field Wartość_zakupów_12m > 2000"),
    ("text", "field email ends with \"@skrzynka.example\""),
    ("list", "field zainteresowania has any of [\"sport\", \"podróże\"]"),
    ("anniversary", "field urodziny anniversary within next 7d"),
    ("negation", "not field Zgoda_SMS is true"),
    ("event", "event Zakup within 90d"),
    ("absence", "not event MailOpen within 30d"),
    ("event where", "event Zakup where kategoria = \"buty\" and kwota >= 100 within 6mo"),
    ("event where hour", "event Zakup where hour(time) between 10 and 11 within 90d"),
    ("times", "event Zakup at least 3 times within 6mo"),
    ("union", "event [MailClick, SmsClick, PushOpen] within 14d"),
    ("sum", "sum(Zakup.kwota within 12mo) > 2000"),
    ("average", "average(Transakcja.kwota within 90d) > 500"),
    ("distinct", "distinct(Zakup.kategoria within 12mo) >= 4"),
    ("most frequent", "most_frequent(Zakup.kategoria within 12mo) = \"buty\""),
    ("last of", "last(Zakup.kategoria) = \"sport\""),
    ("active days", "active_days(Odwiedziny_strony within 30d) >= 5"),
    ("arithmetic", "sum(Zakup.kwota within 90d) > 0.5 * sum(Zakup.kwota within 12mo)"),
    ("sequence", "sequence within 30d < event Koszyk; then event Zakup within 2d >"),
    ("top", "top 1% by sum(Zakup.kwota within 12mo)"),
    ("quorum", "at least 2 of < field Kraj = \"PL\"; event Zakup within 90d; event MailOpen within 30d; field wiek < 35 >"),
];

fn kernels(c: &mut Criterion) {
    let mut group = c.benchmark_group("scan");
    group.throughput(Throughput::Elements(VALUES.unsigned_abs()));
    for (name, greatest) in
        [("8 bits", 200), ("16 bits", 60_000), ("32 bits", 3 << 30), ("40 bits", 63 << 30), ("64 bits", 1 << 50)]
    {
        for (kind, every) in [("", 1), (", half of them", 2), (", every tenth", 10)] {
            let value = |n: i64| (n % every == 0).then_some(n * 2_654_435_761 % greatest);
            let values: Vec<Option<i64>> = (0..VALUES).map(value).collect();
            let bytes = encode_ints(&values);
            let Some(Column::Int(column)) = Column::decode(&bytes) else { continue };
            let mut out = vec![0_u64; 1024];
            group.bench_function(BenchmarkId::from_parameter(format!("{name}{kind}")), |b| {
                b.iter(|| {
                    out.fill(0);
                    column.scan(black_box(greatest / 3), greatest / 2, &mut out);
                });
            });
        }
    }
    let texts: Vec<String> = (0..VALUES).map(|n| format!("wartość {}", n * 7919 % 5000)).collect();
    let bytes = encode_texts(&texts.iter().map(|t| Some(t.as_str())).collect::<Vec<_>>(), true);
    if let Some(Column::Text(column)) = Column::decode(&bytes) {
        let mut out = vec![0_u64; 1024];
        group.bench_function("texts that end so", |b| {
            b.iter(|| {
                out.fill(0);
                column.scan(&column.matching(|text| text.ends_with(black_box("7"))), &mut out)
            });
        });
    }
    group.finish();
}

fn checked(text: &str, schema: &Schema) -> Checked {
    let mut sources = Sources::default();
    let entry = sources.add("bench.seg", text);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Err(String::new()) });
    assert!(!has_errors(&checked.diagnostics), "{:?}", checked.diagnostics.first());
    checked
}

fn planned(checked: &Checked, schema: &Schema, clock: &Clock) -> Plan {
    rewrite(&lower(&checked.program, &checked.own, schema, clock))
}

fn operators(c: &mut Criterion) {
    let store = common::store(200_000, 8_000_000);
    let snapshot = store.snapshot().unwrap();
    let schema = snapshot.schema();
    let clock = Clock { now: parse_instant("2025-11-01T12:00:00Z", schema.timezone).unwrap(), zone: schema.timezone };
    let engine = Engine::new(&snapshot);
    let mut group = c.benchmark_group(format!("operators on {} contacts", snapshot.contacts()));
    group.sample_size(20).throughput(Throughput::Elements(snapshot.contacts().into()));
    for (name, text) in OPERATORS {
        let plan = planned(&checked(text, schema), schema, &clock);
        group.bench_function(name, |b| b.iter(|| evaluate(&engine, black_box(&plan), &clock, &Cancel::default()).unwrap()));
    }
    group.finish();
}

fn plans(c: &mut Criterion) {
    let schema = segql::generate::schema();
    let clock = Clock { now: parse_instant("2025-11-01T12:00:00Z", schema.timezone).unwrap(), zone: schema.timezone };
    let mut text = String::new();
    for (n, (_, condition)) in OPERATORS.iter().cycle().take(1000).enumerate() {
        writeln!(text, "segment s{n} = all < {condition}; field wiek > {}; not segment s{} >", n % 60, n.saturating_sub(7))
            .unwrap();
    }
    let text = text.replacen("not segment s0", "everyone", 8);
    let checked = checked(&text, &schema);
    let mut group = c.benchmark_group("1,000 segments");
    group.sample_size(20);
    group.bench_function("lower", |b| b.iter(|| lower(&checked.program, black_box(&checked.own), &schema, &clock)));
    let lowered = lower(&checked.program, &checked.own, &schema, &clock);
    group.bench_function("rewrite", |b| b.iter(|| rewrite(black_box(&lowered))));
    group.finish();
}

criterion_group!(benches, kernels, operators, plans);
criterion_main!(benches);
