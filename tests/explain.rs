//! `segql explain`: plans, what the laws did, and what happened, confronted with what is true.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const NOW: &str = "2025-11-01T12:00";

/// Runs the program and returns code, output and errors.
fn segql(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
    let output = command.args(arguments).current_dir(folder).env_remove("SEGQL_STORE").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn prints(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = segql(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {err}");
    out
}

/// A store of generated contacts.
fn generated(contacts: &str, events: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    prints(path, &["gen", "--contacts", contacts, "--events", events, "--seed", "5", "--out", "data"]);
    let files = ["--schema", "data/schema.toml", "--contacts", "data/contacts.parquet", "--events", "data/events.parquet"];
    prints(path, &[&["import", "--store", "store"], files.as_slice()].concat());
    folder
}

/// Explains a condition on the store as JSON.
fn explained(folder: &Path, condition: &str, more: &[&str]) -> Value {
    let arguments = ["explain", "-e", condition, "--store", "store", "--now", NOW, "--format", "json"];
    serde_json::from_str(&prints(folder, &[arguments.as_slice(), more].concat())).unwrap()
}

fn count(folder: &Path, condition: &str) -> u64 {
    prints(folder, &["run", "-e", condition, "--store", "store", "--now", NOW]).trim().parse().unwrap()
}

/// All nodes below an item, itself first.
fn nodes(item: &Value) -> Vec<&Value> {
    std::iter::once(item).chain(item["parts"].as_array().unwrap().iter().flat_map(nodes)).collect()
}

const LAPSED: &str = "all < field Status_VIP in [\"Gold\", \"Platinum\"]; sum(Zakup.kwota within 12mo) > 2000; \
                      not event MailOpen within 30d; event Zakup where kwota > 100 at least 2 times >";

#[test]
fn an_analysis_shows_what_happened() {
    let folder = generated("10000", "100000");
    let folder = folder.path();
    let analysis = explained(folder, LAPSED, &["--analyze", "--repeat", "3"]);
    assert_eq!((&analysis["runs"], &analysis["contacts"]), (&Value::from(3), &Value::from(10_000)));
    assert!(analysis["wall_ns"].as_u64().unwrap() > 0 && analysis["bandwidth_bytes_per_second"].as_f64().unwrap() > 1e8);
    let root = &analysis["segments"][0];
    let all = nodes(root);
    assert!(all.len() >= 5, "{root:#}");
    let figure = |node: &Value, name: &str| node["measured"][name].as_u64().unwrap();
    assert_eq!(figure(root, "asked"), 10_000);
    assert_eq!(figure(root, "found"), count(folder, LAPSED));
    // What a part of `all` lets through is what the next is asked about.
    let mut left = 10_000;
    for part in root["parts"].as_array().unwrap() {
        assert_eq!(figure(part, "asked"), left, "{root:#}");
        left = figure(part, "found");
        assert!(part["operation"].as_str().unwrap().starts_with("everyone") || figure(part, "bytes") > 0, "{part:#}");
    }
    assert_eq!(left, figure(root, "found"));
    // Of the first, asked about all, the estimate is that of the plan.
    let first = &root["parts"][0];
    assert_eq!(first["measured"]["expected"], first["about"], "{first:#}");
    // Own times are parts of those with parts, and all of them are the whole.
    let own: u64 = all.iter().map(|node| figure(node, "own_ns")).sum();
    let around = analysis["around_ns"].as_u64().unwrap();
    assert_eq!(own + around, analysis["processor_ns"].as_u64().unwrap().max(own));
    assert!(all.iter().all(|node| figure(node, "own_ns") <= figure(node, "whole_ns")));
    for share in ["time_share", "predicted_share"] {
        let sum: f64 = all.iter().map(|node| node["measured"][share].as_f64().unwrap()).sum();
        assert!((0.99..1.01).contains(&sum), "{share}: {sum}");
    }
}

#[test]
fn bytes_are_those_of_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("schema.toml"), "[fields]\nn = \"number\"\n[events.A.attributes]\nv = \"number\"\n").unwrap();
    let line = |n: u32| format!("{{\"contact_id\":\"c{n}\",\"n\":{}}}\n", n % 200);
    std::fs::write(path.join("contacts.ndjson"), (0..1_000).map(line).collect::<String>()).unwrap();
    // Two events of each tenth contact; 40 different instants and 100 different values.
    let event = |n: u32| {
        let day = 1 + n % 20;
        format!(
            "{{\"contact_id\":\"c{n}\",\"event\":\"A\",\"ts\":\"2025-09-{day:02}T00:00:00Z\",\"attrs\":{{\"v\":{n}}}}}\n\
             {{\"contact_id\":\"c{n}\",\"event\":\"A\",\"ts\":\"2025-10-{day:02}T00:00:00Z\",\"attrs\":{{\"v\":{n}}}}}\n"
        )
    };
    std::fs::write(path.join("events.ndjson"), (0..1_000).step_by(10).map(event).collect::<String>()).unwrap();
    let import = ["import", "--store", "store", "--schema", "schema.toml", "--contacts", "contacts.ndjson"];
    prints(path, &[import.as_slice(), &["--events", "events.ndjson"]].concat());
    prints(path, &["compact", "--store", "store"]);
    let bytes = |condition: &str| {
        let analysis = explained(path, condition, &["--analyze"]);
        analysis["segments"][0]["measured"]["bytes"].as_u64().unwrap()
    };
    // A bit for each slot of a chunk, and a byte for each number, as there are 200 of them.
    assert_eq!(bytes("field n > 100"), 8_192 + 1_000);
    // All lie between, so only who has one is looked at; or nobody does.
    assert_eq!(bytes("field n >= 0"), 8_192);
    assert_eq!(bytes("field n > 300"), 0);
    // Who has events, then 200 rows of a value, a byte each; no instant, as all lie in the past.
    assert_eq!(bytes("event A where v > 500"), 8_192 + 200);
    // The instants of all rows too.
    assert_eq!(bytes("event A where v > 500 after 2025-09-30"), 8_192 + 200 * 2);
}

