//! `segql test`

use std::fmt::Write as _;

use serde_json::json;

use super::args::{TestArgs, TestFormat};
use super::failure::Failure;
use super::{Ui, data, output, script};
use crate::diag::{has_errors, render};
use crate::syntax::Sources;
use crate::testing::{self, Outcome};
use crate::time::Clock;

/// The tests of one file.
struct Tested {
    file: String,
    outcomes: Vec<Outcome>,
    sources: Sources,
}

/// Runs the tests of every file; files with errors run none.
pub fn test(args: &TestArgs, ui: Ui) -> Result<(), Failure> {
    let schema = data::schema_of(args.schema.as_deref(), args.store.as_deref(), ui)?;
    let clock = Clock { now: data::instant(&args.now, &schema)?, zone: schema.timezone };
    let overrides = script::parse_set(&args.set)?;
    let mut all = Vec::new();
    let mut broken = false;
    for path in &args.scripts {
        let file = path.display().to_string();
        let mut sources = Sources::default();
        let entry = script::add_file(path, &mut sources, ui)?;
        let checked = script::check_entry(&mut sources, entry, &schema, &overrides, None);
        let outcomes = if has_errors(&checked.diagnostics) {
            eprint!("{}", render::human(&checked.diagnostics, &sources, ui.color));
            broken = true;
            Vec::new()
        } else {
            testing::run(&checked, &schema, clock)
        };
        all.push(Tested { file, outcomes, sources });
    }
    let text = match args.format {
        TestFormat::Human => human(&all, ui.color),
        TestFormat::Json => json_lines(&all),
        TestFormat::Junit => junit(&all)?,
    };
    output::print(text.as_bytes())?;
    let failed = all.iter().flat_map(|t| &t.outcomes).any(|o| !o.failures.is_empty());
    if failed || broken { Err(Failure::Script) } else { Ok(()) }
}

fn human(all: &[Tested], color: bool) -> String {
    let mut out = String::new();
    let (mut passed, mut failed) = (0, 0);
    for tested in all {
        for outcome in &tested.outcomes {
            let verdict = if outcome.failures.is_empty() { "ok" } else { "FAILED" };
            let _ = writeln!(out, "{}: {} ... {verdict}", tested.file, outcome.title);
            if outcome.failures.is_empty() {
                passed += 1;
            } else {
                failed += 1;
                out.push_str(&render::human(&outcome.failures, &tested.sources, color));
            }
        }
    }
    if passed + failed == 0 {
        out.push_str("no tests; write one: test \"name\" { contact \"anna\" { ... } expect \"anna\" in segment_name }\n");
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    out
}

fn json_lines(all: &[Tested]) -> String {
    let mut out = String::new();
    for tested in all {
        for outcome in &tested.outcomes {
            let failures: serde_json::Value = render::json(&outcome.failures, &tested.sources)
                .lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
                .collect();
            let line = json!({
                "file": tested.file,
                "test": outcome.title,
                "passed": outcome.failures.is_empty(),
                "expectations": outcome.expectations,
                "failures": failures,
            });
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

fn junit(all: &[Tested]) -> Result<String, Failure> {
    use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
    let mut report = Report::new("segql");
    for tested in all {
        let mut suite = TestSuite::new(&tested.file);
        for outcome in &tested.outcomes {
            let status = if outcome.failures.is_empty() {
                TestCaseStatus::success()
            } else {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let messages: Vec<&str> = outcome.failures.iter().map(|f| f.message.as_str()).collect();
                status.set_message(messages.join("; "));
                status.set_description(render::human(&outcome.failures, &tested.sources, false));
                status
            };
            suite.add_test_case(TestCase::new(&outcome.title, status));
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|e| Failure::io(format!("cannot write the report: {e}")))
}
