//! Rows by chunk, in memory while there is room, in temporary files after that.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::super::StoreError;
use super::LoadOptions;

/// Rows of one kind by chunk.
pub(super) struct Partitions {
    partitions: BTreeMap<u32, Partition>,
    buffered: usize,
    budget: usize,
    temp_dir: PathBuf,
}

/// The rows of one chunk, in order of arrival.
#[derive(Default)]
pub(super) struct Partition {
    /// The rows that are not in the file.
    buffer: Vec<u8>,
    file: Option<File>,
    spilled: u64,
}

/// Slot and length of a row's body, before it.
const HEAD: usize = 6;

impl Partitions {
    pub fn new(options: &LoadOptions) -> Self {
        let temp_dir = options.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        Self { partitions: BTreeMap::new(), buffered: 0, budget: options.memory_budget / 2, temp_dir }
    }

    /// Adds a row of the contact at `slot` of `chunk`.
    pub fn push(&mut self, chunk: u32, slot: u32, body: &[u8]) -> Result<(), StoreError> {
        let partition = self.partitions.entry(chunk).or_default();
        let slot = u16::try_from(slot).unwrap_or(u16::MAX);
        partition.buffer.extend_from_slice(&slot.to_le_bytes());
        partition.buffer.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        partition.buffer.extend_from_slice(body);
        self.buffered += HEAD + body.len();
        Ok(())
    }

    /// Moves everything to files when there is more than the budget allows.
    pub fn spill_if_full(&mut self) -> Result<(), StoreError> {
        if self.buffered <= self.budget {
            return Ok(());
        }
        let failed = |error| StoreError::Io { action: "write temporary data to", path: self.temp_dir.clone(), error };
        for partition in self.partitions.values_mut() {
            let file = match &mut partition.file {
                Some(file) => file,
                None => partition.file.insert(tempfile::tempfile_in(&self.temp_dir).map_err(failed)?),
            };
            file.write_all(&partition.buffer).map_err(failed)?;
            partition.spilled += partition.buffer.len() as u64;
            partition.buffer.clear();
        }
        self.buffered = 0;
        Ok(())
    }

    /// The chunks that have rows, ascending.
    pub fn chunks(&self) -> impl Iterator<Item = u32> {
        self.partitions.keys().copied()
    }

    /// The rows of a chunk.
    pub fn get(&self, chunk: u32) -> Option<&Partition> {
        self.partitions.get(&chunk)
    }
}

impl Partition {
    /// Bytes of all rows.
    pub fn len(&self) -> u64 {
        self.spilled + self.buffer.len() as u64
    }

    /// The rows of the contacts for which `wanted` holds, one after the other in `out`: slot, length, body.
    pub fn read(&self, wanted: impl Fn(u16) -> bool, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            let failed = |error| StoreError::Io { action: "read temporary data from", path: std::env::temp_dir(), error };
            let mut reader = BufReader::with_capacity(1 << 20, file);
            reader.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut left = self.spilled;
            while left > 0 {
                let mut head = [0; HEAD];
                reader.read_exact(&mut head).map_err(failed)?;
                let (slot, len) = split_head(head);
                if wanted(slot) {
                    out.extend_from_slice(&head);
                    let start = out.len();
                    out.resize(start + len, 0);
                    reader.read_exact(out.get_mut(start..).unwrap_or_default()).map_err(failed)?;
                } else {
                    reader.seek_relative(i64::try_from(len).unwrap_or(i64::MAX)).map_err(failed)?;
                }
                left = left.saturating_sub((HEAD + len) as u64);
            }
        }
        for (slot, range) in rows(&self.buffer).filter(|(slot, _)| wanted(*slot)) {
            let body = self.buffer.get(range).unwrap_or_default();
            out.extend_from_slice(&slot.to_le_bytes());
            out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(body);
        }
        Ok(())
    }
}

fn split_head([s0, s1, l0, l1, l2, l3]: [u8; HEAD]) -> (u16, usize) {
    (u16::from_le_bytes([s0, s1]), u32::from_le_bytes([l0, l1, l2, l3]) as usize)
}

/// Slot and place of the body of every row that [`Partition::read`] or a buffer holds.
pub(super) fn rows(bytes: &[u8]) -> impl Iterator<Item = (u16, std::ops::Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head = bytes.get(at..)?.first_chunk::<HEAD>()?;
        let (slot, len) = split_head(*head);
        let start = at + HEAD;
        at = start + len;
        Some((slot, start..at))
    })
}
