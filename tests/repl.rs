//! The prompt: sessions as transcripts, and the line editor in a real terminal where `tmux` is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "common/terminal.rs"]
mod terminal;

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use terminal::Terminal;

const BINARY: &str = env!("CARGO_BIN_EXE_segql");
const NOW: &str = "2025-11-01T12:00:00+01:00";

/// Six contacts, some purchases.
fn data(folder: &Path) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "schema.toml",
        "timezone = \"Europe/Warsaw\"\n[fields.Miasto]\ntype = \"text\"\n[fields.Status_VIP]\ntype = \"text\"\n\
         values = [\"Standard\", \"Silver\", \"Gold\", \"Platinum\"]\n[fields.wiek]\ntype = \"number\"\n\
         [events.Zakup.attributes]\nkwota = \"number\"\nkategoria = \"text\"\n",
    );
    write(
        "contacts.csv",
        "contact_id,Miasto,Status_VIP,wiek\nanna,Łódź,Gold,34\nbartek,Warszawa,Standard,51\ncelina,Łódź,Platinum,28\n\
         darek,,Gold,40\newa,Gdańsk,Silver,\nfilip,Warszawa,,19\n",
    );
    let event = |who: &str, day: &str, amount: u32, what: &str| {
        format!(
            "{{\"contact_id\":\"{who}\",\"event\":\"Zakup\",\"ts\":\"{day}T10:00:00\",\"attrs\":{{\"kwota\":{amount},\"kategoria\":\"{what}\"}}}}\n"
        )
    };
    let events = [
        event("anna", "2025-10-20", 200, "buty"),
        event("anna", "2025-05-02", 90, "kurtki"),
        event("bartek", "2025-09-01", 30, "buty"),
        event("celina", "2025-10-30", 1200, "rowery"),
        event("filip", "2024-12-24", 15, "buty"),
    ];
    write("events.ndjson", &events.concat());
    let output = Command::new(BINARY)
        .args([
            "import",
            "--store",
            "s",
            "--schema",
            "schema.toml",
            "--contacts",
            "contacts.csv",
            "--events",
            "events.ndjson",
            "--now",
            NOW,
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path());
    folder
}

