//! What became of the lines of an import.

use std::collections::BTreeMap;

use serde::Serialize;

/// Why a line is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "`words` says it")]
pub enum Reason {
    R01,
    R02,
    R03,
    R04,
    R05,
    R06,
    R07,
    R08,
    R09,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

impl Reason {
    /// The reason in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::R01 => "broken JSON",
            Self::R02 => "broken CSV",
            Self::R03 => "not UTF-8",
            Self::R04 => "no contact_id",
            Self::R05 => "no event name",
            Self::R06 => "no usable ts",
            Self::R07 => "unknown field",
            Self::R08 => "unknown event",
            Self::R09 => "unknown attribute",
            Self::R10 => "wrong type",
            Self::R11 => "number out of range",
            Self::R12 => "value outside the closed set",
            Self::R13 => "contact_id too long",
            Self::R14 => "line too long",
            Self::R15 => "unusable op",
        }
    }
}

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// The file.
    pub file: String,
    /// The line, from 1; of Parquet the row.
    pub line: u64,
    /// Why, as a stable code.
    pub code: Reason,
    /// Why, in words: what was found where, what was wanted.
    pub message: String,
    /// The line itself, where it is text.
    pub text: String,
}

/// Rejected lines that a report keeps in full.
const KEPT: usize = 100_000;

/// What became of the lines of an import.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Lines read.
    pub lines: u64,
    /// Lines taken, duplicates included.
    pub accepted: u64,
    /// Events that the contact had already, by `event_id`; filled in by who loads.
    pub duplicate: u64,
    /// Lines among them that delete an event.
    pub deletions: u64,
    /// Values rounded to the decimals of their column.
    pub rounded: u64,
    /// Rejected lines by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// The rejected lines themselves, the first 100,000.
    #[serde(skip)]
    pub rejects: Vec<Reject>,
}

/// The same for a run of lines of one file.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub lines: u64,
    pub accepted: u64,
    pub deletions: u64,
    pub rounded: u64,
    pub rejects: Vec<(u64, Reason, String, String)>,
}

impl Report {
    /// Number of rejected lines.
    #[must_use]
    pub fn rejected_lines(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Whether more lines were rejected than allowed.
    #[must_use]
    pub fn too_many(&self, max: u64) -> bool {
        self.rejected_lines() > max
    }

    pub(super) fn add(&mut self, outcome: Outcome, file: &str) {
        self.lines += outcome.lines;
        self.accepted += outcome.accepted;
        self.deletions += outcome.deletions;
        self.rounded += outcome.rounded;
        for (line, code, message, text) in outcome.rejects {
            *self.rejected.entry(code).or_default() += 1;
            if self.rejects.len() < KEPT {
                self.rejects.push(Reject { file: file.to_owned(), line, code, message, text });
            }
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "lines read   {:>12}", self.lines)?;
        writeln!(f, "accepted     {:>12}", self.accepted)?;
        writeln!(f, "duplicate    {:>12}", self.duplicate)?;
        if self.deletions > 0 {
            writeln!(f, "deletions    {:>12}", self.deletions)?;
        }
        writeln!(f, "rounded      {:>12}", self.rounded)?;
        writeln!(f, "rejected     {:>12}", self.rejected_lines())?;
        for (code, count) in &self.rejected {
            writeln!(f, "  {code:?} {:<24} {count:>8}", code.words())?;
        }
        Ok(())
    }
}
