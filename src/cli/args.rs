//! The command line, as data. Examples come first in every help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Everything the program takes.
#[derive(Debug, Parser)]
#[command(
    name = "segql",
    version,
    about = "Segments of customers as short texts, answered in milliseconds",
    before_help = "Examples:\n  segql demo\n  segql check segment.seg --schema schema.toml\n  segql run segment.seg --store data.segql\n  segql run --contacts contacts.csv --events events.ndjson -e 'event Zakup within 30d'\n  segql import --store data.segql --contacts contacts.csv --events events.parquet",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,
    /// What to do (default: on a terminal, the prompt)
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a small store and run the example segments of five industries on it
    #[command(before_help = "Examples:\n  segql demo\n  segql demo my-demo --contacts 200000")]
    Demo(DemoArgs),
    /// Load contacts and events into a store
    #[command(
        before_help = "Examples:\n  segql import --store data.segql --contacts contacts.csv --events events.ndjson.gz\n  segql import --store data.segql --schema schema.toml --events - --format ndjson\n  segql import --store data.segql --events export.csv --map columns.toml --rejects rejected.ndjson"
    )]
    Import(ImportArgs),
    /// Evaluate segments
    #[command(
        before_help = "Examples:\n  segql run segment.seg --store data.segql\n  segql run segment.seg vip --store data.segql --format ids\n  segql run --contacts contacts.csv --events events.ndjson -e 'event Zakup at least 2 times within 90d'\n  segql run segment.seg --store data.segql --now 2025-11-01T12:00 --set kraj=Grecja"
    )]
    Run(RunArgs),
    /// Report every mistake in scripts
    #[command(
        before_help = "Examples:\n  segql check segment.seg --schema schema.toml\n  segql check *.seg --store data.segql --message-format short\n  segql check --fix segment.seg --schema schema.toml"
    )]
    Check(CheckArgs),
    /// Explain the code of a diagnostic, with an example and the remedy
    #[command(before_help = "Examples:\n  segql explain-error E0203\n  segql explain-error            all codes")]
    ExplainError {
        /// Code such as E0203 (default: list all of them)
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
    /// Format scripts: one layout, one spelling, no options
    #[command(
        before_help = "Examples:\n  segql fmt *.seg                 rewrites the files\n  segql fmt --check *.seg         lists those that are not formatted, and exits with 1 if there are any\n  segql fmt --diff segment.seg    shows what would change\n  segql fmt - < segment.seg       reads standard input and writes standard output"
    )]
    Fmt(FmtArgs),
    /// Print a script as JSON, or the script of its JSON
    #[command(
        before_help = "Examples:\n  segql ast segment.seg > segment.json\n  segql ast --from-json segment.json > segment.seg\n  generator | segql ast --from-json -\n  segql ast --schema              the JSON Schema of the form"
    )]
    Ast(AstArgs),
    /// Print a hash of what each definition means: equal for equal meanings, whatever the layout
    #[command(before_help = "Examples:\n  segql hash segment.seg\n  segql hash segment.seg vip '$wydatki' 'list stali'")]
    Hash(HashArgs),
    /// Say what changed between two scripts, definition by definition
    #[command(
        before_help = "Examples:\n  segql diff old.seg new.seg\n  segql diff old.seg new.seg --store data.segql --ids      who enters and who leaves\n  segql diff old.seg new.seg --format json\n  segql diff --exit-code old.seg new.seg || echo 'the meaning changed'"
    )]
    Diff(DiffArgs),
    /// Give a definition another name wherever it is used
    #[command(
        before_help = "Examples:\n  segql rename vip wazni_klienci *.seg\n  segql rename '$wydatki' '$obrot' a.seg b.seg\n  segql rename 'list vip' 'stali klienci' *.seg      when a segment is called vip, too"
    )]
    Rename(RenameArgs),
    /// Run the tests that scripts carry
    #[command(
        before_help = "Examples:\n  segql test segment.seg --schema schema.toml\n  segql test *.seg --store data.segql --format junit > report.xml"
    )]
    Test(TestArgs),
    /// Say why a contact is in a segment or is not, and when that will change
    #[command(
        before_help = "Examples:\n  segql why anna segment.seg --store data.segql\n  segql why anna segment.seg vip --store data.segql --now 2025-11-01T12:00\n  segql why anna --store data.segql -e 'event Zakup at least 3 times within 90d' --format json"
    )]
    Why(WhyArgs),
    /// List the segments that a contact is in, and the labels that decisions give it
    #[command(
        before_help = "Examples:\n  segql which anna *.seg --store data.segql\n  segql which anna segment.seg --store data.segql --format json"
    )]
    Which(WhichArgs),
    /// Say which label a decision gives a contact, and by which branch
    #[command(
        before_help = "Examples:\n  segql decide oferta anna offers.seg --store data.segql\n  segql decide oferta anna offers.seg --all --store data.segql"
    )]
    Decide(DecideArgs),
    /// Show everything known of a contact
    #[command(
        before_help = "Examples:\n  segql profile anna --store data.segql\n  segql profile anna --store data.segql --timeline 100 --format json"
    )]
    Profile(ProfileArgs),
    /// Compare segments: sizes of all intersections, reach, similarity
    #[command(
        before_help = "Examples:\n  segql overlap segments.seg --store data.segql\n  segql overlap segments.seg vip lapsed --store data.segql --format svg > overlap.svg"
    )]
    Overlap(OverlapArgs),
    /// Show how many were in a segment, moment by moment
    #[command(
        before_help = "Examples:\n  segql trend segments.seg vip --from 2025-01-01 --to 2025-11-01 --step 1mo --store data.segql\n  segql trend segments.seg vip --from 2025-10-01 --step 1d --store data.segql --format svg > trend.svg"
    )]
    Trend(TrendArgs),
    /// Show how a segment is evaluated
    #[command(
        before_help = "Examples:\n  segql explain segment.seg vip --store data.segql\n  segql explain -e 'event MailOpen within 30d' --schema schema.toml --format json\n  segql explain segment.seg vip --store data.segql --analyze --repeat 9\n  segql explain segment.seg --store data.segql --analyze --format svg > plan.svg\n  segql explain segment.seg --schema schema.toml --rewrites"
    )]
    Explain(ExplainArgs),
    /// Describe a field or an event: coverage, top values, histogram, months
    #[command(
        before_help = "Examples:\n  segql describe --store data.segql                 all fields and events\n  segql describe Status_VIP --store data.segql\n  segql describe Zakup --store data.segql --format json"
    )]
    Describe(DescribeArgs),
    /// Explore audiences at a prompt
    #[command(
        before_help = "Examples:\n  segql repl --store data.segql\n  segql repl --store data.segql -c 'event Zakup within 30d' -c '.show 5'\n  segql repl --store data.segql < session.txt"
    )]
    Repl(ReplArgs),
    /// Work with schemas
    #[command(
        subcommand,
        before_help = "Examples:\n  segql schema infer --contacts contacts.csv --events events.ndjson -o schema.toml\n  segql schema show --store data.segql"
    )]
    Schema(SchemaCommand),
    /// Look at everything in a store, and say what is damaged
    #[command(before_help = "Examples:\n  segql verify --store data.segql\n  segql verify --store data.segql --format json")]
    Verify(VerifyArgs),
    /// Show how large everything in a store is
    #[command(before_help = "Examples:\n  segql stats --store data.segql\n  segql stats --store data.segql --format json")]
    Stats(StatsArgs),
    /// Bring everything in a store into its place, and give space back
    #[command(before_help = "Examples:\n  segql compact --store data.segql")]
    Compact(CompactArgs),
    /// Copy a store while it is being used; the copy is a store
    #[command(
        before_help = "Examples:\n  segql backup backups/2025-11-01 --store data.segql\n  segql run segment.seg --store backups/2025-11-01      a backup is a store"
    )]
    Backup(BackupArgs),
    /// Erase contacts with everything that is known of them
    #[command(
        before_help = "Examples:\n  segql erase anna jan --store data.segql --compact\n  segql erase --from ids.txt --store data.segql"
    )]
    Erase(EraseArgs),
    /// Write a store, and the members of segments, as files that other programs read
    #[command(
        before_help = "Examples:\n  segql export --out dump --store data.segql\n  segql export segments.seg --out members --members-only --store data.segql"
    )]
    Export(ExportArgs),
    /// Make seeded, realistic data of any size
    #[command(
        before_help = "Examples:\n  segql gen --contacts 1000000 --events 40000000 --seed 1 --out data\n  segql gen --contacts 1000 --events 50000 --seed 7 --out data --format ndjson"
    )]
    Gen(GenArgs),
    /// Print a completion script for a shell
    #[command(before_help = "Examples:\n  segql completions bash > ~/.local/share/bash-completion/completions/segql")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(before_help = "Examples:\n  segql man | man -l -")]
    Man,
}

