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
    std::fs::read_to_string(golden("members_v1.csv")).unwrap()
}

#[test]
fn the_same_import_twice_changes_nothing() {
    let folder = Folder::with_store();
    assert_eq!(folder.members(), expected());
    let events = text(&golden("events.ndjson"));
    let with_ids: Vec<String> =
        std::fs::read_to_string(&events).unwrap().lines().filter(|l| l.contains("event_id")).map(|l| format!("{l}\n")).collect();
    folder.write("again.ndjson", &with_ids.concat());
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

/// A store of each format gives the answers that it gave to the version that wrote it, before and after it is written to.
#[test]
fn stores_of_all_formats_give_their_answers() {
    for version in [1, 2, 3] {
        let folder = Folder::with_format(version);
        let expected = std::fs::read_to_string(golden(&format!("members_v{version}.csv"))).unwrap();
        assert_eq!(folder.members(), expected, "{version}");
        assert!(folder.ok(&["verify"]).contains("all is well"), "{version}");
        folder.ok(&["compact"]);
        assert_eq!(folder.members(), expected, "{version}");
        assert!(folder.ok(&["stats"]).contains("format               4"), "{version}");
    }
}

/// A process that has an older store open sees what another adds to it, whose first write gives the store a new table.
#[test]
fn an_older_store_grows_while_it_is_open() {
    let folder = Folder::with_format(1);
    let store = segql::store::Store::open(&folder.path("store")).unwrap();
    let before = store.snapshot().unwrap();
    folder.write("e.ndjson", "{\"contact_id\":\"ewa\",\"event\":\"Zakup\",\"ts\":\"2025-10-01\"}\n");
    folder.import(&["--events", "e.ndjson"]);
    assert_eq!((before.contacts(), store.snapshot().unwrap().contacts()), (5, 6));
    let snapshot = store.snapshot().unwrap();
    let ewa = snapshot.find("ewa").unwrap().unwrap();
    assert_eq!((snapshot.id_of(ewa).unwrap(), snapshot.events_of(ewa).unwrap().len()), ("ewa".to_owned(), 1));
}

#[test]
fn a_store_of_format_1_is_written_to() {
    let folder = Folder::with_format(1);
    assert_eq!(folder.members(), expected());
    folder.write("delete.ndjson", "{\"contact_id\":\"anna\",\"event_id\":\"z1\",\"op\":\"delete\"}\n");
    folder.import(&["--events", "delete.ndjson"]);
    assert_eq!(folder.ids("event Zakup where kwota > 100"), ["jan"]);
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_whole_store_is_whole() {
    let folder = Folder::with_store();
    for _ in 0..2 {
        assert!(folder.ok(&["verify"]).contains("all is well"));
        let found = json(&folder.ok(&["verify", "--format", "json"]));
        assert_eq!((&found["contacts"], &found["events"], &found["problems"]), (&5.into(), &5.into(), &serde_json::json!([])));
        folder.ok(&["compact"]);
    }
    let old = Folder::with_format(1);
    assert!(old.ok(&["verify"]).contains("all is well"));
}

#[test]
fn what_is_damaged_is_named() {
    let folder = Folder::with_store();
    folder.ok(&["compact"]);
    let whole = std::fs::read(folder.path("store/data.mdb")).unwrap();
    for (text, named) in [("czapki", "event type"), ("zofia", "contact ids"), ("anna", "contact ids")] {
        let mut bytes = whole.clone();
        let places: Vec<usize> = memchr::memmem::find_iter(&whole, text).collect();
        assert!(!places.is_empty());
        for place in &places {
            bytes[*place] ^= 1;
        }
        std::fs::write(folder.path("store/data.mdb"), &bytes).unwrap();
        let said = folder.segql(&["verify"]);
        assert_eq!(said.code, Some(4), "{text}: {}", said.out);
        assert!(said.out.contains(named) && said.out.contains("the store is damaged"), "{text}: {}", said.out);
        assert!(said.err.contains("restore a backup"), "{}", said.err);
    }
    std::fs::write(folder.path("store/data.mdb"), &whole).unwrap();
    assert!(folder.ok(&["verify"]).contains("all is well"));
}

/// Whatever bit is flipped wherever: an error, or the right answer; never another one, and no crash.
#[test]
fn flipped_bits_never_give_wrong_answers() {
    let folder = Folder::with_store();
    folder.ok(&["compact"]);
    let whole = std::fs::read(folder.path("store/data.mdb")).unwrap();
    let expected = expected();
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..60 {
        let mut bytes = whole.clone();
        // Heads of pages more often than their insides.
        let at = if round % 2 == 0 { random(whole.len()) } else { random(whole.len() / 4096) * 4096 + random(64) };
        bytes[at] ^= 1 << random(8);
        std::fs::write(folder.path("store/data.mdb"), &bytes).unwrap();
        drop(std::fs::remove_file(folder.path("store/lock.mdb")));
        let said = folder.segql(&["run", &text(&golden("script.seg")), "--now", NOW, "--format", "csv"]);
        match said.code {
            Some(0) => assert_eq!(said.out, expected, "byte {at}"),
            code => assert_eq!(code, Some(4), "byte {at}: {}", said.err),
        }
        let code = folder.segql(&["verify"]).code;
        assert!(code == Some(0) || code == Some(4), "byte {at}: {code:?}");
    }
}

#[test]
fn sizes_are_told() {
    let folder = Folder::with_store();
    let stats = json(&folder.ok(&["stats", "--format", "json"]));
    assert_eq!((&stats["contacts"], &stats["events"], &stats["chunks"]), (&5.into(), &5.into(), &1.into()));
    assert_eq!(stats["timezone_database"], chrono_tz::IANA_TZDB_VERSION);
    let named = |what: &str, name: &str| stats[what].as_array().unwrap().iter().find(|n| n["name"] == name).unwrap().clone();
    assert_eq!(named("fields", "Status")["count"], 3);
    assert_eq!(named("event_types", "Zakup")["count"], 3);
    assert!(named("event_types", "Zakup")["bytes"].as_u64().unwrap() > 0);
    let bytes = |of: &serde_json::Value| of["bytes"].as_u64().unwrap();
    let types: u64 = stats["event_types"].as_array().unwrap().iter().map(bytes).sum();
    let columns: Vec<u64> = stats["event_columns"].as_object().unwrap().values().map(bytes).collect();
    assert_eq!((columns.len(), columns.iter().sum()), (4, types));
    folder.write("e.ndjson", "{\"contact_id\":\"ewa\",\"event\":\"Zakup\",\"ts\":\"2025-10-01\"}\n");
    folder.import(&["--events", "e.ndjson"]);
    let stats = json(&folder.ok(&["stats", "--format", "json"]));
    assert_eq!((&stats["delta"]["events"], &stats["events"], &stats["contacts"]), (&1.into(), &6.into(), &6.into()));
    let text = folder.ok(&["stats"]);
    assert!(text.contains("contacts and instants of events"), "{text}");
    assert!(text.contains("Zakup") && text.contains("time zone database") && text.contains("1 event in 1 chunk"), "{text}");
    folder.ok(&["compact"]);
    let stats = json(&folder.ok(&["stats", "--format", "json"]));
    assert_eq!((&stats["delta"]["events"], &stats["events"]), (&0.into(), &6.into()));
}

#[test]
fn compacting_gives_space_back() {
    let folder = Folder::with_store();
    let size = || std::fs::metadata(folder.path("store/data.mdb")).unwrap().len();
    for n in 0..10 {
        let lines: Vec<String> =
            (0..3000).map(|c| format!("{{\"contact_id\":\"k{c}\",\"Status\":\"Gold\",\"Saldo\":{}}}\n", c * n)).collect();
        folder.write("c.ndjson", &lines.concat());
        folder.import(&["--contacts", "c.ndjson"]);
    }
    let before = size();
    let members = folder.members();
    let said = folder.ok(&["compact"]);
    assert!(said.contains("folded 1 chunk"), "{said}");
    assert!(size() < before / 2, "{} of {before}", size());
    assert_eq!(folder.members(), members);
    assert!(folder.ok(&["verify"]).contains("all is well"));
    assert!(!folder.path("store/compact.tmp").exists() && !folder.path("store/swap.note").exists());
}

#[test]
fn a_backup_is_a_store() {
    let folder = Folder::with_store();
    folder.write("e.ndjson", "{\"contact_id\":\"ewa\",\"event\":\"Zakup\",\"ts\":\"2025-10-01\"}\n");
    folder.import(&["--events", "e.ndjson"]);
    let members = folder.members();
    folder.ok(&["backup", "copies/first"]);
    folder.ok(&["erase", "anna"]);
    assert_ne!(folder.members(), members);
    let script = text(&golden("script.seg"));
    let of_copy = folder.ok(&["run", &script, "--store", "copies/first", "--now", NOW, "--format", "csv"]);
    assert_eq!(of_copy, members);
    assert!(folder.ok(&["verify", "--store", "copies/first"]).contains("all is well"));
    let said = folder.segql(&["backup", "copies/first"]);
    assert_eq!(said.code, Some(4));
    assert!(said.err.contains("`copies/first` is not empty"), "{}", said.err);
    // What a killed backup leaves is no store, and does not stand in the way of the next.
    std::fs::create_dir_all(folder.path("copies/second/backup.tmp")).unwrap();
    std::fs::write(folder.path("copies/second/backup.tmp/data.mdb"), "half").unwrap();
    assert_eq!(folder.segql(&["stats", "--store", "copies/second"]).code, Some(4));
    folder.ok(&["backup", "copies/second"]);
    assert!(folder.ok(&["verify", "--store", "copies/second"]).contains("all is well"));
    assert!(!folder.path("copies/second/backup.tmp").exists());
}

/// Every file under a folder that has a text in it.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if memchr::memmem::find(&std::fs::read(&path).unwrap(), text.as_bytes()).is_some() {
            found.push(path);
        }
    }
    found
}

