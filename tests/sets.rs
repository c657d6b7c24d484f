//! How segments relate and how they went: `overlap` and `trend`.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::process::Command;

const SCHEMA: &str = "timezone = \"Europe/Warsaw\"\n[fields]\nKraj = { type = \"text\" }\n[events.Zakup]\n[events.Koszyk]\n";
const CONTACTS: &str = "contact_id,Kraj\na,PL\nb,PL\nc,DE\nd,\n";
const EVENTS: &str = r#"{"contact_id":"a","event":"Zakup","ts":"2025-10-20T10:00:00"}
{"contact_id":"b","event":"Zakup","ts":"2025-10-28T10:00:00"}
{"contact_id":"c","event":"Koszyk","ts":"2025-10-28T10:00:00"}
"#;
const SCRIPT: &str = r#"segment z_polski "Z <Polski> & 'okolic'" = field Kraj = "PL"
segment kupili = event Zakup within 7d
segment `koszyk <"&>` = event Koszyk
decision d < when segment kupili -> "x"; otherwise -> "y" >
"#;

fn segql(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("schema.toml", SCHEMA), ("contacts.csv", CONTACTS), ("events.ndjson", EVENTS), ("a.seg", SCRIPT)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let files = "--schema schema.toml --contacts contacts.csv --events events.ndjson --now 2025-11-01T12:00";
    let output = Command::new(env!("CARGO_BIN_EXE_segql"))
        .current_dir(folder.path())
        .env_remove("SEGQL_STORE")
        .args(arguments.iter().copied().chain(files.split(' ')))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn prints(arguments: &[&str]) -> String {
    let (code, out, err) = segql(arguments);
    assert_eq!(code, Some(0), "{err}");
    out
}

#[test]
fn overlap_counts_everyone_once() {
    let out = prints(&["overlap", "a.seg"]);
    let tail = out.split_once("\nreach").unwrap().1;
    assert_eq!(
        tail,
        " 3 (75.0 %), in none 1

in exactly these
         1   25.0 %  z_polski
         1   25.0 %  z_polski + kupili
         1   25.0 %  koszyk <\"&>

in both, and that as a share of those in either (Jaccard); other pairs have nobody in common
         1   0.5000  z_polski + kupili
"
    );
    let json: serde_json::Value = serde_json::from_str(&prints(&["overlap", "a.seg", "--format", "json"])).unwrap();
    assert_eq!((&json["reach"], &json["none"], &json["contacts"]), (&3.into(), &1.into(), &4.into()));
    assert_eq!(json["sets"].as_array().unwrap().len(), 3, "labels of a decision are compared when they are named");
    assert_eq!(json["pairs"][0], serde_json::json!({ "sets": ["z_polski", "kupili"], "count": 1, "jaccard": 0.5 }));
    let sum: u64 = json["exactly"].as_array().unwrap().iter().map(|e| e["count"].as_u64().unwrap()).sum();
    assert_eq!(sum + json["none"].as_u64().unwrap(), 4);
    let labels: serde_json::Value = serde_json::from_str(&prints(&["overlap", "a.seg", "d", "--format", "json"])).unwrap();
    assert_eq!((labels["sets"].as_array().unwrap().len(), &labels["none"]), (2, &0.into()));
}

#[test]
fn trend_evaluates_at_each_moment() {
    let out = prints(&["trend", "a.seg", "kupili", "--from", "2025-10-25T10:00", "--to", "2025-11-04T10:00", "--step", "1d"]);
    let counts: Vec<&str> = out.lines().skip(1).map(|l| l.split_whitespace().nth(2).unwrap()).collect();
    // The purchase of 20 October leaves at 9:00 winter time on the 27th; that of the 28th is there from 10:00 on.
    assert_eq!(counts, ["1", "1", "0", "1", "1", "1", "1", "1", "1", "1", "1"], "{out}");
    assert!(out.contains("2025-10-26 10:00") && out.contains("2025-10-27 10:00"), "days are those of the calendar: {out}");
    assert!(!out.contains("fields are"), "{out}");
    let out = prints(&["trend", "a.seg", "z_polski", "--from", "2025-09-01", "--step", "1mo"]);
    assert!(out.ends_with("\n\nevents are those up to each moment; fields are as they are today\n"), "{out}");
    let json = prints(&["trend", "a.seg", "kupili", "--from", "2025-10-25", "--step", "1w", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["fields_as_of_today"], &json["contacts"]), (&false.into(), &4.into()));
    assert_eq!(json["series"][0]["points"][1], serde_json::json!({ "at": "2025-11-01T00:00:00+01:00", "count": 1 }));
}

#[test]
fn ranges_that_make_no_trend() {
    let fails = |arguments: &[&str], words: &str| {
        let (code, _, err) = segql(arguments);
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(words), "{err}");
    };
    let base = ["trend", "a.seg", "kupili"];
    fails(&[&base[..], &["--from", "2025-10-25", "--step", "0d"]].concat(), "`--step 0d` is not a length of time");
    fails(&[&base[..], &["--from", "2025-10-25", "--step", "1 day"]].concat(), "write `1d`, `6h` or `1mo`");
    fails(&[&base[..], &["--from", "2025-12-25"]].concat(), "`--to` lies before `--from`");
    fails(&[&base[..], &["--from", "2025-13-25"]].concat(), "`--from`");
    fails(&[&base[..], &["--from", "2025-10-25", "--step", "1s"]].concat(), "longer `--step`");
}

/// Every element is closed and every text escaped, so that other programs can read the pictures.
#[test]
fn pictures_are_well_formed() {
    for arguments in [
        &["overlap", "a.seg", "--format", "svg"][..],
        &["trend", "a.seg", "koszyk <\"&>", "z_polski", "--from", "2025-10-20", "--format", "svg"],
    ] {
        let svg = prints(arguments);
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("koszyk &lt;&quot;&amp;&gt;"), "{svg}");
        let mut open: Vec<&str> = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (inside, text) = tag.split_once('>').unwrap();
            assert!(
                !text.contains('>')
                    && !text
                        .replace("&lt;", "")
                        .replace("&gt;", "")
                        .replace("&amp;", "")
                        .replace("&quot;", "")
                        .replace("&#39;", "")
                        .contains('&')
            );
            let name = inside.split([' ', '/']).find(|w| !w.is_empty()).unwrap();
            if inside.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !inside.ends_with('/') {
                open.push(name);
            }
            assert!(inside.matches('"').count() % 2 == 0, "{inside}");
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
