//! `segql ast`, `segql hash` and `segql diff`, as people and programs call them.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SCHEMA: &str = "timezone = \"Europe/Warsaw\"\n[fields.tier]\ntype = \"text\"\n[fields.age]\ntype = \"number\"\n\
     [events.Order]\nkind = \"customer\"\n[events.Order.attributes.amount]\ntype = \"number\"\ndecimals = 2\n";
const CONTACTS: &str = "contact_id,tier,age\nc1,Gold,20\nc2,Platinum,30\nc3,Gold,40\nc4,,70\n";
const EVENTS: &str = "contact_id,event,ts,amount\nc1,Order,2025-10-12T09:30:00Z,120.5\nc3,Order,2025-08-30T18:00:00Z,19\n";
const OLD: &str = r#"edition 1

param $limit: number = 100

segment vip = field tier in ["Gold", "Platinum"]

segment adults = field age >= 30

segment buyers = all < event Order where amount > $limit within 90d; segment adults >

segment gone = field age > 60

segment fresh = event Order within 7d

decision offer < when segment vip -> "gift"; otherwise -> "none" >

segment tidy = field age is empty

segment other = all < segment gone; segment fresh >
"#;
const NEW: &str = r#"edition 1

param $limit: number = 10

segment vip = field tier = "Gold"

segment adults = field age >= 18

segment buyers = all < event Order where amount > $limit within 90d; segment adults >

segment recent = event Order within 1w

segment young = field age < 25

decision offer < when segment vip -> "gift"; when segment young -> "book"; otherwise -> "none" >

segment   tidy = field age is empty

segment other = all < segment recent; field age > 60.0 >
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [("schema.toml", SCHEMA), ("contacts.csv", CONTACTS), ("events.csv", EVENTS), ("old.seg", OLD), ("new.seg", NEW)];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Exit code, standard output, standard error.
fn segql(folder: &Path, args: &str, input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_segql"))
        .args(args.split(' '))
        .current_dir(folder)
        .env_remove("SEGQL_STORE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that stops before it has read everything is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn text_to_json_to_text() {
    let folder = folder();
    let messy = "// who\nsegment   vip=all<field tier=\"Gold\";/* old */field age>60> // end\n";
    let (code, json, said) = segql(folder.path(), "ast -", messy);
    assert_eq!((code, said.as_str()), (0, ""));
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["version"], "segql/1");
    assert_eq!(value["definitions"][0]["comments"]["above"], json!(["// who"]));
    let (_, canonical, _) = segql(folder.path(), "fmt -", messy);
    assert!(canonical.contains("// who\nsegment vip = all < field tier"), "{canonical}");
    assert_eq!(segql(folder.path(), "ast --from-json -", &json), (0, canonical.clone(), String::new()));
    std::fs::write(folder.path().join("vip.json"), &json).unwrap();
    assert_eq!(segql(folder.path(), "ast --from-json vip.json", ""), (0, canonical, String::new()));

    let (code, schema, _) = segql(folder.path(), "ast --schema", "");
    let published = include_str!("../docs/schema/segql-1.json");
    assert_eq!((code, schema.as_str()), (0, published));
}