#[test]
fn erased_contacts_are_nowhere() {
    let folder = Folder::with_store();
    let (id, secret, campaign) = ("kontakt-do-usuniecia@example.invalid", "tajny-tag-tego-kontaktu", "kampania-tylko-dla-niego");
    let others: Vec<String> = (0..5000).map(|c| format!("{{\"contact_id\":\"inny{c}\",\"Status\":\"Gold\"}}\n")).collect();
    let other_events: Vec<String> =
        (0..5000).map(|c| format!("{{\"contact_id\":\"inny{c}\",\"event\":\"MailOpen\",\"ts\":\"2025-10-01\"}}\n")).collect();
    folder.write(
        "c.ndjson",
        &format!("{}{{\"contact_id\":\"{id}\",\"Tagi\":[\"{secret}\"],\"Status\":\"Gold\"}}\n", others.concat()),
    );
    folder.write("e.ndjson", &format!("{}{{\"contact_id\":\"{id}\",\"event\":\"MailOpen\",\"ts\":\"2025-10-31\",\"event_id\":\"m1\",\"attrs\":{{\"campaign\":\"{campaign}\"}}}}\n", other_events.concat()));
    folder.import(&["--contacts", "c.ndjson", "--events", "e.ndjson"]);
    folder.ok(&["compact"]);
    // Some of it folded, some appended.
    folder.write("more.ndjson", &format!("{{\"contact_id\":\"{id}\",\"event\":\"MailClick\",\"ts\":\"2025-10-31\",\"attrs\":{{\"campaign\":\"{campaign}\"}}}}\n"));
    folder.import(&["--events", "more.ndjson"]);
    let store = folder.path("store");
    for text in [id, secret, campaign] {
        assert!(!files_with(&store, text).is_empty());
    }
    let said = folder.segql(&["erase", id, "nikt"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "erased 1 contact\n"));
    assert!(said.err.contains("there is no contact `nikt`") && said.err.contains("segql compact"), "{}", said.err);
    assert_eq!(folder.ids("everyone").len(), 5005);
    assert!(!folder.ids("not event Zakup").contains(&id.to_owned()));
    assert_eq!(folder.ids("event MailOpen where campaign = \"kampania-tylko-dla-niego\""), [""; 0]);
    assert!(folder.ok(&["verify"]).contains("all is well"));
    folder.ok(&["compact"]);
    for text in [id, secret, campaign] {
        assert_eq!(files_with(&store, text), Vec::<PathBuf>::new(), "{text}");
    }
    assert!(folder.ok(&["verify"]).contains("all is well"));
    let stats = json(&folder.ok(&["stats", "--format", "json"]));
    assert_eq!((&stats["erased"], &stats["erasures"][0]["contacts"]), (&1.into(), &1.into()));
    // Whoever comes back is somebody new.
    let report = folder.import(&["--contacts", "c.ndjson"]);
    assert_eq!((&report["contacts_new"], &report["contacts"]), (&1.into(), &5006.into()));
    assert_eq!(folder.ids("everyone").len(), 5006);
    assert_eq!(folder.ids("event MailOpen").len(), 5002);
}

