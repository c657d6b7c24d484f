//! Putting another data file in the place of a store's, while other processes may open it or have it open.
//!
//! LMDB keeps the number of the newest transaction in its lock file, so a new data file needs a new lock file, and two files
//! cannot be replaced in one step. Therefore: opening holds `swap.lock` shared, replacing holds it alone; a note in the folder
//! names the new file before it is put in place; and whoever opens next finishes what a killed process began.

use std::fs::File;
use std::path::Path;

use super::StoreError;
use super::env::DATA_FILE;

const SWAP_LOCK: &str = "swap.lock";
/// Names the file that is to be, while it is put in place.
const NOTE: &str = "swap.note";
/// Folder in which the new file is made.
pub(super) const NEW: &str = "compact.tmp";
const LMDB_LOCK: &str = "lock.mdb";

/// Which file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = std::fs::metadata(path).map_err(io("look at", path))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Ok(Self(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        {
            // A file that is open cannot be replaced there.
            drop(metadata);
            Ok(Self(0, 0))
        }
    }

    fn text(self) -> String {
        format!("{} {}", self.0, self.1)
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Io { action, path, error }
}

/// While the value lives, no other file is put in place. In a folder that may not be written to nobody does that anyway.
pub(super) fn hold_still(path: &Path) -> Result<Option<File>, StoreError> {
    let lock = path.join(SWAP_LOCK);
    let opened = File::open(&lock).or_else(|_| File::options().write(true).create(true).truncate(false).open(&lock));
    match opened {
        Ok(file) => file.lock_shared().map(|()| Some(file)).map_err(io("lock", &lock)),
        Err(_) => Ok(None),
    }
}

/// Finishes what a process began that was killed while it put a file in place.
pub(super) fn finish(path: &Path) -> Result<(), StoreError> {
    let note = path.join(NOTE);
    if !note.exists() {
        return Ok(());
    }
    let _alone = alone(path)?;
    let Ok(wanted) = std::fs::read_to_string(&note) else { return Ok(()) };
    if FileId::of(&path.join(DATA_FILE))?.text() == wanted.trim() {
        // The new file is in place, and the old lock file speaks of the old one.
        remove(&path.join(LMDB_LOCK))?;
    }
    remove(&note)?;
    drop(std::fs::remove_dir_all(path.join(NEW)));
    Ok(())
}

/// Puts the data file of the folder [`NEW`] in place. No environment of the store is open in this process, and nobody writes.
pub(super) fn swap(path: &Path) -> Result<(), StoreError> {
    let (new, data, note) = (path.join(NEW).join(DATA_FILE), path.join(DATA_FILE), path.join(NOTE));
    let _alone = alone(path)?;
    std::fs::write(&note, FileId::of(&new)?.text()).map_err(io("write", &note))?;
    sync(&note)?;
    sync(path)?;
    std::fs::rename(&new, &data).map_err(io("replace", &data))?;
    remove(&path.join(LMDB_LOCK))?;
    sync(path)?;
    remove(&note)?;
    drop(std::fs::remove_dir_all(path.join(NEW)));
    Ok(())
}

fn alone(path: &Path) -> Result<File, StoreError> {
    let lock = path.join(SWAP_LOCK);
    let file = File::options().write(true).create(true).truncate(false).open(&lock).map_err(io("lock", &lock))?;
    file.lock().map_err(io("lock", &lock))?;
    Ok(file)
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Waits until a file, or what a folder lists, is on the disk.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    if cfg!(not(unix)) && path.is_dir() {
        return Ok(());
    }
    File::open(path).and_then(|file| file.sync_all()).map_err(io("write", path))
}
