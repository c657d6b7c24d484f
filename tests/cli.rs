//! The program as people meet it: what it says of bad input, its exit codes, and that nothing is half-written.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const SCHEMA: &str = r#"timezone = "Europe/Warsaw"
[fields.Kraj]
type = "text"
values = ["PL", "DE"]
[fields.Wiek]
type = "number"
decimals = 0
[fields.Urodziny]
type = "date"
[events.Zakup]
kind = "customer"
[events.Zakup.attributes]
kwota = "number"
"#;
const CONTACTS: &str = "contact_id,Kraj,Wiek,Urodziny\nanna,PL,40,1985-05-01\njan,DE,,\n";
const EVENTS: &str = r#"{"contact_id":"anna","event":"Zakup","ts":"2025-10-01T12:00:00Z","attrs":{"kwota":120.5}}
{"contact_id":"jan","event":"MailOpen","ts":"2025-10-20T12:00:00"}
"#;
const SCRIPT: &str = "segment polska \"Z Polski\" = field Kraj = \"PL\"\nsegment kupili = event Zakup within 90d\n";

/// A folder with good data in it.
struct Folder(tempfile::TempDir);

/// What the program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("schema.toml", SCHEMA);
        folder.write("contacts.csv", CONTACTS);
        folder.write("events.ndjson", EVENTS);
        folder.write("ok.seg", SCRIPT);
        folder
    }

    /// The same with a store of the data.
    fn with_store() -> Self {
        let folder = Self::new();
        let said = folder
            .segql("import --store store --schema schema.toml --contacts contacts.csv --events events.ndjson --now 2025-11-01");
        assert_eq!(said.code, Some(0), "{}", said.err);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
        command.current_dir(self.0.path()).env_remove("SEGQL_STORE").env("NO_COLOR", "1").args(arguments.split_whitespace());
        command
    }

    fn segql(&self, arguments: &str) -> Said {
        said(&self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    fn segql_reading(&self, arguments: &str, input: &[u8]) -> Said {
        let mut child =
            self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        said(&child.wait_with_output().unwrap())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.0.path().read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn said(output: &Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

impl Said {
    /// The exit code, and everything that must stand in what was said.
    #[track_caller]
    fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in:\n{}", self.err);
        }
    }

    #[track_caller]
    fn prints(&self, text: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(0), text), "{}", self.err);
    }
}

const RUN: &str = "run ok.seg --now 2025-11-01";
const IMPORT: &str = "import --store new --schema schema.toml --now 2025-11-01";

#[test]
fn good_input_gives_numbers() {
    let folder = Folder::with_store();
    let files = "--schema schema.toml --contacts contacts.csv --events events.ndjson --now 2025-11-01";
    folder.segql(&format!("run ok.seg polska {files}")).prints("1\n");
    folder.segql(&format!("run ok.seg kupili {files} --format ids")).prints("anna\n");
    folder.segql("run ok.seg kupili --store store --now 2025-11-01 --format csv").prints("segment,contact_id\nkupili,anna\n");
    let table = folder.segql(&format!("{RUN} --store store"));
    assert!(table.out.starts_with("segment  contacts   share"), "{}", table.out);
    assert_eq!(table.out.lines().count(), 3);
    let json = folder.segql(&format!("{RUN} --store store --format json --with-ids --repeat 3"));
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json[1]["segment"], &json[1]["count"], &json[1]["ids"][0]), (&"kupili".into(), &1.into(), &"anna".into()));
    assert!(json[0]["elapsed_us"]["min"].as_u64() <= json[0]["elapsed_us"]["max"].as_u64());
}

