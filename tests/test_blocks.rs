//! `test` definitions: what passes, what fails, and what a failure shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::schema::toml::parse;
use segql::syntax::Sources;
use segql::testing::{self, Outcome};
use segql::time::Clock;

const SCHEMA: &str = r#"
timezone = "Europe/Warsaw"
[fields]
status = { type = "text", values = ["Silver", "Gold"] }
punkty = { type = "number", decimals = 1 }
urodziny = { type = "date" }
tagi = { type = "list<text>" }
adres = { record = { miasto = "text" } }
[events.Zakup.attributes]
kwota = "number"
items = { list = { sku = "text", cena = "number" } }
"#;

fn run(script: &str) -> (Vec<Outcome>, Sources) {
    let schema = parse(SCHEMA).unwrap();
    let mut sources = Sources::default();
    let entry = sources.add("a.seg", script);
    let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
    assert!(!has_errors(&checked.diagnostics), "{}", render::human(&checked.diagnostics, &sources, false));
    let outcomes = testing::run(&checked, &schema, Clock { now: 1_761_998_400_000, zone: schema.timezone });
    (outcomes, sources)
}

fn passes(script: &str) {
    let (outcomes, sources) = run(script);
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        assert!(outcome.failures.is_empty(), "{}", render::human(&outcome.failures, &sources, false));
    }
}

fn messages(script: &str) -> Vec<String> {
    run(script).0.into_iter().flat_map(|o| o.failures).map(|f| f.message).collect()
}

#[test]
fn every_kind_of_value_and_expectation() {
    passes(
        r#"
segment a = all < field status = "Gold"; field punkty = 2.5; field urodziny = 1990-01-01; field tagi has "x"; field adres.miasto = "Łódź" >
segment b = event Zakup where items has any < sku = "A"; cena > 5 > and kwota = 10 within 7d
segment c = field status = "Gold" for 30d
decision d < when segment a -> "x"; otherwise -> "y" >
test "values" at 2025-11-01T12:00 {
  contact "anna" { status: "Gold", punkty: 2.5, urodziny: 1990-01-01, tagi: ["x", "y"], adres: { miasto: "Łódź" } }
  contact "jan" { status: empty }
  event "anna" Zakup { kwota: 10, items: [{ sku: "A", cena: 6 }, { sku: "B" }] } at 7d ago
  event "jan" Zakup { kwota: 10, items: [] } at 2025-10-31
  expect "anna" in a
  expect "jan" not in a
  expect segment b = ["anna"]
  expect "anna" in decision d = "x"
  expect "jan" not in decision d = "x"
}
test "age of a value" at 2025-11-01 {
  contact "old" { status: "Gold" } at 30d ago
  contact "new" { status: "Gold" } at 29d ago
  contact "changed" { status: "Silver" } at 90d ago
  contact "changed" { status: "Gold" } at 3d ago
  expect segment c = ["old"]
}
test "rankings look at the contacts of the test" {
  contact "a" { punkty: 1 }
  contact "b" { punkty: 2 }
  expect segment best = ["b"]
}
segment best = top 1 by field punkty
"#,
    );
}

#[test]
fn boundaries_are_exact() {
    passes(
        r#"
segment s = event Zakup within 90d
test "inside" at 2025-11-01T12:00 { event "anna" Zakup at 90d ago expect "anna" in s }
test "outside" at 2025-11-01T12:00 { event "anna" Zakup at 2025-08-03T11:59:59.999 expect "anna" not in s }
test "the future does not exist" at 2025-11-01T12:00 { event "anna" Zakup at 2025-11-01T12:00:00.001 expect "anna" not in s }
"#,
    );
}

#[test]
fn failures_name_the_difference() {
    let found = messages(
        r#"
segment s = event Zakup within 90d
test "wrong" at 2025-11-01T12:00 {
  event "anna" Zakup at 91d ago
  event "jan" Zakup at 1d ago
  expect "anna" in s
  expect "jan" not in s
  expect segment s = ["anna"]
}
"#,
    );
    assert_eq!(found, ["`anna` is not in `s`", "`jan` is in `s`", "`s` has `jan` too and lacks `anna`"]);
}

#[test]
fn a_failure_shows_the_deciding_conditions() {
    let (outcomes, sources) = run(r#"segment s = all < field status = "Gold"; not event Zakup within 7d; field punkty > 1 >
test "why" at 2025-11-01T12:00 {
  contact "anna" { status: "Gold" }
  event "anna" Zakup at 1d ago
  expect "anna" in s
}
"#);
    let failure = &outcomes[0].failures[0];
    let shown: Vec<(&str, &str)> = failure.labels.iter().map(|l| (sources.text(l.span), l.message.as_str())).collect();
    assert_eq!(
        shown,
        [("event Zakup within 7d", "holds for `anna`: 1 such event"), ("field punkty > 1", "does not hold for `anna`: empty")]
    );
}

#[test]
fn thousands_of_tests_are_no_matter() {
    let mut script = "segment s = event Zakup within 90d\n".to_owned();
    for n in 0..3_000 {
        script
            .push_str(&format!("test \"{n}\" at 2025-11-01T12:00 {{ event \"anna\" Zakup at {n}s ago expect \"anna\" in s }}\n"));
    }
    passes(&script);
}