#[test]
fn estimates_are_near_what_is_true() {
    let folder = generated("10000", "100000");
    let folder = folder.path();
    let conditions = [
        "field Status_VIP in [\"Gold\", \"Platinum\"]",
        "not field Kraj = \"PL\"",
        "field Saldo > 100",
        "event Zakup within 90d",
        "event MailOpen at least 3 times within 30d",
        "last(Zakup) older than 90d",
        "count(MailOpen) > 10",
        "sample 10% salt \"a\"",
        "top 100 by count(Zakup)",
        "any < event Zakup within 30d; field Status_VIP = \"Gold\" >",
    ];
    for condition in conditions {
        let plan = explained(folder, condition, &[]);
        let about = plan[0]["about"].as_f64().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "thousands of contacts")]
        let truly = count(folder, condition) as f64;
        // A sample of hundreds of contacts says no more.
        assert!((about - truly).abs() < 800.0 + truly * 0.25, "{condition}: about {about}, truly {truly}");
    }
    let without = prints(folder, &["explain", "-e", "everyone", "--schema", "data/schema.toml", "--now", NOW]);
    assert!(!without.contains("about"), "{without}");
}

#[test]
fn parts_that_settle_most_for_least_come_first() {
    let folder = generated("10000", "100000");
    let folder = folder.path();
    let first = |condition: &str| explained(folder, condition, &[])[0]["parts"][0]["operation"].as_str().unwrap().to_owned();
    // Both read events; nearly everybody has the one, hardly anybody the other, whatever the order in the script.
    let (rare, frequent) = ("event Zakup where kwota > 100 within 3d", "event MailSent where channel = \"email\" within 720d");
    for (a, b) in [(rare, frequent), (frequent, rare)] {
        assert!(first(&format!("all < {a}; {b} >")).starts_with("event Zakup"), "{a}; {b}");
    }
}

#[test]
fn rewrites_are_told_with_their_laws() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("schema.toml"), "[fields]\nn = \"number\"\nmiasto = \"text\"\n").unwrap();
    let condition = "all < all < field n > 1; field miasto = \"Łódź\" >; field n < 5; everyone >";
    let arguments = ["explain", "-e", condition, "--schema", "schema.toml", "--now", NOW, "--rewrites"];
    let text = prints(path, &arguments);
    assert!(text.contains("flatten (1 time): `all < all < a; b >; c > = all < a; b; c >`"), "{text}");
    assert!(text.contains("merge_tests (1 time)") && text.contains("constants (1 time)"), "{text}");
    let json: Value = serde_json::from_str(&prints(path, &[arguments.as_slice(), &["--format", "json"]].concat())).unwrap();
    assert_eq!(json[0]["law"], "flatten");
    assert_eq!(json[0]["count"], 1);
    assert!(json[0]["steps"][0]["before"].as_str().unwrap().starts_with("all < all <"), "{json:#}");
    let plain = ["explain", "-e", "field n > 1", "--schema", "schema.toml", "--now", NOW, "--rewrites"];
    assert_eq!(prints(path, &plain), "no law applies: the plan is as small as the script\n");
    let (code, _, err) = segql(path, &[arguments.as_slice(), &["--format", "svg"]].concat());
    assert!(code == 2 && err.contains("`--format json`"), "{err}");
}

#[test]
fn pictures_hold_what_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("schema.toml"), "[fields]\nmiasto = \"text\"\n").unwrap();
    std::fs::write(path.join("contacts.ndjson"), "{\"contact_id\":\"a\",\"miasto\":\"Łódź\"}\n").unwrap();
    let condition = "any < field miasto = \"Łódź & <b>\"; not field miasto = \"Łódź\" >";
    let arguments = ["explain", "-e", condition, "--schema", "schema.toml", "--now", NOW, "--format"];
    let data = ["--contacts", "contacts.ndjson", "--analyze"];
    for more in [[].as_slice(), data.as_slice()] {
        let svg = prints(path, &[arguments.as_slice(), &["svg"], more].concat());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("Łódź &amp; &lt;b&gt;") && !svg.contains("<b>"), "{svg}");
        assert_eq!(svg.matches("<g>").count(), 4, "{svg}");
        assert_eq!(svg.contains("processor"), !more.is_empty(), "{svg}");
        let dot = prints(path, &[arguments.as_slice(), &["dot"], more].concat());
        assert!(dot.starts_with("digraph plan {") && dot.matches(" -> ").count() == 3, "{dot}");
        assert_eq!(dot.contains("of the time"), !more.is_empty(), "{dot}");
    }
}

#[test]
fn an_analysis_needs_data() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.toml"), "[fields]\nn = \"number\"\n").unwrap();
    let (code, out, err) = segql(folder.path(), &["explain", "-e", "field n > 1", "--schema", "schema.toml", "--analyze"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("where is the data? give `--store DIR`"), "{err}");
    let (code, _, err) = segql(folder.path(), &["explain", "-e", "field n > 1", "--schema", "schema.toml", "--repeat", "3"]);
    assert!(code == 2 && err.contains("--analyze"), "{err}");
}
