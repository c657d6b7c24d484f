//! Opening and making stores: the LMDB environment, its tables and what is known of the whole store.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, WithoutTls};
use serde::{Deserialize, Serialize};

use super::bytes::{frame, unframe};
use super::snapshot::{KIND_ERASED, Snapshot};
use super::swap::{self, FileId};
use super::{StoreError, datafile};
use crate::schema::Schema;
use crate::schema::{Column, EventType};

/// Format of everything in the environment. 1: parts alone. 2: batches that are appended, ids of deleted events, erased
/// contacts. 3: numbers of 40 bits. 4: their parts apart. A store of an older format is read as it is, and becomes one of this format when it is
/// written to.
pub(super) const FORMAT: u32 = 4;
/// Room reserved in the address space; the file grows as it is filled.
pub(super) const MAP_BYTES: usize = 1 << 40;
const META: &[u8] = b"segql";
const ERASED: &[u8] = b"erased";
const DELTA: &str = "delta";
pub(super) const DATA_FILE: &str = "data.mdb";
const LOCK_FILE: &str = "writer.lock";

pub(super) type Table = Database<Bytes, Bytes>;

/// A store on disk, or a temporary one.
#[derive(Debug)]
pub struct Store {
    pub(super) env: Env<WithoutTls>,
    pub(super) tables: Tables,
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
    /// Values whose checksum has been compared, by key: they are written once and never changed under their key.
    verified: Mutex<HashSet<Vec<u8>>>,
    /// What has been appended; a store of format 1 has no such table.
    delta: OnceLock<Table>,
    /// Tables are opened one at a time.
    opening: Mutex<()>,
    /// The data file that was opened; a compaction puts another in its place.
    file: FileId,
}

/// The tables of the environment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables {
    /// One record: [`Meta`].
    pub meta: Table,
    /// Contact id to number.
    pub ids: Table,
    /// Part to its generation.
    pub parts: Table,
    /// Values.
    pub values: Table,
}

/// What is known of the whole store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Meta {
    pub format: u32,
    pub timezone: String,
    pub fields: Vec<Column>,
    pub events: Vec<EventType>,
    pub contacts: u32,
    pub generation: u32,
    /// The digests of all parts with their generations, added bit by bit: a part that a damaged page hides is missed.
    #[serde(default)]
    pub parts_digest: Option<u64>,
    /// Batches that have been appended so far.
    #[serde(default)]
    pub sequence: u64,
    pub timezone_database: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_lints: Vec<String>,
}

impl Meta {
    fn new(schema: &Schema) -> Self {
        let mut meta = Self {
            format: FORMAT,
            timezone: String::new(),
            fields: Vec::new(),
            events: Vec::new(),
            contacts: 0,
            generation: 0,
            parts_digest: Some(0),
            sequence: 0,
            timezone_database: chrono_tz::IANA_TZDB_VERSION.to_owned(),
            allowed_lints: Vec::new(),
        };
        meta.set_schema(schema);
        meta
    }

    pub fn set_schema(&mut self, schema: &Schema) {
        schema.timezone.name().clone_into(&mut self.timezone);
        self.fields.clone_from(&schema.fields);
        self.events.clone_from(&schema.events);
        self.allowed_lints.clone_from(&schema.allowed_lints);
    }

    pub fn schema(&self) -> Result<Schema, StoreError> {
        let timezone = self.timezone.parse().map_err(|_| StoreError::damaged(format!("its time zone `{}`", self.timezone)))?;
        Ok(Schema {
            timezone,
            fields: self.fields.clone(),
            events: self.events.clone(),
            allowed_lints: self.allowed_lints.clone(),
        })
    }
}

