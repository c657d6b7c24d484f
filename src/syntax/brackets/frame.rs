//! What is known of one open bracket.

use super::Members;

/// How far a test has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// A condition, a value or an attribute may begin.
    Start,
    /// A value has been read: an operator may follow.
    Value,
    /// The operator has been read, or none can follow.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    No,
    Words,
    Number,
}

#[expect(clippy::struct_excessive_bools, reason = "each remembers one word that was read")]
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The sign that closes it; none for the whole text.
    pub closer: Option<char>,
    pub members: Option<Members>,
    pub progress: Progress,
    /// Whether parts of a `where` are read.
    pub filter: bool,
    pub base_filter: bool,
    /// A `between` waits for its `and`.
    pub between: bool,
    /// The words that open a group have just been read.
    pub head: Option<Members>,
    pub has: bool,
    pub count: Count,
    pub sequence: bool,
    pub decision: bool,
    pub ranked: bool,
    /// `not`s before the condition that is being read.
    pub nots: usize,
    /// Nesting around this bracket.
    pub depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Of a value.
    Value,
    /// Of an event, a segment, a list.
    Other,
    Event,
    Decision,
    /// The rest of a dotted name.
    Path,
}

impl Frame {
    pub fn new(closer: Option<char>, members: Option<Members>, filter: bool, depth: usize) -> Self {
        Self {
            closer,
            members,
            progress: Progress::Start,
            filter,
            base_filter: filter,
            between: false,
            head: None,
            has: false,
            count: Count::No,
            sequence: false,
            decision: false,
            ranked: false,
            nots: 0,
            depth,
        }
    }

    /// A new condition or a new part of a filter begins.
    pub fn start(&mut self, filter: bool) {
        let fresh = Self::new(self.closer, self.members, self.base_filter, self.depth);
        *self = Self { filter, ..fresh };
    }

    pub fn name(&mut self, naming: Naming) {
        self.head = None;
        match naming {
            Naming::Value if self.progress == Progress::Start => self.progress = Progress::Value,
            Naming::Value | Naming::Path => {}
            Naming::Other | Naming::Event => self.progress = Progress::Done,
            Naming::Decision => {
                self.progress = Progress::Done;
                self.decision = true;
            }
        }
    }

    pub fn compare(&mut self) {
        self.has = false;
        self.decision = false;
        if self.progress == Progress::Value {
            self.progress = Progress::Done;
        }
    }

    /// A word after a value.
    pub fn operator(&mut self, word: &str, tolerant: bool) {
        match word {
            "and" | "or" if tolerant => self.start(self.filter),
            "between" => {
                self.between = true;
                self.progress = Progress::Done;
            }
            "has" => {
                self.has = true;
                self.progress = Progress::Done;
            }
            "is" | "in" | "not" | "contains" | "starts" | "ends" | "matches" | "anniversary" | "within" | "older" | "before"
            | "after" | "since" | "on" | "this" | "last" | "today" | "yesterday" => self.progress = Progress::Done,
            _ => {}
        }
    }
}