#[test]
fn erasing_takes_all_or_nothing_and_reads_lists() {
    let folder = Folder::with_store();
    folder.write("ids.txt", "anna\n\njan\n");
    assert_eq!(folder.segql(&["erase"]).code, Some(2));
    folder.ok(&["erase", "--from", "ids.txt", "ola", "--compact"]);
    assert_eq!(folder.ids("everyone"), ["00001", "zofia Ł"]);
    assert!(folder.ok(&["verify"]).contains("all is well"));
}

/// Reads a set in the portable Roaring format, from its specification and without the library that writes it.
fn read_roaring(bytes: &[u8]) -> Vec<u32> {
    let u16_at = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let u32_at = |at: usize| u16_at(at) | u16_at(at + 2) << 16;
    let cookie = u32_at(0);
    let (containers, runs, mut at) = match cookie & 0xffff {
        12_346 => (u32_at(4) as usize, Vec::new(), 8),
        12_347 => {
            let containers = (cookie >> 16) as usize + 1;
            let marks = containers.div_ceil(8);
            (containers, bytes[4..4 + marks].to_vec(), 4 + marks)
        }
        other => panic!("cookie {other}"),
    };
    let heads: Vec<(u32, u32)> = (0..containers).map(|n| (u16_at(at + 4 * n), u16_at(at + 4 * n + 2) + 1)).collect();
    at += 4 * containers;
    if runs.is_empty() || containers >= 4 {
        at += 4 * containers;
    }
    let mut members = Vec::new();
    for (n, (key, count)) in heads.into_iter().enumerate() {
        let base = key << 16;
        if runs.get(n / 8).is_some_and(|mark| mark >> (n % 8) & 1 == 1) {
            let count = u16_at(at);
            at += 2;
            for _ in 0..count {
                members.extend((0..=u16_at(at + 2)).map(|more| base + u16_at(at) + more));
                at += 4;
            }
        } else if count > 4096 {
            members.extend((0..65_536).filter(|bit| bytes[at + *bit as usize / 8] >> (bit % 8) & 1 == 1).map(|bit| base + bit));
            at += 8192;
        } else {
            members.extend((0..count as usize).map(|n| base + u16_at(at + 2 * n)));
            at += 2 * count as usize;
        }
    }
    assert_eq!(at, bytes.len());
    members
}