#[test]
fn json_that_is_no_script_is_refused_with_its_place() {
    let folder = folder();
    for (text, message) in [
        (
            r#"{"version":"segql/9","condition":{"type":"everyone"}}"#,
            "at /version: version `segql/9` is not known; this segql knows `segql/1`; a newer one may know more",
        ),
        (
            r#"{"condition":{"type":"everyone"}}"#,
            "at the top level: `version` is missing; this segql knows `segql/1`: write `\"version\": \"segql/1\"`",
        ),
        (
            r#"{"version":"segql/1","condition":{"type":"everyone","colour":1}}"#,
            "at /condition/colour: unknown field `colour`; the fields here are `type`, `comments`",
        ),
        (
            r#"{"version":"segql/1","condition":{"type":"evryone"}}"#,
            "at /condition/type: `evryone` is no type that can stand here; did you mean `everyone`?",
        ),
        (
            "{\"version\":\"segql/1\",\n\"condition\":{\"type\":\"everyone\",\"type\":\"nobody\"}}",
            "at line 2, column 37: the key `type` is given twice in one object; keep one of them",
        ),
        ("{\"version\": \"segql/1\",\n\"condition\": }", "at line 2, column 14: this is not JSON: expected value"),
        ("[1]", "at the top level: a script is a JSON object; this segql knows `segql/1`"),
    ] {
        let expected = format!("error: standard input, {message}\n");
        assert_eq!(segql(folder.path(), "ast --from-json -", text), (1, String::new(), expected));
    }
    std::fs::write(folder.path().join("bad.json"), r#"{"version":2}"#).unwrap();
    let (code, _, said) = segql(folder.path(), "ast --from-json bad.json", "");
    assert_eq!((code, said.starts_with("error: `bad.json`, at /version: version 2 is not known")), (1, true), "{said}");

    let (code, out, said) = segql(folder.path(), "ast -", "segment a = field x == 1\n");
    assert_eq!((code, out.as_str(), said.contains("E0140")), (1, "", true), "{said}");
    let (code, _, said) = segql(folder.path(), "ast gone.seg", "");
    assert_eq!((code, said.contains("there is no such file")), (4, true), "{said}");
    assert_eq!(segql(folder.path(), "ast", "").0, 2);
}

#[test]
fn hashes_by_name() {
    let folder = folder();
    let hashes = |args: &str| -> Vec<(String, String)> {
        let (code, out, said) = segql(folder.path(), args, "");
        assert_eq!((code, said.as_str()), (0, ""), "{args}");
        out.lines().map(|line| line.split_once("  ").unwrap()).map(|(hash, name)| (name.to_owned(), hash.to_owned())).collect()
    };
    let old = hashes("hash old.seg");
    let names: Vec<&str> = old.iter().map(|(name, _)| name.as_str()).collect();
    let all = "param $limit, segment vip, segment adults, segment buyers, segment gone, segment fresh, decision offer, segment tidy, \
               segment other";
    assert_eq!(names.join(", "), all);
    assert!(old.iter().all(|(_, hash)| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())), "{old:?}");
    assert_eq!(hashes("hash old.seg vip $limit"), [old[1].clone(), old[0].clone()]);
    assert_eq!(hashes("hash new.seg recent")[0].1, old[5].1, "1w is 7d, whatever the name");
    assert_eq!(hashes("hash new.seg other")[0].1, old[8].1, "segments stand for what they mean");
    assert_ne!(hashes("hash new.seg buyers")[0].1, old[3].1, "what it is made of means something else");

    let (code, out, said) = segql(folder.path(), "hash old.seg vpi", "");
    assert_eq!((code, out.as_str(), said.as_str()), (2, "", "error: the script defines no `vpi`; did you mean `vip`?\n"));
    let (code, out, said) = segql(folder.path(), "hash -", "segment a = segment b\n");
    assert_eq!((code, out.as_str(), said.contains("E0205")), (1, "", true), "{said}");
}

const CHANGES: &str = r#"param $limit: changed
  -    3 | 100
  +    3 | 10
segment vip: changed, narrower
  -    5 | ["Gold", "Platinum"]
  +    5 | "Gold"
segment adults: changed, wider
  -    7 | 30
  +    7 | 18
segment buyers: changed, wider
  `$limit` means something else
  `segment adults` means something else
segment gone: removed
segment recent: same meaning, was segment fresh
segment young: added
decision offer: changed
  +   15 | when segment young -> "book"
  `segment vip` means something else
segment tidy: formatting only
segment other: same meaning
"#;

#[test]
fn changes_definition_by_definition() {
    let folder = folder();
    assert_eq!(segql(folder.path(), "diff old.seg new.seg", ""), (0, CHANGES.to_owned(), String::new()));
    assert_eq!(segql(folder.path(), "diff - new.seg", OLD), (0, CHANGES.to_owned(), String::new()));
    assert_eq!(segql(folder.path(), "diff --exit-code old.seg new.seg", "").0, 1);
    let (code, out, _) =
        segql(folder.path(), "diff --exit-code - new.seg", &NEW.replace("segment   tidy", "// so\nsegment tidy"));
    assert_eq!(
        (code, out.contains("segment young: same text\n"), out.contains("tidy: formatting only\n")),
        (0, true, true),
        "{out}"
    );

    // The places are those of the files, and what they show stands there.
    let (_, out, _) = segql(folder.path(), "diff old.seg new.seg --format json", "");
    let value: Value = serde_json::from_str(&out).unwrap();
    let definitions = value["definitions"].as_array().unwrap();
    let word = |key: &str| -> Vec<&str> { definitions.iter().map(|d| d[key].as_str().unwrap_or("-")).collect() };
    let statuses =
        ["changed", "changed", "changed", "changed", "removed", "renamed", "added", "changed", "formatting_only", "same_meaning"];
    assert_eq!(word("status"), statuses);
    assert_eq!(word("relation"), ["-", "narrower", "wider", "wider", "-", "-", "-", "-", "-", "-"]);
    assert_eq!(word("was")[5], "fresh");
    let mut shown = 0;
    for part in definitions.iter().filter_map(|d| d["parts"].as_array()).flatten() {
        for (side, text) in [("before", OLD), ("after", NEW)] {
            if let Some(place) = part[side].as_object() {
                let at = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
                assert_eq!(place["text"], text[at("start")..at("end")]);
                assert!(text.lines().nth(at("line") - 1).unwrap().contains(place["text"].as_str().unwrap()));
                shown += 1;
            }
        }
    }
    assert!(shown >= 7, "{out}");

    let (code, out, said) = segql(folder.path(), "diff old.seg -", "segment a = field x == 1\n");
    assert_eq!((code, out.as_str(), said.contains("E0140")), (1, "", true), "{said}");
    assert_eq!(segql(folder.path(), "diff - -", "").0, 2);
    let (code, _, said) = segql(folder.path(), "diff old.seg new.seg --ids", "");
    assert_eq!((code, said.contains("`--ids` needs data")), (2, true), "{said}");
    // With a schema alone, both must fit it.
    std::fs::write(folder.path().join("more.seg"), "segment a = field shoes = 3\n").unwrap();
    let (code, _, said) = segql(folder.path(), "diff old.seg more.seg --schema schema.toml", "");
    assert_eq!((code, said.contains("shoes")), (1, true), "{said}");
}

