//! Lines that begin with a dot.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration as Wait;

use super::super::args::ExplainFormat;
use super::super::contact::{profile, why};
use super::super::explain::{self, Part};
use super::super::failure::Failure;
use super::super::sets::{overlap, trend};
use super::super::{describe, output, script};
use super::answer::{self, page, print};
use super::naming::without_edition;
use super::newest::IDLE;
use super::session::Session;
use super::{Input, Next, run as run_input};
use crate::fmt::format;
use crate::ide::outline::{Kind, Outline, outline};
use crate::ide::tokens::{Class, tokens};
use crate::syntax::{SourceId, quoted};
use crate::time::{format_instant, parse_duration, parse_instant};

/// How members are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Columns.
    Table,
    /// CSV with a header.
    Csv,
    /// One array.
    Json,
    /// An object a line.
    Ndjson,
    /// A Markdown table.
    Markdown,
    /// Ids alone.
    Ids,
}

/// All of them by name.
pub const MODES: [(&str, Mode); 6] = [
    ("table", Mode::Table),
    ("csv", Mode::Csv),
    ("json", Mode::Json),
    ("ndjson", Mode::Ndjson),
    ("markdown", Mode::Markdown),
    ("ids", Mode::Ids),
];

/// A command: its name, what follows it, what it does.
pub struct Command {
    /// Without the dot.
    pub name: &'static str,
    /// What follows.
    pub takes: &'static str,
    /// What it does.
    pub does: &'static str,
}

const fn command(name: &'static str, takes: &'static str, does: &'static str) -> Command {
    Command { name, takes, does }
}

/// All commands, by what they are about.
pub const COMMANDS: &[Command] = &[
    command("show", "[N] [SEGMENT]", "members, 20 or N of them, of the last result or of a segment"),
    command("by", "FIELD", "how the last result is spread over a field"),
    command("diff", "[SEGMENT]", "who entered and who left since the definition before"),
    command("why", "CONTACT [SEGMENT]", "why a contact is in the last result or a segment, or not"),
    command("profile", "CONTACT", "everything known of a contact"),
    command("overlap", "SEGMENT SEGMENT...", "how segments overlap"),
    command("trend", "[SEGMENT] 12w", "the size as of past dates: 12 weeks back, week by week"),
    command("explain", "[analyze|rewrites] [SEGMENT]", "how the last result is evaluated; with what happened, or what laws did"),
    command("export", "FILE [SEGMENT]", "members to a file: .csv .json .ndjson .md, or ids to .txt"),
    command("watch", "[SECONDS]", "evaluates the last result again and again until Ctrl-C"),
    command("describe", "FIELD|EVENT", "coverage, top values, histogram, months"),
    command("fields", "", "all fields"),
    command("events", "", "all events that occur"),
    command("segments", "", "the segments defined here, with their sizes"),
    command("text", "[NAME]", "the definitions, or one of them, formatted"),
    command("forget", "NAME", "takes a definition back"),
    command("load", "FILE", "the definitions of a script, as if they were typed"),
    command("save", "FILE", "the definitions that worked, formatted, with their comments"),
    command("edit", "[NAME]", "a definition, or all of them, in your editor (EDITOR)"),
    command("param", "", "the params and their values"),
    command("set", "NAME=VALUE", "gives a param another value"),
    command("now", "[TIME|clock]", "pins the moment of evaluation, or lets it go"),
    command("mode", "table|csv|json|ndjson|markdown|ids", "how members are shown"),
    command("timing", "on|off", "whether answers say how long they took"),
    command("help", "[COMMAND|WORD]", "this list; a command; a word of the language"),
    command("quit", "", "leaves; so does Ctrl-D"),
];