/// What a session prints, without times.
fn session(folder: &Path, arguments: &[&str], input: &str) -> (String, String, i32) {
    let mut child = Command::new(BINARY)
        .args(["repl", "--store", "s", "--now", NOW])
        .args(arguments)
        .current_dir(folder)
        .env_remove("EDITOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A session that ends early does not read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { stdout, stderr, status } = child.wait_with_output().unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code().unwrap())
}

fn out(folder: &Path, input: &str) -> String {
    let (stdout, stderr, code) = session(folder, &[], &format!(".timing off\n{input}"));
    assert_eq!(code, 0, "{stderr}");
    stdout
}

#[test]
fn conditions_definitions_and_results() {
    let folder = folder();
    let text = out(
        folder.path(),
        "event Zakup within 30d\n\
         segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]\n\
         all <\n  segment vip;\n  not segment _1\n>\n\
         let $obrot = sum(Zakup.kwota)\n\
         all < segment _; $obrot = 0 >\n\
         decision oferta < when segment vip -> \"kupon\"; otherwise -> \"nic\" >\n",
    );
    insta::assert_snapshot!(text, @r#"
    2 contacts   33.3 %  ██████▋
    vip  3 contacts   50.0 %  ██████████
    1 contact    16.7 %  ███▎
    defined $obrot
    1 contact    16.7 %  ███▎
    oferta = "kupon"  3 contacts   50.0 %  ██████████
    oferta = "nic"    3 contacts   50.0 %  ██████████
    "#);
}

#[test]
fn a_new_definition_says_who_came_and_went() {
    let folder = folder();
    let text = out(
        folder.path(),
        "segment vip = field Status_VIP = \"Gold\"\nsegment vip = field Status_VIP in [\"Platinum\", \"Silver\", \"Gold\"]\n.diff vip\n\
         segment vip = field Status_VIP in [\"Gold\", \"Silver\", \"Platinum\"]\n",
    );
    insta::assert_snapshot!(text, @r"
    vip  2 contacts   33.3 %  ██████▋
    vip  4 contacts   66.7 %  █████████████▎        2 entered, 0 left
    2 entered
    contact_id  Miasto  Status_VIP  wiek
    celina      Łódź    Platinum    28
    ewa         Gdańsk  Silver
    0 left
    vip  4 contacts   66.7 %  █████████████▎        same members as before
    ");
}

#[test]
fn members_in_every_form() {
    let folder = folder();
    let text = out(
        folder.path(),
        "field Miasto = \"Łódź\"\n.show\n.show 1\n.mode csv\n.show\n.mode json\n.show 1\n.mode ndjson\n.show 1\n.mode markdown\n.show 1\n.mode ids\n.show\n",
    );
    insta::assert_snapshot!(text, @r#"
    2 contacts   33.3 %  ██████▋
    contact_id  Miasto  Status_VIP  wiek
    anna        Łódź    Gold        34
    celina      Łódź    Platinum    28
    contact_id  Miasto  Status_VIP  wiek
    anna        Łódź    Gold        34
    contact_id,Miasto,Status_VIP,wiek
    anna,Łódź,Gold,34
    celina,Łódź,Platinum,28
    [
      {
        "contact_id": "anna",
        "Miasto": "Łódź",
        "Status_VIP": "Gold",
        "wiek": "34"
      }
    ]
    {"contact_id":"anna","Miasto":"Łódź","Status_VIP":"Gold","wiek":"34"}
    | contact_id | Miasto | Status_VIP | wiek |
    | --- | --- | --- | --- |
    | anna | Łódź | Gold | 34 |
    anna
    celina
    "#);
}

#[test]
fn fields_and_events_described() {
    let folder = folder();
    let text =
        out(folder.path(), ".describe Miasto\n.describe wiek\n.describe Zakup\nevent Zakup\n.by Status_VIP\n.fields\n.events\n");
    insta::assert_snapshot!(text);
}

#[test]
fn what_worked_is_saved_with_its_comments() {
    let folder = folder();
    let text = out(
        folder.path(),
        "/// Two tiers.\nsegment   vip \"VIP\" = field Status_VIP in [\"Gold\",\"Platinum\"]\n// how much\nlet $x = count(Zakup)\n\
         event Zakup within 30d\nsegment b = all < segment _; $x > 1 >\nsegment c = nobody\n.forget c\n.save out.seg\n.text b\n.segments\n",
    );
    assert!(text.contains("4 definitions to `out.seg`"), "{text}");
    let saved = std::fs::read_to_string(folder.path().join("out.seg")).unwrap();
    insta::assert_snapshot!(saved, @r#"
    edition 1

    /// Two tiers.
    segment vip "VIP" = field Status_VIP in ["Gold", "Platinum"]

    // how much
    let $x = count(Zakup)

    segment _1 = event Zakup within 30d

    segment b = all < segment _1; $x > 1 >
    "#);
    // What was saved is the same again.
    let (again, stderr, code) = session(folder.path(), &["out.seg"], ".timing off\n.segments\n");
    assert_eq!(code, 0, "{stderr}");
    assert!(again.lines().any(|line| line.starts_with("vip") && line.contains("3 contacts")), "{again}");
    assert!(again.lines().any(|line| line.starts_with('b') && line.contains("1 contact")), "{again}");
}

#[test]
fn files_beside_a_loaded_script() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/ids.txt"), "anna\newa\n").unwrap();
    std::fs::write(folder.path().join("sub/base.seg"), "segment baza = event Zakup\n").unwrap();
    std::fs::write(
        folder.path().join("sub/a.seg"),
        "use \"base.seg\"\nlist l = \"ids.txt\"\nsegment a = all < segment baza; list l >\n",
    )
    .unwrap();
    let text = out(folder.path(), ".load sub/a.seg\n");
    assert!(text.contains("a  1 contact "), "{text}");
}

#[test]
fn mistakes_stop_a_session_unless_told_otherwise() {
    let folder = folder();
    let input = ".timing off\nfeld wiek > 3\nevent Zakup\n.shwo\n.diff\nfield wiek > \"x\"\nsegment a = segment b\nevent Zakup within 30d\n";
    let (stdout, stderr, code) = session(folder.path(), &[], input);
    assert_eq!((stdout.as_str(), code), ("", 1));
    assert!(stderr.contains("`feld` is written `field`") && stderr.contains("prompt:1:1"), "{stderr}");
    let (stdout, stderr, code) = session(folder.path(), &["--keep-going"], input);
    assert_eq!(code, 1);
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    for part in ["did you mean `.show`", "one definition only", "prompt:1:1", "unknown segment `b`"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let (_, stderr, code) = session(folder.path(), &["-c", ".nonsense"], "");
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn a_mistake_on_the_last_line_has_its_place() {
    let folder = folder();
    let (_, stderr, _) = session(folder.path(), &[], "segment a = everyone\nall <\n  segment a;\n  field Miasto = 3\n>\n");
    assert!(stderr.contains("prompt:3:"), "{stderr}");
}

#[test]
fn params_moments_and_overlaps() {
    let folder = folder();
    let text = out(
        folder.path(),
        "param $miasto: text = \"Łódź\"\nsegment m = field Miasto = $miasto\n.set miasto=Warszawa\n.segments\n.param\n\
         segment z = event Zakup within 90d\n.overlap m z\n.now 2025-06-01\nevent Zakup within 90d\n.trend z 3w\n.why anna z\n.explain\n",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn plans_measured_and_rewritten() {
    let folder = folder();
    let text = out(
        folder.path(),
        "segment z = all < all < event Zakup; field Miasto = \"Łódź\" >; everyone >\n\
         .explain\n.explain rewrites\n.explain rewrites z\n.explain analyze z\n.help explain\n",
    );
    assert!(text.contains("  (about 4 contacts, cost "), "{text}");
    let told = "flatten (1 time): `all < all < a; b >; c > = all < a; b; c >`, likewise for `any`.\n";
    assert_eq!(text.matches(told).count(), 2, "{text}");
    assert!(text.contains("wall ") && text.contains("median of 5 runs") && text.contains("─ event Zakup until"), "{text}");
    assert!(text.contains(".explain [analyze|rewrites] [SEGMENT]"), "{text}");
    let (_, stderr, code) = session(folder.path(), &["-c", "everyone", "-c", ".explain analyze nobody_here"], "");
    assert!(code == 2 && stderr.contains("the script has no segment `nobody_here`"), "{stderr}");
}

#[test]
fn members_to_files() {
    let folder = folder();
    out(
        folder.path(),
        "field Miasto = \"Łódź\"\n.export a.csv\n.export a.txt _\nsegment g = field Status_VIP = \"Gold\"\n.export g.ndjson g\n",
    );
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.txt"), "anna\ncelina\n");
    assert_eq!(read("a.csv").lines().count(), 3);
    assert_eq!(read("g.ndjson").lines().count(), 2);
    let (_, stderr, code) = session(folder.path(), &["-c", "everyone", "-c", ".export a.xyz"], "");
    assert!(code == 2 && stderr.contains(".ndjson"), "{stderr}");
}

#[test]
fn in_a_terminal() {
    let folder = folder();
    let Some(terminal) = Terminal::open(folder.path(), &format!("--store s --now {NOW}")) else { return };
    terminal.until("2025-11-01 12:00>");
    // Keys that come with the Enter before them are lost, and a number of contacts also stands behind what is being typed.
    let answered = |answers| {
        let holds =
            |screen: &str| screen.matches("2 contacts   33.3 %").count() == answers && screen.trim_end().ends_with("12:00>");
        terminal.until_that("answer and prompt", holds)
    };
    // Completion of a value.
    terminal.types("field Miasto = \"Ł");
    terminal.tab_until("field Miasto = \"Łódź\"");
    terminal.keys(&["Enter"]);
    answered(1);
    // Several lines until the group is closed.
    terminal.types("all < event Zakup; ");
    terminal.keys(&["Enter"]);
    terminal.types("segment _ >");
    terminal.keys(&["Enter"]);
    answered(2);
    // Attributes and values with their counts.
    terminal.types("event Zakup where kategoria = \"");
    terminal.tab_until("\"buty\"  3 events");
    // Ctrl-C takes back what was typed.
    terminal.until("\"kurtki\"  1 event ");
    terminal.keys(&["C-c"]);
    terminal.prompted();
    // A mistake, and then it goes on.
    terminal.types("feld wiek = 1");
    terminal.keys(&["Enter"]);
    terminal.until("`feld` is written `field`");
    // History: the last input again.
    terminal.keys(&["Up"]);
    terminal.keys(&["Up"]);
    terminal.keys(&["Enter"]);
    answered(3);
    // Commands are completed, too.
    terminal.types(".desc");
    terminal.keys(&["Tab"]);
    terminal.until(".describe");
    terminal.types(" wiek");
    terminal.keys(&["Enter"]);
    terminal.until("median 34");
    // Ctrl-C while it watches comes back to the prompt.
    terminal.types(".watch 1");
    terminal.keys(&["Enter"]);
    terminal.until("2025-11-01T12:00:00+01:00  2 contacts");
    terminal.keys(&["C-c"]);
    terminal.prompted();
    terminal.types(".segments");
    terminal.keys(&["Enter"]);
    terminal.until("no segment is defined yet");
    terminal.keys(&["C-d"]);
    for _ in 0..100 {
        if !terminal.lives() {
            let history = std::fs::read_to_string(folder.path().join("history")).unwrap();
            assert!(history.contains("describe wiek"), "{history}");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("Ctrl-D does not leave:\n{}", terminal.screen(&[]));
}

#[test]
fn scripts_with_an_edition_mix_with_what_is_typed() {
    let folder = folder();
    std::fs::write(
        folder.path().join("a.seg"),
        "// of ours\nedition 1\n\n/// Two tiers.\nsegment vip = field Status_VIP in [\"Gold\"]\n",
    )
    .unwrap();
    let text = out(
        folder.path(),
        "segment z = event Zakup\n.load a.seg\nall < segment z; segment vip >\nsegment w = segment _\n.text vip\n.save b.seg\n",
    );
    insta::assert_snapshot!(text);
    insta::assert_snapshot!("saved", std::fs::read_to_string(folder.path().join("b.seg")).unwrap());
    // An editor that changes the definition, which it gets without the edition.
    let input = "segment vip = field Status_VIP in [\"Gold\"]\n.edit vip\n.diff\nfield wiek > 30\n.text vip\n";
    let folder = folder.path();
    std::fs::write(folder.join("editor.sh"), "sed s/Gold/Silver/ \"$1\" > edited && cp edited \"$1\"\n").unwrap();
    let mut child = Command::new(BINARY)
        .args(["repl", "--store", "s", "--now", NOW])
        .current_dir(folder)
        .env_remove("VISUAL")
        .env("EDITOR", "sh editor.sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!(".timing off\n{input}").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!("edited", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn who_came_and_went_where_only_a_part_was_defined_again() {
    let folder = folder();
    let text = out(
        folder.path(),
        "segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]\nsegment z = all < segment vip; event Zakup >\n\
         segment vip = field Status_VIP = \"Gold\"\n.diff z\n",
    );
    insta::assert_snapshot!(text);
}

/// A segment that takes long to plan, so that its trend over thousands of moments takes minutes.
fn slow_script(folder: &Path) {
    let mut text = String::from("segment s = any <\n");
    for n in 0..300 {
        writeln!(text, "  sum(Zakup.kwota where kategoria = \"k{n}\" within {}d) > {n};", n + 1).unwrap();
    }
    std::fs::write(folder.join("slow.seg"), text + ">\n").unwrap();
}

#[test]
fn control_c_during_an_evaluation_keeps_the_session() {
    let folder = folder();
    slow_script(folder.path());
    let Some(terminal) = Terminal::open(folder.path(), &format!("slow.seg --store s --now {NOW}")) else { return };
    terminal.until("2025-11-01 12:00>");
    terminal.types(".trend s 9000h");
    terminal.keys(&["Enter"]);
    // After a second one sees how far it is.
    terminal.until("of 54\u{202f}006 contacts");
    terminal.keys(&["C-c"]);
    let screen = terminal.until("error: interrupted");
    assert!(!screen.contains("54\u{202f}006"), "the bar stays:\n{screen}");
    terminal.types("field Miasto = \"Łódź\"");
    terminal.keys(&["Enter"]);
    terminal.until("2 contacts   33.3 %");
    terminal.types(".segments");
    terminal.keys(&["Enter"]);
    terminal.until("s  ");
}

#[test]
fn nothing_moves_where_no_terminal_is() {
    let folder = folder();
    slow_script(folder.path());
    let (stdout, stderr, code) = session(folder.path(), &["slow.seg", "-c", ".trend s 60h"], "");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout.lines().filter(|line| line.starts_with("2025-")).count(), 61, "{stdout}");
    assert!(!stderr.contains("of 366"), "{stderr}");
}

#[test]
fn the_size_of_a_condition_stands_behind_it_while_one_types() {
    let folder = folder();
    let Some(terminal) = Terminal::open(folder.path(), &format!("--store s --now {NOW}")) else { return };
    terminal.until("2025-11-01 12:00>");
    terminal.types("field wiek > 30");
    terminal.until("field wiek > 30   3 contacts");
    // It is no text that one could take.
    terminal.keys(&["Right"]);
    terminal.types("0");
    terminal.until("field wiek > 300   0 contacts");
    terminal.keys(&["BSpace", "BSpace", "BSpace"]);
    terminal.until_that("nothing behind", |screen| screen.trim_end().ends_with("field wiek >"));
    // What a command takes is no text either.
    terminal.keys(&["C-u"]);
    terminal.types(".trend");
    terminal.until(".trend [SEGMENT] 12w");
    terminal.keys(&["Right"]);
    terminal.types(" s");
    terminal.until_that("`.trend s` alone", |screen| screen.trim_end().ends_with(".trend s"));
}

#[test]
fn a_size_that_takes_a_while_comes_without_a_key() {
    let folder = folder();
    slow_script(folder.path());
    let Some(terminal) = Terminal::open(folder.path(), &format!("slow.seg --store s --now {NOW}")) else { return };
    let before = terminal.until("2025-11-01 12:00>");
    let line = |screen: &str| screen.lines().position(|line| line.contains("12:00>"));
    // No key waits for the plan of 300 sums.
    terminal.types("segment s");
    let after = terminal.until("> segment s   0 contacts");
    assert_eq!(line(&after), line(&before), "the line has moved:\n{after}");
    assert_eq!(after.matches("12:00>").count(), 1, "{after}");
    terminal.keys(&["Enter"]);
    terminal.until_that("the answer", |screen| screen.matches("0 contacts    0.0 %").count() == 2);
    terminal.prompted();
    // Nothing is left of what was said in advance.
    let screen = terminal.screen(&[]);
    assert!(screen.lines().any(|line| line.ends_with("> segment s")), "{screen}");
    // One leaves at once while something is counted.
    terminal.types("all < segment s; field wiek > 30 >");
    terminal.keys(&["C-u", "C-d"]);
    terminal.until_that("the end", |_| !terminal.lives());
}

#[test]
fn conditions_that_definitions_use_outlast_many_others() {
    let folder = folder();
    let mut input = String::from("field Miasto = \"Łódź\"\nsegment lodz = segment _\n");
    for n in 0..40 {
        writeln!(input, "field wiek > {n}").unwrap();
    }
    input += "segment starsi = all < segment _; not segment lodz >\nsegment _\n\
              field wiek > 50\nall < segment _; not segment lodz >\nsegment _\n.segments\n.text\n";
    let text = out(folder.path(), &input);
    let end: Vec<&str> = text.lines().skip(42).collect();
    insta::assert_snapshot!(end.join("\n"));
    // Nothing names it any more.
    let (_, stderr, code) = session(folder.path(), &[], &format!("{input}segment _7\n"));
    assert!(code == 1 && stderr.contains("unknown segment `_7`"), "{stderr}");
}
