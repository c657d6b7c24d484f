//! README.md and the pages of docs/ do what they say.
//!
//! * ` ```seg ids=anna,jan ` is checked and run on `docs/data` at [`NOW`]: these are the members of its last segment.
//! * ` ```seg error=E0203 ` raises that code. Blocks without either are those of `tests/docs.rs`.
//! * ` ```toml ` is a schema, or with `--map` in its first line a mapping.
//! * ` ```sh ` is run in a folder of its own for each page; ` ```text ` right below it is what it prints, with times left out of
//!   the comparison. Lines of `cargo` are not run: this test is one of them. `UPDATE_PAGES=1` puts the output into the pages.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use segql::check::{Options, check};
use segql::diag::{has_errors, render};
use segql::exec::{Cancel, Engine, evaluate};
use segql::ingest::{self, Source, SourceKind};
use segql::plan::{lower, rewrite};
use segql::schema::Schema;
use segql::store::{LoadOptions, Loader, Snapshot, Store};
use segql::syntax::Sources;
use segql::time::{Clock, parse_instant};

const NOW: &str = "2025-11-01T12:00";

/// A fenced block of a page.
struct Block {
    page: String,
    line: usize,
    language: String,
    info: String,
    text: String,
    /// Whether only blank lines stand between it and the block before.
    follows: bool,
}