/// Runs a command, without its dot.
pub fn run(session: &mut Session, line: &str) -> Result<Next, Failure> {
    let (name, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let words = words(rest);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match name {
        "quit" | "exit" => return Ok(Next::Leave),
        "help" => print(&help(rest)?)?,
        "fields" => page(&describe::fields(&session.snapshot()?))?,
        "events" => page(&describe::events(&session.snapshot()?)?)?,
        "describe" => {
            let name = needed(rest, "describe")?;
            let described = session.described(|snapshot, clock, cancel| describe::named(snapshot, clock, name, cancel))?;
            page(&described.text())?;
        }
        "by" => by(session, needed(rest, "by")?)?,
        "segments" => segments(session)?,
        "show" => show(session, &words)?,
        "diff" => diff(session, words.first().copied())?,
        "why" => {
            let Some((contact, names)) = words.split_first() else { return Err(usage("why")) };
            let prepared = session.prepared()?;
            let wanted: Vec<_> = session.asked(&prepared, names)?.iter().map(|a| a.set).collect();
            page(&session.view(&prepared, |view| why::text(view, contact, &wanted))?)?;
        }
        "profile" => {
            let Some(contact) = words.first() else { return Err(usage("profile")) };
            let clock = session.clock();
            page(&profile::text(&session.snapshot()?, &clock, contact, EVENTS)?)?;
        }
        "overlap" => {
            if words.len() < 2 {
                return Err(usage("overlap"));
            }
            let prepared = session.prepared()?;
            let asked = session.asked(&prepared, &words)?;
            page(&session.view(&prepared, |view| overlap::text(view, &asked))?)?;
        }
        "trend" => past(session, &words)?,
        "explain" => explained(session, &words)?,
        "export" => export(session, &words)?,
        "watch" => watch(session, &words)?,
        "load" => load(session, words.first().ok_or_else(|| usage("load"))?)?,
        "save" => save(session, words.first().ok_or_else(|| usage("save"))?)?,
        "edit" => edit(session, words.first().copied())?,
        "text" => print(&text(session, words.first().copied())?)?,
        "forget" => session.forget(needed(rest, "forget")?)?,
        "param" => params(session)?,
        "set" => set(session, needed(rest, "set")?)?,
        "now" => now(session, rest)?,
        "mode" => mode(session, rest)?,
        "timing" => match rest {
            "on" => session.timing = true,
            "off" => session.timing = false,
            _ => return Err(usage("timing")),
        },
        _ => return Err(unknown(name)),
    }
    Ok(Next::Go)
}

/// Events of a profile's timeline that are shown.
const EVENTS: usize = 20;

fn needed<'r>(rest: &'r str, name: &str) -> Result<&'r str, Failure> {
    if rest.is_empty() { Err(usage(name)) } else { Ok(rest) }
}

fn usage(name: &str) -> Failure {
    let takes = COMMANDS.iter().find(|c| c.name == name).map_or("", |c| c.takes);
    Failure::usage(format!("write `.{name} {takes}`"))
}

fn unknown(name: &str) -> Failure {
    let near = crate::check::nearest(name, COMMANDS.iter().map(|c| c.name));
    let hint = near.map_or("; `.help` lists all".to_owned(), |near| format!("; did you mean `.{near}`?"));
    Failure::usage(format!("there is no command `.{name}`{hint}"))
}

/// Words; quotes and backticks hold one together.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut begun = false;
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '`' => (quote, begun) = (Some(c), true),
            None if c.is_whitespace() => {
                if begun || !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => word.push(c),
        }
    }
    if begun || !word.is_empty() {
        out.push(word);
    }
    out
}

