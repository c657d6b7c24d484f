//! How fast scripts are read and checked: long ones, wide ones, deep ones, and broken ones of each kind.
//!
//! `cargo bench --bench language` measures all of them. Times grow in proportion to the text; nothing here may be
//! quadratic in the number of definitions, members, items or mistakes.

#![allow(clippy::panic, reason = "a bench may stop")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use segql::check::{Options, check};
use segql::schema::Schema;
use segql::syntax::{SourceId, Sources, parse};

/// Fields and events that the scripts use.
const SCHEMA: &str = r#"
[fields.Kraj]
type = "text"
[fields.wiek]
type = "number"
[events.Zakup]
kind = "customer"
[events.Zakup.attributes]
kwota = "number"
"#;

/// A script of 10,000 lines, five to a definition.
fn ten_thousand_lines() -> String {
    let mut text = String::new();
    for n in 0..2000 {
        let _ = write!(
            text,
            "segment s{n} = all <\n  field Kraj in [\"PL\", \"DE\"];\n  event Zakup where kwota > {n} at least 2 times within 90d;\n  not field wiek < 18;\n>\n"
        );
    }
    text
}

fn members(count: usize) -> String {
    format!("all < {} >", "field wiek > 30; ".repeat(count))
}

fn items(count: usize) -> String {
    format!("field Kraj in [{}]", "\"PL\", ".repeat(count))
}

fn definitions(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = writeln!(text, "segment s{n} = event Zakup within 30d");
    }
    text
}

/// Groups inside groups, with something beside each.
fn deep(levels: usize) -> String {
    format!("{}everyone{}", "all < event Zakup; not any < field wiek > 3; ".repeat(levels / 3), " > >".repeat(levels / 3))
}

fn parentheses(levels: usize) -> String {
    format!("{}field wiek{} > 3", "(".repeat(levels), ")".repeat(levels))
}

/// Every tenth thing with a mistake.
fn broken(good: &str, every: usize, from: &str, to: &str) -> String {
    let mut text = String::new();
    for (n, part) in good.split(from).enumerate() {
        if n > 0 {
            text.push_str(if n % every == 0 { to } else { from });
        }
        text.push_str(part);
    }
    text
}

fn scripts() -> Vec<(&'static str, String)> {
    let wide = members(100_000);
    vec![
        ("lines_10k", ten_thousand_lines()),
        ("members_100k", wide.clone()),
        ("items_100k", items(100_000)),
        ("definitions_100k", definitions(100_000)),
        ("groups_deep_126", deep(126)),
        ("parentheses_deep_127", parentheses(127)),
        ("too_deep", parentheses(1000)),
        ("lines_10k_one_mistake", broken(&ten_thousand_lines(), 1500, "within 90d", "within 90")),
        ("lines_10k_many_mistakes", broken(&ten_thousand_lines(), 2, "within 90d", "within")),
        ("members_100k_one_mistake", format!("{} == >", wide.trim_end_matches(" >"))),
        ("members_100k_10k_mistakes", broken(&wide, 10, "> 30;", "> ;")),
        ("members_100k_no_separators", broken(&wide, 1, ";", "")),
        ("members_100k_commas", broken(&wide, 1, ";", ",")),
        ("members_100k_joined", format!("{}everyone", "field wiek > 30 and ".repeat(100_000))),
        ("items_100k_10k_mistakes", broken(&items(100_000), 10, "\"PL\"", "PL")),
        ("definitions_100k_10k_mistakes", broken(&definitions(100_000), 10, "within 30d", "within 30 days")),
        ("groups_deep_126_mistake", deep(126).replace("everyone", "everyone = 1")),
        ("groups_never_closed_100k", "all < ".repeat(100_000)),
        ("prose_1mb", "To jest zwykły tekst, który nie jest skryptem. ".repeat(20_000)),
        ("quotes_100k", "\" ' „ ".repeat(100_000)),
    ]
}

fn parsing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    group.sample_size(10);
    for (name, text) in scripts() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |bencher, text| {
            bencher.iter(|| parse(black_box(text), SourceId(0)));
        });
    }
}

fn checking(criterion: &mut Criterion) {
    let schema: Schema = segql::schema::toml::parse(SCHEMA).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    for (name, text) in scripts() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |bencher, text| {
            bencher.iter(|| {
                let mut sources = Sources::default();
                let entry = sources.add("a.seg", black_box(text));
                check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err("no files".to_owned()) })
            });
        });
    }
}

criterion_group!(benches, parsing, checking);
criterion_main!(benches);
