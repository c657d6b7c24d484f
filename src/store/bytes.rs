//! Byte layouts: sections at multiples of 8, framed with a version and a checksum, read in place where the
//! alignment allows.

use std::borrow::Cow;

use bytemuck::Pod;

/// Version of all layouts; a change of any of them changes it.
const LAYOUT: u8 = 1;
pub(super) const FRAME: usize = 16;

/// Frames a payload for storing: layout, kind, length, checksum.
pub(super) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME + payload.len());
    out.extend_from_slice(&[LAYOUT, kind, 0, 0]);
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&checksum(payload).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The payload of a framed value of a kind; `None` when it is anything else. `verify` recomputes the checksum.
pub(super) fn unframe(kind: u8, value: &[u8], verify: bool) -> Option<&[u8]> {
    let (head, payload) = value.split_first_chunk::<FRAME>()?;
    let [layout, found, _, _, l0, l1, l2, l3, sum @ ..] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let whole = layout == LAYOUT && found == kind && length == payload.len();
    (whole && (!verify || u64::from_le_bytes(sum) == checksum(payload))).then_some(payload)
}

fn checksum(payload: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(payload)
}

/// Collects sections.
#[derive(Default)]
pub(super) struct SectionsWriter {
    ends: Vec<u32>,
    data: Vec<u8>,
}

impl SectionsWriter {
    pub fn push(&mut self, section: &[u8]) {
        self.data.extend_from_slice(section);
        self.ends.push(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
        self.data.resize(self.data.len().next_multiple_of(8), 0);
    }

    pub fn push_slice<T: Pod>(&mut self, values: &[T]) {
        self.push(bytemuck::cast_slice(values));
    }

    pub fn finish(self) -> Vec<u8> {
        let count = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let head = (4 + 4 * self.ends.len()).next_multiple_of(8);
        let mut out = Vec::with_capacity(head + self.data.len());
        out.extend_from_slice(&count.to_le_bytes());
        for end in &self.ends {
            out.extend_from_slice(&end.to_le_bytes());
        }
        out.resize(head, 0);
        out.extend_from_slice(&self.data);
        out
    }
}

/// Sections in order.
pub(super) struct Sections<'a> {
    ends: &'a [u8],
    data: &'a [u8],
    start: usize,
}

impl<'a> Sections<'a> {
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let (count, _) = bytes.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let head = count.checked_mul(4)?.checked_add(4)?.checked_next_multiple_of(8)?;
        let (_, data) = bytes.split_at_checked(head)?;
        Some(Self { ends: bytes.get(4..4 + 4 * count)?, data, start: 0 })
    }

    /// The next section.
    pub fn next(&mut self) -> Option<&'a [u8]> {
        let (end, rest) = self.ends.split_first_chunk::<4>()?;
        let end = u32::from_le_bytes(*end) as usize;
        let section = self.data.get(self.start..end)?;
        self.ends = rest;
        self.start = end.next_multiple_of(8);
        Some(section)
    }

    /// The next section as values, without copying when it is aligned.
    pub fn next_slice<T: Pod>(&mut self) -> Option<Cow<'a, [T]>> {
        cast(self.next()?)
    }
}

/// Bytes as values, without copying when they are aligned.
pub(super) fn cast<T: Pod>(bytes: &[u8]) -> Option<Cow<'_, [T]>> {
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return None;
    }
    Some(match bytemuck::try_cast_slice(bytes) {
        Ok(values) => Cow::Borrowed(values),
        Err(_) => Cow::Owned(bytemuck::allocation::pod_collect_to_vec(bytes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_come_back() {
        let mut writer = SectionsWriter::default();
        writer.push(b"abc");
        writer.push_slice(&[1_u64, 2]);
        writer.push(b"");
        let payload = writer.finish();
        let value = frame(7, &payload);
        let payload = unframe(7, &value, true).unwrap();
        let mut sections = Sections::open(payload).unwrap();
        assert_eq!(sections.next(), Some(b"abc".as_slice()));
        assert_eq!(sections.next_slice::<u64>().unwrap().as_ref(), [1, 2]);
        assert_eq!(sections.next(), Some(b"".as_slice()));
        assert_eq!(sections.next(), None);
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let value = frame(7, b"some payload of a column");
        for bit in 0..value.len() * 8 {
            // Two bytes of the head are not used.
            if (16..32).contains(&bit) {
                continue;
            }
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unframe(7, &damaged, true), None, "bit {bit}");
        }
        for len in 0..value.len() {
            assert_eq!(unframe(7, &value[..len], true), None);
        }
    }
}
