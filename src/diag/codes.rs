//! The registry of codes. A code is never given another meaning; a retired one is never used again.

use super::Severity;

/// A stable code such as `E0203`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    id: &'static str,
    title: &'static str,
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

    /// Errors begin with `E`, warnings with `W`.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $id:ident $title:literal;)*) => {
        $(#[doc = $title] pub const $id: Code = Code { id: stringify!($id), title: $title };)*
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
    E0901 "a part of the language that this version does not evaluate yet";
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
