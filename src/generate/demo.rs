//! The example scripts of `examples/`, carried inside the program.
//!
//! They run on generated data. `use "../common.seg"` inside them is answered by [`read`].

use std::path::Path;

/// A script of the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What it is about, for people.
    pub title: &'static str,
    /// Its path below `examples/`, under which it must be checked for [`read`] to find what it uses.
    pub file: &'static str,
    /// Its text.
    pub script: &'static str,
    /// The `schema.toml` beside it: the part of [`super::schema`] it needs.
    pub schema: &'static str,
    /// The segment that the story leads up to.
    pub main: &'static str,
}

macro_rules! example {
    ($title:literal, $folder:literal, $main:literal) => {
        Example {
            title: $title,
            file: concat!($folder, "/segments.seg"),
            script: include_str!(concat!("../../examples/", $folder, "/segments.seg")),
            schema: include_str!(concat!("../../examples/", $folder, "/schema.toml")),
            main: $main,
        }
    };
}

/// The examples, one for each industry and one for all.
pub const EXAMPLES: [Example; 7] = [
    example!("E-commerce: lapsed VIPs", "ecommerce_lapsed_vip", "nieaktywni_vip"),
    example!("Retail: consent to text messages", "retail_sms_consent", "poprosic_o_zgode"),
    example!("Bank: cross-selling of a credit card", "bank_cross_selling", "sprzedaz_karty"),
    example!("Travel: last minute", "travel_last_minute", "last_minute"),
    example!("Health: reminders of a check-up", "health_reminders", "przypomnienie"),
    example!("Any industry: no mail opened in 30 days", "no_mail_opened_30d", "nudzimy"),
    example!("A tour of the language", "language_tour", "kupony"),
];

/// The script that all examples use, below `examples/`.
pub const COMMON: (&str, &str) = ("common.seg", include_str!("../../examples/common.seg"));

/// The static list of the tour.
const LIST: (&str, &str) = ("language_tour/nie_pisac.csv", include_str!("../../examples/language_tour/nie_pisac.csv"));

/// The text of an embedded script by its path below `examples/`, as the checker asks for it.
///
/// # Errors
/// What to say when there is none.
pub fn read(path: &Path) -> Result<String, String> {
    let known = EXAMPLES.iter().map(|example| (example.file, example.script)).chain([COMMON, LIST]);
    let found = known.into_iter().find(|(file, _)| Path::new(file) == path);
    found.map(|(_, text)| text.to_owned()).ok_or_else(|| "it is not one of the examples".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Options, check};
    use crate::syntax::Sources;

    #[test]
    fn embedded_examples_check_without_files() {
        for example in &EXAMPLES {
            let mut sources = Sources::default();
            let entry = sources.add(example.file, example.script);
            let schema = crate::generate::schema();
            let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &read });
            assert!(checked.diagnostics.is_empty(), "{}: {:?}", example.file, checked.diagnostics);
            assert!(checked.program.segments.iter().any(|segment| segment.name == example.main), "{}", example.file);
        }
    }
}
