//! `segql verify`, `stats`, `compact`, `backup` and `erase`: care of a store.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use super::args::{BackupArgs, CompactArgs, EraseArgs, ReportFormat, StatsArgs, VerifyArgs};
use super::failure::Failure;
use super::{data, interrupt, output};
use crate::store::{CompactSummary, EventBytes, Named, Size, Stats, Store};
use crate::time::format_instant;

/// Says what is wrong with a store; a store that is damaged ends with the exit code of one.
pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let store = data::kept(args.store.as_deref())?;
    let found = store.verify(&|| cancel.is_cancelled())?;
    let mut out = String::new();
    match args.format {
        ReportFormat::Json => out = json(&found)?,
        ReportFormat::Text => {
            for problem in &found.problems {
                let _ = writeln!(out, "{problem}");
            }
            let _ = writeln!(
                out,
                "{} values, {} contacts, {} values of fields and {} events looked at: {}",
                found.values,
                found.contacts,
                found.fields,
                found.events,
                if found.problems.is_empty() { "all is well" } else { "the store is damaged" }
            );
        }
    }
    output::print(out.as_bytes())?;
    if found.problems.is_empty() {
        return Ok(());
    }
    let problems = many(found.problems.len() as u64, "problem");
    Err(Failure::io(format!("the store is damaged ({problems}); restore a backup, or import the data again")))
}

/// Prints sizes.
pub fn stats(args: &StatsArgs) -> Result<(), Failure> {
    let store = data::kept(args.store.as_deref())?;
    let stats = store.stats()?;
    let out = match args.format {
        ReportFormat::Json => json(&stats)?,
        ReportFormat::Text => shown(&stats),
    };
    output::print(out.as_bytes())
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::io)?;
    text.push('\n');
    Ok(text)
}

fn shown(stats: &Stats) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<20} {value}");
    };
    line("contacts", &format!("{} in {}", stats.contacts, many(stats.chunks.into(), "chunk")));
    if stats.erased > 0 {
        line("erased contacts", &stats.erased.to_string());
    }
    line("events", &stats.events.to_string());
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    let fill = if stats.file_bytes == 0 { 0.0 } else { stats.used_bytes as f64 * 100.0 / stats.file_bytes as f64 };
    line("data file", &format!("{} of which {fill:.0} % are used", bytes(stats.file_bytes)));
    let delta = &stats.delta;
    let appended = format!(
        "{} and {} in {}, {}",
        many(delta.lines, "line"),
        many(delta.events, "event"),
        many(delta.chunks, "chunk"),
        bytes(delta.bytes)
    );
    line("appended, to fold", if delta.chunks == 0 { "nothing" } else { &appended });
    line("ids to contacts", &bytes(stats.ids.bytes));
    line("contacts to ids", &bytes(stats.contact_ids.bytes));
    if stats.deleted_events.values > 0 {
        line("ids of deleted events", &bytes(stats.deleted_events.bytes));
    }
    line("format", &stats.format.to_string());
    line("time zone", &stats.timezone);
    let database = if stats.timezone_database == stats.timezone_database_here {
        stats.timezone_database.clone()
    } else {
        format!("{} when the store was made, {} now", stats.timezone_database, stats.timezone_database_here)
    };
    line("time zone database", &database);
    for erasure in &stats.erasures {
        line(
            "erasure",
            &format!("{} at {}", many(erasure.contacts.into(), "contact"), format_instant(erasure.at, chrono_tz::UTC)),
        );
    }
    table(&mut out, "field", "contacts", &stats.fields);
    table(&mut out, "event type", "events", &stats.event_types);
    let EventBytes { summaries, rows, ids, attributes } = stats.event_columns;
    let columns = [
        ("counts, first and last instants of contacts", summaries),
        ("contacts and instants of events", rows),
        ("ids of events", ids),
        ("attributes", attributes),
    ];
    if stats.events > 0 {
        let _ = writeln!(out, "\n{:<44} {:>12}", "of event types", "size");
    }
    for (name, Size { bytes: size, .. }) in columns.iter().filter(|(_, size)| size.values > 0) {
        let _ = writeln!(out, "{name:<44} {:>12}", bytes(*size));
    }
    out
}

/// The named structures that hold something, largest first.
fn table(out: &mut String, what: &str, counted: &str, named: &[Named]) {
    let mut named: Vec<&Named> = named.iter().filter(|n| n.count > 0 || n.bytes > 0).collect();
    if named.is_empty() {
        return;
    }
    named.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let width = named.iter().map(|n| n.name.chars().count()).chain([what.len()]).max().unwrap_or(0);
    let _ = writeln!(out, "\n{what:<width$} {counted:>14} {:>12}", "size");
    for Named { name, count, bytes: size, .. } in named {
        let _ = writeln!(out, "{name:<width$} {count:>14} {:>12}", bytes(*size));
    }
}

/// `1 chunk`, `2 chunks`
fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `1.5 MB`
fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| n >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", n / unit, n % unit * 10 / unit),
        None => format!("{n} B"),
    }
}

/// Folds, and gives space back.
pub fn compact(args: &CompactArgs) -> Result<(), Failure> {
    compact_now(data::kept(args.store.as_deref())?)
}

fn compact_now(store: Store) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let (_, summary) = store.compact(&|| cancel.is_cancelled())?;
    let CompactSummary { folded, bytes_before, bytes_after } = summary;
    let chunks = many(folded.into(), "chunk");
    output::print(
        format!("folded {chunks}; the data file had {}, and has {}\n", bytes(bytes_before), bytes(bytes_after)).as_bytes(),
    )
}

/// Copies a store.
pub fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let store = data::kept(args.store.as_deref())?;
    let size = store.backup(&args.to, &|| cancel.is_cancelled())?;
    output::print(
        format!("`{}` is a store of {}; use it with `--store`, or copy it back\n", args.to.display(), bytes(size)).as_bytes(),
    )
}

/// Erases contacts, all of them or none.
pub fn erase(args: &EraseArgs) -> Result<(), Failure> {
    let store = data::kept(args.store.as_deref())?;
    let mut ids = args.contacts.clone();
    if let Some(path) = &args.from {
        ids.extend(read(path)?.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned));
    }
    let ids: Vec<String> = ids.iter().map(|id| crate::value::nfc(id).into_owned()).collect();
    let summary = store.erase(&ids.iter().map(String::as_str).collect::<Vec<_>>(), data::clock_now())?;
    for id in &summary.unknown {
        eprintln!("note: there is no contact `{id}`");
    }
    let contacts = many(summary.erased.into(), "contact");
    output::print(format!("erased {contacts}\n").as_bytes())?;
    if args.compact {
        return compact_now(store);
    }
    if summary.erased > 0 {
        eprintln!(
            "note: free pages of the file may still hold what they held until `segql compact` has made a file without them"
        );
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|e| Failure::file("read", path, &e))?;
    Ok(text)
}
