//! The pictures of the README and the docs show what the program prints.
//!
//! After a change, `UPDATE_PICTURES=1 cargo test --test pictures` draws them anew; look at them before they are kept.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::panic, clippy::indexing_slicing)]

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
    vec![("diagnostic", diagnostic()), ("prompt", prompt()), ("result", result())]
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

/// A folder with the demo's store.
fn tour() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let demo = Command::new(env!("CARGO_BIN_EXE_segql"))
        .args(["demo", "tour", "--contacts", "5000", "--events", "100000"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(demo.status.success());
    folder
}

/// A few questions at the prompt.
fn prompt() -> Session {
    const INPUTS: [&str; 7] = [
        "event Zakup within 30d",
        "segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]",
        "segment cenni = all < segment vip; sum(Zakup.kwota within 12mo) > 1000 >",
        ".by Status_VIP",
        ".show 4",
        "segment vip = field Status_VIP = \"Platinum\"",
        "event Zakup where kategori = \"buty\"",
    ];
    let folder = tour();
    let at = "2025-11-01T13:00";
    let mut session = Session::new("questions at the prompt and their answers", &folder.path().join("tour"));
    for (count, input) in INPUTS.iter().enumerate() {
        // What was typed before is there, and its answers were shown before.
        let asked = |inputs: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
            command.args(["--color", "always", "repl", "--store", "store.segql", "--now", at, "-c", ".timing off"]);
            command.args(inputs.iter().flat_map(|input| ["-c", input])).current_dir(folder.path().join("tour"));
            let output = command.env_remove("NO_COLOR").output().unwrap();
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
        };
        let (before, said_before) = asked(&INPUTS[..count]);
        let (all, said) = asked(&INPUTS[..=count]);
        let new = |all: &str, before: &str| all.strip_prefix(before).unwrap().to_owned();
        session = session.typed("2025-11-01 13:00>", input, &(new(&said, &said_before) + &new(&all, &before)));
    }
    session
}

/// The segments of a shop on the demo's contacts, as `run` prints them.
fn result() -> Session {
    let folder = tour();
    Session::new("the segments of an online shop with their numbers of contacts", &folder.path().join("tour")).run(&[
        "run",
        "examples/ecommerce_lapsed_vip/segments.seg",
        "--store",
        "store.segql",
        "--now",
        "2025-11-01T13:00",
    ])
}
