//! Rows by chunk, in memory while there is room, in temporary files after that.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::super::StoreError;
use super::super::record::{read_varint, write_varint};
use super::LoadOptions;

/// Rows of one kind by chunk.
pub(super) struct Partitions {
    /// One for each chunk, with or without rows.
    chunks: Vec<Partition>,
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
    /// After how many rows batches end that hold one after the other; none when all rows arrived together.
    ends: Vec<usize>,
}

impl Partitions {
    pub fn new(options: &LoadOptions) -> Self {
        let temp_dir = options.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        Self { chunks: Vec::new(), buffered: 0, budget: options.memory_budget / 2, temp_dir }
    }

    /// Adds a row of the contact at `slot` of `chunk`.
    pub fn push(&mut self, chunk: u32, slot: u32, body: &[u8]) {
        let at = chunk as usize;
        if at >= self.chunks.len() {
            self.chunks.resize_with(at + 1, Partition::default);
        }
        let Some(partition) = self.chunks.get_mut(at) else { return };
        let slot = u16::try_from(slot).unwrap_or(u16::MAX);
        let before = partition.buffer.len();
        write_row(&mut partition.buffer, slot, body);
        self.buffered += partition.buffer.len() - before;
    }

    /// Adds a batch of a chunk that has been stored as it came.
    pub fn push_batch(&mut self, chunk: u32, rows: &[u8]) {
        let at = chunk as usize;
        if at >= self.chunks.len() {
            self.chunks.resize_with(at + 1, Partition::default);
        }
        if let Some(partition) = self.chunks.get_mut(at) {
            partition.push_batch(rows);
            self.buffered += rows.len();
        }
    }

    /// The rows of all chunks in memory, when they are all there.
    pub fn in_memory(&self) -> Option<impl Iterator<Item = (u32, &[u8])>> {
        let is_whole = self.chunks.iter().all(|p| p.spilled == 0);
        is_whole.then(|| (0..).zip(&self.chunks).map(|(c, p)| (c, p.buffer.as_slice())).filter(|(_, rows)| !rows.is_empty()))
    }

    /// Bytes of all rows.
    pub fn len(&self) -> u64 {
        self.chunks.iter().map(Partition::len).sum()
    }

    /// Moves everything to files when there is more than the budget allows.
    pub fn spill_if_full(&mut self) -> Result<(), StoreError> {
        if self.buffered <= self.budget {
            return Ok(());
        }
        // A chunk that filled alone, as those of contacts in order of arrival do, may have taken all of the room.
        self.spill((self.budget / self.chunks.len().max(1)).saturating_mul(2))
    }

    /// Moves what is left to files, too, when something is there already.
    pub fn spill_rest(&mut self) -> Result<(), StoreError> {
        if self.in_memory().is_some() { Ok(()) } else { self.spill(0) }
    }

    /// Moves everything to files, and gives back the memory of buffers that have more than `kept` bytes of it.
    fn spill(&mut self, kept: usize) -> Result<(), StoreError> {
        let failed = |error| StoreError::Io { action: "write temporary data to", path: self.temp_dir.clone(), error };
        for partition in &mut self.chunks {
            if !partition.buffer.is_empty() {
                let file = match &mut partition.file {
                    Some(file) => file,
                    None => partition.file.insert(tempfile::tempfile_in(&self.temp_dir).map_err(failed)?),
                };
                file.write_all(&partition.buffer).map_err(failed)?;
                partition.spilled += partition.buffer.len() as u64;
                partition.buffer.clear();
            }
            if partition.buffer.capacity() > kept {
                partition.buffer = Vec::new();
            }
        }
        self.buffered = 0;
        Ok(())
    }

    /// The chunks that have rows, ascending.
    pub fn chunks(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.chunks).filter(|(_, partition)| partition.len() > 0).map(|(chunk, _)| chunk)
    }

    /// The rows of a chunk.
    pub fn get(&self, chunk: u32) -> Option<&Partition> {
        self.chunks.get(chunk as usize).filter(|partition| partition.len() > 0)
    }
}

impl Partition {
    /// Adds a batch that has been stored as it came.
    pub fn push_batch(&mut self, rows: &[u8]) {
        self.buffer.extend_from_slice(rows);
        self.ends.push(self.ends.last().copied().unwrap_or(0) + count(rows));
    }

