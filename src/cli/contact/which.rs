//! `segql which`: the segments that a contact is in, and the labels that it gets.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{View, answer, printed};
use crate::cli::Ui;
use crate::cli::args::{ScriptArgs, WhichArgs};
use crate::cli::failure::Failure;
use crate::plan::Wanted;

/// `segql which CONTACT FILE...`
pub fn which(args: &WhichArgs, ui: Ui) -> Result<(), Failure> {
    let script = |files: &[String]| ScriptArgs { script: files.to_vec(), text: args.text.clone(), set: args.set.clone() };
    let scripts: Vec<ScriptArgs> = if args.text.is_some() {
        vec![script(&[])]
    } else {
        args.files.iter().map(|f| script(std::slice::from_ref(f))).collect()
    };
    let scripts: Vec<&ScriptArgs> = scripts.iter().collect();
    answer(&scripts, (&args.data, &args.now), ui, |views| {
        let asked: Vec<(View<'_>, Vec<Wanted>)> =
            views.iter().map(|(view, script)| (*view, script.asked.iter().map(|asked| asked.set).collect())).collect();
        printed(args.format, || text(&asked, &args.contact), || json(&asked, &args.contact))
    })
}

/// The segments of `asked` that the contact is in, one a line, and the label of each decision.
pub fn text(asked: &[(View<'_>, Vec<Wanted>)], contact: &str) -> Result<String, Failure> {
    let mut out = String::new();
    for found in all(asked, contact)? {
        match found {
            Found::Segment { name, title, holds: true } => {
                let name = if name.is_empty() { "(the condition)" } else { name };
                let title = title.map_or(String::new(), |t| format!("  {t}"));
                let _ = writeln!(out, "segment {name}{title}");
            }
            Found::Label { decision, label } => {
                let _ = writeln!(out, "decision {decision} = {}", crate::syntax::quoted(label));
            }
            Found::Segment { .. } => {}
        }
    }
    Ok(out)
}

/// The same as JSON, with the segments that the contact is not in.
pub fn json(asked: &[(View<'_>, Vec<Wanted>)], contact: &str) -> Result<Value, Failure> {
    let (mut segments, mut decisions) = (Vec::new(), Vec::new());
    for found in all(asked, contact)? {
        match found {
            Found::Segment { name, title, holds } => segments.push(json!({ "segment": name, "title": title, "holds": holds })),
            Found::Label { decision, label } => decisions.push(json!({ "decision": decision, "label": label })),
        }
    }
    let now = asked.first().map(|(view, _)| view.instant(view.clock.now));
    Ok(json!({ "contact": contact, "now": now, "segments": segments, "decisions": decisions }))
}

enum Found<'a> {
    Segment { name: &'a str, title: Option<&'a str>, holds: bool },
    Label { decision: &'a str, label: &'a str },
}

/// What is said of a contact, all definitions of a script together.
fn all<'v>(asked: &[(View<'v>, Vec<Wanted>)], contact: &str) -> Result<Vec<Found<'v>>, Failure> {
    let mut all = Vec::new();
    for (view, sets) in asked {
        let (profile, cutoffs) = view.contact(contact)?;
        let answers = profile.which(&view.setting(&cutoffs));
        let program = view.program;
        let found = |set: &Wanted| match set {
            Wanted::Segment(id) => {
                let segment = program.segments.get(id.0 as usize)?;
                let holds = answers.segments.get(id.0 as usize).copied().unwrap_or(false);
                Some(Found::Segment { name: &segment.name, title: segment.title.as_deref(), holds })
            }
            Wanted::Label(id, label) => {
                let decision = program.decisions.get(id.0 as usize)?;
                let given = answers.labels.get(id.0 as usize).copied().flatten();
                let label = decision.labels.get(*label as usize).filter(|_| given == Some(*label))?;
                Some(Found::Label { decision: &decision.name, label })
            }
            Wanted::Ranked(_) => None,
        };
        all.extend(sets.iter().filter_map(found));
    }
    Ok(all)
}
