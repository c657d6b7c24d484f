//! Folders that are no store, stores that are damaged or of another version, and two users of one store: each is a clear
//! error, never a crash or a wrong answer.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use segql::schema::{FieldId, Schema};
use segql::store::record::{Batch, BatchKind};
use segql::store::{LoadOptions, Loader, Store, StoreError};
use segql::value::ValueRef;
use tempfile::TempDir;

/// A text that stands in the data file nowhere else.
const NEEDLE: &str = "igła w stogu siana";

fn schema() -> Schema {
    segql::schema::toml::parse("[fields]\nopis = { type = \"text\" }\n").unwrap()
}

/// A closed store with many contacts in a new folder.
fn stored() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.segql");
    let store = Store::create(&path, &schema()).unwrap();
    let mut loader = Loader::begin(&store, &schema(), LoadOptions::default()).unwrap();
    let mut batch = Batch::new(BatchKind::Contacts);
    for n in 0..20_000 {
        let text = if n == 11 { NEEDLE.to_owned() } else { format!("opis numer {n}") };
        batch.begin_contact(&format!("k{n}"), 1);
        batch.field(FieldId(0), Some(ValueRef::Text(&text)));
    }
    loader.push(&batch).unwrap();
    loader.finish().unwrap();
    (folder, path)
}

fn refused(path: &Path) -> StoreError {
    Store::open(path).expect_err("it does not open")
}

/// Replaces every occurrence of `from` in the data file; returns how many there were.
fn patch(path: &Path, from: &[u8], to: &[u8]) -> usize {
    assert_eq!(from.len(), to.len());
    let file = path.join("data.mdb");
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
    for place in &places {
        bytes[*place..place + to.len()].copy_from_slice(to);
    }
    std::fs::write(&file, bytes).unwrap();
    places.len()
}

#[test]
fn a_store_opens_again_with_what_was_written() {
    let (_folder, path) = stored();
    let store = Store::open(&path).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!((snapshot.contacts(), snapshot.schema()), (20_000, &schema()));
    assert_eq!(snapshot.fields_of(11).unwrap(), [Some(segql::value::Value::Text(NEEDLE.to_owned()))]);
}

#[test]
fn what_is_not_a_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = refused(&folder.path().join("nothing"));
    assert!(matches!(missing, StoreError::Missing(_)), "{missing}");
    assert!(missing.to_string().contains("segql import --store"), "{missing}");
    assert!(matches!(refused(folder.path()), StoreError::Foreign(_)));
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    assert!(matches!(refused(&file), StoreError::Foreign(_)));
    std::fs::write(folder.path().join("data.mdb"), vec![7; 40_000]).unwrap();
    assert!(matches!(refused(folder.path()), StoreError::Foreign(_)));
    assert!(matches!(Store::create(folder.path(), &schema()).err().unwrap(), StoreError::NotEmpty(_)));
}

#[test]
fn another_version_is_named() {
    let (_folder, path) = stored();
    assert!(patch(&path, b"\"format\":4", b"\"format\":9") > 0);
    let error = refused(&path);
    assert!(matches!(error, StoreError::Version { found: 9, wanted: 4, .. }), "{error}");
}

#[test]
fn a_damaged_value_is_an_error_that_names_it() {
    let (_folder, path) = stored();
    assert!(patch(&path, NEEDLE.as_bytes(), "igła w stosie siana".get(..NEEDLE.len()).unwrap().as_bytes()) > 0);
    let store = Store::open(&path).unwrap();
    let snapshot = store.snapshot().unwrap();
    let error = snapshot.fields_of(11).expect_err("the checksum does not fit");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("field 0"), "{error}");
    // It stays an error, and what is whole can be read.
    assert!(snapshot.field(FieldId(0), 0).is_err());
    assert_eq!(snapshot.id_of(11).unwrap(), "k11");
}

#[test]
fn a_cut_off_file_is_damaged() {
    for keep in [0, 100, 4096, 8192, 12_288, 100_000] {
        let (_folder, path) = stored();
        let file = std::fs::File::options().write(true).open(path.join("data.mdb")).unwrap();
        assert!(file.metadata().unwrap().len() > keep);
        file.set_len(keep).unwrap();
        let error = refused(&path);
        assert!(matches!(error, StoreError::Damaged { .. } | StoreError::Foreign(_)), "{keep}: {error}");
    }
}

#[test]
fn a_store_is_open_once_in_a_process() {
    let (_folder, path) = stored();
    let store = Store::open(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::AlreadyOpen(_)), "{error}");
    drop(store);
    Store::open(&path).unwrap();
}

#[test]
fn one_writer_at_a_time() {
    let (_folder, path) = stored();
    let store = Store::open(&path).unwrap();
    let first = Loader::begin(&store, &schema(), LoadOptions::default()).unwrap();
    let error = Loader::begin(&store, &schema(), LoadOptions::default()).err().expect("the first still writes");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    // Readers are not kept waiting.
    assert_eq!(store.snapshot().unwrap().contacts(), 20_000);
    drop(first);
    Loader::begin(&store, &schema(), LoadOptions::default()).unwrap();
}

#[test]
fn a_temporary_store_goes_away() {
    let store = Store::temporary(&schema()).unwrap();
    let path = store.path().to_owned();
    assert!(path.exists() && store.is_temporary());
    drop(store);
    assert!(!path.exists());
}