impl Store {
    /// Opens the store in a folder.
    ///
    /// # Errors
    /// [`StoreError`] when there is none, when the folder holds something else, when another version wrote it, when it is
    /// damaged, or when it is already open in this process.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_limited(path, MAP_BYTES)
    }

    /// The same for a store whose file may not grow beyond some bytes: a write that needs more fails and changes nothing.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_limited(path: &Path, most: usize) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        if path.is_dir() {
            swap::finish(path)?;
        }
        if !path.join(DATA_FILE).is_file() {
            return Err(StoreError::Foreign(path.to_owned()));
        }
        if !datafile::check(&path.join(DATA_FILE))? {
            return Err(StoreError::Foreign(path.to_owned()));
        }
        // Nobody puts another data file in place while this one is being opened.
        let _still = swap::hold_still(path)?;
        let env = environment(path, EnvFlags::empty(), most)?;
        let (tables, delta) = {
            let txn = env.read_txn().map_err(|e| engine(path, &e))?;
            let table = |name: &str| {
                env.open_database(&txn, Some(name))
                    .map_err(|e| engine(path, &e))?
                    .ok_or_else(|| StoreError::Foreign(path.to_owned()))
            };
            let tables = Tables { meta: table("meta")?, ids: table("ids")?, parts: table("parts")?, values: table("values")? };
            let delta = env.open_database(&txn, Some(DELTA)).map_err(|e| engine(path, &e))?;
            // Tables opened in a transaction that is not committed are gone with it.
            txn.commit().map_err(|e| engine(path, &e))?;
            (tables, delta)
        };
        let store = Self::of(env, tables, path, None)?;
        if let Some(delta) = delta {
            let _ = store.delta.set(delta);
        }
        store.check_parts(&store.snapshot()?)?;
        Ok(store)
    }

    fn of(env: Env<WithoutTls>, tables: Tables, path: &Path, temporary: Option<tempfile::TempDir>) -> Result<Self, StoreError> {
        let file = FileId::of(&path.join(DATA_FILE))?;
        let path = path.to_owned();
        let (verified, delta, opening) = (Mutex::default(), OnceLock::new(), Mutex::default());
        Ok(Self { env, tables, path, temporary, verified, delta, opening, file })
    }

    /// Makes a store in a folder, which is made too; it must not hold anything.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be made or holds something already.
    pub fn create(path: &Path, schema: &Schema) -> Result<Self, StoreError> {
        if path.join(DATA_FILE).exists() || path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::NotEmpty(path.to_owned()));
        }
        let was_there = path.exists();
        std::fs::create_dir_all(path).map_err(|error| StoreError::Io {
            action: "make the folder",
            path: path.to_owned(),
            error,
        })?;
        let made = Self::make(path, schema, EnvFlags::empty(), None);
        if made.is_err() {
            // Half a store is in everybody's way.
            drop(std::fs::remove_file(path.join(DATA_FILE)));
            drop(std::fs::remove_file(path.join("lock.mdb")));
            if !was_there {
                drop(std::fs::remove_dir(path));
            }
        }
        made
    }

    /// A store for the life of the value, in the folder for temporary files, without waiting for the disk.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be made.
    pub fn temporary(schema: &Schema) -> Result<Self, StoreError> {
        let folder = tempfile::Builder::new().prefix("segql-").tempdir().map_err(|error| StoreError::Io {
            action: "make a temporary folder in",
            path: std::env::temp_dir(),
            error,
        })?;
        let path = folder.path().to_owned();
        Self::make(&path, schema, EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC, Some(folder))
    }

    fn make(path: &Path, schema: &Schema, flags: EnvFlags, temporary: Option<tempfile::TempDir>) -> Result<Self, StoreError> {
        let env = environment(path, flags, MAP_BYTES)?;
        let failed = |e: heed::Error| engine(path, &e);
        let mut txn = env.write_txn().map_err(failed)?;
        let mut table = |name: &str| env.create_database(&mut txn, Some(name)).map_err(failed);
        let tables = Tables { meta: table("meta")?, ids: table("ids")?, parts: table("parts")?, values: table("values")? };
        let delta = table(DELTA)?;
        let store = Self::of(env.clone(), tables, path, temporary)?;
        let _ = store.delta.set(delta);
        store.put_meta(&mut txn, &Meta::new(schema))?;
        store.commit(txn)?;
        Ok(store)
    }

    /// A consistent state, unchanged by later imports for as long as it lives.
    ///
    /// # Errors
    /// [`StoreError`] for another format, damage, or a failure of the engine.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        self.check_file()?;
        let txn = self.env.read_txn().map_err(|e| self.engine(&e))?;
        let meta = self.meta(&txn)?;
        if meta.format >= 2 && self.delta().is_none() {
            // Another process has made the table; it can be used in transactions that begin after it was opened here.
            drop(txn);
            self.open_delta()?;
            return self.snapshot();
        }
        Snapshot::new(self, txn, &meta)
    }

    /// Whether nothing has been written since a state.
    #[must_use]
    pub fn is_newest(&self, snapshot: &Snapshot<'_>) -> bool {
        self.env.info().last_txn_id == snapshot.txn().id() && self.check_file().is_ok()
    }

    /// The folder of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes away with the value.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    pub(super) fn meta(&self, txn: &heed::RoTxn<'_>) -> Result<Meta, StoreError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let bytes = self
            .tables
            .meta
            .get(txn, META)
            .map_err(|e| self.engine(&e))?
            .ok_or_else(|| StoreError::Foreign(self.path.clone()))?;
        let damaged = |_| StoreError::damaged("its description");
        let Version { format } = serde_json::from_slice(bytes).map_err(damaged)?;
        if !(1..=FORMAT).contains(&format) {
            return Err(StoreError::Version { path: self.path.clone(), found: format, wanted: FORMAT });
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// The table of what has been appended; `None` in a store of format 1.
    pub(super) fn delta(&self) -> Option<Table> {
        self.delta.get().copied()
    }

    fn open_delta(&self) -> Result<Table, StoreError> {
        let failed = |e: heed::Error| self.engine(&e);
        let _one = self.opening.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let own = self.env.read_txn().map_err(failed)?;
        let table = self.env.open_database(&own, Some(DELTA)).map_err(failed)?;
        // Tables opened in a transaction that is not committed are gone with it.
        own.commit().map_err(failed)?;
        let table: Table = table.ok_or_else(|| StoreError::damaged("the table of appended batches"))?;
        Ok(*self.delta.get_or_init(|| table))
    }

    /// Brings a store of an older format to this one. Only the writer may call this.
    pub(super) fn upgrade(&self) -> Result<Table, StoreError> {
        let failed = |e: heed::Error| self.engine(&e);
        let format = {
            // Opening a snapshot finds the table that another process may have made.
            drop(self.snapshot()?);
            let txn = self.env.read_txn().map_err(failed)?;
            self.meta(&txn)?.format
        };
        if let Some(table) = self.delta().filter(|_| format == FORMAT) {
            return Ok(table);
        }
        let _one = self.opening.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut txn = self.env.write_txn().map_err(failed)?;
        let table = self.env.create_database(&mut txn, Some(DELTA)).map_err(failed)?;
        let mut meta = self.meta(&txn)?;
        if meta.parts_digest.is_none() {
            meta.parts_digest = Some(self.parts_digest(&txn)?);
        }
        self.put_meta(&mut txn, &meta)?;
        self.commit(txn)?;
        Ok(*self.delta.get_or_init(|| table))
    }

    fn parts_digest(&self, txn: &heed::RoTxn<'_>) -> Result<u64, StoreError> {
        let mut digest = 0;
        for entry in self.tables.parts.iter(txn).map_err(|e| self.engine(&e))? {
            let (key, generation) = entry.map_err(|e| self.engine(&e))?;
            digest ^= part_digest(key, generation);
        }
        Ok(digest)
    }

    /// Whether all parts are there that were made.
    fn check_parts(&self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        let wanted = self.meta(snapshot.txn())?.parts_digest;
        match wanted {
            Some(wanted) if self.parts_digest(snapshot.txn())? != wanted => Err(StoreError::damaged("the list of its parts")),
            _ => Ok(()),
        }
    }

    /// The numbers of erased contacts.
    pub(super) fn erased(&self, txn: &heed::RoTxn<'_>) -> Result<roaring::RoaringBitmap, StoreError> {
        let damaged = || StoreError::damaged("the numbers of erased contacts");
        match self.tables.meta.get(txn, ERASED).map_err(|e| self.engine(&e))? {
            None => Ok(roaring::RoaringBitmap::new()),
            Some(bytes) => {
                let payload = unframe(KIND_ERASED, bytes, true).ok_or_else(damaged)?;
                roaring::RoaringBitmap::deserialize_from(payload).map_err(|_| damaged())
            }
        }
    }

    pub(super) fn put_erased(&self, txn: &mut heed::RwTxn<'_>, erased: &roaring::RoaringBitmap) -> Result<(), StoreError> {
        let mut payload = Vec::new();
        erased.serialize_into(&mut payload).map_err(|error| StoreError::Io {
            action: "write the numbers of erased contacts to",
            path: self.path.clone(),
            error,
        })?;
        self.tables.meta.put(txn, ERASED, &frame(KIND_ERASED, &payload)).map_err(|e| self.engine(&e))
    }

    pub(super) fn put_meta(&self, txn: &mut heed::RwTxn<'_>, meta: &Meta) -> Result<(), StoreError> {
        // Whatever is written from here on is of this format.
        let meta = Meta { format: FORMAT, ..meta.clone() };
        let bytes = serde_json::to_vec(&meta).map_err(|e| StoreError::damaged(format!("its description ({e})")))?;
        self.tables.meta.put(txn, META, &bytes).map_err(|e| self.engine(&e))
    }

    /// Ends a write transaction: what it wrote is there, for good.
    pub(super) fn commit(&self, txn: heed::RwTxn<'_>) -> Result<(), StoreError> {
        txn.commit().map_err(|e| self.engine(&e))?;
        datafile::pad(&self.path.join(DATA_FILE))
    }

    pub(super) fn engine(&self, error: &heed::Error) -> StoreError {
        engine(&self.path, error)
    }

    /// Whether the data file is still the one that was opened.
    fn check_file(&self) -> Result<(), StoreError> {
        let now = FileId::of(&self.path.join(DATA_FILE))?;
        if now == self.file { Ok(()) } else { Err(StoreError::Replaced(self.path.clone())) }
    }

    /// Gives the environment back, and closes it.
    pub(super) fn close(self) -> PathBuf {
        let Self { env, path, .. } = self;
        env.prepare_for_closing().wait();
        path
    }

    /// Whether the value of a key has been compared with its checksum.
    pub(super) fn is_verified(&self, key: &[u8]) -> bool {
        self.verified.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(key)
    }

    /// Notes that the value of a key agrees with its checksum.
    pub(super) fn set_verified(&self, key: &[u8]) {
        self.verified.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.to_vec());
    }

    /// The right to write, for as long as the value lives.
    pub(super) fn lock(&self) -> Result<WriterLock, StoreError> {
        let path = self.path.join(LOCK_FILE);
        let failed = |error| StoreError::Io { action: "lock", path: path.clone(), error };
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        if file.try_lock().is_err() {
            let mut holder = String::new();
            // Only for the message: without it the holder is just not named.
            drop(file.read_to_string(&mut holder));
            let holder =
                if holder.trim().is_empty() { "another process".to_owned() } else { format!("process {}", holder.trim()) };
            return Err(StoreError::Locked { path: self.path.clone(), holder });
        }
        self.check_file()?;
        file.set_len(0).and_then(|()| writeln!(file, "{}", holder())).map_err(failed)?;
        Ok(WriterLock { _file: file })
    }
}