/// Where the data is.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArgs {
    /// Folder of a store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub files: FileArgs,
}

/// Data files, and how to read them.
#[derive(Debug, Clone, Default, Args)]
pub struct FileArgs {
    /// Schema (inferred from the data when not given)
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Contacts: CSV, NDJSON or Parquet, also .gz and .zst; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub contacts: Vec<PathBuf>,
    /// Events: NDJSON (also of the Segment spec), CSV or Parquet, also .gz and .zst; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub events: Vec<PathBuf>,
    /// Format of the data files, where the name does not say
    #[arg(long = "input-format", value_name = "FORMAT")]
    pub input_format: Option<String>,
    /// Other names of columns, paths and units
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Keep rejected lines in a file, with their reasons
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Rejected lines to accept before nothing is kept
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_rejects: u64,
}

/// The moment of evaluation.
#[derive(Debug, Clone, Default, Args)]
pub struct NowArgs {
    /// The moment of evaluation (default: the clock)
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}

/// Which script.
#[derive(Debug, Clone, Default, Args)]
pub struct ScriptArgs {
    /// A script, and the names of definitions in it (default: all)
    #[arg(value_name = "FILE [NAME]")]
    pub script: Vec<String>,
    /// A condition or a script, given right here
    #[arg(short = 'e', long = "expression", value_name = "TEXT")]
    pub text: Option<String>,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// `segql demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder to keep the data in (default: a temporary one)
    pub dir: Option<PathBuf>,
    /// Contacts to make
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub contacts: u32,
    /// Events to make
    #[arg(long, default_value_t = 2_000_000, value_name = "N")]
    pub events: u64,
}