impl Block {
    fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }

    /// `name=value` of the words after the language.
    fn option(&self, name: &str) -> Option<&str> {
        self.info.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn blocks(page: &Path) -> Vec<Block> {
    let name = page.strip_prefix(root()).unwrap().display().to_string();
    let text = std::fs::read_to_string(page).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut follows = false;
    for (line, content) in (1..).zip(text.lines()) {
        match (&mut open, content.strip_prefix("```")) {
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
                follows = true;
            }
            (Some(block), None) => block.text.extend([content, "\n"]),
            (None, Some(info)) => {
                let (language, info) = info.split_once(' ').unwrap_or((info, ""));
                let (language, info) = (language.to_owned(), info.to_owned());
                open = Some(Block { page: name.clone(), line: line + 1, language, info, text: String::new(), follows });
            }
            (None, None) => follows &= content.trim().is_empty(),
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    blocks
}

fn all(language: &str) -> Vec<Block> {
    pages().iter().flat_map(|page| blocks(page)).filter(|block| block.language == language).collect()
}

/// Every block must hold; what does not is told together.
fn each(blocks: &[Block], holds: impl Fn(&Block) -> Result<(), String>) {
    let wrong: Vec<String> =
        blocks.iter().filter_map(|block| holds(block).err().map(|e| format!("{}: {e}", block.place()))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn schema() -> Schema {
    let text = std::fs::read_to_string(root().join("docs/data/schema.toml")).unwrap();
    segql::schema::toml::parse(&text).unwrap()
}

fn store(schema: &Schema) -> Store {
    let source = |kind, name: &str| Source { path: root().join("docs/data").join(name), copy: None, kind, format: None };
    let sources = [source(SourceKind::Contacts, "contacts.ndjson"), source(SourceKind::Events, "events.ndjson")];
    let store = Store::temporary(schema).unwrap();
    let mut loader = Loader::begin(&store, schema, LoadOptions::default()).unwrap();
    let options = ingest::Options { now: parse_instant(NOW, schema.timezone).unwrap(), ..ingest::Options::default() };
    let report = ingest::import(&sources, schema, &options, &mut |batch| loader.push(batch), &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|_| panic!("docs/data loads"));
    assert_eq!(report.rejected_lines(), 0);
    loader.finish().unwrap();
    store
}

fn members(text: &str, snapshot: &Snapshot<'_>) -> Result<Vec<String>, String> {
    let schema = snapshot.schema();
    let mut sources = Sources::default();
    let entry = sources.add("example.seg", text);
    let checked = check(&mut sources, entry, Options { schema, overrides: &[], read: &|_| Err("no other file".to_owned()) });
    if has_errors(&checked.diagnostics) {
        return Err(render::short(&checked.diagnostics, &sources));
    }
    let Some(last) = checked.own.last() else { return Ok(Vec::new()) };
    let clock = Clock { now: parse_instant(NOW, schema.timezone).unwrap(), zone: schema.timezone };
    let plan = rewrite(&lower(&checked.program, &[*last], schema, &clock));
    let set = evaluate(&Engine::new(snapshot), &plan, &clock, &Cancel::default()).map_err(|e| e.to_string())?.remove(0);
    snapshot.sorted_ids(&set).map_err(|e| e.to_string())
}

#[test]
fn scripts_select_whom_the_page_says() {
    let schema = schema();
    let store = store(&schema);
    let snapshot = store.snapshot().unwrap();
    let mut blocks = all("seg");
    blocks.retain(|block| !block.info.is_empty());
    assert!(blocks.len() > 20, "the blocks are found");
    each(&blocks, |block| {
        let found = members(&block.text, &snapshot);
        if let Some(code) = block.option("error") {
            return match found {
                Err(said) if said.contains(&format!("error[{code}]")) => Ok(()),
                other => Err(format!("{code} is expected, and it says {other:?}")),
            };
        }
        let found = found?.join(",");
        match block.option("ids") {
            Some(ids) if ids != found => Err(format!("it has `{found}`")),
            _ => Ok(()),
        }
    });
}

#[test]
fn toml_is_a_schema_or_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    each(&all("toml"), |block| {
        if block.text.lines().next().unwrap_or_default().contains("--map") {
            let path = folder.path().join("map.toml");
            std::fs::write(&path, &block.text).unwrap();
            return ingest::Mapping::read(&path).map(drop).map_err(|e| e.to_string());
        }
        segql::schema::toml::parse(&block.text).map(drop).map_err(|problems| format!("{problems:?}"))
    });
}

#[cfg(unix)]
#[test]
fn commands_print_what_the_page_says() {
    for page in pages() {
        let blocks = blocks(&page);
        let commands: Vec<&Block> = blocks.iter().filter(|block| block.language == "sh").collect();
        let folder = tempfile::tempdir().unwrap();
        // Pages that work on the examples begin as people do in the repository.
        std::os::unix::fs::symlink(root().join("examples"), folder.path().join("examples")).unwrap();
        let printed = shell(&commands, folder.path());
        let shown: Vec<(&Block, &String)> = commands
            .iter()
            .zip(&printed)
            .filter_map(|(command, printed)| {
                let below = blocks.iter().find(|block| block.line > command.line)?;
                (below.language == "text" && below.follows).then_some((below, printed))
            })
            .collect();
        if std::env::var_os("UPDATE_PAGES").is_some() {
            update(&page, &shown);
            continue;
        }
        for (block, printed) in shown {
            assert_eq!(timeless(printed), timeless(&block.text), "\nthe commands above {} print\n{printed}", block.place());
        }
    }
}

/// Puts what was printed into the blocks of a page.
#[cfg(unix)]
fn update(page: &Path, shown: &[(&Block, &String)]) {
    let text = std::fs::read_to_string(page).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    for (block, printed) in shown.iter().rev() {
        let first = block.line - 1;
        lines.splice(first..first + block.text.lines().count(), printed.trim_end().lines());
    }
    std::fs::write(page, lines.join("\n") + "\n").unwrap();
}

/// Runs the blocks one after the other in one shell, all lines but those of `cargo`, and returns what each printed. Blocks
/// succeed, but for those that say `fails`.
#[cfg(unix)]
fn shell(blocks: &[&Block], folder: &Path) -> Vec<String> {
    const END: &str = "@@@ end of block\n";
    let mut script = "exec 2>&1\nset -u\n".to_owned();
    for block in blocks {
        let lines = block.text.lines().filter(|line| !line.starts_with("cargo "));
        script.push_str(if block.info == "fails" { "set +e\n" } else { "set -e\n" });
        script.extend(lines.flat_map(|line| [line, "\n"]));
        script.push_str("printf '@@@ end of block\\n'\n");
    }
    let program = std::env::var("SEGQL_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_segql").to_owned());
    let path = format!("{}:{}", Path::new(&program).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env_remove("SEGQL_STORE")
        // A repository of the page is its own, whatever runs this test.
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let parts: Vec<String> = printed.split_terminator(END).map(str::to_owned).collect();
    let failed = blocks.get(parts.len().saturating_sub(1)).map_or_else(String::new, |block| block.place());
    assert!(output.status.success() && parts.len() == blocks.len(), "{failed} fails:\n{}", parts.last().unwrap());
    parts
}

/// The text without what differs from run to run or with every tuning: times taken, costs, in lines with times whole
/// percentages, and the spaces that keep columns.
#[cfg(unix)]
fn timeless(text: &str) -> String {
    let times = regex::Regex::new(r#" *\d+\.\d+ (m?s|GB/s)\b|"(max|median|min)":\d+|(\(|, )cost \d+\)"#).unwrap();
    let shares = regex::Regex::new(r"( # .*?) \d+ %").unwrap();
    let spaces = regex::Regex::new(r" +").unwrap();
    let line = |line: &str| {
        let mut line = times.replace_all(line, " #").into_owned();
        while let std::borrow::Cow::Owned(fewer) = shares.replace(&line, "$1 #%") {
            line = fewer;
        }
        spaces.replace_all(&line, " ").trim_end().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}