/// Who this process is, for those whom it keeps from writing.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let host = host.map_or(String::new(), |name| format!(" on `{}`", name.trim()));
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = since.ok().and_then(|d| i64::try_from(d.as_secs()).ok()).and_then(|s| s.checked_mul(1000));
    let since = since.map_or(String::new(), |ms| format!(" since {}", crate::time::format_instant(ms, chrono_tz::UTC)));
    format!("{}{host}{since}", std::process::id())
}

/// Held while writing; the operating system frees it with the process.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

pub(super) fn environment(path: &Path, flags: EnvFlags, most: usize) -> Result<Env<WithoutTls>, StoreError> {
    reserve_lock(path)?;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(most).max_dbs(8).max_readers(512);
    // SAFETY: the flags only leave out waiting for the disk, which is used for stores that die with the process.
    #[expect(unsafe_code, reason = "an LMDB flag")]
    unsafe {
        options.flags(flags)
    };
    // SAFETY: nobody else truncates or writes the file: segql opens it through LMDB only, which locks it between
    // processes, and refuses to open it twice in one process.
    #[expect(unsafe_code, reason = "opening a memory map")]
    let opened = unsafe { options.open(path) };
    opened.map_err(|error| match error {
        heed::Error::EnvAlreadyOpened => StoreError::AlreadyOpen(path.to_owned()),
        heed::Error::Mdb(heed::MdbError::Invalid | heed::MdbError::VersionMismatch) => StoreError::Foreign(path.to_owned()),
        other => engine(path, &other),
    })
}

