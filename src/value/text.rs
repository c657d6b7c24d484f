//! Unicode at the door: NFC, and folding for comparisons that ignore case or accents.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::{IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfc_quick};

/// What a text test ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Folding {
    /// `ignoring case`.
    pub case: bool,
    /// `ignoring accents`.
    pub accents: bool,
}

impl Folding {
    /// Whether the test compares texts as they are.
    #[must_use]
    pub fn is_exact(self) -> bool {
        !self.case && !self.accents
    }
}

/// `text` in Unicode normalisation form C, without copying when it is already.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// `text` as `folding` sees it. Texts are equal under a folding exactly when their folds are equal.
///
/// ```
/// use segql::value::{Folding, fold};
/// let both = Folding { case: true, accents: true };
/// assert_eq!(fold("ŁÓDŹ", both), fold("lodz", both));
/// ```
#[must_use]
pub fn fold(text: &str, folding: Folding) -> Cow<'_, str> {
    match (folding.case, folding.accents) {
        (false, false) => Cow::Borrowed(text),
        (true, false) => Cow::Owned(text.chars().default_case_fold().nfc().collect()),
        (false, true) => Cow::Owned(without_accents(text)),
        (true, true) => {
            let folded: String = without_accents(text).chars().default_case_fold().collect();
            // Case folding may bring marks back (`İ`), so strip once more.
            Cow::Owned(without_accents(&folded))
        }
    }
}

fn without_accents(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).map(base_letter).nfc().collect()
}

/// Letters that people read as accented but that Unicode does not decompose.
fn base_letter(c: char) -> char {
    match c {
        'ł' => 'l',
        'Ł' => 'L',
        'ø' => 'o',
        'Ø' => 'O',
        'đ' | 'ð' => 'd',
        'Đ' | 'Ð' => 'D',
        'ħ' => 'h',
        'Ħ' => 'H',
        'ı' => 'i',
        'ŧ' => 't',
        'Ŧ' => 'T',
        other => other,
    }
}

/// A whole number with a narrow gap between thousands.
///
/// ```
/// assert_eq!(segql::value::grouped(1_234_567), "1\u{202f}234\u{202f}567");
/// ```
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nfd_becomes_nfc() {
        assert_eq!(nfc("Ło\u{301}dz\u{301}"), "Łódź");
        assert!(matches!(nfc("Łódź"), Cow::Borrowed(_)));
    }

    #[test]
    fn folds_are_what_people_expect() {
        let case = Folding { case: true, accents: false };
        let accents = Folding { case: false, accents: true };
        let both = Folding { case: true, accents: true };
        assert_eq!(fold("ŁÓDŹ", case), "łódź");
        assert_eq!(fold("Łódź", accents), "Lodz");
        assert_eq!(fold("ŁÓDŹ", both), "lodz");
        assert_eq!(fold("Straße", case), fold("STRASSE", case));
        assert_eq!(fold("İstanbul", both), "istanbul");
    }
}