/// `segql import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Folder of the store; made when it is not there
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: PathBuf,
    #[command(flatten)]
    pub files: FileArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// History: it makes nobody enter or leave a segment
    #[arg(long)]
    pub backfill: bool,
    /// Format of the data files, where the name does not say: csv, ndjson, segment, parquet
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// The report as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `segql run` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// The number of members; several segments: a table
    Count,
    /// The ids of the members, one a line, bytewise ascending
    Ids,
    /// An array of objects
    Json,
    /// `segment,contact_id`
    Csv,
    /// One object for each member
    Ndjson,
    /// A file of `segment` and `contact_id`; needs `-o`
    Parquet,
}

/// `segql run`
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = RunFormat::Count)]
    pub format: RunFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// With `--format json`: the ids of the members too
    #[arg(long)]
    pub with_ids: bool,
    /// Evaluate so many times and report the times taken
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
}

/// How diagnostics are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With the source underlined
    Human,
    /// One line each
    Short,
    /// One JSON object each
    Json,
    /// One SARIF 2.1.0 log, for code hosts and editors
    Sarif,
}

/// `segql fmt`
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Scripts; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub scripts: Vec<PathBuf>,
    /// List the files that are not formatted, write nothing, and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub diff: bool,
}

/// `segql ast`
#[derive(Debug, Args)]
pub struct AstArgs {
    /// A script, or with `--from-json` its JSON form; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    pub script: Option<PathBuf>,
    /// The other way: read JSON and print the script
    #[arg(long)]
    pub from_json: bool,
    /// Print the JSON Schema of the form
    #[arg(long, conflicts_with_all = ["from_json", "script"])]
    pub schema: bool,
}