/// Makes LMDB's lock file where there is none yet, with all of its bytes: LMDB maps it, and writing to a page of a map for which
/// the disk has no room ends the process.
fn reserve_lock(path: &Path) -> Result<(), StoreError> {
    /// What 512 readers need, and some more.
    const BYTES: usize = 40 << 10;
    let lock = path.join("lock.mdb");
    if lock.exists() {
        return Ok(());
    }
    let Ok(mut file) = tempfile::NamedTempFile::new_in(path) else {
        // Where no file can be made LMDB says why.
        return Ok(());
    };
    let failed = |error| StoreError::Io { action: "write", path: lock.clone(), error };
    file.write_all(&vec![0; BYTES]).and_then(|()| file.as_file().sync_data()).map_err(failed)?;
    // Another process may have made it meanwhile; then that one holds.
    drop(file.persist_noclobber(&lock));
    Ok(())
}

/// Why LMDB could not go on; it needs to write even where it only reads.
fn error_reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::PermissionDenied | K::ReadOnlyFilesystem => {
            "you may not write in its folder, and reading needs a lock file there, too; copy the store to a folder of your own"
                .to_owned()
        }
        _ => super::error::reason(error),
    }
}

fn engine(path: &Path, error: &heed::Error) -> StoreError {
    match error {
        heed::Error::Io(io) => StoreError::Engine { path: path.to_owned(), error: error_reason(io) },
        heed::Error::Mdb(heed::MdbError::Corrupted | heed::MdbError::PageNotFound | heed::MdbError::Panic) => {
            StoreError::damaged(format!("a page of `{}`", path.display()))
        }
        heed::Error::Mdb(heed::MdbError::MapFull) => {
            StoreError::Engine { path: path.to_owned(), error: "it has reached the largest size that it may have".to_owned() }
        }
        other => StoreError::Engine { path: path.to_owned(), error: other.to_string() },
    }
}

/// What a part adds to the digest of all.
pub(super) fn part_digest(key: &[u8], generation: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(&[key, generation].concat())
}

/// A part's generation, as it is stored.
pub(super) fn generation_of(bytes: Option<&[u8]>) -> Option<u32> {
    bytes.and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_le_bytes(*b))
}
