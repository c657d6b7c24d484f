//! Diagnostics as plain data, the registry of their codes, and how they are shown.
//!
//! A [`Diagnostic`] is made where a mistake is found; [`render`] turns it into text, JSON or one line, [`Sarif`] into a
//! log for other tools, and [`apply_certain`] makes its fix. Messages are
//! lower case, without a final period, with the user's text in backticks, and say enough alone.

pub mod codes;
mod fix;
pub mod render;
mod sarif;

use crate::syntax::Span;
use serde::Serialize;

pub use codes::Code;
pub use fix::{Applied, apply_certain};
pub use sarif::Sarif;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// It runs, but look.
    Warning,
}

/// One mistake, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// The smallest text that must change.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to say at [`Self::span`] itself; the message's reason in a few words. May be empty.
    pub label: String,
    /// Other places that matter, and why.
    pub labels: Vec<Label>,
    /// What to do, one action each.
    pub help: Vec<String>,
    /// Edits that mend it.
    pub fixes: Vec<Fix>,
}

/// A place and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
}

/// A set of edits that mends a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: ``write `Gold` ``.
    pub title: String,
    /// Whether it is sure to be what was meant.
    pub applicability: Applicability,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// Whether a fix is sure to be what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// It is.
    Certain,
    /// A guess.
    Maybe,
}

/// Replaces the text of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What to replace.
    pub span: Span,
    /// With what.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic with the severity of its code.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            label: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says a few words at the place itself.
    #[must_use]
    pub fn here(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds a piece of advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a fix that replaces one span.
    #[must_use]
    pub fn fix(mut self, applicability: Applicability, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fixes.push(Fix { title: title.into(), applicability, edits: vec![Edit { span, text: text.into() }] });
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Whether one of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity() == Severity::Error)
}