/// `segql hash`
#[derive(Debug, Args)]
pub struct HashArgs {
    /// A script; `-` is standard input
    #[arg(value_name = "FILE")]
    pub script: PathBuf,
    /// Definitions: a name, `$name`, or with its kind `segment name`, `list name`, `decision name` (default: all)
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// What `segql diff` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// `segql diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The script before
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// The script after
    #[arg(value_name = "B")]
    pub after: PathBuf,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// Give a param another value, in both scripts
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// With data: name the contacts that enter and leave
    #[arg(long)]
    pub ids: bool,
    /// Exit with 1 if a definition means something else, was added, removed or renamed
    #[arg(long)]
    pub exit_code: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
}

/// `segql rename`
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// What to rename: a name, `$name`, or with its kind `segment name`, `list name`, `decision name`
    pub old: String,
    /// Its new name
    pub new: String,
    /// All scripts that may use it
    #[arg(required = true, value_name = "FILE")]
    pub scripts: Vec<PathBuf>,
}

/// `segql check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scripts; `-` is standard input
    #[arg(required_unless_present = "text", value_name = "FILE")]
    pub scripts: Vec<PathBuf>,
    /// A condition or a script, given right here
    #[arg(short = 'e', long = "expression", value_name = "TEXT")]
    pub text: Option<String>,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Schema
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub schema: Option<PathBuf>,
    /// Folder of a store, for its schema
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = MessageFormat::Human, value_name = "FORMAT")]
    pub message_format: MessageFormat,
    /// Make the fixes that are certain, in the files themselves, until none is left
    #[arg(long, conflicts_with = "text")]
    pub fix: bool,
}

/// What `segql test` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// A line for each test, and why those failed that did
    Human,
    /// One JSON object for each test
    Json,
    /// `JUnit` XML, for continuous integration
    Junit,
}

/// `segql test`
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Scripts; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub scripts: Vec<PathBuf>,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Schema
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub schema: Option<PathBuf>,
    /// Folder of a store, for its schema
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
}

/// How answers about one contact are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContactFormat {
    /// For people
    Text,
    /// JSON
    Json,
}

/// `segql why`
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Id of the contact
    pub contact: String,
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ContactFormat::Text)]
    pub format: ContactFormat,
}

/// `segql which`
#[derive(Debug, Args)]
pub struct WhichArgs {
    /// Id of the contact
    pub contact: String,
    /// Scripts
    #[arg(required_unless_present = "text", value_name = "FILE")]
    pub files: Vec<String>,
    /// A condition or a script, given right here
    #[arg(short = 'e', long = "expression", value_name = "TEXT", conflicts_with = "files")]
    pub text: Option<String>,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ContactFormat::Text)]
    pub format: ContactFormat,
}

/// `segql decide`
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// Name of the decision
    pub decision: String,
    /// Id of the contact
    pub contact: String,
    /// The script
    #[arg(required_unless_present = "text")]
    pub file: Option<String>,
    /// A script, given right here
    #[arg(short = 'e', long = "expression", value_name = "TEXT", conflicts_with = "file")]
    pub text: Option<String>,
    /// Also the branches after it that hold
    #[arg(long)]
    pub all: bool,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ContactFormat::Text)]
    pub format: ContactFormat,
}

/// `segql profile`
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// Id of the contact
    pub contact: String,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// Newest events to show
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub timeline: usize,
    /// What to print
    #[arg(long, value_enum, default_value_t = ContactFormat::Text)]
    pub format: ContactFormat,
}

/// How charts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChartFormat {
    /// For people
    Text,
    /// JSON
    Json,
    /// A picture
    Svg,
}

/// `segql overlap`
#[derive(Debug, Args)]
pub struct OverlapArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ChartFormat::Text)]
    pub format: ChartFormat,
}

