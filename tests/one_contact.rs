//! Questions about one contact, as the program answers them: `why`, `which`, `decide`, `profile`.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::process::Command;

const SCHEMA: &str = r#"timezone = "Europe/Warsaw"
[fields]
Status = { type = "text", values = ["Gold", "Silver"] }
Urodziny = { type = "date" }
[events.Zakup.attributes]
kwota = { type = "number", decimals = 2 }
[events.Koszyk]
"#;
const CONTACTS: &str =
    "contact_id,Status,Urodziny,ts\nanna,Gold,1985-11-20,2025-01-01T12:00:00Z\njan,Silver,,2025-01-01T12:00:00Z\n";
const EVENTS: &str = r#"{"contact_id":"anna","event":"Zakup","ts":"2025-10-20T10:00:00","attrs":{"kwota":120.5}}
{"contact_id":"anna","event":"Zakup","ts":"2025-05-02T09:30:00","attrs":{"kwota":80}}
{"contact_id":"anna","event":"Zakup","ts":"2025-06-02T09:30:00","attrs":{"kwota":19.5}}
{"contact_id":"jan","event":"Koszyk","ts":"2025-10-31T12:00:00"}
"#;
const SCRIPT: &str = r#"segment wierni "Wierni" =
  all <
    field Status = "Gold";
    event Zakup at least 3 times within 6mo
  >
segment koszyk = sequence < event Koszyk; then not event Zakup within 2d >
segment urodziny = field Urodziny anniversary within next 7d
segment najlepsi = top 1 by sum(Zakup.kwota)
decision oferta <
  when segment wierni -> "nagroda";
  when event Koszyk within 2d -> "pelna_cena";
  when field Status is set -> "kupon";
  otherwise -> "tresc"
>
"#;

struct Folder(tempfile::TempDir);

/// Exit code, standard output, standard error.
type Said = (Option<i32>, String, String);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in [("schema.toml", SCHEMA), ("contacts.csv", CONTACTS), ("events.ndjson", EVENTS), ("a.seg", SCRIPT)] {
            std::fs::write(folder.0.path().join(name), text).unwrap();
        }
        folder
    }

    fn segql(&self, arguments: &str) -> Said {
        let files = "--schema schema.toml --contacts contacts.csv --events events.ndjson --now 2025-11-01T12:00";
        let output = Command::new(env!("CARGO_BIN_EXE_segql"))
            .current_dir(self.0.path())
            .env_remove("SEGQL_STORE")
            .env("NO_COLOR", "1")
            .args(arguments.split_whitespace().chain(files.split_whitespace()))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    #[track_caller]
    fn prints(&self, arguments: &str) -> String {
        let (code, out, err) = self.segql(arguments);
        assert_eq!(code, Some(0), "{err}");
        out
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_str(&self.prints(&format!("{arguments} --format json"))).unwrap()
    }
}

#[test]
fn why_shows_the_tree_beside_its_source() {
    let folder = Folder::new();
    assert_eq!(
        folder.prints("why anna a.seg wierni"),
        r#"`anna` is in `wierni`, now 2025-11-01T12:00:00+01:00
leaves on 2025-11-02 09:30:00.001, unless a Zakup arrives

      a.seg:2
  2 │   all <
    │   ───── true (2 of 2 hold)
  3 │     field Status = "Gold";
    │     ───────────────────── true
    │     Status is "Gold", since 2025-01-01 13:00
  4 │     event Zakup at least 3 times within 6mo
    │     ─────────────────────────────────────── true
    │     3 Zakup, window starts 2025-05-01 12:00
    │       newest Zakup 2025-10-20 10:00 (kwota 120.5)
    │       3rd newest Zakup 2025-05-02 09:30 (kwota 80)
    │     false from 2025-11-02 09:30:00.001 on, unless a Zakup arrives
  5 │   >
"#
    );
}

#[test]
fn the_nearest_way_in() {
    let folder = Folder::new();
    let said = folder.prints("why jan a.seg wierni");
    assert!(said.contains("`jan` is not in `wierni`"), "{said}");
    assert!(said.contains("nearest way in: 2 conditions have to turn\n  must hold: field Status = \"Gold\"\n"), "{said}");
    let said = folder.prints("why jan a.seg koszyk");
    assert!(said.contains("enters on 2025-11-02 12:00, unless a Zakup or Koszyk arrives"), "{said}");
    assert!(said.contains("1 of 2 steps\n"), "{said}");
    let said = folder.prints("why anna a.seg urodziny");
    assert!(said.contains("enters on 2025-11-13 00:00"), "{said}");
}

