//! The formatter: files with their expected output, and random scripts.
//!
//! `tests/fmt/cases/NAME.seg` becomes `NAME.out`. A new file gets its `.out` with `UPDATE_FMT=1 cargo test --test fmt`; read
//! it before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

#[path = "fmt/random.rs"]
mod random;

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use segql::fmt::{Formatted, format};
use segql::syntax::{SourceId, parse};

fn formatted(text: &str) -> Formatted {
    format(text, SourceId(0)).unwrap_or_else(|e| panic!("{e}:\n{text}"))
}

/// The syntax tree and the diagnostics, without places.
fn meaning(text: &str) -> String {
    let (mut script, diagnostics) = parse(text, SourceId(0));
    script.edition.take_if(|edition| edition.value == 1);
    let codes: Vec<_> = diagnostics.iter().map(|d| (d.code.id(), &d.message)).collect();
    let places = regex::Regex::new(r"Span \{[^}]*\}").unwrap();
    places.replace_all(&format!("{script:?} {codes:?}"), "").into_owned()
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn files_become_what_is_expected() {
    let update = std::env::var_os("UPDATE_FMT").is_some();
    let cases = cases("tests/fmt/cases");
    assert!(cases.len() > 8, "the cases are gone");
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let out = formatted(&text).text;
        assert_eq!(formatted(&out).text, out, "{} is formatted twice", case.display());
        assert_eq!(meaning(&text), meaning(&out), "{}", case.display());
        let expected = case.with_extension("out");
        if update {
            std::fs::write(&expected, &out).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(out == expected, "{} has become:\n{out}", case.display());
    }
}

/// Every script with mistakes, too: what cannot be read stays.
#[test]
fn scripts_with_mistakes_keep_them() {
    for case in cases("tests/errors") {
        let text = std::fs::read_to_string(&case).unwrap();
        let out = formatted(&text);
        assert_eq!(formatted(&out.text).text, out.text, "{} is formatted twice", case.display());
        assert_eq!(meaning(&text), meaning(&out.text), "{}", case.display());
    }
}

/// What is wrong with the formatted form of a script, if anything.
fn problem(text: &str, mut comments: Vec<String>) -> Option<String> {
    let out = match format(text, SourceId(0)) {
        Ok(out) => out.text,
        Err(error) => return Some(error.to_string()),
    };
    if meaning(text) != meaning(&out) {
        return Some(format!("the meaning changes with\n{out}"));
    }
    let again = match format(&out, SourceId(0)) {
        Ok(again) => again.text,
        Err(error) => return Some(format!("{error}, in\n{out}")),
    };
    if again != out {
        return Some(format!("it becomes\n{out}\nand then\n{again}"));
    }
    let mut kept = random::comments(&out);
    comments.sort();
    kept.sort();
    if comments != kept {
        return Some(format!("other comments, in\n{out}"));
    }
    let untidy = out.lines().any(|line| line.ends_with(' ')) || out.contains("\n\n\n");
    untidy.then(|| format!("spaces at the end of a line, or two blank lines, in\n{out}"))
}

#[test]
fn random_scripts_keep_meaning_and_comments() {
    let count = std::env::var("FMT_SCRIPTS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let (mut readable, mut problems) = (0, Vec::new());
    for seed in 0..count {
        let random::Script { text, comments } = random::script(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        let well_formed = format(&text, SourceId(0)).is_ok_and(|out| out.broken.is_empty());
        readable += u64::from(well_formed);
        problems.extend(problem(&text, comments).map(|problem| (text, problem)));
    }
    let shortest = problems.iter().min_by_key(|(text, _)| text.len());
    if let Some((text, problem)) = shortest {
        panic!("{} of {count} scripts; the shortest:\n{text}\n---- {problem}", problems.len());
    }
    assert!(readable > count * 9 / 10, "only {readable} of {count} random scripts can be read");
}

#[test]
fn broken_definitions_stay_between_random_ones() {
    let random = |seed| formatted(&random::script(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed)).text);
    let mut tried = 0;
    for seed in 0..60 {
        let (before, after) = (random(2 * seed), random(2 * seed + 1));
        if !before.broken.is_empty() || !after.broken.is_empty() {
            continue;
        }
        let (before, after) = (before.text, after.text);
        let Some(after) = after.strip_prefix("edition 1\n\n").filter(|_| before.starts_with("edition 1\n\n")) else { continue };
        let broken = "segment   zepsuty = all < field a ==  1 and // tu\n   everyone nobody > // tam";
        let text = format!("{before}\n{broken}\n\n{after}");
        let out = formatted(&text);
        assert!(!out.broken.is_empty(), "seed {seed}:\n{text}");
        assert!(out.text == text, "seed {seed}:\n{text}\nbecomes\n{}", out.text);
        tried += 1;
    }
    assert!(tried > 20, "only {tried} scripts tried");
}

/// The program.
#[cfg(feature = "cli")]
mod command {
    use std::io::Write;
    use std::path::Path;
    use std::process::{Command, Stdio};

    const BEFORE: &str = "edition 1\nsegment a=everyone // tak\n";
    const AFTER: &str = "edition 1\n\nsegment a = everyone // tak\n";

    /// Exit code, standard output, standard error.
    fn segql(folder: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
        command.current_dir(folder).arg("fmt").args(arguments).env("NO_COLOR", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    #[test]
    fn standard_input_becomes_standard_output() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(segql(folder.path(), &["-"], BEFORE), (Some(0), AFTER.to_owned(), String::new()));
        let (code, out, err) = segql(folder.path(), &["-"], "segment a=everyone\nsegment b == x");
        assert_eq!((code, out.as_str()), (Some(1), "edition 1\n\nsegment a = everyone\n\nsegment b == x\n"), "{err}");
        assert!(err.contains("E01"), "{err}");
        assert_eq!(segql(folder.path(), &["-", "-"], BEFORE).0, Some(2));
        assert_eq!(segql(folder.path(), &[], BEFORE).0, Some(2));
    }

    #[test]
    fn files_are_rewritten_listed_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("a.seg"), BEFORE).unwrap();
        std::fs::write(file("b.seg"), AFTER).unwrap();
        let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();

        let (code, out, err) = segql(folder.path(), &["--check", "a.seg", "b.seg"], "");
        assert_eq!((code, out.as_str()), (Some(1), "a.seg\n"), "{err}");
        let (code, out, err) = segql(folder.path(), &["--diff", "a.seg", "b.seg"], "");
        assert_eq!(code, Some(0), "{err}");
        assert!(
            out.starts_with("--- a.seg\n+++ a.seg (formatted)\n@@ -1,2 +1,3 @@\n edition 1\n-segment a=everyone // tak\n+\n"),
            "{out}"
        );
        assert_eq!(segql(folder.path(), &["--check", "--diff", "a.seg"], "").0, Some(1));
        assert_eq!(read("a.seg"), BEFORE);

        let (code, out, err) = segql(folder.path(), &["a.seg", "nowhere.seg", "b.seg"], "");
        assert_eq!((code, out.as_str()), (Some(4), ""), "{err}");
        assert!(err.contains("nowhere.seg"), "{err}");
        assert_eq!(read("a.seg"), AFTER);
        assert_eq!(segql(folder.path(), &["--check", "a.seg", "b.seg"], ""), (Some(0), String::new(), String::new()));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.seg"), folder.path().join("link.seg"));
        std::fs::write(&file, BEFORE).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        symlink("a.seg", &link).unwrap();
        assert_eq!(segql(folder.path(), &["link.seg"], "").0, Some(0));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), AFTER);
        assert!(link.is_symlink());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }
}

/// What the documentation shows is formatted.
#[test]
fn documented_scripts_are_formatted() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md")).unwrap();
    let blocks: Vec<&str> = page.split("```seg\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        assert_eq!(formatted(block).text, block);
    }
}
