//! The nearest known name.

use crate::value::{Folding, fold};

/// The known name that was probably meant: equal without case, equal without accents, close in spelling (at most a
/// third of the letters differ), or containing it, in this order. `None` for names under three letters that match
/// nothing exactly, and when nothing is near.
///
/// ```
/// use segql::check::nearest;
/// assert_eq!(nearest("Glod", ["Silver", "Gold"]), Some("Gold"));
/// assert_eq!(nearest("lodz", ["Łódź", "Kraków"]), Some("Łódź"));
/// assert_eq!(nearest("x", ["Gold"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let key = fold(name, Folding { case: true, accents: true }).into_owned();
    let letters = key.chars().count();
    known
        .into_iter()
        .filter_map(|candidate| {
            let folded = fold(candidate, Folding { case: true, accents: true });
            let distance = strsim::osa_distance(&key, &folded);
            let rank = if distance == 0 {
                0
            } else if letters < 3 {
                return None;
            } else if distance <= letters.max(folded.chars().count()) / 3 {
                distance
            } else if folded.contains(&key) || letters > 5 && key.contains(folded.as_ref()) && folded.chars().count() > 3 {
                1000 + distance
            } else {
                return None;
            };
            Some((rank, candidate))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}
