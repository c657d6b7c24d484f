//! Long scripts in pieces of whole definitions: several threads read them, and what is made of one stays in the cache.
//!
//! A piece begins at a line that looks like the beginning of a definition. Whether it is one turns out when the pieces are
//! read. One that cannot be read, because of a mistake or because the line stands inside a comment or a text, means that
//! the script has to be read whole.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::parse::MAX_SCRIPT_BYTES;

/// Shorter scripts are read whole: a thread costs more than it saves.
const LONG: usize = 32 << 10;
/// Bytes of a piece at least.
const PIECE: usize = 8 << 10;
/// More threads than this are not worth starting.
const MAX_THREADS: usize = 8;

/// The pieces of a long script, in order and without gaps; none of another.
///
/// The comments on lines of their own above a definition go with it, and no piece but the first begins before the second
/// definition. Where a piece ends, the formatter puts a blank line, whatever the text has there.
pub(crate) fn cut(text: &str) -> Vec<Range<usize>> {
    if (LONG..=MAX_SCRIPT_BYTES).contains(&text.len()) { cut_at(text, PIECE) } else { Vec::new() }
}

/// The same for any script, with pieces of so many bytes at least.
pub(crate) fn cut_at(text: &str, bytes: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut at, mut defined) = (0, 0, false);
    // Where a piece would begin if the next line began a definition.
    let mut place = None;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim_start().starts_with("//") {
            continue;
        }
        if ["segment ", "decision ", "test "].iter().any(|word| line.starts_with(word)) {
            if let Some(place) = place.filter(|place| defined && *place >= start + bytes) {
                pieces.push(start..place);
                start = place;
            }
            defined = true;
        }
        // A comment between `/*` and `*/` may belong to the line after it.
        place = (!line.contains('*')).then_some(at);
    }
    pieces.push(start..text.len());
    pieces
}

/// What `read` makes of each of several pieces, in order; `None` when it makes nothing of one, or there are fewer than two.
pub(crate) fn each<T: Send>(pieces: &[Range<usize>], read: &(dyn Fn(Range<usize>) -> Option<T> + Sync)) -> Option<Vec<T>> {
    if pieces.len() < 2 {
        return None;
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { return Some(done) };
            let Some(made) = read(piece.clone()) else {
                // Nobody needs the others.
                next.store(pieces.len(), Ordering::Relaxed);
                return None;
            };
            done.push((at, made));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(pieces.len());
    let mut all = std::thread::scope(|scope| {
        // A thread that cannot be started leaves its work to the others.
        let others: Vec<_> = (1..threads).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut all = work()?;
        for other in others {
            all.extend(other.join().ok()??);
        }
        Some(all)
    })?;
    all.sort_unstable_by_key(|(at, _)| *at);
    Some(all.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_begin_with_definitions_and_their_comments() {
        let text = "// script\nedition 1\n\nsegment a = everyone\n\n/// Doc.\n/// More.\nsegment b = all <\n  segment a >\nparam $n: number = 1\nsegment c =\n  nobody /* x */\nsegment d = nobody // d\ntest \"t\" { }\n";
        let pieces: Vec<&str> = cut_at(text, 1).into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(pieces.concat(), text);
        assert_eq!(
            pieces,
            [
                "// script\nedition 1\n\nsegment a = everyone\n\n",
                "/// Doc.\n/// More.\nsegment b = all <\n  segment a >\nparam $n: number = 1\n",
                "segment c =\n  nobody /* x */\nsegment d = nobody // d\n",
                "test \"t\" { }\n",
            ]
        );
    }

    #[test]
    fn results_come_in_order_or_not_at_all() {
        let pieces: Vec<Range<usize>> = (0..100).map(|n| n..n + 1).collect();
        assert_eq!(each(&pieces, &|piece| Some(piece.start)), Some((0..100).collect()));
        assert_eq!(each(&pieces, &|piece| (piece.start != 60).then_some(piece.start)), None);
        assert_eq!(each(&pieces[..1], &|piece| Some(piece.start)), None);
    }
}
