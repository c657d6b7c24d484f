//! `segql check` in its forms, `segql check --fix`, and `segql explain-error`.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const SCHEMA: &str = "[fields.Kraj]\ntype = \"text\"\n[fields.Wiek]\ntype = \"number\"\n[events.Zakup]\nkind = \"customer\"\n";
const BROKEN: &str = "// żółć\nsegment polska = Kraj == 'PL' AND Wiek > 30;\nsegment inna = event Zakup within 180m\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.toml"), SCHEMA).unwrap();
    std::fs::write(folder.path().join("good.seg"), "segment a = everyone\n").unwrap();
    std::fs::write(folder.path().join("broken.seg"), BROKEN).unwrap();
    folder
}

fn segql(folder: &Path, args: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_segql"))
        .args(args.split(' '))
        .current_dir(folder)
        .env_remove("SEGQL_STORE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn all_mistakes_of_all_files() {
    let folder = folder();
    std::fs::write(folder.path().join("other.seg"), "field Wiek is null\n").unwrap();
    let said = segql(folder.path(), "check good.seg broken.seg other.seg --schema schema.toml --message-format short", "");
    assert_eq!(said.status.code(), Some(1));
    let lines: Vec<String> = out(&said).lines().map(|line| line.split(']').next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "broken.seg:2:18: error[E0135",
            "broken.seg:2:23: error[E0140",
            "broken.seg:2:26: error[E0131",
            "broken.seg:2:31: error[E0120",
            "broken.seg:2:35: error[E0135",
            "broken.seg:2:44: error[E0181",
            "broken.seg:3:35: error[E0163",
            "other.seg:1:12: error[E0144",
        ]
    );
    let said = segql(folder.path(), "check good.seg --schema schema.toml", "");
    assert_eq!((said.status.code(), err(&said).as_str()), (Some(0), "no mistakes found\n"));
    let said = segql(folder.path(), "check broken.seg --schema schema.toml", "");
    assert!(err(&said).ends_with("7 errors, 0 warnings; more about one: segql explain-error E0135\n"), "{}", err(&said));
}

#[test]
fn fixes_are_made_in_the_files() {
    let folder = folder();
    let path = folder.path().join("broken.seg");
    let said = segql(folder.path(), "check --fix broken.seg good.seg --schema schema.toml", "");
    assert_eq!(said.status.code(), Some(1), "what is a guess is left");
    let text = std::fs::read_to_string(&path).unwrap();
    let fixed =
        "// żółć\nsegment polska = all < field Kraj = \"PL\"; field Wiek > 30 >\nsegment inna = event Zakup within 180m\n";
    assert_eq!(text, fixed);
    assert!(err(&said).starts_with("broken.seg:2:18: fixed[E0135]: write `field Kraj`\n"), "{}", err(&said));
    assert!(err(&said).contains("E0163") && !err(&said).contains("Error: `==`"), "{}", err(&said));

    std::fs::write(&path, fixed.replace("180m", "18mo")).unwrap();
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    let said = segql(folder.path(), "check --fix broken.seg --schema schema.toml", "");
    assert_eq!((said.status.code(), err(&said).as_str()), (Some(0), "no mistakes found\n"));
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before, "a right file is not written");
}

#[cfg(unix)]
#[test]
fn fixing_keeps_permissions_and_links() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("broken.seg");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, folder.path().join("link.seg")).unwrap();
    segql(folder.path(), "check --fix link.seg --schema schema.toml", "");
    assert!(folder.path().join("link.seg").is_symlink());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::read_to_string(&path).unwrap().contains("field Kraj = \"PL\""));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no temporary file is left");
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let folder = folder();
    let said = segql(folder.path(), "check --fix - --schema schema.toml", "field Kraj <> 'PL'");
    assert_eq!((said.status.code(), out(&said).as_str()), (Some(0), "field Kraj != \"PL\""));
    let said = segql(folder.path(), "check --fix - --schema schema.toml --message-format json", "field Kraj <> 'PL'");
    assert_eq!(said.status.code(), Some(2));
}

#[test]
fn sarif_has_what_readers_need() {
    let folder = folder();
    let said = segql(folder.path(), "check broken.seg good.seg --schema schema.toml --message-format sarif", "");
    assert_eq!(said.status.code(), Some(1));
    let log: Value = serde_json::from_str(&out(&said)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!((&run["tool"]["driver"]["name"], &run["columnKind"]), (&"segql".into(), &"unicodeCodePoints".into()));
    let (rules, results) = (run["tool"]["driver"]["rules"].as_array().unwrap(), run["results"].as_array().unwrap());
    assert_eq!((rules.len(), results.len()), (6, 7));
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "broken.seg");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 2 && result["level"] == "error");
    }
    let equals = results.iter().find(|result| result["ruleId"] == "E0140").unwrap();
    let replacement = &equals["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "=");
    assert_eq!(
        (&replacement["deletedRegion"]["startColumn"], &replacement["deletedRegion"]["endColumn"]),
        (&23.into(), &25.into())
    );
    let clean = segql(folder.path(), "check good.seg --schema schema.toml --message-format sarif", "");
    let log: Value = serde_json::from_str(&out(&clean)).unwrap();
    assert_eq!((clean.status.code(), log["runs"][0]["results"].as_array().unwrap().len()), (Some(0), 0));
}

#[test]
fn a_missing_file_does_not_hide_the_others() {
    let folder = folder();
    let said = segql(folder.path(), "check missing.seg broken.seg --schema schema.toml", "");
    assert_eq!(said.status.code(), Some(4));
    assert!(err(&said).contains("E0163") && err(&said).contains("missing.seg"), "{}", err(&said));
}

#[test]
fn codes_are_explained() {
    let folder = folder();
    let said = segql(folder.path(), "explain-error e0140", "");
    assert_eq!(said.status.code(), Some(0));
    assert!(out(&said).starts_with("# E0140: `==` for `=`\n") && out(&said).contains("## Right"));
    let said = segql(folder.path(), "explain-error", "");
    assert!(out(&said).lines().count() > 60 && out(&said).contains("E0203  a value outside the closed set\n"));
    let said = segql(folder.path(), "explain-error E9203", "");
    assert_eq!(said.status.code(), Some(2));
    assert!(err(&said).contains("there is no code `E9203`; did you mean `E0203`"), "{}", err(&said));
}