#[test]
fn scripts_that_cannot_be_read() {
    let folder = Folder::with_store();
    for command in ["check", "run"] {
        let missing = folder.segql(&format!("{command} nowhere.seg --store store"));
        missing.fails(4, &["error: cannot read the script `nowhere.seg`: there is no such file"]);
        folder.segql(&format!("{command} store --store store")).fails(4, &["`store`", "it is a folder"]);
        folder.write("latin2.seg", b"segment a =\n  field Kraj = \"\xb3\xf3dka\"\n");
        folder
            .segql(&format!("{command} latin2.seg --store store"))
            .fails(1, &["E0109", "latin2.seg:2:17", "save the file as UTF-8"]);
    }
    // The others are checked all the same.
    folder.write("wrong.seg", "field Krja = \"PL\"");
    folder.segql("check nowhere.seg wrong.seg --store store").fails(4, &["E0201", "nowhere.seg"]);
    let short = folder.segql("check wrong.seg --store store --message-format short");
    assert_eq!((short.code, short.out.as_str()), (Some(1), "wrong.seg:1:7: error[E0201]: unknown field `Krja`\n"));
    folder.write("empty.seg", "");
    folder.segql("run empty.seg --store store").fails(2, &["the script defines no segment", "segment name = ..."]);
    folder.segql("check empty.seg --store store").fails(0, &["no mistakes found"]);
}

#[test]
fn usage() {
    let folder = Folder::with_store();
    folder.segql("run").fails(2, &["which segment?"]);
    folder.segql("run ok.seg").fails(2, &["where is the data?", "--store DIR"]);
    folder.segql("check ok.seg").fails(2, &["--schema FILE"]);
    folder.segql("run ok.seg --store store --contacts contacts.csv").fails(2, &["at once", "segql import"]);
    folder.segql("run ok.seg poslka --store store").fails(2, &["no segment `poslka`; did you mean `polska`?"]);
    folder.segql("run ok.seg --store store --format ids").fails(2, &["name one of polska, kupili"]);
    folder.segql("run ok.seg --store store --format parquet").fails(2, &["-o FILE"]);
    folder.segql("run ok.seg --store store --fromat ids").fails(2, &["'--format'"]);
    folder.segql("run ok.seg --store store --repeat 0").fails(2, &["--repeat"]);
    folder.segql("run ok.seg --store store --set kraj").fails(2, &["--set name=value"]);
    folder.segql("run ok.seg --store store --now 2025-02-30").fails(2, &["`--now`", "`2025-02-30`", "2025-11-01T12:00"]);
    folder.segql("import --store store").fails(2, &["nothing to import"]);
    folder.segql("import --store store --contacts - --events -").fails(2, &["standard input can be read only once"]);
    folder.segql("import --store store --events events.ndjson --format xml").fails(2, &["`xml`", "parquet"]);
    folder.segql("schema infer").fails(2, &["--contacts FILE"]);
    folder
        .segql("schema infer --contacts contacts.csv --timezone Europe/Warsow")
        .fails(2, &["`Europe/Warsow` is not a time zone"]);
}

#[test]
fn schemas_that_cannot_be_used() {
    let folder = Folder::new();
    folder.write("zone.toml", SCHEMA.replace("Warsaw", "Warsow"));
    folder
        .segql("check ok.seg --schema zone.toml")
        .fails(1, &["zone.toml:1:12", "`Europe/Warsow` is not a time zone", "did you mean `Europe/Warsaw`?"]);
    folder.write("types.toml", "[fields.A]\ntype = \"txt\"\n[fields.B]\ntype = \"number\"\ndecimals = 12\n");
    folder
        .segql("check ok.seg --schema types.toml")
        .fails(1, &["types.toml:2:8", "`txt` is not a type", "types.toml:5:12", "from 0 to 9"]);
    folder.write("broken.toml", "timezone = \n");
    folder.segql("check ok.seg --schema broken.toml").fails(1, &["broken.toml:1:12", "not TOML"]);
    folder.write("latin2.toml", b"# \xb3\n");
    folder.segql("check ok.seg --schema latin2.toml").fails(4, &["`latin2.toml` is not UTF-8 text from line 1, column 3 on"]);
    folder
        .segql("check ok.seg --schema nowhere.toml")
        .fails(4, &["cannot read the schema `nowhere.toml`: there is no such file"]);
    folder.segql("check ok.seg --schema .").fails(4, &["`.`", "it is a folder"]);
}

