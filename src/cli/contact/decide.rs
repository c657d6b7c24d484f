//! `segql decide`: the label that a decision gives a contact.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::words::{one_line, unless};
use super::{View, answer, printed, why};
use crate::check::typed::DecisionId;
use crate::cli::Ui;
use crate::cli::args::{DecideArgs, ScriptArgs};
use crate::cli::failure::Failure;
use crate::row::{Change, Decided, Matched, Profile, Setting};

/// `segql decide DECISION CONTACT FILE [--all]`
pub fn decide(args: &DecideArgs, ui: Ui) -> Result<(), Failure> {
    let script = ScriptArgs {
        script: args.file.iter().cloned().chain([args.decision.clone()]).collect(),
        text: args.text.clone(),
        set: args.set.clone(),
    };
    answer(&[&script], (&args.data, &args.now), ui, |views| {
        let Some((view, script)) = views.first() else { return Ok(String::new()) };
        let Some(id) = script.asked.iter().find_map(|asked| why::decision_of(asked.set)) else {
            let hint = "`segql why` and `segql which` answer for segments";
            return Err(Failure::usage(format!("`{}` is a segment, not a decision; {hint}", args.decision)));
        };
        printed(args.format, || text(view, &args.contact, id, args.all), || json(view, &args.contact, id))
    })
}

/// The label and the branch that gives it; with `all` the branches that hold as well.
pub fn text(view: &View<'_>, contact: &str, id: DecisionId, all: bool) -> Result<String, Failure> {
    let (profile, cutoffs) = view.contact(contact)?;
    let setting = view.setting(&cutoffs);
    let mut out = String::new();
    let decided = decided(&profile, &setting, id)?;
    let _ = writeln!(out, "{}", decided.matched.label);
    let _ = writeln!(out, "  {}", branch(view, &decided.matched));
    if let Some(ahead) = ahead(view, &decided) {
        let _ = writeln!(out, "  {ahead}");
    }
    for matched in decided.also.iter().filter(|_| all) {
        let _ = writeln!(out, "also {}\n  {}", matched.label, branch(view, matched));
    }
    Ok(out)
}

/// The same as JSON, with the branches that hold as well and the reasons of the one that gives the label.
pub fn json(view: &View<'_>, contact: &str, id: DecisionId) -> Result<Value, Failure> {
    let (profile, cutoffs) = view.contact(contact)?;
    json_of_profile(view, &profile, &view.setting(&cutoffs), id)
}

/// The label with the reasons of the branch that gives it, beside their source.
pub(super) fn of_profile(
    view: &View<'_>,
    profile: &Profile,
    setting: &Setting<'_>,
    id: DecisionId,
    all: bool,
) -> Result<String, Failure> {
    let decided = decided(profile, setting, id)?;
    let name = view.program.decisions.get(id.0 as usize).map_or("", |d| d.name.as_str());
    let label = crate::syntax::quoted(&decided.matched.label);
    let mut out = format!("`{}` gets {label} from `{name}`, now {}\n", profile.id, view.instant(view.clock.now));
    if let Some(ahead) = ahead(view, &decided) {
        let _ = writeln!(out, "{ahead}");
    }
    let _ = writeln!(out, "{}", branch(view, &decided.matched));
    for matched in decided.also.iter().filter(|_| all) {
        let _ = writeln!(out, "also {}: {}", crate::syntax::quoted(&matched.label), branch(view, matched));
    }
    if let Some(why) = &decided.why {
        out.push('\n');
        out.push_str(&why::tree(view, &why.reason));
    }
    Ok(out)
}

pub(super) fn json_of_profile(
    view: &View<'_>,
    profile: &Profile,
    setting: &Setting<'_>,
    id: DecisionId,
) -> Result<Value, Failure> {
    let decided = decided(profile, setting, id)?;
    let decision = view.program.decisions.get(id.0 as usize);
    let matched = |m: &Matched| {
        let file = view.sources.get(m.span.source).map(|s| s.name.as_str());
        json!({
            "branch": m.branch + 1,
            "label": m.label,
            "when": view.sources.text(m.span),
            "file": file,
            "span": crate::diag::render::span_value(m.span, view.sources),
        })
    };
    Ok(json!({
        "contact": profile.id,
        "decision": decision.map(|d| d.name.as_str()),
        "title": decision.and_then(|d| d.title.as_deref()),
        "now": view.instant(view.clock.now),
        "label": decided.matched.label,
        "branch": matched(&decided.matched),
        "also": decided.also.iter().map(matched).collect::<Vec<_>>(),
        "change": why::change(view, decided.change),
        "next": decided.next,
        "arrivals": decided.arrivals,
        "why": decided.why.as_ref().map(|why| why::value_of(view, why)),
    }))
}

fn decided(profile: &Profile, setting: &Setting<'_>, id: DecisionId) -> Result<Decided, Failure> {
    // The checker sees to it that a decision ends with `otherwise`.
    profile.decide(setting, id).ok_or_else(|| Failure::usage("the decision gives no label; end it with `otherwise`"))
}

/// `branch 2: when event Koszyk within 2d`
fn branch(view: &View<'_>, matched: &Matched) -> String {
    let text = view.sources.text(matched.span);
    if text.trim_start().starts_with("otherwise") {
        return format!("branch {}: otherwise", matched.branch + 1);
    }
    format!("branch {}: when {}", matched.branch + 1, one_line(text))
}

fn ahead(view: &View<'_>, decided: &Decided) -> Option<String> {
    let unless = unless(&decided.arrivals);
    match (decided.change, &decided.next) {
        (Change::At(at), Some(next)) => Some(format!("{} from {} on{unless}", crate::syntax::quoted(next), view.moment(at))),
        (Change::NotBefore(at), _) => Some(format!("until {} at least{unless}", view.moment(at))),
        _ => None,
    }
}