#[test]
fn an_export_imports_back_to_the_same_answers() {
    let folder = Folder::with_store();
    folder.write("e.ndjson", "{\"contact_id\":\"ewa\",\"event\":\"Zakup\",\"ts\":\"2025-10-01\",\"event_id\":\"z8\",\"attrs\":{\"items\":[{\"sku\":\"PS\",\"cena\":70},{\"cena\":1}]}}\n{\"contact_id\":\"jan\",\"event_id\":\"z3\",\"op\":\"delete\"}\n");
    folder.import(&["--events", "e.ndjson"]);
    folder.ok(&["erase", "ola"]);
    let members = folder.members();
    let said = folder.ok(&["export", &text(&golden("script.seg")), "--now", NOW, "--out", "dump"]);
    assert!(said.contains("5 contacts") && said.contains("1 deleted events"), "{said}");
    for dump in ["dump/contacts.parquet", "dump/events.parquet", "dump/segment_membership.parquet"] {
        assert_eq!(files_with(folder.0.path(), "ola@").len(), 0);
        assert!(folder.path(dump).exists());
    }
    let import = |store: &str| {
        folder.ok(&[
            "import",
            "--store",
            store,
            "--schema",
            "dump/schema.toml",
            "--contacts",
            "dump/contacts.parquet",
            "--events",
            "dump/events.parquet",
            "--events",
            "dump/deletions.ndjson",
            "--json",
        ])
    };
    import("copy");
    let script = text(&golden("script.seg"));
    assert_eq!(folder.ok(&["run", &script, "--store", "copy", "--now", NOW, "--format", "csv"]), members);
    // The ids of events are known there: what comes again is a duplicate, what was deleted stays deleted.
    let report = json(&folder.ok(&["import", "--store", "copy", "--events", &text(&golden("events.ndjson")), "--json"]));
    assert_eq!((&report["duplicate"], &report["events_added"]), (&4.into(), &2.into()));
    let said = folder.segql(&["export", "--out", "dump"]);
    assert_eq!(said.code, Some(4));
    assert!(said.err.contains("`dump` is not empty"), "{}", said.err);
}

