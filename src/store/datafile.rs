//! The length of LMDB's data file, looked at before it is mapped: reading a mapped page that the file does not have ends
//! the process.
//!
//! Layout after `MDB_meta` of LMDB 0.9: two pages each begin with a 16-byte page header, then magic, version, address, map
//! size, two database records (the first one's padding holds the page size), the last used page and the transaction.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::StoreError;

const MAGIC: u32 = 0xBEEF_C0DE;
const MAGIC_AT: usize = 16;
const PAGE_SIZE_AT: usize = 40;
const LAST_PAGE_AT: usize = 136;
const TRANSACTION_AT: usize = 144;
const META_BYTES: usize = 152;

/// What a meta page says.
struct Meta {
    page_size: u64,
    last_page: u64,
    transaction: u64,
}

/// The bytes that the file must have, or `None` when it does not begin like a data file.
fn wanted(file: &mut File) -> std::io::Result<Option<u64>> {
    let Some(first) = meta_at(file, 0)? else { return Ok(None) };
    let second = meta_at(file, first.page_size)?;
    // LMDB writes the two in turn; the one with the later transaction holds.
    let newest = match second {
        Some(second) if second.transaction > first.transaction => second,
        _ => first,
    };
    Ok(newest.last_page.checked_add(1).and_then(|pages| pages.checked_mul(newest.page_size)))
}

fn meta_at(file: &mut File, at: u64) -> std::io::Result<Option<Meta>> {
    let mut bytes = [0; META_BYTES];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let u32_at =
        |at: usize| bytes.get(at..).and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_le_bytes(*b)).unwrap_or_default();
    let u64_at =
        |at: usize| bytes.get(at..).and_then(|b| b.first_chunk::<8>()).map(|b| u64::from_le_bytes(*b)).unwrap_or_default();
    let page_size = u32_at(PAGE_SIZE_AT);
    let is_meta = u32_at(MAGIC_AT) == MAGIC && page_size.is_power_of_two();
    Ok(is_meta.then(|| Meta {
        page_size: page_size.into(),
        last_page: u64_at(LAST_PAGE_AT),
        transaction: u64_at(TRANSACTION_AT),
    }))
}

/// Whether the file at `path` is a data file, and whole.
///
/// # Errors
/// [`StoreError::Damaged`] for one that was cut off, or an unreadable one.
pub(super) fn check(path: &Path) -> Result<bool, StoreError> {
    let failed = |error| StoreError::Io { action: "read", path: path.to_owned(), error };
    let mut file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    match wanted(&mut file).map_err(failed)? {
        None => Ok(false),
        Some(wanted) if wanted > len => {
            Err(StoreError::damaged(format!("the end of `{}` ({len} bytes of {wanted})", path.display())))
        }
        Some(_) => Ok(true),
    }
}

/// Gives the file the length that it says it has: LMDB does not write pages at the end that it has used and freed in one
/// transaction, and then a whole file would look cut off. Only the writer may call this.
///
/// # Errors
/// A full disk, or an unreadable file.
pub(super) fn pad(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::Io { action: "extend", path: path.to_owned(), error };
    let mut file = File::options().read(true).write(true).open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    match wanted(&mut file).map_err(failed)? {
        Some(wanted) if wanted > len => file.set_len(wanted).map_err(failed),
        _ => Ok(()),
    }
}
