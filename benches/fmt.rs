//! How fast scripts are formatted, verification included.
//!
//! `cargo bench --bench fmt`. 10,000 lines are to take less than 100 ms; nothing may be quadratic in the length of a group,
//! a list or a file.

#![allow(clippy::panic, reason = "a bench may stop")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use segql::fmt::format;
use segql::syntax::SourceId;

/// A script of 10,000 lines, ten to a definition, with comments.
fn ten_thousand_lines() -> String {
    let mut text = String::new();
    for n in 0..1000 {
        let _ = write!(
            text,
            "/// Group {n}.\nsegment s{n} \"Group {n}\" =\n  all <\n    field Status_VIP in [\"Gold\", \"Platinum\"]; // tier\n    \
             sum(Zakup.kwota within 12mo) > {n};\n    event Zakup where kwota > 100 at least 2 times within 90d;\n    \
             any < field wiek < 18; field Kraj = \"PL\" >;\n    last(Zakup) older than 90d\n  >\n\n"
        );
    }
    text
}

fn formatted(text: &str) -> usize {
    format(text, SourceId(0)).unwrap_or_else(|error| panic!("{error}")).text.len()
}

fn sizes(c: &mut Criterion) {
    let ten_thousand = ten_thousand_lines();
    let broken = ten_thousand.replacen("older than", "older then", 1);
    let scripts = [
        ("10,000 lines", ten_thousand),
        ("10,000 lines, one broken", broken),
        ("10,000 members", format!("all < {} >", "field wiek > 30; ".repeat(10_000))),
        ("100,000 items", format!("field Kraj in [{}]", "\"PL\", ".repeat(100_000))),
        ("10,000 comments", format!("segment a = all <\n{}\n everyone >", "// a comment\n".repeat(10_000))),
        ("120 levels", format!("{}everyone{}", "all < event Zakup; ".repeat(120), " >".repeat(120))),
    ];
    let mut group = c.benchmark_group("fmt");
    group.sample_size(10);
    for (name, text) in &scripts {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |b, text| b.iter(|| formatted(black_box(text))));
    }
    group.finish();
}

criterion_group!(benches, sizes);
criterion_main!(benches);