fn help(about: &str) -> Result<String, Failure> {
    let about = about.trim_start_matches('.');
    if about.is_empty() {
        let mut out = String::from(
            "Type a condition, such as `event Zakup within 30d`, and get its size; or a definition, such as\n\
             `segment vip = field Status_VIP in [\"Gold\", \"Platinum\"]`. `segment _` is the last result.\n\n",
        );
        let width = COMMANDS.iter().map(|c| c.name.len() + c.takes.len() + 2).max().unwrap_or(0);
        for c in COMMANDS {
            let _ = writeln!(out, "  {:width$}  {}", format!(".{} {}", c.name, c.takes), c.does);
        }
        return Ok(out);
    }
    if let Some(c) = COMMANDS.iter().find(|c| c.name == about) {
        return Ok(format!(".{} {}\n  {}\n", c.name, c.takes, c.does));
    }
    // The reference is the vocabulary: its lines that speak of the word.
    let found: Vec<&str> = REFERENCE.lines().filter(|line| speaks_of(line, about)).take(8).collect();
    if found.is_empty() {
        return Err(Failure::usage(format!("nothing is known of `{about}`; `.help` lists the commands")));
    }
    // Rows of its tables are lines here.
    let line = |line: &str| line.trim().trim_start_matches("| ").trim_end_matches(" |").replace(" | ", ":  ") + "\n";
    Ok(found.into_iter().map(line).collect())
}

const REFERENCE: &str = include_str!("../../../docs/reference.md");

/// Whether a line has the word in code.
fn speaks_of(line: &str, word: &str) -> bool {
    line.split('`').skip(1).step_by(2).any(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word))
}

fn by(session: &Session, name: &str) -> Result<(), Failure> {
    let snapshot = session.snapshot()?;
    let schema = snapshot.schema();
    let name = name.trim_matches(['`', '"']);
    let Some(id) = schema.field(name) else {
        let near = crate::check::nearest(name, schema.fields.iter().map(|f| f.name.as_str()));
        let hint = near.map_or("; `.fields` lists all".to_owned(), |near| format!("; did you mean `{near}`?"));
        return Err(Failure::usage(format!("there is no field `{name}`{hint}")));
    };
    let last = session.members(None)?;
    let among = Some(last.members.as_ref());
    page(&session.described(|snapshot, clock, cancel| describe::field(snapshot, clock, id, among, cancel))?.text())
}

fn segments(session: &Session) -> Result<(), Failure> {
    let answers = session.segments()?;
    if answers.is_empty() {
        return print("no segment is defined yet; write `segment name = CONDITION`\n");
    }
    print(&answer::counts(&answers, session.timing))
}

fn show(session: &Session, words: &[&str]) -> Result<(), Failure> {
    let (limit, name) = match words {
        [] => (20, None),
        [one] => one.parse().map_or((20, Some(*one)), |n| (n, None)),
        [n, name, ..] => (n.parse().map_err(|_| usage("show"))?, Some(*name)),
    };
    let set = session.members(name)?;
    let clock = session.clock();
    answer::members(&session.snapshot()?, &clock, &set.members, limit, session.mode)
}

fn diff(session: &Session, name: Option<&str>) -> Result<(), Failure> {
    let set = session.members(name)?;
    let Some(before) = &set.before else {
        return Err(Failure::usage(format!("`{}` has had one definition only; define it again to compare", set.name)));
    };
    let snapshot = session.snapshot()?;
    let clock = session.clock();
    for (what, who) in [("entered", set.members.as_ref() - before.as_ref()), ("left", before.as_ref() - set.members.as_ref())] {
        print(&format!("{} {what}\n", super::super::table::grouped(who.len())))?;
        if !who.is_empty() {
            answer::members(&snapshot, &clock, &who, 10, session.mode)?;
        }
    }
    Ok(())
}

/// `.trend vip 12w`
fn past(session: &Session, words: &[&str]) -> Result<(), Failure> {
    let (names, length) = match words {
        [.., last] if parse_duration(last).is_some() => (words.get(..words.len() - 1).unwrap_or_default(), *last),
        other => (other, "12w"),
    };
    let unit = length.trim_start_matches(|c: char| c.is_ascii_digit());
    let steps = length.strip_suffix(unit).and_then(|steps| steps.parse().ok());
    let (Some(steps), Some(step)) = (steps, parse_duration(&format!("1{unit}"))) else { return Err(usage("trend")) };
    let moments = trend::moments_back(&session.clock(), step, steps)?;
    let prepared = session.prepared()?;
    let asked = session.asked(&prepared, names)?;
    page(&session.view(&prepared, |view| trend::text(view, &asked, &moments))?)
}