/// `segql trend`
#[derive(Debug, Args)]
pub struct TrendArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// The first moment
    #[arg(long, value_name = "TIME")]
    pub from: String,
    /// The last moment (default: that of `--now`)
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// From one moment to the next
    #[arg(long, value_name = "LENGTH", default_value = "1d")]
    pub step: String,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ChartFormat::Text)]
    pub format: ChartFormat,
}

/// `segql describe`
#[derive(Debug, Args)]
pub struct DescribeArgs {
    /// A field or an event (default: a line for each)
    #[arg(value_name = "FIELD|EVENT")]
    pub name: Option<String>,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t = ContactFormat::Text)]
    pub format: ContactFormat,
}

/// `segql repl`
#[derive(Debug, Clone, Default, Args)]
pub struct ReplArgs {
    /// A script to begin with
    #[arg(value_name = "FILE")]
    pub load: Option<PathBuf>,
    /// Run an input or a command, and leave; may be given several times
    #[arg(short = 'c', long = "command", value_name = "TEXT")]
    pub commands: Vec<String>,
    /// Go on after a mistake when the input is no terminal
    #[arg(long)]
    pub keep_going: bool,
    /// Give a param another value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
}

/// What `segql explain` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// A tree
    Text,
    /// The same as JSON
    Json,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
}

/// `segql explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub now: NowArgs,
    /// Evaluate, and show contacts, bytes and time at each node
    #[arg(long)]
    pub analyze: bool,
    /// With `--analyze`: evaluate so many times and show the median
    #[arg(long, default_value_t = 1, value_name = "N", requires = "analyze", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Show what the laws of set algebra made of the script instead
    #[arg(long, conflicts_with = "analyze")]
    pub rewrites: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// `segql schema ...`
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Write a schema from data
    Infer {
        #[command(flatten)]
        files: FileArgs,
        /// Time zone to write into the schema
        #[arg(long, default_value = "UTC", value_name = "ZONE")]
        timezone: String,
        /// Write to a file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print the schema of a store, or of a file as it is understood
    Show {
        /// Folder of a store
        #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
        store: Option<PathBuf>,
        /// Schema file
        #[arg(long, value_name = "FILE", conflicts_with = "store")]
        schema: Option<PathBuf>,
    },
}

/// What the commands that look at a store print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

/// `segql verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// `segql stats`
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// `segql compact`
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `segql backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder for the copy; it must not hold anything
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `segql export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub script: ScriptArgs,
    /// Folder to write into; it must not hold anything
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub now: NowArgs,
    /// Leave contacts and events out: memberships and bitmaps only
    #[arg(long)]
    pub members_only: bool,
}

/// `segql erase`
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// Ids of the contacts
    #[arg(value_name = "CONTACT", required_unless_present = "from")]
    pub contacts: Vec<String>,
    /// A file with more ids, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Folder of the store
    #[arg(long, env = "SEGQL_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Compact the store at once, so that nothing of them is left in the file
    #[arg(long)]
    pub compact: bool,
}

/// Format of generated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GenFormat {
    /// Columns, compressed
    Parquet,
    /// One JSON object a line
    Ndjson,
}

/// `segql gen`
#[derive(Debug, Args)]
pub struct GenArgs {
    /// Contacts to make
    #[arg(long, value_name = "N")]
    pub contacts: u32,
    /// Events to make
    #[arg(long, value_name = "M")]
    pub events: u64,
    /// Seed: the same seed and sizes give the same data
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Format
    #[arg(long, value_enum, default_value_t = GenFormat::Parquet)]
    pub format: GenFormat,
    /// The newest instant
    #[arg(long, default_value = "2025-11-01T12:00:00Z", value_name = "TIME")]
    pub until: String,
    /// Days of history before it
    #[arg(long, default_value_t = 730, value_name = "DAYS")]
    pub days: u16,
    /// Give every message event a `message_id`: realistic, and large
    #[arg(long)]
    pub message_ids: bool,
}
