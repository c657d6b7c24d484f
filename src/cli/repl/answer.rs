//! Answers as people read them.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use roaring::RoaringBitmap;

use super::super::contact::profile::shown;
use super::super::failure::Failure;
use super::super::{output, table};
use super::commands::Mode;
use super::naming::is_unnamed;
use super::session::{Answer, Outcome, Session};
use crate::schema::FieldId;
use crate::store::{CHUNK, Snapshot};
use crate::time::Clock;

/// Characters of a bar for everyone.
const BAR: u64 = 20;
const BAR_WIDTH: usize = 20;
/// Characters of a value in a table.
const CELL: usize = 24;
/// Fields beside the id in a table.
const COLUMNS: usize = 7;

/// Prints what an input gave.
pub fn outcome(session: &Session, outcome: &Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Nothing => Ok(()),
        Outcome::Defined(names) => print(&format!("defined {}\n", names.join(", "))),
        Outcome::Answers(answers) => {
            print(&counts(answers, session.timing))?;
            if answers.iter().any(|a| a.reads_fields) && session.is_past() && !session.noted.replace(true) {
                eprintln!("note: events are those up to now as it is pinned, fields are as they are today");
            }
            Ok(())
        }
    }
}

/// A line for each set: size, share, a bar, time, and who came and went.
pub fn counts(answers: &[Answer], timing: bool) -> String {
    let width = answers.iter().map(|a| label(a).chars().count()).max().unwrap_or(0);
    let digits = answers.iter().map(|a| table::grouped(a.members.len()).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for answer in answers {
        let (name, count) = (label(answer), table::grouped(answer.members.len()));
        let gap = " ".repeat(width - name.chars().count() + if width > 0 { 2 } else { 0 });
        let pad = " ".repeat(digits - count.chars().count());
        let share = table::share(answer.members.len(), answer.contacts);
        let bar = table::bar(answer.members.len(), u64::from(answer.contacts), BAR);
        let noun = if answer.members.len() == 1 { "contact " } else { "contacts" };
        let _ = write!(out, "{name}{gap}{pad}{count} {noun}  {share:>7}  {bar:<BAR_WIDTH$}");
        if timing {
            let _ = write!(out, "  {}", table::milliseconds(answer.elapsed_us));
        }
        if let Some(before) = &answer.before {
            let (now, before) = (answer.members.as_ref(), before.as_ref());
            let (entered, left) = (now - before, before - now);
            if entered.is_empty() && left.is_empty() {
                let _ = write!(out, "  same members as before");
            } else {
                let _ = write!(out, "  {} entered, {} left", table::grouped(entered.len()), table::grouped(left.len()));
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

/// A condition without a name needs none.
fn label(answer: &Answer) -> &str {
    if is_unnamed(&answer.name) { "" } else { &answer.name }
}

/// Prints members in the chosen form.
pub fn members(snapshot: &Snapshot<'_>, clock: &Clock, set: &RoaringBitmap, limit: usize, mode: Mode) -> Result<(), Failure> {
    page(&table_of(snapshot, clock, set, limit, mode)?)?;
    if set.len() > limit as u64 {
        eprintln!("{limit} of {}", table::grouped(set.len()));
    }
    Ok(())
}

/// Members in a form, the first `limit` by id.
pub fn table_of(
    snapshot: &Snapshot<'_>,
    clock: &Clock,
    set: &RoaringBitmap,
    limit: usize,
    mode: Mode,
) -> Result<String, Failure> {
    let some: RoaringBitmap = if set.len() > limit as u64 { first_by_id(snapshot, set, limit)? } else { set.clone() };
    let (header, rows) = rows(snapshot, clock, &some, mode == Mode::Table || mode == Mode::Markdown)?;
    Ok(match mode {
        Mode::Ids => rows.iter().filter_map(|row| row.first()).fold(String::new(), |out, id| out + id + "\n"),
        Mode::Csv => {
            let line = |cells: &[String]| cells.iter().map(|c| table::csv_cell(c)).collect::<Vec<_>>().join(",") + "\n";
            line(&header) + &rows.iter().map(|row| line(row)).collect::<String>()
        }
        Mode::Json => format!("{:#}\n", serde_json::Value::Array(rows.iter().map(|row| object(&header, row)).collect())),
        Mode::Ndjson => rows.iter().fold(String::new(), |out, row| out + &object(&header, row).to_string() + "\n"),
        Mode::Markdown => {
            let line = |cells: &[String]| {
                format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
            };
            let rule = format!("|{}\n", " --- |".repeat(header.len()));
            line(&header) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
        }
        Mode::Table => {
            let fit = fitting(&header, &rows, terminal().map_or(usize::MAX, |(columns, _)| columns));
            let names: Vec<&str> = header.iter().take(fit).map(String::as_str).collect();
            table::texts(&names, rows.into_iter().map(|row| row.into_iter().take(fit).collect()))
        }
    })
}

/// The first members in the order of their ids.
fn first_by_id(snapshot: &Snapshot<'_>, set: &RoaringBitmap, limit: usize) -> Result<RoaringBitmap, Failure> {
    let mut some = RoaringBitmap::new();
    for id in snapshot.sorted_ids(set)?.into_iter().take(limit) {
        some.extend(snapshot.find(&id)?);
    }
    Ok(some)
}

/// Ids and fields of some contacts, by id.
fn rows(
    snapshot: &Snapshot<'_>,
    clock: &Clock,
    set: &RoaringBitmap,
    narrow: bool,
) -> Result<(Vec<String>, Vec<Vec<String>>), Failure> {
    let schema = snapshot.schema();
    let mut fields: Vec<(FieldId, &crate::schema::Column)> = (0..).map(FieldId).zip(&schema.fields).collect();
    if narrow {
        fields.retain(|(_, column)| !column.ty.is_list());
        fields.truncate(COLUMNS);
    }
    let mut by_id: Vec<(String, Vec<String>)> = Vec::new();
    for chunk in 0..snapshot.chunks() {
        let first = chunk * CHUNK;
        let here: Vec<u32> = set.range(first..=first.saturating_add(CHUNK - 1)).collect();
        if here.is_empty() {
            continue;
        }
        let values = fields.iter().map(|(id, _)| snapshot.field_values(*id, chunk)).collect::<Result<Vec<_>, _>>()?;
        for contact in here {
            let slot = (contact - first) as usize;
            let cells = values.iter().zip(&fields).map(|(values, (_, column))| {
                let value = values.get(slot).and_then(Option::as_ref);
                let text = match value {
                    Some(crate::value::Value::Text(text)) => text.clone(),
                    Some(value) => shown(value, column, clock),
                    None => String::new(),
                };
                if narrow { cut(&text) } else { text }
            });
            by_id.push((snapshot.id_of(contact)?, cells.collect()));
        }
    }
    by_id.sort();
    let header = std::iter::once("contact_id".to_owned()).chain(fields.iter().map(|(_, c)| c.name.clone())).collect();
    Ok((header, by_id.into_iter().map(|(id, cells)| std::iter::once(id).chain(cells).collect()).collect()))
}

/// How many columns of a table are not wider than that together; the first one is always shown.
fn fitting(header: &[String], rows: &[Vec<String>], width: usize) -> usize {
    const GAP: usize = 2;
    let cells = |at: usize| std::iter::once(header.get(at)).chain(rows.iter().map(move |row| row.get(at))).flatten();
    let mut used = 0;
    let fits = |at: &usize| {
        used += cells(*at).map(|cell| cell.chars().count()).max().unwrap_or(0) + if *at > 0 { GAP } else { 0 };
        used <= width
    };
    (0..header.len()).take_while(fits).count().max(1)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CELL { text.to_owned() } else { text.chars().take(CELL - 1).chain(['…']).collect() }
}

fn object(header: &[String], row: &[String]) -> serde_json::Value {
    let value = |text: &String| if text.is_empty() { serde_json::Value::Null } else { serde_json::json!(text) };
    serde_json::Value::Object(header.iter().cloned().zip(row.iter().map(value)).collect())
}

/// Prints; what is longer than the terminal goes to the pager (`PAGER`, or `less`), if there is one.
pub fn page(text: &str) -> Result<(), Failure> {
    match terminal() {
        Some((_, lines)) if text.lines().count() >= lines && std::io::stdin().is_terminal() => {}
        _ => return print(text),
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let spawned = words.next().and_then(|program| {
        let mut command = std::process::Command::new(program);
        command.args(words).env("LESS", "-FRX").stdin(std::process::Stdio::piped()).spawn().ok()
    });
    let Some(mut child) = spawned else { return print(text) };
    if let Some(mut input) = child.stdin.take() {
        // Leaving the pager before the end is no failure.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = child.wait();
    Ok(())
}

/// Columns and lines of the terminal that is printed to.
fn terminal() -> Option<(usize, usize)> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
        && size.ws_col > 0
    {
        return Some((size.ws_col.into(), size.ws_row.into()));
    }
    let of = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    Some((of("COLUMNS").unwrap_or(100), of("LINES").unwrap_or(40)))
}

/// Prints to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    output::print(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_fit_are_shown() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let (header, rows) = (row(["id", "Miasto", "wiek"]), vec![row(["anna", "Łódź", "34"])]);
        assert_eq!([1, 11, 12, 17, 18].map(|width| fitting(&header, &rows, width)), [1, 1, 2, 2, 3]);
    }
}
