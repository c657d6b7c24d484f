//! Small worlds with known answers: `tests/cases/NAME.toml`, each for a part of the language.
//!
//! The data goes through the program's own import; the executor and the one-contact evaluator must both give what is
//! expected.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{lower, rewrite};
use segql::row::{self, Event, Profile};
use segql::store::{Snapshot, Store};
use segql::syntax::Sources;
use segql::time::{Clock, parse_instant};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is about; for the reader.
    #[expect(dead_code, reason = "read by people")]
    why: String,
    now: String,
    schema: String,
    #[serde(default)]
    contacts: String,
    #[serde(default)]
    events: String,
    script: String,
    /// Files that the script names.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Segment to members.
    expect: BTreeMap<String, Vec<String>>,
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 9, "the cases are gone");
    cases
}

/// The store that the program makes of the case's data.
fn import(case: &Case, folder: &Path) -> Store {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text.trim_start()).unwrap();
        path
    };
    let store = folder.join("s.segql");
    let mut import = Command::new(env!("CARGO_BIN_EXE_segql"));
    import.args(["import", "--now", &case.now, "--store"]).arg(&store);
    import.arg("--schema").arg(file("schema.toml", &case.schema));
    import.arg("--contacts").arg(file("contacts.ndjson", &case.contacts));
    import.arg("--events").arg(file("events.ndjson", &case.events));
    let output = import.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Store::open(&store).unwrap()
}

fn profiles(snapshot: &Snapshot<'_>) -> Vec<Profile> {
    let profile = |contact| Profile {
        id: snapshot.id_of(contact).unwrap(),
        fields: snapshot.fields_of(contact).unwrap(),
        since: snapshot.since_of(contact).unwrap(),
        events: (snapshot.events_of(contact).unwrap().into_iter())
            .map(|e| Event { event: e.event, ts: e.ts, attributes: e.attributes })
            .collect(),
    };
    (0..snapshot.contacts()).map(profile).collect()
}

#[test]
fn every_case_gives_what_it_expects() {
    for path in cases() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case: Case = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let folder = tempfile::tempdir().unwrap();
        let store = import(&case, folder.path());
        let snapshot = store.snapshot().unwrap();
        let schema = snapshot.schema();
        let mut sources = Sources::default();
        let entry = sources.add("case.seg", &case.script);
        let read =
            |file: &Path| case.files.get(file.to_str().unwrap()).cloned().ok_or_else(|| "there is no such file".to_owned());
        let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &read });
        assert!(!has_errors(&checked.diagnostics), "{name}: {}", render::human(&checked.diagnostics, &sources, false));
        let clock = Clock { now: parse_instant(&case.now, schema.timezone).unwrap(), zone: schema.timezone };
        let plan = rewrite(&lower(&checked.program, &checked.own, schema, &clock));
        let sets = evaluate(&Engine::new(&snapshot), &plan, &clock, &Cancel::default()).unwrap();
        let profiles = profiles(&snapshot);
        let cutoffs = row::cutoffs(schema, &checked.program, &profiles, &clock);
        let answers: Vec<row::Answers> =
            profiles.iter().map(|p| row::answers(schema, &checked.program, p, &clock, &cutoffs)).collect();
        let mut found = BTreeMap::new();
        for (id, set) in checked.own.iter().zip(&sets) {
            let segment = checked.program.segments[id.0 as usize].name.clone();
            let members = snapshot.sorted_ids(set).unwrap();
            let mut by_row: Vec<String> =
                profiles.iter().zip(&answers).filter(|(_, a)| a.segments[id.0 as usize]).map(|(p, _)| p.id.clone()).collect();
            by_row.sort();
            assert_eq!(members, by_row, "{name}: `{segment}`: the executor and the evaluator of one contact");
            found.insert(segment, members);
        }
        found.retain(|segment, _| case.expect.contains_key(segment));
        assert_eq!(found, case.expect, "{name}");
    }
}
