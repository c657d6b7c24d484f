//! The pictures of the README and the docs show what the program prints.
//!
//! After a change, `UPDATE_PICTURES=1 cargo test --test pictures` draws them anew; look at them before they are kept.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::panic, clippy::indexing_slicing)]

#[path = "common/picture.rs"]
mod picture;
#[path = "common/terminal.rs"]
mod terminal;

use std::path::Path;
use std::process::Command;

use picture::Session;
use segql::check::{Options, check};
use segql::diag::render;
use segql::generate::demo;
use segql::syntax::Sources;
use terminal::Terminal;

/// Draws a picture in a shop's folder; nothing where there is no terminal to take it from.
type Draw = fn(&Path) -> Option<Session>;

const PICTURES: [(&str, Draw); 8] = [
    ("diagnostic", |_| Some(diagnostic())),
    ("prompt", |shop| Some(prompt(shop))),
    ("prompt-completion", completion),
    ("prompt-describe", |shop| Some(describe(shop))),
    ("prompt-mistakes", |shop| Some(mistakes(shop))),
    ("prompt-sets", |shop| Some(sets(shop))),
    ("prompt-why", |shop| Some(why(shop))),
    ("result", |shop| Some(result(shop))),
];

/// Figures, which `benches/peers` draws.
const CHARTS: [&str; 3] = ["peers-1m", "peers-10m", "scale"];

#[test]
fn pictures_show_what_is_printed() {
    let folder = tour();
    let shop = folder.path().join("tour");
    let wrong: Vec<String> = PICTURES.iter().filter_map(|(name, draw)| draw(&shop)?.check(name).err()).collect();
    assert!(wrong.is_empty(), "{}\nUPDATE_PICTURES=1 cargo test --test pictures draws them anew", wrong.join("\n"));
}

#[test]
fn no_picture_is_left_over() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/img")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name_of = name.strip_suffix(".svg");
        let drawn = PICTURES.iter().any(|(known, _)| name_of == Some(known)) || name_of.is_some_and(|n| CHARTS.contains(&n));
        assert!(drawn, "docs/img/{name} is drawn by nothing");
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

/// The moment of all questions.
const NOW: &str = "2025-11-01T13:00";
const PROMPT: &str = "2025-11-01 13:00>";

/// Inputs at the prompt and what it prints.
fn talk(shop: &Path, title: &str, inputs: &[&str]) -> Session {
    let mut session = Session::new(title, shop);
    for (count, input) in inputs.iter().enumerate() {
        // What was typed before is there, and its answers were shown before.
        let ((before, said_before, _), (all, said, works)) = (asked(shop, &inputs[..count]), asked(shop, &inputs[..=count]));
        assert!(works, "{said}");
        let new = |all: &str, before: &str| all.strip_prefix(before).unwrap().to_owned();
        session = session.typed(PROMPT, input, &(new(&said, &said_before) + &new(&all, &before)));
    }
    session
}

/// What a prompt prints, what it says beside, and whether all of it works.
fn asked(shop: &Path, inputs: &[&str]) -> (String, String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
    command.args(["--color", "always", "repl", "--store", "store.segql", "--now", NOW, "-c", ".timing off"]);
    command.args(inputs.iter().flat_map(|input| ["-c", input])).current_dir(shop);
    let output = command.env_remove("NO_COLOR").output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap(), output.status.success())
}

/// A few questions at the prompt.
fn prompt(shop: &Path) -> Session {
    const INPUTS: [&str; 6] = [
        "event Zakup within 30d",
        "segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]",
        "segment cenni = all < segment vip; sum(Zakup.kwota within 12mo) > 1000 >",
        ".by Status_VIP",
        ".show 4",
        "segment vip = field Status_VIP = \"Platinum\"",
    ];
    talk(shop, "questions at the prompt and their answers", &INPUTS)
}

/// Mistakes, underlined, with what mends them. Each ends its session.
fn mistakes(shop: &Path) -> Session {
    const INPUTS: [&str; 3] = [
        "event Zakup where kategori = \"buty\"",
        "field Status_VIP == \"Gold\" AND field Miasto = \"Łódź\"",
        "event Zakup within 30 days",
    ];
    let empty = Session::new("mistakes at the prompt, with their places underlined and what mends them", shop);
    INPUTS.iter().fold(empty, |session, input| session.typed(PROMPT, input, &asked(shop, &[input]).1))
}

/// A number and an event, described.
fn describe(shop: &Path) -> Session {
    talk(shop, "a field and an event, described at the prompt", &[".describe Wartość_zakupów_12m", ".describe Zakup"])
}

/// Why somebody is in a segment, and why somebody else is not.
fn why(shop: &Path) -> Session {
    const INPUTS: [&str; 4] = [
        "segment cenni = all < field Status_VIP in [\"Gold\", \"Platinum\"]; sum(Zakup.kwota within 12mo) > 1000 >",
        ".show 2",
        ".why k00000009 cenni",
        ".why k00000002 cenni",
    ];
    talk(shop, "why a contact is in a segment, and what would have to change", &INPUTS)
}

/// How segments overlap, and how one went.
fn sets(shop: &Path) -> Session {
    const INPUTS: [&str; 5] = [
        "segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]",
        "segment kupili = event Zakup within 30d",
        "segment ogladali = event Odwiedziny_strony within 7d",
        ".overlap vip kupili ogladali",
        ".trend kupili 12w",
    ];
    talk(shop, "how segments overlap, and how one went week by week", &INPUTS)
}

/// Keys at the prompt, as a terminal shows them: the list of values with their counts, and the size behind the condition.
fn completion(shop: &Path) -> Option<Session> {
    let terminal = Terminal::open(shop, &format!("--color always --store store.segql --now {NOW}"))?;
    terminal.until("13:00>");
    terminal.types("all < event Zakup where kategoria = \"");
    terminal.tab_until("events");
    terminal.types("buty\" within 30d; field Status_VIP = \"Gold\" >");
    terminal.until(" contacts\n");
    let title = "completion of values with their counts, and the size of a condition while one types it";
    let screen: String = terminal.screen(&["-e", "-J"]).lines().map(|line| without_room(line) + "\n").collect();
    Some(Session::new(title, shop).screen(&screen))
}

/// A line without the blanks at its end, which may be room for a count that came late; its colours stay.
fn without_room(line: &str) -> String {
    let (mut line, mut colours) = (line.trim_end_matches(' '), String::new());
    while let Some((before, colour)) = line.rsplit_once('\u{1b}').filter(|(_, code)| code.find('m') == Some(code.len() - 1)) {
        colours = format!("\u{1b}{colour}{colours}");
        line = before.trim_end_matches(' ');
    }
    format!("{line}{colours}")
}

/// The segments of a shop on the demo's contacts, as `run` prints them.
fn result(shop: &Path) -> Session {
    Session::new("the segments of an online shop with their numbers of contacts", shop).run(&[
        "run",
        "examples/ecommerce_lapsed_vip/segments.seg",
        "--store",
        "store.segql",
        "--now",
        NOW,
    ])
}
