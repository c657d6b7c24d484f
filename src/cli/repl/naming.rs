//! Names in the texts of definitions.

use crate::ide::tokens::{Class, tokens};

/// The name of a condition that was typed without one.
pub fn is_unnamed(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text may speak of a condition that was typed without a name. Quicker than to look for its names.
pub fn may_name_unnamed(text: &str) -> bool {
    text.match_indices('_').any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before == '_' || before.is_alphanumeric())
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_name_conditions_are_not_overlooked() {
        for text in ["segment _", "not segment _12", "all <segment _; everyone>", "segment a = segment _1", "_"] {
            assert!(names_in(text).any(|range| is_unnamed(&text[range])), "{text}");
            assert!(may_name_unnamed(text), "{text}");
        }
        for text in ["field Status_VIP = \"a_1\"", "field zażółć_1 is set", "field a__1 is set", ""] {
            assert!(!may_name_unnamed(text), "{text}");
        }
    }
}
