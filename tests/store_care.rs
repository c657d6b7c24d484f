//! The life of a store as its keeper sees it: data again and again, corrections, older formats.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

const NOW: &str = "2025-11-01T12:00:00Z";

/// The data of `tests/golden`, and what the program made of it.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// What the program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with a store of the golden data.
    fn with_store() -> Self {
        let folder = Self::new();
        folder.import(&["--contacts", &text(&golden("contacts.ndjson")), "--events", &text(&golden("events.ndjson"))]);
        folder
    }

    /// A folder with the golden store that an older version wrote.
    fn with_format(version: u32) -> Self {
        let folder = Self::new();
        std::fs::create_dir(folder.path("store")).unwrap();
        let packed = std::fs::read(golden(&format!("v{version}.mdb.zst"))).unwrap();
        std::fs::write(folder.path("store/data.mdb"), zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) -> String {
        std::fs::write(self.path(name), contents).unwrap();
        name.to_owned()
    }

    fn segql(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_segql"))
            .current_dir(self.0.path())
            .env("SEGQL_STORE", "store")
            .env("NO_COLOR", "1")
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let said = self.segql(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said.out
    }

    /// Imports, and returns the report.
    fn import(&self, files: &[&str]) -> serde_json::Value {
        let mut arguments = vec!["import", "--json", "--now", NOW];
        let schema = text(&golden("schema.toml"));
        if !self.path("store").exists() {
            arguments.extend(["--schema", &schema]);
        }
        arguments.extend(files);
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// The members of all segments of the golden script.
    fn members(&self) -> String {
        self.ok(&["run", &text(&golden("script.seg")), "--now", NOW, "--format", "csv"])
    }

    fn ids(&self, condition: &str) -> Vec<String> {
        let out = self.ok(&["run", "-e", condition, "--now", NOW, "--format", "ids"]);
        out.lines().map(str::to_owned).collect()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn expected() -> String {
    std::fs::read_to_string(golden("members.csv")).unwrap()
}

#[test]
fn the_same_import_twice_changes_nothing() {
    let folder = Folder::with_store();
    assert_eq!(folder.members(), expected());
    let events = text(&golden("events.ndjson"));
    let with_ids: String =
        std::fs::read_to_string(&events).unwrap().lines().filter(|l| l.contains("event_id")).map(|l| format!("{l}\n")).collect();
    folder.write("again.ndjson", &with_ids);
    let report = folder.import(&["--contacts", &text(&golden("contacts.ndjson")), "--events", "again.ndjson"]);
    assert_eq!((&report["accepted"], &report["duplicate"], &report["events_added"]), (&9.into(), &4.into(), &0.into()));
    assert_eq!((&report["contacts_new"], &report["contacts"]), (&0.into(), &5.into()));
    assert_eq!(folder.members(), expected());
}

#[test]
fn events_are_deleted_by_their_ids_in_any_order() {
    let folder = Folder::with_store();
    let before = folder.members();
    let events = r#"{"contact_id":"anna","event_id":"z1","op":"delete"}
{"contact_id":"jan","event_id":"z9","op":"delete"}
"#;
    folder.write("delete.ndjson", events);
    let report = folder.import(&["--events", "delete.ndjson"]);
    assert_eq!((&report["accepted"], &report["deletions"], &report["events_added"]), (&2.into(), &2.into(), &0.into()));
    assert_eq!(folder.ids("sum(Zakup.kwota) > 50"), ["anna", "jan"]);
    assert_eq!(folder.ids("event Zakup where kwota > 100"), ["jan"]);
    assert_ne!(folder.members(), before);
    // The event of a deletion that came first does not come to life, nor does one that is sent again.
    folder.write(
        "late.ndjson",
        r#"{"contact_id":"jan","event":"Zakup","ts":"2025-10-30T10:00:00Z","event_id":"z9","attrs":{"kwota":1}}
{"contact_id":"anna","event":"Zakup","ts":"2025-10-01T10:00:00Z","event_id":"z1","attrs":{"kwota":120.5}}
"#,
    );
    let report = folder.import(&["--events", "late.ndjson"]);
    assert_eq!((&report["duplicate"], &report["events_added"]), (&2.into(), &0.into()));
    assert_eq!(folder.ids("event Zakup within 90d"), ["anna"]);
    assert_eq!(folder.ids("event Zakup where kwota > 100"), ["jan"]);
}

#[test]
fn an_op_that_means_nothing_is_rejected() {
    let folder = Folder::with_store();
    for (line, why) in [
        (r#"{"contact_id":"anna","event_id":"z1","op":"remove"}"#, "the only one is \"delete\""),
        (r#"{"contact_id":"anna","event":"Zakup","ts":"2025-10-01","op":"delete"}"#, "has no `event_id`"),
    ] {
        folder.write("bad.ndjson", line);
        let said = folder.segql(&["import", "--events", "bad.ndjson"]);
        assert_eq!(said.code, Some(3), "{}", said.err);
        assert!(said.err.contains("R15") && said.err.contains(why), "{}", said.err);
    }
    assert_eq!(folder.members(), expected());
}

#[test]
fn corrections_hold_at_once() {
    let folder = Folder::with_store();
    folder.write(
        "lines.ndjson",
        "{\"contact_id\":\"anna\",\"Status\":null,\"Saldo\":7}\n{\"contact_id\":\"ewa\",\"Status\":\"Gold\"}\n",
    );
    // Older than what is known of Status.
    folder.write("late.ndjson", "{\"contact_id\":\"jan\",\"ts\":\"2024-06-01T00:00:00Z\",\"Status\":\"Standard\"}\n");
    folder.import(&["--contacts", "lines.ndjson", "--contacts", "late.ndjson"]);
    assert_eq!(folder.ids("field Status = \"Gold\""), ["ewa", "jan", "zofia Ł"]);
    assert_eq!(folder.ids("field Saldo = 7"), ["anna"]);
    assert_eq!(folder.ids("field Status is empty"), ["00001", "anna", "ola"]);
}

#[test]
fn the_schema_grows_with_small_imports() {
    let folder = Folder::with_store();
    folder.write("more.toml", "timezone = \"Europe/Warsaw\"\n[fields.Nowe]\ntype = \"text\"\n[events.Nowy.attributes]\na = \"number\"\n[events.Zakup.attributes]\nb = \"text\"\n");
    folder.write("c.ndjson", "{\"contact_id\":\"anna\",\"Nowe\":\"x\"}\n");
    folder.write(
        "e.ndjson",
        "{\"contact_id\":\"ewa\",\"event\":\"Nowy\",\"ts\":\"2025-10-01\",\"attrs\":{\"a\":1}}\n{\"contact_id\":\"anna\",\"event\":\"Zakup\",\"ts\":\"2025-10-02\",\"attrs\":{\"b\":\"tak\"}}\n",
    );
    folder.import(&["--schema", "more.toml", "--contacts", "c.ndjson", "--events", "e.ndjson"]);
    assert_eq!(folder.ids("field Nowe = \"x\""), ["anna"]);
    assert_eq!(folder.ids("event Nowy where a = 1"), ["ewa"]);
    assert_eq!(folder.ids("event Zakup where b = \"tak\""), ["anna"]);
}

#[test]
fn a_store_of_format_1_is_read_and_written() {
    let folder = Folder::with_format(1);
    assert_eq!(folder.members(), expected());
    folder.write("delete.ndjson", "{\"contact_id\":\"anna\",\"event_id\":\"z1\",\"op\":\"delete\"}\n");
    folder.import(&["--events", "delete.ndjson"]);
    assert_eq!(folder.ids("event Zakup where kwota > 100"), ["jan"]);
}
