//! `segql check --fix`: certain fixes, made in the files.

use std::path::Path;

use super::failure::Failure;
use super::output;
use crate::diag::{Diagnostic, Severity, apply_certain};
use crate::syntax::{SourceId, Sources};

/// Rounds of fixing and looking again before a file is left as it is then.
const MAX_ROUNDS: usize = 100;

/// What came of one text.
pub struct Fixed {
    /// The text with the fixes.
    pub text: String,
    /// What was done: ``a.seg:3:7: fixed[E0140]: write `=` ``.
    pub report: Vec<String>,
}

/// Checks a text: its sources, with the text itself first, and what is wrong.
pub type Check<'a> = dyn FnMut(&str) -> (Sources, Vec<Diagnostic>) + 'a;

/// Makes the certain fixes of a text until none is left. A round that would leave more errors than before is not made.
pub fn fix(name: &str, text: String, check: &mut Check<'_>) -> Fixed {
    let entry = SourceId(0);
    let mut fixed = Fixed { text, report: Vec::new() };
    let (mut sources, mut diagnostics) = check(&fixed.text);
    for _ in 0..MAX_ROUNDS {
        let Some(applied) = apply_certain(&fixed.text, entry, &diagnostics) else { break };
        let (next_sources, next) = check(&applied.text);
        if errors(&next) > errors(&diagnostics) {
            break;
        }
        for diagnostic in applied.made.iter().filter_map(|index| diagnostics.get(*index)) {
            fixed.report.push(line(name, diagnostic, &sources));
        }
        fixed.text = applied.text;
        (sources, diagnostics) = (next_sources, next);
    }
    fixed
}

fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics.iter().filter(|d| d.severity() == Severity::Error).count()
}

fn line(name: &str, diagnostic: &Diagnostic, sources: &Sources) -> String {
    let position = sources.get(diagnostic.span.source).map(|source| source.position(diagnostic.span.start));
    let place = position.map_or(String::new(), |p| format!(":{}:{}", p.line, p.column));
    let title = diagnostic.fixes.first().map_or("", |fix| fix.title.as_str());
    let title = title
        .strip_prefix("did you mean ")
        .map_or_else(|| title.to_owned(), |word| format!("write {}", word.trim_end_matches('?')));
    format!("{name}{place}: fixed[{}]: {title}", diagnostic.code)
}

/// Replaces a file as a whole: the old text is there until the new one is. The file keeps its permissions, and a link
/// stays a link.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::file("write", path, &e);
    let real = path.canonicalize().map_err(failed)?;
    let permissions = std::fs::metadata(&real).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(Failure::io(format!("cannot write `{}`: it is read-only", path.display())));
    }
    output::write(Some(&real), text.as_bytes())?;
    std::fs::set_permissions(&real, permissions).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    fn fixed(text: &str) -> Fixed {
        fix("a.seg", text.to_owned(), &mut |text| {
            let mut sources = Sources::default();
            let id = sources.add("a.seg", text);
            let (_, diagnostics) = parse(text, id);
            (sources, diagnostics)
        })
    }

    #[test]
    fn fixes_until_nothing_is_left() {
        let done = fixed("segment a = Kraj == 'PL' AND wiek IS NOT NULL;\r\nsegment b = event 'Zakup' within 180m\r\n");
        assert_eq!(
            done.text,
            "segment a = all < field Kraj = \"PL\"; field wiek is set >\r\nsegment b = event Zakup within 180m\r\n"
        );
        assert_eq!(done.report.len(), 8);
        assert_eq!(done.report[0], "a.seg:1:13: fixed[E0135]: write `field Kraj`");
    }

    #[test]
    fn a_right_text_stays() {
        let done = fixed("segment a = everyone // all\n");
        assert_eq!((done.text.as_str(), done.report.len()), ("segment a = everyone // all\n", 0));
    }
}
