//! Copies of a store: a backup, and a compaction that takes the store's place.
//!
//! Both are written entry by entry into a new environment, so that nothing of what pages of the old file held before gets into
//! the new one.

use std::path::Path;

use heed::{EnvFlags, PutFlags};

use super::env::{DATA_FILE, MAP_BYTES, environment};
use super::load::fold;
use super::snapshot::Snapshot;
use super::{Store, StoreError, datafile, swap};

/// Bytes written in one transaction.
const TRANSACTION_BYTES: usize = 64 << 20;
/// Folder of a backup under way.
const PARTIAL: &str = "backup.tmp";

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactSummary {
    /// Chunks that were folded.
    pub folded: u32,
    /// Bytes of the data file before.
    pub bytes_before: u64,
    /// Bytes of the data file now.
    pub bytes_after: u64,
}

impl Store {
    /// Copies one state of the store into a folder, which is made and must not hold anything. The copy is a store. Others may
    /// write meanwhile.
    ///
    /// # Errors
    /// A folder with something in it, a full disk, damage, [`StoreError::Interrupted`] when `stop` says so. What there is of
    /// the copy then is no store.
    pub fn backup(&self, path: &Path, stop: &dyn Fn() -> bool) -> Result<u64, StoreError> {
        let failed = |action| move |error| StoreError::Io { action, path: path.to_owned(), error };
        let partial = path.join(PARTIAL);
        let others = |entry: std::io::Result<std::fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() != PARTIAL);
        if path.read_dir().is_ok_and(|entries| entries.into_iter().any(others)) {
            return Err(StoreError::NotEmpty(path.to_owned()));
        }
        std::fs::create_dir_all(path).map_err(failed("make the folder"))?;
        // A backup that was killed has left it.
        drop(std::fs::remove_dir_all(&partial));
        let snapshot = self.snapshot()?;
        if let Err(error) = copy(&snapshot, &partial, stop) {
            drop(std::fs::remove_dir_all(&partial));
            return Err(error);
        }
        std::fs::rename(partial.join(DATA_FILE), path.join(DATA_FILE)).map_err(failed("write"))?;
        swap::sync(path)?;
        drop(std::fs::remove_dir_all(&partial));
        std::fs::metadata(path.join(DATA_FILE)).map(|file| file.len()).map_err(failed("look at"))
    }

    /// Folds everything, and gives space back: a file that holds what the store holds and nothing else takes the place of
    /// the data file, from one moment to the next. Processes that have the store open go on reading what it was, until they
    /// ask for another snapshot.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another writes; a full disk, damage, [`StoreError::Interrupted`] when `stop` says so. The
    /// store is then as it was, and has to be opened again.
    pub fn compact(self, stop: &(dyn Fn() -> bool + Sync)) -> Result<(Self, CompactSummary), StoreError> {
        let lock = self.lock()?;
        self.remove_unfinished()?;
        let table = self.upgrade()?;
        let folded = fold(&self, table, rayon::current_num_threads(), stop)?;
        let size = |path: &Path| std::fs::metadata(path.join(DATA_FILE)).map_or(0, |file| file.len());
        let bytes_before = size(self.path());
        let new = self.path().join(swap::NEW);
        drop(std::fs::remove_dir_all(&new));
        {
            let snapshot = self.snapshot()?;
            if let Err(error) = copy(&snapshot, &new, stop) {
                drop(std::fs::remove_dir_all(&new));
                return Err(error);
            }
        }
        let path = self.close();
        swap::swap(&path)?;
        drop(lock);
        let store = Self::open(&path)?;
        let bytes_after = size(&path);
        Ok((store, CompactSummary { folded: folded.chunks, bytes_before, bytes_after }))
    }
}

/// Writes everything that a snapshot sees into a new environment in a folder, which is made, and waits for the disk.
fn copy(snapshot: &Snapshot<'_>, path: &Path, stop: &dyn Fn() -> bool) -> Result<(), StoreError> {
    let store = snapshot.store();
    let failed = |e: heed::Error| store.engine(&e);
    std::fs::create_dir_all(path).map_err(|error| StoreError::Io { action: "make the folder", path: path.to_owned(), error })?;
    let env = environment(path, EnvFlags::NO_META_SYNC, MAP_BYTES)?;
    let tables = [
        ("meta", Some(store.tables.meta)),
        ("ids", Some(store.tables.ids)),
        ("parts", Some(store.tables.parts)),
        ("values", Some(store.tables.values)),
        ("delta", store.delta()),
    ];
    for (name, from) in tables {
        let Some(from) = from else { continue };
        let mut txn = env.write_txn().map_err(failed)?;
        let to: super::env::Table = env.create_database(&mut txn, Some(name)).map_err(failed)?;
        let mut pending = 0;
        for entry in from.iter(snapshot.txn()).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            // An import that is under way is no part of the state.
            if stop() {
                return Err(StoreError::Interrupted);
            }
            if name == "meta" && key == super::load::UNFINISHED || name == "values" && !snapshot.is_current(key)? {
                continue;
            }
            to.put_with_flags(&mut txn, PutFlags::APPEND, key, value).map_err(failed)?;
            pending += key.len() + value.len();
            if pending > TRANSACTION_BYTES {
                txn.commit().map_err(failed)?;
                txn = env.write_txn().map_err(failed)?;
                pending = 0;
            }
        }
        txn.commit().map_err(failed)?;
    }
    env.force_sync().map_err(failed)?;
    env.prepare_for_closing().wait();
    let data = path.join(DATA_FILE);
    datafile::pad(&data)?;
    swap::sync(&data)
}