#[test]
fn the_format_of_a_file_makes_no_difference() {
    let folder = Folder::new();
    let mut found = Vec::new();
    for format in ["parquet", "ndjson"] {
        folder.ok(&["gen", "--contacts", "500", "--events", "20000", "--seed", "4", "--out", format, "--format", format]);
        let [schema, contacts, events] =
            [format!("{format}/schema.toml"), format!("{format}/contacts.{format}"), format!("{format}/events.{format}")];
        let (once, twice) = (format!("{format}-once"), format!("{format}-twice"));
        folder.ok(&["import", "--store", &once, "--schema", &schema, "--contacts", &contacts, "--events", &events]);
        // To contacts that are there the events are appended.
        folder.ok(&["import", "--store", &twice, "--schema", &schema, "--contacts", &contacts]);
        folder.ok(&["import", "--store", &twice, "--events", &events]);
        for store in [once, twice] {
            let dump = format!("dump-{store}");
            folder.ok(&["export", "--store", &store, "--out", &dump]);
            let lists = "size(field zainteresowania) > 1";
            let members = folder.ok(&["run", "-e", lists, "--store", &store, "--now", NOW, "--format", "csv"]);
            assert!(members.lines().count() > 100, "{members}");
            found.push((store, std::fs::read(folder.path(&dump).join("events.parquet")).unwrap(), members));
        }
    }
    for (store, events, members) in &found {
        assert!(*events == found[0].1, "the events of {store} are others");
        assert_eq!(*members, found[0].2, "{store}");
    }
}

#[test]
fn bitmaps_are_portable() {
    let folder = Folder::with_store();
    let lines: Vec<String> = (0..140_000)
        .map(|c| {
            format!(
                "{{\"contact_id\":\"k{c}\",\"Status\":\"{}\",\"Saldo\":{}}}\n",
                if c % 3 == 0 { "Gold" } else { "Standard" },
                c % 50
            )
        })
        .collect();
    folder.write("c.ndjson", &lines.concat());
    folder.import(&["--contacts", "c.ndjson"]);
    folder.write("s.seg", "edition 1\nsegment gold = field Status = \"Gold\"\nsegment `mało kto/gdzie` = field Saldo = 7\nsegment kazdy = everyone\nsegment nikt = nobody\n");
    folder.ok(&["export", "s.seg", "--out", "dump", "--members-only", "--now", NOW]);
    assert!(!folder.path("dump/contacts.parquet").exists());
    let index = json(&std::fs::read_to_string(folder.path("dump/bitmaps/index.json")).unwrap());
    let mut counts = Vec::new();
    for entry in index.as_array().unwrap() {
        let bytes = std::fs::read(folder.path("dump/bitmaps").join(entry["file"].as_str().unwrap())).unwrap();
        let members = read_roaring(&bytes);
        assert!(members.is_sorted());
        assert_eq!(entry["count"], members.len());
        counts.push((entry["segment"].as_str().unwrap().to_owned(), members.len()));
    }
    let wanted = [("gold", 46_670), ("mało kto/gdzie", 2_800), ("kazdy", 140_005), ("nikt", 0)];
    assert_eq!(counts, wanted.map(|(name, n)| (name.to_owned(), n)));
    // The dictionary says who they are: it reads like any file of contacts.
    let schema = folder.ok(&["schema", "infer", "--contacts", "dump/bitmaps/contacts.parquet"]);
    assert!(schema.contains("[fields.number]"), "{schema}");
}
