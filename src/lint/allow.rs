//! Which warnings are allowed where.

use std::collections::{HashMap, HashSet};

use crate::diag::Diagnostic;
use crate::schema::Schema;
use crate::syntax::{SourceId, Sources};

/// The word that begins an allowance, in a comment.
const MARK: &str = "segql: allow ";

/// Allowances of a schema and of the comments of all sources.
pub(super) struct Allowed<'a> {
    schema: &'a [String],
    sources: &'a Sources,
    /// Codes for a whole file.
    files: HashSet<(SourceId, &'a str)>,
    /// Codes for one line.
    lines: HashMap<(SourceId, usize), Vec<&'a str>>,
}

impl<'a> Allowed<'a> {
    pub fn new(schema: &'a Schema, sources: &'a Sources) -> Self {
        let mut allowed = Self { schema: &schema.allowed_lints, sources, files: HashSet::new(), lines: HashMap::new() };
        for (id, source) in sources.iter().filter(|(_, s)| s.text.contains(MARK)) {
            let mut begun = false;
            for (at, line) in source.text.lines().enumerate() {
                let code = line.trim_start();
                let comment = line.find("//").and_then(|c| line.get(c + 2..)).and_then(|c| c.trim_start().strip_prefix(MARK));
                if let Some(codes) = comment {
                    let codes = codes.split([',', ' ']).map(str::trim).filter(|c| !c.is_empty());
                    // At the top of a file it is for the file; after a condition for its line, alone for the next line.
                    if !begun && code.starts_with("//") {
                        allowed.files.extend(codes.map(|c| (id, c)));
                    } else {
                        let line = if code.starts_with("//") { at + 2 } else { at + 1 };
                        allowed.lines.entry((id, line)).or_default().extend(codes);
                    }
                }
                begun |= !code.is_empty() && !code.starts_with("//") && !code.starts_with("edition");
            }
        }
        allowed
    }

    pub fn allows(&self, warning: &Diagnostic) -> bool {
        let (code, source) = (warning.code.id(), warning.span.source);
        let line = || self.sources.get(source).map_or(0, |s| s.position(warning.span.start).line);
        self.schema.iter().any(|c| c == code)
            || self.files.contains(&(source, code))
            || !self.lines.is_empty() && self.lines.get(&(source, line())).is_some_and(|codes| codes.contains(&code))
    }
}
