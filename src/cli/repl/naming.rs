//! Names in the texts of definitions.

use crate::ide::tokens::{Class, tokens};

/// The name of a condition that was typed without one.
pub fn is_unnamed(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// A definition without the edition that a script begins with: the session is of one edition.
pub fn without_edition(text: &str) -> String {
    let mut words = tokens(text).into_iter().filter(|(_, class)| *class != Class::Comment).map(|(range, _)| range);
    match (words.next(), words.next()) {
        (Some(word), Some(number)) if text.get(word.clone()) == Some("edition") => {
            let behind = text.get(number.end..).unwrap_or_default();
            format!("{}{}", text.get(..word.start).unwrap_or_default(), behind.trim_start())
        }
        _ => text.to_owned(),
    }
}

/// Where the names in a text stand.
pub fn names_in(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    tokens(text).into_iter().filter(|(_, class)| *class == Class::Name).map(|(range, _)| range)
}
