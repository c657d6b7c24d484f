//! The pictures of the README and the docs show what the program prints.
//!
//! After a change, `UPDATE_PICTURES=1 cargo test --test pictures` draws them anew; look at them before they are kept.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::panic)]

#[path = "common/picture.rs"]
mod picture;

use std::path::Path;
use std::process::Command;

use picture::Session;
use segql::check::{Options, check};
use segql::diag::render;
use segql::generate::demo;
use segql::syntax::Sources;

/// Every picture: name and session.
fn pictures() -> Vec<(&'static str, Session)> {
    vec![("diagnostic", diagnostic()), ("result", result())]
}

#[test]
fn pictures_show_what_is_printed() {
    let wrong: Vec<String> = pictures().iter().filter_map(|(name, session)| session.check(name).err()).collect();
    assert!(wrong.is_empty(), "{}\nUPDATE_PICTURES=1 cargo test --test pictures draws them anew", wrong.join("\n"));
}

#[test]
fn no_picture_is_left_over() {
    let names: Vec<String> = pictures().iter().map(|(name, _)| format!("{name}.svg")).collect();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/img")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "docs/img/{name} is drawn by nothing");
    }
}

#[test]
fn escapes_become_colours_and_text_stays_text() {
    let svg = Session::new("a < b & c", Path::new(".")).show("segql run", "\u{1b}[31mŁódź <1>\u{1b}[0m").svg();
    assert!(svg.contains("Łódź &lt;1>") || svg.contains("Łódź &lt;1&gt;"), "{svg}");
    assert!(svg.contains("<title>a &lt; b &amp; c</title>") && !svg.contains('\u{1b}'), "{svg}");
}

#[test]
fn characters_coloured_alone_become_one_run() {
    let alone = "\u{1b}[31ma\u{1b}[0m\u{1b}[31mb\u{1b}[0m\u{1b}[1m\u{1b}[32mc\u{1b}[0md";
    let svg = Session::new("", Path::new(".")).show("x", alone).svg();
    assert!(svg.contains(">ab<") && svg.contains(">c<") && svg.contains(">d"), "{svg}");
}

/// Two mistakes in a script, as `check` prints them.
fn diagnostic() -> Session {
    let script = "segment nieaktywni_vip \"Nieaktywni VIP\" =\n  all <\n    field Status_VIP in [\"Gold\", \"Platinium\"];\n    \
                  sum(Zakup.kwota within 12mo) > 2000;\n    last(Zakupy) older than 90d\n  >\n";
    let mut sources = Sources::default();
    let entry = sources.add("vip.seg", script);
    let schema = segql::generate::schema();
    let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &demo::read });
    let printed = render::human(&checked.diagnostics, &sources, true);
    Session::new("two mistakes in a script, with the places underlined and the remedy", Path::new("."))
        .show("segql check vip.seg", &printed)
}

/// The segments of a shop on the demo's contacts, as `run` prints them.
fn result() -> Session {
    let folder = tempfile::tempdir().unwrap();
    let demo = Command::new(env!("CARGO_BIN_EXE_segql"))
        .args(["demo", "tour", "--contacts", "5000", "--events", "100000"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(demo.status.success());
    Session::new("the segments of an online shop with their numbers of contacts", &folder.path().join("tour")).run(&[
        "run",
        "examples/ecommerce_lapsed_vip/segments.seg",
        "--store",
        "store.segql",
        "--now",
        "2025-11-01T13:00",
    ])
}
