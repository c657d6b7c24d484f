//! `segql export`

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use roaring::RoaringBitmap;

use super::args::ExportArgs;
use super::failure::Failure;
use super::{Ui, data, evaluate, interrupt, output, script};
use crate::export::{self, ExportError};
use crate::store::{Snapshot, StoreError};
use crate::time::{Clock, format_instant};

/// Writes a store, and the members of segments if a script is given, into a folder.
pub fn export(args: &ExportArgs, ui: Ui) -> Result<(), Failure> {
    let has_script = args.script.text.is_some() || !args.script.script.is_empty();
    let script = if has_script { Some(script::open(&args.script, ui)?) } else { None };
    let cancel = interrupt::cancel();
    let store = data::kept(args.store.as_deref())?;
    let snapshot = store.snapshot()?;
    if args.out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::io(format!("`{}` is not empty; give a folder that is not there yet", args.out.display())));
    }
    std::fs::create_dir_all(&args.out).map_err(|e| Failure::file("make the folder", &args.out, &e))?;
    let mut said = String::new();
    let stop = || cancel.is_cancelled();
    let mut tell = |path: &Path, rows: u64, what: &str| {
        let _ = writeln!(said, "{rows:>12} {what} in {}", path.display());
    };
    if !args.members_only {
        let schema = snapshot.schema();
        output::write(Some(&args.out.join("schema.toml")), crate::schema::toml::to_toml(schema).as_bytes())?;
        let path = args.out.join("contacts.parquet");
        tell(&path, whole(&path, |file| export::contacts(&snapshot, file, &stop))?, "contacts");
        for (number, types) in (1..).zip(export::event_tables(schema)) {
            let path = args.out.join(if number == 1 { "events.parquet".to_owned() } else { format!("events-{number}.parquet") });
            tell(&path, whole(&path, |file| export::events(&snapshot, &types, file, &stop))?, "events");
        }
        let path = args.out.join("deletions.ndjson");
        let deleted = whole(&path, |mut file| export::deletions(&snapshot, &mut file))?;
        if deleted == 0 {
            std::fs::remove_file(&path).map_err(|e| Failure::file("remove", &path, &e))?;
        } else {
            tell(&path, deleted, "deleted events");
        }
    }
    if let Some(script) = script {
        let script = script.check(snapshot.schema(), None, ui)?;
        let clock = Clock { now: data::instant(&args.now, snapshot.schema())?, zone: snapshot.schema().timezone };
        if args.now.now.is_none() {
            eprintln!("now {}", format_instant(clock.now, clock.zone));
        }
        let evaluated = evaluate::segments(&script, &snapshot, &clock, 1, &cancel)?;
        let names = script.asked.iter().map(|asked| asked.name.as_str());
        let segments: Vec<(&str, &RoaringBitmap)> = names.zip(&evaluated.members).collect();
        let path = args.out.join("segment_membership.parquet");
        tell(&path, whole(&path, |file| export::memberships(&snapshot, &segments, clock.now, file))?, "memberships");
        bitmaps(&args.out.join("bitmaps"), &snapshot, &segments, &mut tell)?;
    }
    output::print(said.as_bytes())
}

/// A bitmap of contact numbers for each segment, which bitmap is whose, and which contact has which number.
fn bitmaps(
    folder: &Path,
    snapshot: &Snapshot<'_>,
    segments: &[(&str, &RoaringBitmap)],
    tell: &mut dyn FnMut(&Path, u64, &str),
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::file("make the folder", folder, &e))?;
    let mut index = Vec::new();
    for (at, (name, members)) in segments.iter().enumerate() {
        // Names may have characters that no file has.
        let plain: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).take(60).collect();
        let file = format!("{at:04}_{plain}.roaring");
        let mut bytes = Vec::with_capacity(members.serialized_size());
        members.serialize_into(&mut bytes).map_err(|e| Failure::output(&e))?;
        output::write(Some(&folder.join(&file)), &bytes)?;
        index.push(serde_json::json!({ "segment": name, "file": file, "count": members.len() }));
    }
    let path = folder.join("index.json");
    let text = serde_json::to_string_pretty(&index).map_err(Failure::io)? + "\n";
    output::write(Some(&path), text.as_bytes())?;
    tell(&path, segments.len() as u64, "bitmaps");
    let path = folder.join("contacts.parquet");
    tell(&path, whole(&path, |file| export::dictionary(snapshot, file))?, "contact numbers");
    Ok(())
}

/// Makes a file that is there whole or not at all.
fn whole(path: &PathBuf, write: impl FnOnce(BufWriter<File>) -> Result<u64, ExportError>) -> Result<u64, Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |e: std::io::Error| Failure::file("write", path, &e);
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let rows = write(BufWriter::new(file.reopen().map_err(failed)?)).map_err(|error| match error {
        ExportError::Store(StoreError::Interrupted) => Failure::Interrupted,
        ExportError::Store(error) => error.into(),
        ExportError::Io(error) => Failure::file("write", path, &error),
        ExportError::Parquet(error) => Failure::io(format!("cannot write `{}`: {error}", path.display())),
    })?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(rows)
}
