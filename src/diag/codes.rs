//! The registry of codes. A code is never given another meaning; a retired one is never used again.
//!
//! A new code is one line here, its page in `docs/errors/`, and at least one file in `tests/errors/`; the tests see to
//! it that the three agree. Codes by their second digit: 1 how it is written, 2 names, 3 types, 4 ranges and windows,
//! 5 texts inside texts, 6 schemas, 9 what is not there yet.

use super::Severity;

/// A stable code such as `E0203`.
#[derive(Clone, Copy)]
pub struct Code {
    id: &'static str,
    title: &'static str,
    page: &'static str,
}

impl Code {
    /// `E0203`
    #[must_use]
    pub fn id(self) -> &'static str {
        self.id
    }

    /// What all diagnostics with this code have in common.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.title
    }

    /// Its page of `docs/errors`: what it means, an example and the remedy, in Markdown.
    #[must_use]
    pub fn page(self) -> &'static str {
        self.page
    }

    /// What it means, in a sentence or two: the first paragraph of its page.
    ///
    /// ```
    /// assert_eq!(segql::diag::codes::E0140.summary(), "Equality is one `=`.");
    /// ```
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.page.split("\n\n").nth(1).unwrap_or_default().trim()
    }

    /// Whether it is about how a script is written, whatever it means.
    #[must_use]
    pub fn is_syntax(self) -> bool {
        self.id.starts_with("E01")
    }

    /// Errors begin with `E`, warnings with `W`.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.id.cmp(other.id)
    }
}

impl std::hash::Hash for Code {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The code of an id in whatever case, such as `e0203`.
#[must_use]
pub fn find(id: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $id:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $id: Code = Code {
                id: stringify!($id),
                title: $title,
                page: include_str!(concat!("../../docs/errors/", stringify!($id), ".md")),
            };
        )*
        /// Every code there is, in order.
        pub const ALL: &[Code] = &[$($id),*];
    };
}

codes! {
    E0101 "this is not how the language goes on here";
    E0102 "an unknown escape in a text";
    E0103 "nested too deeply";
    E0104 "larger than a script may be";
    E0105 "a number that cannot be kept";
    E0106 "not a date or an instant";
    E0107 "not a length of time";
    E0108 "an edition that this version does not know";
    E0109 "a script file that cannot be read";
    E0110 "something is missing";
    E0111 "more mistakes than are shown";
    E0112 "a text with one of its quotes missing";
    E0113 "a comment that never ends";
    E0114 "a name with one of its backticks missing";
    E0115 "an invisible character";
    E0116 "a character that looks like another";
    E0117 "a condition outside of a definition";
    E0118 "an unknown word";
    E0119 "a keyword in upper case";
    E0120 "conditions joined by a word instead of a group";
    E0121 "parentheses around a condition";
    E0122 "a group without its opening sign";
    E0123 "a group in other brackets";
    E0124 "something that is never closed";
    E0125 "a closing sign too many";
    E0126 "a missing `;`";
    E0127 "a `,` for a `;`";
    E0128 "nothing in a group";
    E0129 "a separator too many";
    E0130 "typographic quotation marks";
    E0131 "a text in single quotes";
    E0132 "a text without quotes";
    E0133 "a name in quotes";
    E0134 "a name that needs backticks";
    E0135 "a field without `field`";
    E0136 "a name without its kind";
    E0137 "a name written like a member or a call";
    E0138 "a keyword in another language";
    E0139 "two conditions without a group";
    E0140 "`==` for `=`";
    E0141 "another sign for `!=`";
    E0142 "another sign for `<=` or `>=`";
    E0143 "another way to say `not`";
    E0144 "another word for empty";
    E0145 "`like` for a text test";
    E0146 "two comparisons in one test";
    E0147 "a list with other separators or brackets";
    E0148 "a comparison in words";
    E0149 "a `not` inside a test";
    E0150 "a decimal comma";
    E0151 "a number with marks for its thousands";
    E0152 "an amount with its currency";
    E0153 "a percentage with a space or a word";
    E0154 "a number in words";
    E0160 "a date in another form";
    E0161 "a month for a day";
    E0162 "a length of time in several words";
    E0163 "minutes or months";
    E0164 "an unknown unit of time";
    E0165 "a number without its unit of time";
    E0166 "a length of time for a point in time";
    E0167 "`ago` where a length of time belongs";
    E0168 "a window up to now in other words";
    E0169 "an age in other words";
    E0170 "a range in other words";
    E0171 "another way to say `now`";
    E0172 "a fraction of a unit of time";
    E0175 "a number without `times`";
    E0176 "a number of times in other words";
    E0177 "a number of times that is neither a minimum nor a maximum";
    E0180 "a definition without its `=`";
    E0181 "a sign after a definition";
    E0182 "a statement of SQL";
    E0183 "a comment in another form";
    E0184 "a param without its `$`";
    E0185 "a param without its type";
    E0186 "a file name without quotes";
    E0187 "another arrow";
    E0188 "another word for `otherwise`";
    E0189 "`event` inside a function";
    E0190 "another name for a function";
    E0191 "a step without `then`";
    E0192 "`field` in a test on an event";
    E0193 "a function without parentheses";
    E0194 "a segment without a name";
    E0195 "a missing name";
    E0201 "an unknown field";
    E0202 "an unknown event";
    E0203 "a value outside the closed set";
    E0204 "an unknown attribute";
    E0205 "an unknown segment";
    E0206 "an unknown value or param";
    E0207 "a name defined twice";
    E0208 "definitions that need each other";
    E0209 "a file that cannot be read";
    E0210 "files that use each other";
    E0211 "an unknown type";
    E0212 "a prefix that no event begins with";
    E0213 "an unknown member of a record";
    E0214 "an unknown list";
    E0215 "an unknown decision";
    E0216 "a label that the decision does not give";
    E0217 "a list that cannot be read";
    E0301 "a test that does not fit the type";
    E0302 "an operand of the wrong type";
    E0303 "a function that does not fit its attribute";
    E0304 "a calculation with something that is no number";
    E0305 "a param whose value does not fit its type";
    E0306 "an `if` that gives two types";
    E0307 "a part that the value does not have";
    E0308 "an attribute that is of several types";
    E0309 "a function with the wrong arguments";
    E0310 "a ranking by something without an order";
    E0311 "a test on an event that does not begin with an attribute";
    E0312 "a value with too many operators";
    E0313 "a name where a value is needed";
    E0401 "a range that holds nothing";
    E0402 "a number of times that cannot be";
    E0403 "two of what can stand once";
    E0404 "a window that does not go with events";
    E0405 "a test that cannot hold for a time";
    E0406 "a sequence that begins with an absence";
    E0407 "a gap before the first step";
    E0408 "a share of more than all";
    E0409 "a decision that leaves contacts without a label";
    E0410 "a branch that is never reached";
    E0501 "a regular expression that cannot be read";
    E0601 "a schema that cannot be used";
    E0701 "an expectation of a test that is not met";
    W0101 "a condition that nobody satisfies";
    W0102 "a condition that everybody satisfies";
    W0103 "a part that changes nothing";
    W0104 "a condition that stands twice";
    W0105 "two negations";
    W0201 "a test that leaves out contacts without a value";
    W0202 "`at most` that includes none";
    W0301 "a value that never occurs";
    W0302 "a window longer than the history";
    W0401 "a test that expects nothing";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