#[test]
fn one_file_of_many_is_compared_by_name() {
    let folder = folder();
    let (old, new) = ("use \"gone.seg\"\nsegment a = segment far\n", "use \"gone.seg\"\nsegment a = not not segment far\n");
    std::fs::write(folder.path().join("a.seg"), old).unwrap();
    let (code, out, said) = segql(folder.path(), "diff a.seg -", new);
    assert_eq!((code, out.as_str()), (0, "use \"gone.seg\": same text\nsegment a: same meaning\n"));
    assert!(said.contains("what it defines is compared by name"), "{said}");
}

#[test]
fn who_enters_and_leaves() {
    let folder = folder();
    let (code, _, said) =
        segql(folder.path(), "import --store s --schema schema.toml --contacts contacts.csv --events events.csv", "");
    assert_eq!(code, 0, "{said}");
    let (code, out, _) = segql(folder.path(), "diff old.seg new.seg --store s --ids --now 2025-11-01", "");
    assert_eq!(code, 0);
    let moves = |title: &str| -> Vec<&str> {
        let mut lines = out.lines().skip_while(|line| !line.starts_with(&format!("{title}: "))).skip(1);
        let mut own = Vec::new();
        while let Some(line) = lines.next().filter(|line| line.starts_with("  ")) {
            own.extend(
                (line.contains("->") && line.contains("enter") || line.contains("> c") || line.contains("< c"))
                    .then(|| line.trim()),
            );
        }
        own
    };
    assert_eq!(moves("segment vip"), ["contacts 3 -> 2: 0 enter, 1 leave", "< c2"]);
    assert_eq!(moves("segment adults"), ["contacts 3 -> 4: 1 enter, 0 leave", "> c1"]);
    assert_eq!(moves("segment buyers"), ["contacts 0 -> 2: 2 enter, 0 leave", "> c1", "> c3"]);
    assert_eq!(moves("segment gone"), ["contacts 1 -> 0: 0 enter, 1 leave", "< c4"]);
    assert_eq!(moves("segment young"), ["contacts 0 -> 1: 1 enter, 0 leave", "> c1"]);
    let offer = [
        "\"gift\" 3 -> 2: 0 enter, 1 leave",
        "< c2",
        "\"book\" 0 -> 0: 0 enter, 0 leave",
        "\"none\" 1 -> 2: 1 enter, 0 leave",
        "> c2",
    ];
    assert_eq!(moves("decision offer"), offer);
    assert_eq!(moves("segment recent"), Vec::<&str>::new(), "what means the same needs no data");

    // The same from files, as JSON, and without names; a param has another value in both scripts.
    let files = "--schema schema.toml --contacts contacts.csv --events events.csv --now 2025-11-01";
    let (code, out, said) = segql(folder.path(), &format!("diff old.seg new.seg {files} --format json --ids --exit-code"), "");
    assert_eq!(code, 1, "{said}");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["now"], "2025-11-01T00:00:00+01:00");
    let buyers = json!([{ "segment": "buyers", "before": 0, "after": 2, "enter": 2, "leave": 0, "entering": ["c1", "c3"], "leaving": [] }]);
    assert_eq!(value["definitions"][3]["contacts"], buyers);
    let (_, out, _) = segql(folder.path(), &format!("diff old.seg new.seg {files} --format json --set limit=100"), "");
    let value: Value = serde_json::from_str(&out).unwrap();
    let buyers = json!([{ "segment": "buyers", "before": 0, "after": 1, "enter": 1, "leave": 0 }]);
    assert_eq!(value["definitions"][3]["contacts"], buyers);

    // The moment is said when it is the clock's.
    let (code, _, said) = segql(folder.path(), "diff old.seg new.seg --store s", "");
    assert_eq!((code, said.starts_with("now = ")), (0, true), "{said}");
}