    /// After how many rows its batches end.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Bytes of all rows.
    pub fn len(&self) -> u64 {
        self.spilled + self.buffer.len() as u64
    }

    /// Hands on slot and body of every row, in order of arrival.
    pub fn each(&self, take: &mut TakeRow<'_>) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            let failed = |error| StoreError::Io { action: "read temporary data from", path: std::env::temp_dir(), error };
            let mut file = file;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut left = usize::try_from(self.spilled).unwrap_or(usize::MAX);
            // Pieces that end in the middle of a row are put before the next.
            let mut piece: Vec<u8> = Vec::new();
            while left > 0 {
                let kept = piece.len();
                piece.resize(kept + left.min(PIECE), 0);
                file.read_exact(piece.get_mut(kept..).unwrap_or_default()).map_err(failed)?;
                left -= piece.len() - kept;
                let end = each_whole(&piece, take)?;
                piece.drain(..end);
            }
        }
        each_whole(&self.buffer, take).map(drop)
    }
}

/// What takes the slot and the body of a row.
type TakeRow<'t> = dyn FnMut(u16, &[u8]) -> Result<(), StoreError> + 't;

/// Bytes of a file read at once.
const PIECE: usize = 1 << 20;

pub(in crate::store) fn write_row(out: &mut Vec<u8>, slot: u16, body: &[u8]) {
    out.extend_from_slice(&slot.to_le_bytes());
    write_varint(out, body.len() as u64);
    out.extend_from_slice(body);
}

/// Hands on slot and body of every whole row in `bytes`, and returns where they end.
pub(in crate::store) fn each_whole(bytes: &[u8], take: &mut TakeRow<'_>) -> Result<usize, StoreError> {
    let mut end = 0;
    let row = |at: usize| -> Option<(u16, &[u8], usize)> {
        let (slot, rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
        let (len, width) = read_varint(rest)?;
        let body = rest.get(width..)?.get(..usize::try_from(len).ok()?)?;
        Some((u16::from_le_bytes(*slot), body, at + 2 + width + body.len()))
    };
    while let Some((slot, body, next)) = row(end) {
        take(slot, body)?;
        end = next;
    }
    Ok(end)
}

/// Number of rows.
pub(in crate::store) fn count(bytes: &[u8]) -> usize {
    let mut rows = 0;
    let counted = each_whole(bytes, &mut |_, _| {
        rows += 1;
        Ok(())
    });
    // Counting does not fail.
    drop(counted);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunks that fill one after the other give their room back, and what went to files comes back in order.
    #[test]
    fn memory_is_bounded_whatever_the_order() {
        let budget = 1 << 16;
        let options = LoadOptions { memory_budget: 2 * budget, ..LoadOptions::default() };
        let row = |chunk: u32, n: u32| [chunk.to_le_bytes(), n.to_le_bytes()].concat();
        for chunk_after_chunk in [true, false] {
            let mut partitions = Partitions::new(&options);
            let (chunks, rows) = (16_u32, 20_000_u32);
            let mut most = 0;
            for at in 0..chunks * rows {
                let (chunk, n) = if chunk_after_chunk { (at / rows, at % rows) } else { (at % chunks, at / chunks) };
                partitions.push(chunk, n, &row(chunk, n));
                if n % 100 == 0 {
                    partitions.spill_if_full().unwrap();
                    most = most.max(partitions.chunks.iter().map(|p| p.buffer.capacity()).sum());
                }
            }
            assert!(most <= 4 * budget, "{most} bytes");
            partitions.spill_rest().unwrap();
            assert!(partitions.chunks.iter().all(|p| p.buffer.capacity() == 0 && p.spilled > 0));
            for chunk in 0..chunks {
                let mut n = 0;
                let mut take = |slot: u16, body: &[u8]| {
                    assert_eq!((u32::from(slot), body), (n, row(chunk, n).as_slice()));
                    n += 1;
                    Ok(())
                };
                partitions.get(chunk).unwrap().each(&mut take).unwrap();
                assert_eq!(n, rows);
            }
        }
    }
}
