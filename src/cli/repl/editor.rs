//! The line that one types in: colours, completion, hints, history.

use std::borrow::Cow;
use std::cell::{RefCell, RefMut};
use std::path::PathBuf;
use std::sync::Arc;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, ExternalPrinter as _, Helper};

use super::super::failure::Failure;
use super::super::table;
use super::ahead::{Ahead, Grey, Redraw};
use super::aside::Aside;
use super::commands::{COMMANDS, MODES};
use super::session::{Draft, Session};
use super::{Input, Next, run};
use crate::ide::complete::{Known, Subject, complete};
use crate::ide::outline::{Kind, Outline, outline};
use crate::ide::tokens::{Class, tokens};
use crate::schema::Schema;
use crate::time::format_instant;

/// Inputs that are remembered.
const HISTORY: usize = 10_000;

/// Talks until Ctrl-D.
pub fn talk(session: Session) -> Result<(), Failure> {
    let failed = |e: ReadlineError| Failure::io(format!("cannot read from the terminal: {e}"));
    let color = if session.ui.color { ColorMode::Enabled } else { ColorMode::Disabled };
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(color)
        .auto_add_history(false)
        .history_ignore_space(true)
        .max_history_size(HISTORY)
        .map_err(failed)?
        .build();
    // It goes after the editor: redrawing a line waits for the editor, or hears that there is none any more.
    let aside = Arc::new(Aside::new());
    let mut editor: Editor<Line, DefaultHistory> = Editor::with_config(config).map_err(failed)?;
    let contacts = session.snapshot()?.contacts();
    eprintln!("{} contacts. Type a condition, or `.help`.", table::grouped(u64::from(contacts)));
    let history = history();
    if let Some(file) = &history {
        // No history yet is no failure.
        let _ = editor.load_history(file);
    }
    let ahead = Ahead::new(Arc::clone(session.store()), Arc::clone(&aside), redraw(&mut editor));
    editor.set_helper(Some(Line { session, ahead, seen: RefCell::default() }));
    loop {
        let prompt = editor.helper().map_or(String::new(), Line::prompt);
        let read = editor.readline(&prompt);
        if let Some(line) = editor.helper() {
            line.ahead.rest();
        }
        match read {
            Ok(input) => {
                if input.trim().is_empty() {
                    continue;
                }
                let _ = editor.add_history_entry(input.trim_end());
                if let Some(file) = &history {
                    let _ = editor.append_history(file);
                }
                let Some(line) = editor.helper_mut() else { return Ok(()) };
                // What is known of a text may change with what was entered.
                line.seen.take();
                match run(&mut line.session, Input::of(input)) {
                    Ok(Next::Go) => {}
                    Ok(Next::Leave) => return Ok(()),
                    Err(failure) => {
                        if let (_, Some(message)) = failure.end() {
                            eprintln!("{}", line.session.ui.error(&message));
                        }
                    }
                }
            }
            // Ctrl-C takes back what was typed.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// What draws the line anew without a key, where the terminal can.
fn redraw(editor: &mut Editor<Line, DefaultHistory>) -> Option<Redraw> {
    /// A message is printed above the line, on a line of its own: one that goes up by a line first moves nothing.
    const NOTHING: &str = "\u{1b}[A\n";
    let mut printer = editor.create_external_printer().ok()?;
    // Nobody is there to see it when it cannot be drawn.
    Some(Box::new(move || drop(printer.print(NOTHING.to_owned()))))
}

/// `SEGQL_HISTORY`, or a file of the user's.
fn history() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("SEGQL_HISTORY") {
        return (!file.is_empty()).then(|| PathBuf::from(file));
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder = state.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))?.join("segql");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// What the editor asks while one types.
struct Line {
    session: Session,
    ahead: Ahead,
    seen: RefCell<Seen>,
}

/// The text that was looked at last.
#[derive(Default)]
struct Seen {
    text: String,
    draft: Draft,
}

impl Line {
    /// The prompt shows a pinned moment.
    fn prompt(&self) -> String {
        match self.session.now {
            Some(now) => {
                let text = format_instant(now, self.session.clock().zone);
                format!("{}> ", text.get(..16).unwrap_or(&text).replace('T', " "))
            }
            None => "segql> ".to_owned(),
        }
    }

    /// What is known of a text.
    fn seen(&self, text: &str) -> RefMut<'_, Seen> {
        let mut seen = self.seen.borrow_mut();
        if seen.text != text {
            *seen = Seen { text: text.to_owned(), draft: self.session.draft(text) };
        }
        seen
    }

    fn errors(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        // What is being typed at the end is not wrong yet.
        let end = text.trim_end().len();
        self.seen(text).draft.errors.iter().filter(|range| range.end < end).cloned().collect()
    }

    /// How many contacts a whole condition has.
    fn size(&self, text: &str) -> Option<Grey> {
        let seen = self.seen(text);
        let condition = seen.draft.condition.as_ref()?;
        self.ahead.size(text.trim(), || self.session.glance(condition))
    }
}

impl Known for Line {
    fn schema(&self) -> &Schema {
        self.session.schema()
    }

    fn defined(&self, kind: Kind) -> Vec<String> {
        self.session.defined(kind)
    }

    fn values(&self, subject: &Subject) -> Vec<(String, u64)> {
        self.ahead.values(subject)
    }
}

impl Helper for Line {}

impl Validator for Line {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        // An empty line at the end says that one is done.
        let done = text.ends_with('\n') || text.trim().is_empty() || text.trim_start().starts_with('.');
        if !done && outline(text) == Outline::Unfinished {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

impl Completer for Line {
    type Candidate = Pair;

    fn complete(&self, text: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        if text.trim_start().starts_with('.') {
            return Ok(self.command(text, at));
        }
        let found = complete(text, at, self);
        let pair = |c: crate::ide::complete::Candidate| {
            let display = if c.detail.is_empty() { c.insert.clone() } else { format!("{}  {}", c.insert, c.detail) };
            Pair { display, replacement: c.insert }
        };
        Ok((found.from, found.candidates.into_iter().take(200).map(pair).collect()))
    }
}

impl Line {
    /// The names of segments and decisions.
    fn sets(&self) -> impl Iterator<Item = String> {
        self.session.names(Kind::Segment).into_iter().chain(self.session.names(Kind::Decision))
    }

    /// What a command takes at a place.
    fn command(&self, text: &str, at: usize) -> (usize, Vec<Pair>) {
        let before = text.get(..at).unwrap_or(text);
        let plain = |name: String| Pair { display: name.clone(), replacement: name };
        let Some(space) = before.find(char::is_whitespace) else {
            let dot = before.find('.').map_or(0, |dot| dot + 1);
            let typed = before.get(dot..).unwrap_or_default();
            let found = COMMANDS.iter().filter(|c| c.name.starts_with(typed));
            return (
                dot,
                found.map(|c| Pair { display: format!(".{}  {}", c.name, c.does), replacement: c.name.to_owned() }).collect(),
            );
        };
        let name = before.get(..space).unwrap_or_default().trim_start().trim_start_matches('.');
        let from = before.rfind(char::is_whitespace).map_or(before.len(), |space| space + 1);
        let typed = before.get(from..).unwrap_or_default();
        let schema = self.session.schema();
        let fields = || schema.fields.iter().map(|f| f.name.clone());
        let events = || schema.events.iter().map(|e| e.name.clone());
        let names: Vec<String> = match name {
            "by" => fields().collect(),
            "describe" => fields().chain(events()).collect(),
            "explain" => ["analyze", "rewrites"].map(str::to_owned).into_iter().chain(self.sets()).collect(),
            "show" | "diff" | "why" | "overlap" | "trend" | "text" | "forget" | "edit" => self.sets().collect(),
            "help" => COMMANDS.iter().map(|c| c.name.to_owned()).collect(),
            "mode" => MODES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            "timing" => vec!["on".to_owned(), "off".to_owned()],
            "load" | "save" | "export" => files(typed),
            _ => Vec::new(),
        };
        let quoted = |name: String| if name.contains(' ') { format!("`{name}`") } else { name };
        (from, names.into_iter().filter(|n| n.starts_with(typed.trim_start_matches('`'))).map(quoted).map(plain).collect())
    }
}

impl Line {
    /// How the word at the end would go on.
    fn rest(&self, text: &str, at: usize) -> Option<String> {
        let found = complete(text, at, self);
        let typed = text.get(found.from..)?;
        if typed.chars().count() < 2 {
            return None;
        }
        let best = found.candidates.iter().find(|c| c.insert.starts_with(typed))?;
        Some(best.insert.get(typed.len()..)?.to_owned()).filter(|rest| !rest.is_empty())
    }
}

/// Files that begin as typed; folders end in a slash.
fn files(typed: &str) -> Vec<String> {
    let (folder, _) = typed.rsplit_once('/').map_or(("", typed), |(folder, name)| (folder, name));
    let place = if folder.is_empty() && !typed.starts_with('/') { ".".to_owned() } else { format!("{folder}/") };
    let prefix = if folder.is_empty() && !typed.starts_with('/') { String::new() } else { format!("{folder}/") };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| {
            let slash = if entry.path().is_dir() { "/" } else { "" };
            format!("{prefix}{}{slash}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort();
    names
}

impl Hinter for Line {
    type Hint = Grey;

    /// The rest of the only name that fits, or of the likeliest when a few letters are there; how many contacts a condition
    /// has; what a command takes.
    fn hint(&self, text: &str, at: usize, _: &Context<'_>) -> Option<Grey> {
        if at < text.len() || text.trim().is_empty() {
            return None;
        }
        if let Some(command) = text.trim_start().strip_prefix('.') {
            let name = command.trim_end();
            let known = COMMANDS.iter().find(|c| c.name == name)?;
            return (!known.takes.is_empty())
                .then(|| format!("{}{}", if command.ends_with(' ') { "" } else { " " }, known.takes))
                .map(Grey::Said);
        }
        if let Some(shown) = self.rest(text, at) {
            return Some(Grey::Rest(shown));
        }
        self.size(text)
    }
}

impl Highlighter for Line {
    fn highlight<'l>(&self, text: &'l str, _: usize) -> Cow<'l, str> {
        if !self.session.ui.color || text.trim_start().starts_with('.') {
            return Cow::Borrowed(text);
        }
        let errors = self.errors(text);
        let mut out = String::with_capacity(text.len() * 2);
        let mut end = 0;
        for (range, class) in tokens(text) {
            out.push_str(text.get(end..range.start).unwrap_or_default());
            let wrong = errors.iter().any(|e| e.start < range.end && range.start < e.end);
            let piece = text.get(range.clone()).unwrap_or_default();
            match style(class, wrong) {
                "" => out.push_str(piece),
                style => {
                    out.push_str(style);
                    out.push_str(piece);
                    out.push_str("\u{1b}[0m");
                }
            }
            end = range.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        Cow::Owned(out)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.session.ui.color { Cow::Owned(format!("\u{1b}[1m{prompt}\u{1b}[0m")) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.session.ui.color { Cow::Owned(format!("\u{1b}[90m{hint}\u{1b}[0m")) } else { Cow::Borrowed(hint) }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

fn style(class: Class, wrong: bool) -> &'static str {
    if wrong {
        return "\u{1b}[4;31m";
    }
    match class {
        Class::Keyword => "\u{1b}[36m",
        Class::Text => "\u{1b}[32m",
        Class::Number => "\u{1b}[33m",
        Class::Comment => "\u{1b}[90m",
        Class::Broken => "\u{1b}[31m",
        Class::Name | Class::Sign => "",
    }
}
