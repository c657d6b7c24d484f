//! A text that was mended, and where each piece of it came from.

use std::ops::Range;

/// One change: what to replace, with what.
pub(super) type Change = (Range<usize>, String);

/// A part of a text in which some ranges were replaced. Every place in it knows its place in the original.
#[derive(Debug, Clone, Default)]
pub(super) struct Patched {
    text: String,
    pieces: Vec<Piece>,
}

/// Consecutive bytes of the patched text.
#[derive(Debug, Clone)]
struct Piece {
    /// Where it begins in the patched text.
    start: usize,
    /// What it stands for in the original; of the same length for a copy.
    original: Range<usize>,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Copied,
    Written,
    /// Stands for something that is looked at elsewhere.
    Placeholder,
}

impl Patched {
    /// A range of a text, unchanged.
    pub fn new(text: &str, range: Range<usize>) -> Self {
        Self::cut(text, range, &[])
    }

    /// A range of a text, in which placeholders stand for some ranges (ascending) inside it.
    pub fn cut(text: &str, range: Range<usize>, placeholders: &[Change]) -> Self {
        let mut cut = Self::default();
        let mut at = range.start;
        for (hole, by) in placeholders {
            cut.copy(text, at..hole.start);
            cut.write(by, hole.clone(), Origin::Placeholder);
            at = hole.end;
        }
        cut.copy(text, at..range.end);
        cut
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether something in it stands for something else.
    pub fn has_placeholders(&self) -> bool {
        self.pieces.iter().any(|piece| piece.origin == Origin::Placeholder)
    }

    /// The text with further changes; ranges are of this patched text, ascending, and do not overlap.
    pub fn change(&self, changes: &[Change]) -> Self {
        let mut out = Self::default();
        let mut at = 0;
        for (range, by) in changes {
            self.append(at..range.start, &mut out);
            let mut original = self.original(range.clone());
            if !range.is_empty() {
                original.start = original.start.min(self.first_place(range.start));
            }
            out.write(by, original, Origin::Written);
            at = range.end;
        }
        self.append(at..usize::MAX, &mut out);
        out
    }

    /// What a range stands for in the original. What was written has the place of what it replaced; a place between
    /// two characters is behind the first of them.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = range.start.checked_sub(1).map_or_else(|| self.place(0).0, |before| self.place(before).1);
            return at..at;
        }
        let start = self.place(range.start).0;
        start..self.place(range.end - 1).1.max(start)
    }

    /// The changes that make this text of the original; placeholders change nothing.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.pieces.iter().enumerate().filter(|(_, piece)| piece.origin == Origin::Written).map(|(index, piece)| {
            let text = self.text.get(piece.start..self.end(index)).unwrap_or_default();
            (piece.original.clone(), text.to_owned())
        })
    }

    /// First and last original byte (exclusive) of what a byte stands for.
    fn place(&self, at: usize) -> (usize, usize) {
        let index = self.pieces.partition_point(|piece| piece.start <= at).saturating_sub(1);
        let Some(piece) = self.pieces.get(index) else { return (0, 0) };
        if piece.origin == Origin::Copied {
            let original = (piece.original.start + at - piece.start).min(piece.original.end);
            (original, (original + 1).min(piece.original.end))
        } else {
            (piece.original.start, piece.original.end)
        }
    }

    /// The original place of a byte, or of what was taken away just before it.
    fn first_place(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.start < at);
        match self.pieces.get(index) {
            Some(piece) if piece.start == at => piece.original.start,
            _ => self.place(at).0,
        }
    }

    fn copy(&mut self, text: &str, range: Range<usize>) {
        if let Some(copied) = text.get(range.clone()).filter(|copied| !copied.is_empty()) {
            self.pieces.push(Piece { start: self.text.len(), original: range, origin: Origin::Copied });
            self.text.push_str(copied);
        }
    }

    fn write(&mut self, by: &str, original: Range<usize>, origin: Origin) {
        // What was taken away without anything in its place is a piece too: it is a change.
        self.pieces.push(Piece { start: self.text.len(), original, origin });
        self.text.push_str(by);
    }

    fn append(&self, range: Range<usize>, out: &mut Self) {
        let first = self.pieces.partition_point(|piece| piece.start < range.start).saturating_sub(1);
        for (index, piece) in self.pieces.iter().enumerate().skip(first) {
            if piece.start > range.end {
                break;
            }
            let end = self.end(index);
            let (from, to) = (piece.start.max(range.start), end.min(range.end));
            let empty = piece.start == end && range.contains(&piece.start);
            if from > to || from == to && !empty {
                continue;
            }
            let original = match piece.origin {
                Origin::Copied => piece.original.start + from - piece.start..piece.original.start + to - piece.start,
                _ => piece.original.clone(),
            };
            out.pieces.push(Piece { start: out.text.len(), original, origin: piece.origin });
            out.text.push_str(self.text.get(from..to).unwrap_or_default());
        }
    }

    /// Where a piece ends in the text.
    fn end(&self, index: usize) -> usize {
        self.pieces.get(index + 1).map_or(self.text.len(), |next| next.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_everything_came_from() {
        let text = "Kraj == 'PL' AND all < a; b >";
        let skeleton = Patched::cut(text, 0..text.len(), &[(23..27, "everyone".to_owned())]);
        assert_eq!(skeleton.text(), "Kraj == 'PL' AND all < everyone >");
        let first = skeleton.change(&[(0..0, "field ".to_owned()), (5..7, "=".to_owned())]);
        assert_eq!(first.text(), "field Kraj = 'PL' AND all < everyone >");
        let second = first.change(&[(13..17, "\"PL\"".to_owned()), (17..21, ";".to_owned())]);
        assert_eq!(second.text(), "field Kraj = \"PL\"; all < everyone >");
        assert_eq!(second.original(6..10), 0..4);
        assert_eq!(second.original(11..12), 5..7);
        assert_eq!(second.original(13..17), 8..12);
        assert_eq!(second.original(19..22), 17..20);
        let changes: Vec<_> = second.changes().collect();
        assert_eq!(changes, [(0..0, "field ".into()), (5..7, "=".into()), (8..12, "\"PL\"".into()), (12..16, ";".to_owned())]);
        assert_eq!(Patched::new(text, 0..text.len()).change(&changes).text(), "field Kraj = \"PL\"; all < a; b >");
    }

    #[test]
    fn deletions_are_changes() {
        let text = "a b c";
        let once = Patched::new(text, 0..5).change(&[(1..3, String::new())]);
        assert_eq!(once.text(), "a c");
        let twice = once.change(&[(0..1, "x".to_owned())]);
        assert_eq!(twice.changes().collect::<Vec<_>>(), [(0..1, "x".to_owned()), (1..3, String::new())]);
        assert_eq!(twice.original(2..3), 4..5);
    }
}