#[test]
fn data_files_that_cannot_be_read() {
    let folder = Folder::new();
    let before = folder.names();
    folder.segql(&format!("{IMPORT} --contacts nowhere.csv")).fails(4, &["cannot read `nowhere.csv`: there is no such file"]);
    folder.segql(&format!("{IMPORT} --contacts .")).fails(4, &["cannot read `.`: it is a folder"]);
    folder.segql(&format!("{IMPORT} --events ok.seg")).fails(2, &["`ok.seg`", "--input-format"]);
    assert_eq!(folder.names(), before, "nothing is left of a failed import");
    for name in ["empty.csv.gz", "empty.ndjson.zst", "empty.parquet"] {
        folder.write(name, "");
        folder.segql(&format!("{IMPORT} --events {name}")).fails(4, &[name]);
    }
    folder.write("cut.parquet", b"PAR1xxxxxxxxxxxxPAR1");
    folder.segql(&format!("{IMPORT} --events cut.parquet")).fails(4, &["cut.parquet", "not readable Parquet"]);
    folder.write("empty.csv", "");
    folder.segql(&format!("{IMPORT} --contacts empty.csv")).fails(3, &["`empty.csv`", "the file is empty", "contact_id"]);
    assert!(!folder.path("new").exists());
    folder.write("empty.ndjson", "");
    folder.write("header.csv", "contact_id,Kraj\n");
    let said = folder.segql(&format!("{IMPORT} --events empty.ndjson --contacts header.csv"));
    assert_eq!(said.code, Some(0), "a file without rows is a file: {}", said.err);
    folder.segql("run -e everyone --store new --now 2025-11-01").prints("0\n");
}