/// `.explain analyze vip`
fn explained(session: &Session, words: &[&str]) -> Result<(), Failure> {
    /// Evaluations, of which the median is shown.
    const ANALYSES: u32 = 5;
    let (part, names) = match words.split_first() {
        Some((&"analyze", names)) => (Part::Analysis(ANALYSES), names),
        Some((&"rewrites", names)) => (Part::Rewrites, names),
        _ => (Part::Plan, words),
    };
    let prepared = session.prepared()?;
    let asked = session.asked(&prepared, names)?;
    page(&session.view(&prepared, |view| explain::on_data(view, &asked, part, ExplainFormat::Text))?)
}

fn export(session: &Session, words: &[&str]) -> Result<(), Failure> {
    let Some((file, names)) = words.split_first() else { return Err(usage("export")) };
    let mode = match Path::new(file).extension().and_then(|e| e.to_str()) {
        Some("csv") => Mode::Csv,
        Some("json") => Mode::Json,
        Some("ndjson") => Mode::Ndjson,
        Some("md") => Mode::Markdown,
        Some("txt" | "ids") => Mode::Ids,
        _ => {
            return Err(Failure::usage(format!(
                "`{file}` does not say how to write; end it in .csv, .json, .ndjson, .md or .txt"
            )));
        }
    };
    let set = session.members(names.first().copied())?;
    let clock = session.clock();
    let text = answer::table_of(&session.snapshot()?, &clock, &set.members, usize::MAX, mode)?;
    output::write(Some(Path::new(file)), text.as_bytes())?;
    print(&format!("{} to `{file}`\n", super::super::table::grouped(set.members.len())))
}