#[test]
fn why_as_json() {
    let folder = Folder::new();
    let all = folder.json("why anna a.seg wierni");
    let why = &all[0];
    assert_eq!((&why["segment"], &why["title"], &why["holds"]), (&"wierni".into(), &"Wierni".into(), &true.into()));
    assert_eq!(why["change"], serde_json::json!({ "kind": "at", "at": "2025-11-02T09:30:00.001+01:00" }));
    let leaf = &why["tree"]["parts"][1];
    assert_eq!(leaf["text"], "event Zakup at least 3 times within 6mo");
    assert_eq!((&leaf["span"]["line"], &leaf["span"]["column"]), (&4.into(), &5.into()));
    let evidence = &leaf["evidence"][0];
    assert_eq!((&evidence["count"], &evidence["from"]), (&3.into(), &"2025-05-01T12:00:00+02:00".into()));
    assert_eq!(
        evidence["events"][1],
        serde_json::json!({
            "event": "Zakup", "ts": "2025-05-02T09:30:00+02:00", "newest": 3, "attributes": { "kwota": "80" }
        })
    );
    let way = folder.json("why jan a.seg wierni")[0]["way"].clone();
    assert_eq!((way.as_array().unwrap().len(), &way[0]["to"]), (2, &true.into()));
}

#[test]
fn which_tells_all_segments_and_labels() {
    let folder = Folder::new();
    assert_eq!(folder.prints("which anna a.seg"), "segment wierni  Wierni\nsegment najlepsi\ndecision oferta = \"nagroda\"\n");
    assert_eq!(folder.prints("which jan a.seg"), "decision oferta = \"pelna_cena\"\n");
    let json = folder.json("which jan a.seg");
    assert_eq!(json["segments"][3], serde_json::json!({ "segment": "najlepsi", "title": null, "holds": false }));
    assert_eq!(json["decisions"][0], serde_json::json!({ "decision": "oferta", "label": "pelna_cena" }));
    std::fs::write(folder.0.path().join("b.seg"), "segment kupili = event Zakup").unwrap();
    assert!(folder.prints("which anna a.seg b.seg").ends_with("segment kupili\n"));
}

#[test]
fn decide_names_the_branch_and_the_others() {
    let folder = Folder::new();
    assert_eq!(
        folder.prints("decide oferta jan a.seg"),
        "pelna_cena\n  branch 2: when event Koszyk within 2d\n  \"kupon\" from 2025-11-02 12:00:00.001 on, unless a Zakup or Koszyk arrives\n"
    );
    let all = folder.prints("decide oferta jan a.seg --all");
    assert!(all.ends_with("also kupon\n  branch 3: when field Status is set\nalso tresc\n  branch 4: otherwise\n"), "{all}");
    let json = folder.json("decide oferta anna a.seg");
    assert_eq!((&json["label"], &json["branch"]["branch"], &json["next"]), (&"nagroda".into(), &1.into(), &"kupon".into()));
    assert_eq!(json["also"].as_array().unwrap().len(), 2);
    assert_eq!(json["why"]["tree"]["refers"], "wierni");
    let (code, _, err) = folder.segql("decide wierni anna a.seg");
    assert_eq!(code, Some(2));
    assert!(err.contains("`wierni` is a segment, not a decision"), "{err}");
}

#[test]
fn labels_divide_everyone() {
    let folder = Folder::new();
    let counts: serde_json::Value = folder.json("run a.seg oferta");
    let sum: u64 = counts.as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!((counts.as_array().unwrap().len(), sum), (4, 2));
}

#[test]
fn profile_tells_everything() {
    let folder = Folder::new();
    let said = folder.prints("profile anna --timeline 2");
    for line in [
        "  Status    \"Gold\"  since 2025-01-01 13:00 (303 days ago)",
        "  3 Zakup, first 2025-05-02 09:30, last 2025-10-20 10:00 (12 days ago), sum of kwota 220",
        "  2025-10-20 10:00  Zakup  kwota 120.5",
        "  ... and 1 older event",
    ] {
        assert!(said.lines().any(|l| l == line), "no `{line}` in\n{said}");
    }
    let json = folder.json("profile anna");
    assert_eq!((&json["fields"][0]["value"], &json["events"]), (&"Gold".into(), &3.into()));
    assert_eq!(json["timeline"][0]["attrs"]["kwota"], serde_json::json!(120.5));
    assert_eq!(json["aggregates"][0]["sum"]["kwota"], "220");
}

#[test]
fn unknown_contacts_are_named_with_the_nearest() {
    let folder = Folder::new();
    for command in ["why Anna a.seg", "which Anna a.seg", "decide oferta Anna a.seg", "profile Anna"] {
        let (code, out, err) = folder.segql(command);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.ends_with("error: there is no contact `Anna`; did you mean `anna`?\n"), "{err}");
    }
}