#[test]
fn rejected_lines_name_file_line_and_reason() {
    let folder = Folder::new();
    let lines: [(&[u8], &str, &str); 11] = [
        (
            br#"{"contact_id":"a","event":"Zakup","ts":"2025-10-01T12:00:00Z","attrs":{"kwota":1}"#,
            "R01",
            "column 81: the line ends in the middle",
        ),
        (br"[1]", "R01", "this is no JSON object"),
        (br"hello", "R01", "column 1: expected value"),
        (b"{\"contact_id\":\"\xb3\"}", "R03", "byte 16 of the line is not UTF-8"),
        (br#"{"event":"Zakup","ts":"2025-10-01T10:00:00Z"}"#, "R04", "there is no `contact_id`"),
        (br#"{"contact_id":"a","event":"Zakup","ts":"yesterday"}"#, "R06", "`yesterday` is not an instant"),
        (br#"{"contact_id":"a","event":"Zakup","ts":1730000000}"#, "R06", "unit"),
        (br#"{"contact_id":"a","event":"Zakp","ts":"2025-10-01T10:00:00Z"}"#, "R08", "did you mean `Zakup`?"),
        (br#"{"contact_id":"a","event":"Zakup","ts":"2025-10-01T10:00:00Z","attrs":{"kwta":1}}"#, "R09", "did you mean `kwota`?"),
        (
            br#"{"contact_id":"a","event":"Zakup","ts":"2025-10-01T10:00:00Z","attrs":{"kwota":"x"}}"#,
            "R10",
            "`kwota` is the text \"x\", and a number is wanted",
        ),
        (
            br#"{"contact_id":"a","event":"Zakup","ts":"2025-10-01T10:00:00Z","attrs":{"kwota":1e30}}"#,
            "R11",
            "the largest number is 9223372036854.775807",
        ),
    ];
    let mut text = EVENTS.as_bytes().to_vec();
    for (line, ..) in &lines {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    folder.write("bad.ndjson", &text);
    let before = folder.names();
    let said = folder.segql(&format!("{IMPORT} --events bad.ndjson"));
    said.fails(3, &["bad.ndjson:3: R01", "and 6 more so far; `--rejects FILE`", "11 lines were rejected", "nothing was kept"]);
    assert!(said.out.contains("rejected               11\n  R01 broken JSON                     3\n"), "{}", said.out);
    assert_eq!(folder.names(), before);

    let said = folder.segql(&format!("{IMPORT} --events bad.ndjson --rejects why.ndjson --max-rejects 10 --json"));
    said.fails(3, &["all in `why.ndjson`"]);
    assert!(!folder.path("new").exists());
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["lines"], &report["rejected"]["R06"], &report["events_added"]), (&13.into(), &2.into(), &0.into()));

    let said = folder.segql(&format!("{IMPORT} --events bad.ndjson --rejects why.ndjson --max-rejects 11"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("new events              2\n"), "{}", said.out);
    let why = std::fs::read_to_string(folder.path("why.ndjson")).unwrap();
    for (line, (number, (_, code, message))) in why.lines().zip((3..).zip(lines)) {
        let reject: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&reject["file"], &reject["line"], &reject["code"]), (&"bad.ndjson".into(), &number.into(), &code.into()));
        assert!(reject["message"].as_str().unwrap().contains(message), "{reject}");
    }
    assert_eq!(why.lines().count(), 11);
}

#[test]
fn rejected_rows_of_csv() {
    let folder = Folder::new();
    folder.write(
        "bad.csv",
        b"contact_id,Kraj,Wiek,Urodziny\nola,PL\njan,FR,1,\nola,PL,x,\nola,PL,99999999999999999999,\nola,PL,1,1985-02-30\n,PL,1,\n\xb3,PL,1,\n\"open,PL,3,\n",
    );
    let said = folder.segql(&format!("{IMPORT} --contacts bad.csv --rejects why.ndjson"));
    said.fails(
        3,
        &[
            "bad.csv:2: R02: the line has 2 cells and the header 4",
            "bad.csv:3: R12: `Kraj` is `FR`, and its values are `PL`, `DE`",
        ],
    );
    let why = std::fs::read_to_string(folder.path("why.ndjson")).unwrap();
    let codes: Vec<String> =
        why.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["R02", "R12", "R10", "R11", "R10", "R04", "R03", "R02"]);
    folder.write("unknown.csv", "contact_id,Krja\nanna,PL\n");
    folder
        .segql(&format!("{IMPORT} --contacts unknown.csv"))
        .fails(3, &["no field for the column `Krja` (the nearest is `Kraj`)", "ignore = [\"Krja\"]"]);
    folder.write("no_id.csv", "id,Kraj\nanna,PL\n");
    folder
        .segql(&format!("{IMPORT} --contacts no_id.csv"))
        .fails(3, &["no column `contact_id`; the columns are `id`, `Kraj`", "--map"]);
    assert!(!folder.path("new").exists());
}

#[test]
fn a_rejects_file_that_cannot_be_written_loses_nothing() {
    let folder = Folder::new();
    folder.write("bad.ndjson", format!("{EVENTS}hello\n"));
    let said = folder.segql(&format!("{IMPORT} --events bad.ndjson --max-rejects 1 --rejects nowhere/why.ndjson"));
    said.fails(4, &["cannot write `nowhere/why.ndjson`: there is no such file or folder"]);
    assert!(!folder.path("new").exists());
}

#[test]
fn standard_input_is_named() {
    let folder = Folder::new();
    let said = folder.segql_reading("import --store new --events - --now 2025-11-01", b"hello\n");
    said.fails(3, &["no schema given", "-:1: R01"]);
    let said = folder.segql_reading("run -e everyone --contacts - --now 2025-11-01", CONTACTS.as_bytes());
    said.prints("2\n");
    folder
        .segql_reading("run - polska --schema schema.toml --contacts contacts.csv --now 2025-11-01", SCRIPT.as_bytes())
        .prints("1\n");
}

#[test]
fn a_failed_import_leaves_a_store_as_it_was() {
    let folder = Folder::with_store();
    folder.write("more.csv", "contact_id,Kraj\newa,PL\nadam,XX\n");
    folder.segql("import --store store --contacts more.csv").fails(3, &["more.csv:3: R12"]);
    folder.segql("run -e everyone --store store --now 2025-11-01").prints("2\n");
    folder
        .write("grown.toml", SCHEMA.replace("[fields.Wiek]\ntype = \"number\"\ndecimals = 0", "[fields.Wiek]\ntype = \"text\""));
    folder
        .segql("import --store store --schema grown.toml --contacts contacts.csv")
        .fails(3, &["`Wiek`", "a type cannot change"]);
    folder.segql("import --store store --contacts more.csv --max-rejects 1").fails(0, &[]);
    folder.segql("run -e everyone --store store --now 2025-11-01").prints("3\n");
}

#[test]
fn stores_that_cannot_be_used() {
    let folder = Folder::with_store();
    folder.segql(&format!("{RUN} --store nowhere")).fails(4, &["there is no store at `nowhere`", "segql import --store nowhere"]);
    folder.segql(&format!("{RUN} --store .")).fails(4, &["`.` is not a segql store"]);
    folder.segql(&format!("{RUN} --store ok.seg")).fails(4, &["`ok.seg` is not a segql store"]);
    folder.segql("import --store . --contacts contacts.csv").fails(4, &["`.` is not a segql store"]);
    let data = std::fs::read(folder.path("store/data.mdb")).unwrap();
    let altered = |name: &str, data: &[u8]| {
        std::fs::create_dir(folder.path(name)).unwrap();
        folder.write(&format!("{name}/data.mdb"), data);
    };
    altered("cut", &data[..data.len() / 2]);
    folder.segql(&format!("{RUN} --store cut")).fails(4, &["the store is damaged", "cut/data.mdb", "restore a backup"]);
    altered("other", &replaced(&data, b"\"format\":4", b"\"format\":9"));
    folder.segql(&format!("{RUN} --store other")).fails(4, &["`other` has format 9", "this segql reads formats 1 to 4"]);
    altered("flipped", &replaced(&data, b"anna", b"bnna"));
    folder
        .segql(&format!("{RUN} --store flipped --format csv"))
        .fails(4, &["the store is damaged", "contact ids", "restore a backup"]);
    altered("zeros", &vec![0; data.len()]);
    folder.segql(&format!("{RUN} --store zeros")).fails(4, &["`zeros` is not a segql store"]);
}

/// Every place with `from` in it, with `to` there.
fn replaced(data: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let mut places = 0;
    for at in 0..data.len() - from.len() {
        if &data[at..at + from.len()] == from {
            data[at..at + from.len()].copy_from_slice(to);
            places += 1;
        }
    }
    assert!(places > 0);
    data
}

#[test]
fn output_appears_whole_or_not_at_all() {
    let folder = Folder::with_store();
    folder.segql(&format!("{RUN} --store store --format json -o out.json")).prints("");
    assert!(serde_json::from_slice::<serde_json::Value>(&std::fs::read(folder.path("out.json")).unwrap()).is_ok());
    folder
        .segql(&format!("{RUN} --store store -o nowhere/out"))
        .fails(4, &["cannot write `nowhere/out`: there is no such file or folder"]);
    folder.segql(&format!("{RUN} --store store -o store")).fails(4, &["cannot write `store`: it is a folder"]);
    folder.segql(&format!("{RUN} --store store --format parquet -o out.parquet")).prints("");
    folder.segql("schema infer --contacts out.parquet").fails(0, &[]);
}

#[test]
fn help_begins_with_examples() {
    let folder = Folder::new();
    let commands = [
        "",
        "demo",
        "import",
        "run",
        "check",
        "fmt",
        "ast",
        "hash",
        "diff",
        "rename",
        "test",
        "why",
        "which",
        "decide",
        "profile",
        "overlap",
        "trend",
        "describe",
        "repl",
        "explain",
        "schema",
        "verify",
        "stats",
        "compact",
        "backup",
        "erase",
        "export",
        "gen",
        "completions",
        "man",
    ];
    for command in commands {
        let said = folder.segql(&format!("{command} --help"));
        assert_eq!(said.code, Some(0));
        assert!(said.out.starts_with(&format!("Examples:\n  segql {command}")), "{command}: {}", said.out);
    }
    assert!(folder.segql("man").out.contains("segql"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.segql(&format!("completions {shell}")).out.contains("explain"));
    }
}

/// Ctrl-C, as the terminal sends it.
#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_an_import_and_leaves_nothing() {
    for store in ["new", "store"] {
        let folder = Folder::with_store();
        let before = folder.names();
        // A stream that does not end.
        let mut command = folder.command(&format!("import --store {store} --schema schema.toml --events - --now 2025-11-01"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let feeder = std::thread::spawn(move || while input.write_all(EVENTS.as_bytes()).is_ok() {});
        std::thread::sleep(std::time::Duration::from_millis(700));
        interrupt(&child);
        let imported = said(&child.wait_with_output().unwrap());
        imported.fails(130, &["error: interrupted"]);
        assert_eq!(imported.out, "");
        feeder.join().unwrap();
        assert_eq!(folder.names(), before);
        folder.segql("run --store store --now 2025-11-01 -e everyone").prints("2\n");
        folder.segql("run --store store --now 2025-11-01 ok.seg kupili").prints("1\n");
    }
}