fn watch(session: &Session, words: &[&str]) -> Result<(), Failure> {
    const LOOK: Wait = Wait::from_millis(50);
    let seconds: u64 = words.first().map_or(Ok(5), |n| n.parse()).map_err(|_| usage("watch"))?;
    let name = session.members(None)?.name;
    let mut known = None;
    let cancel = session.stop.current();
    loop {
        let answer = match session.members(Some(name.split(" = ").next().unwrap_or_default())) {
            Err(Failure::Interrupted) => return Ok(()),
            other => other?,
        };
        if known.as_ref() != Some(&answer.members) {
            print(&format!(
                "{}  {}",
                format_instant(session.clock().now, session.clock().zone),
                answer::counts(std::slice::from_ref(&answer), session.timing)
            ))?;
            known = Some(answer.members);
        }
        if seconds > IDLE.as_secs() {
            session.newest().let_go();
        }
        for _ in 0..seconds.saturating_mul(20).max(1) {
            if cancel.is_cancelled() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The definitions of a file, as if they were typed; files that it names are beside it.
pub fn load(session: &mut Session, file: &str) -> Result<(), Failure> {
    let mut sources = crate::syntax::Sources::default();
    let id = script::add_file(Path::new(file), &mut sources, session.ui)?;
    let text = sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let text = if folder.as_os_str().is_empty() { text } else { beside(&text, folder) };
    run_input(session, Input::of(text)).map(drop)
}

/// The files that a script names, as they are called from here.
fn beside(text: &str, folder: &Path) -> String {
    let Outline::Items(items) = outline(text) else { return text.to_owned() };
    let mut out = String::new();
    for item in items {
        let piece = text.get(item.range.clone()).unwrap_or_default();
        let named = tokens(piece).into_iter().filter(|(_, class)| *class == Class::Text).map(|(range, _)| range).next_back();
        match (item.kind, named) {
            (Kind::Use | Kind::List, Some(range)) => {
                let path = piece.get(range.start + 1..range.end - 1).unwrap_or_default();
                out.push_str(piece.get(..range.start).unwrap_or_default());
                out.push_str(&quoted(&folder.join(path).to_string_lossy()));
                out.push_str(piece.get(range.end..).unwrap_or_default());
            }
            _ => out.push_str(piece),
        }
    }
    out
}

fn save(session: &Session, file: &str) -> Result<(), Failure> {
    let script = session.script();
    if script.trim().is_empty() {
        return Err(Failure::usage("nothing is defined yet; write `segment name = CONDITION`"));
    }
    let formatted = format(&script, SourceId(0)).map_err(|e| Failure::io(e.to_string()))?;
    output::write(Some(Path::new(file)), formatted.text.as_bytes())?;
    let count = match outline(&formatted.text) {
        Outline::Items(items) => items.len(),
        _ => 0,
    };
    print(&format!("{count} {} to `{file}`\n", if count == 1 { "definition" } else { "definitions" }))
}

fn text(session: &Session, name: Option<&str>) -> Result<String, Failure> {
    let formatted = |text: &str| format(text, SourceId(0)).map_or(text.to_owned(), |formatted| formatted.text);
    let Some(name) = name else { return Ok(formatted(&session.script())) };
    let text = session.text_of(name.trim_start_matches('$'));
    let text = text.ok_or_else(|| Failure::usage(format!("nothing called `{name}` is defined here")))?;
    Ok(without_edition(&formatted(text)))
}

fn edit(session: &mut Session, name: Option<&str>) -> Result<(), Failure> {
    let before = text(session, name)?;
    let failed = |e: std::io::Error| Failure::io(format!("cannot keep the text for the editor: {e}"));
    let file = tempfile::Builder::new().suffix(".seg").tempfile().map_err(failed)?;
    std::fs::write(file.path(), &before).map_err(failed)?;
    let editor = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR")).unwrap_or_else(|_| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let status = std::process::Command::new(words.next().unwrap_or("vi"))
        .args(words)
        .arg(file.path())
        .status()
        .map_err(|e| Failure::usage(format!("cannot run the editor `{editor}`: {e}; set EDITOR")))?;
    let after = std::fs::read_to_string(file.path()).map_err(failed)?;
    if !status.success() || after == before {
        return print("unchanged\n");
    }
    run_input(session, Input::of(after)).map(drop)
}

fn params(session: &Session) -> Result<(), Failure> {
    let names = session.names(Kind::Param);
    if names.is_empty() {
        return print("no param is defined here; write `param $kraj: text = \"Polska\"`\n");
    }
    let mut out = String::new();
    for name in names {
        let text = session.text_of(&name).unwrap_or_default().lines().filter(|l| !l.trim_start().starts_with("//"));
        let _ = write!(out, "{}", text.collect::<Vec<_>>().join(" "));
        match session.overrides.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => _ = writeln!(out, "    set to {value}"),
            None => out.push('\n'),
        }
    }
    print(&out)
}

fn set(session: &mut Session, pair: &str) -> Result<(), Failure> {
    let set = script::parse_set(&[pair.to_owned()])?;
    let before = session.overrides.clone();
    for (name, value) in set {
        session.overrides.retain(|(known, _)| *known != name);
        session.overrides.push((name, value));
    }
    // A value of another type is refused at once.
    if let Err(failure) = session.prepared() {
        session.overrides = before;
        return Err(failure);
    }
    Ok(())
}

fn now(session: &mut Session, rest: &str) -> Result<(), Failure> {
    match rest {
        "" => {}
        "clock" | "off" => session.now = None,
        text => {
            let zone = session.clock().zone;
            session.now = Some(parse_instant(text, zone).map_err(|e| Failure::usage(format!("`.now {text}`: {e}")))?);
        }
    }
    let clock = session.clock();
    let pinned = if session.now.is_some() { "pinned; `.now clock` lets it go" } else { "the clock" };
    print(&format!("{} ({pinned})\n", format_instant(clock.now, clock.zone)))
}

fn mode(session: &mut Session, rest: &str) -> Result<(), Failure> {
    let Some((_, mode)) = MODES.iter().find(|(name, _)| *name == rest) else { return Err(usage("mode")) };
    session.mode = *mode;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_mode() {
        let takes = COMMANDS.iter().find(|c| c.name == "mode").unwrap().takes;
        assert_eq!(takes, MODES.map(|(name, _)| name).join("|"));
    }
}
