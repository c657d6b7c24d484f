//! `segql repl`: the prompt. [`session`] knows definitions and results, [`commands`] are the lines that begin with a dot,
//! [`answer`] prints, [`editor`] is the line that one types in, [`ahead`] counts meanwhile, on the thread of [`aside`]. [`newest`]
//! holds the state of the store that is asked, [`lines`] are those of a program that asks.

mod ahead;
mod answer;
mod aside;
mod commands;
mod editor;
mod lines;
mod naming;
mod newest;
mod session;
mod threads;

use std::io::IsTerminal;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::args::ReplArgs;
use super::failure::Failure;
use super::{Ui, data, script};
use crate::exec::Cancel;
use crate::ide::outline::{Outline, Read, read};
use lines::Lines;
use newest::IDLE;
use session::Session;

/// Lines that belong together.
struct Input {
    text: String,
    /// What they are; not of a command.
    read: Option<Read>,
}

impl Input {
    fn of(text: String) -> Self {
        let read = (!text.trim_start().starts_with('.')).then(|| read(&text));
        Self { text, read }
    }

    /// Whether it goes on in the next line.
    fn is_open(&self) -> bool {
        let open = |read: &Read| matches!(read.outline, Outline::Unfinished | Outline::Empty);
        !self.text.trim().is_empty() && self.read.as_ref().is_some_and(open)
    }
}

/// What an input led to.
enum Next {
    /// Another input.
    Go,
    /// The end.
    Leave,
}

/// Runs a prompt on a terminal, or the lines of a file, or those of the command line.
pub fn repl(args: &ReplArgs, ui: Ui) -> Result<(), Failure> {
    let stop = Stop::install();
    let store = data::open(&args.data, &args.now, ui, &stop.begin())?;
    let typed = args.commands.is_empty() && std::io::stdin().is_terminal();
    let mut session = Session::new(store, ui, stop, typed)?;
    session.overrides = script::parse_set(&args.set)?;
    if args.now.now.is_some() {
        let now = data::instant(&args.now, session.snapshot()?.schema())?;
        session.now = Some(now);
    }
    if let Some(file) = &args.load {
        commands::load(&mut session, &file.to_string_lossy())?;
    }
    if !args.commands.is_empty() {
        return inputs(&mut session, args.commands.iter().map(|text| Ok(Input::of(text.clone()))), args.keep_going);
    }
    if typed {
        return editor::talk(session);
    }
    let newest = Rc::clone(session.newest());
    let mut lines = Lines::of_stdin(IDLE, move || newest.let_go())?;
    let next = std::iter::from_fn(|| whole(&mut lines));
    inputs(&mut session, next, args.keep_going)
}

/// The lines up to where the input is whole. An empty line ends it whatever it is.
fn whole(lines: &mut dyn Iterator<Item = Result<String, Failure>>) -> Option<Result<Input, Failure>> {
    let mut text = String::new();
    for line in lines {
        let line = match line {
            Ok(line) => line,
            Err(failure) => return Some(Err(failure)),
        };
        let begins = text.trim().is_empty();
        if begins && line.trim_start().starts_with('.') {
            return Some(Ok(Input::of(line)));
        }
        let gives_up = !begins && line.trim().is_empty();
        text.push_str(&line);
        text.push('\n');
        let input = Input::of(text);
        if gives_up || !input.is_open() {
            return Some(Ok(input));
        }
        text = input.text;
    }
    (!text.trim().is_empty()).then(|| Ok(Input::of(text)))
}

fn inputs(session: &mut Session, inputs: impl Iterator<Item = Result<Input, Failure>>, keep_going: bool) -> Result<(), Failure> {
    let mut first = None;
    for input in inputs {
        match run(session, input?) {
            Ok(Next::Go) => {}
            Ok(Next::Leave) => break,
            Err(failure @ (Failure::Interrupted | Failure::PipeClosed)) => return Err(failure),
            Err(failure) if keep_going => {
                let (code, message) = failure.end();
                if let Some(message) = message {
                    eprintln!("{}", session.ui.error(&message));
                }
                first.get_or_insert(code);
            }
            Err(failure) => return Err(failure),
        }
    }
    match first {
        None => Ok(()),
        Some(_) => Err(Failure::Script),
    }
}

/// Runs one input.
fn run(session: &mut Session, input: Input) -> Result<Next, Failure> {
    session.stop.begin();
    let Some(read) = input.read else {
        let text = input.text.trim();
        return commands::run(session, text.strip_prefix('.').unwrap_or(text));
    };
    let outcome = session.enter(&input.text, read)?;
    answer::outcome(session, &outcome)?;
    Ok(Next::Go)
}

/// What Ctrl-C stops: whatever is evaluated at the moment.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<Arc<Cancel>>>);

impl Stop {
    /// Catches Ctrl-C from now on.
    fn install() -> Self {
        let stop = Self::default();
        let seen = stop.clone();
        drop(ctrlc::set_handler(move || seen.current().cancel()));
        stop
    }

    /// For the next input.
    fn begin(&self) -> Arc<Cancel> {
        let fresh = Arc::new(Cancel::default());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        fresh
    }

    /// Whether the input that is worked on is to end.
    pub fn current(&self) -> Arc<Cancel> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
