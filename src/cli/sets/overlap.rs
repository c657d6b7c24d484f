//! `segql overlap`: sizes of all intersections, reach, similarity.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::args::{ChartFormat, OverlapArgs};
use crate::cli::contact::{View, answer};
use crate::cli::failure::Failure;
use crate::cli::script::Asked;
use crate::cli::svg::{Anchor, FAINT, INK, Svg, length};
use crate::cli::{Ui, table};
use crate::exec::Overlap;
use crate::plan::Wanted;

/// Sets that are compared at most.
const MAX_SETS: usize = 32;
/// Intersections in a text or a picture; JSON has all.
const SHOWN: usize = 40;

/// `segql overlap FILE [NAME]...`
pub fn overlap(args: &OverlapArgs, ui: Ui) -> Result<(), Failure> {
    answer(&[&args.script], (&args.data, &args.now), ui, |views| {
        let Some((view, script)) = views.first() else { return Ok(String::new()) };
        let asked = default_sets(args, &script.asked);
        match args.format {
            ChartFormat::Text => text(view, &asked),
            ChartFormat::Json => Ok(format!("{:#}\n", json(view, &asked)?)),
            ChartFormat::Svg => svg(view, &asked),
        }
    })
}

/// What was named; without names the segments, for labels of a decision never overlap.
fn default_sets(args: &OverlapArgs, asked: &[Asked]) -> Vec<Asked> {
    let named = args.script.script.len() > usize::from(args.script.text.is_none());
    let segments: Vec<Asked> = asked.iter().filter(|a| named || matches!(a.set, Wanted::Segment(_))).cloned().collect();
    if segments.is_empty() { asked.to_vec() } else { segments }
}

fn measured(view: &View<'_>, asked: &[Asked]) -> Result<Overlap, Failure> {
    if asked.len() > MAX_SETS {
        return Err(Failure::usage(format!("{} sets are too many to compare; name at most {MAX_SETS}", asked.len())));
    }
    let wanted: Vec<Wanted> = asked.iter().map(|a| a.set).collect();
    let (sets, _) = view.sets(&wanted, &view.clock)?;
    Ok(Overlap::of(&sets, view.snapshot.contacts().into()))
}

/// Sizes, reach, intersections and similarity, as tables.
pub fn text(view: &View<'_>, asked: &[Asked]) -> Result<String, Failure> {
    let overlap = measured(view, asked)?;
    let all = view.snapshot.contacts();
    let rows = asked.iter().enumerate().map(|(at, asked)| {
        let size = overlap.sizes.get(at).copied().unwrap_or(0);
        let only = table::grouped(overlap.only(at));
        vec![asked.name.clone(), table::grouped(size), table::share(size, all), only, String::new()]
    });
    let mut out = table::render(&["set", "contacts", "share", "in no other", ""], rows);
    let reach = overlap.reach();
    let none = table::grouped(overlap.none);
    let _ = writeln!(out, "\nreach {} ({}), in none {none}", table::grouped(reach), table::share(reach, all));
    let _ = writeln!(out, "\nin exactly these");
    for exactly in overlap.exactly.iter().take(SHOWN) {
        let names: Vec<&str> = exactly.sets.iter().filter_map(|at| asked.get(*at)).map(|a| a.name.as_str()).collect();
        let contacts = table::grouped(exactly.contacts);
        let _ = writeln!(out, "{contacts:>10}  {:>7}  {}", table::share(exactly.contacts, all), names.join(" + "));
    }
    let more = overlap.exactly.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "... and {more} more; `--format json` has all");
    }
    if asked.len() > 1 {
        let _ = writeln!(out, "\nin both, and that as a share of those in either (Jaccard); other pairs have nobody in common");
        for a in 0..asked.len() {
            for b in a + 1..asked.len() {
                let (Some(first), Some(second)) = (asked.get(a), asked.get(b)) else { continue };
                if overlap.both(a, b) == 0 {
                    continue;
                }
                let jaccard = overlap.jaccard(a, b).map_or("-".to_owned(), |(both, some)| ratio(both, some));
                let _ =
                    writeln!(out, "{:>10}  {jaccard:>7}  {} + {}", table::grouped(overlap.both(a, b)), first.name, second.name);
            }
        }
    }
    Ok(out)
}

/// The same as JSON.
pub fn json(view: &View<'_>, asked: &[Asked]) -> Result<Value, Failure> {
    let overlap = measured(view, asked)?;
    let name = |at: &usize| asked.get(*at).map(|a| a.name.as_str());
    let sets: Vec<Value> = asked
        .iter()
        .enumerate()
        .map(|(at, a)| json!({ "set": a.name, "title": a.title, "count": overlap.sizes.get(at), "only": overlap.only(at) }))
        .collect();
    let exactly: Vec<Value> = overlap
        .exactly
        .iter()
        .map(|e| json!({ "sets": e.sets.iter().filter_map(name).collect::<Vec<_>>(), "count": e.contacts }))
        .collect();
    let mut pairs = Vec::new();
    for a in 0..asked.len() {
        for b in a + 1..asked.len() {
            let jaccard = overlap.jaccard(a, b).map(|(both, some)| ratio(both, some)).and_then(|r| r.parse::<f64>().ok());
            pairs.push(json!({ "sets": [name(&a), name(&b)], "count": overlap.both(a, b), "jaccard": jaccard }));
        }
    }
    Ok(json!({
        "now": crate::time::format_instant(view.clock.now, view.clock.zone),
        "contacts": overlap.contacts,
        "reach": overlap.reach(),
        "none": overlap.none,
        "sets": sets,
        "exactly": exactly,
        "pairs": pairs,
    }))
}

/// The same as a picture: a column for each intersection, with dots for the sets that it is in (an `UpSet` plot).
pub fn svg(view: &View<'_>, asked: &[Asked]) -> Result<String, Failure> {
    const STEP: f64 = 34.0;
    const ROW: f64 = 22.0;
    const LEFT: f64 = 330.0;
    const TOP: f64 = 200.0;
    let overlap = measured(view, asked)?;
    let shown: Vec<_> = overlap.exactly.iter().take(SHOWN).collect();
    #[expect(clippy::cast_precision_loss, reason = "places on a screen")]
    let place = |at: usize, step: f64| at as f64 * step;
    let (width, height) = (LEFT + place(shown.len().max(1), STEP) + 20.0, TOP + place(asked.len(), ROW) + 30.0);
    let mut svg = Svg::new(width, height);
    let most = shown.first().map_or(0, |e| e.contacts);
    let largest = overlap.sizes.iter().copied().max().unwrap_or(0);
    for (row, a) in asked.iter().enumerate() {
        let y = TOP + place(row, ROW) + 14.0;
        let size = overlap.sizes.get(row).copied().unwrap_or(0);
        let bar = length(size, largest, 90.0);
        svg.rect((LEFT - 20.0 - bar, y - 8.0), bar, 14.0, INK);
        svg.text((LEFT - 24.0 - bar, y + 4.0), Anchor::End, &format!("{}  {size}", a.name));
    }
    for (column, exactly) in shown.iter().enumerate() {
        let x = LEFT + place(column, STEP) + STEP / 2.0;
        let bar = length(exactly.contacts, most, TOP - 50.0);
        svg.rect((x - 10.0, TOP - bar), 20.0, bar, INK);
        svg.text((x, TOP - bar - 5.0), Anchor::Middle, &exactly.contacts.to_string());
        let y = |row: usize| TOP + place(row, ROW) + 13.0;
        for row in 0..asked.len() {
            svg.dot((x, y(row)), if exactly.sets.contains(&row) { INK } else { FAINT });
        }
        if let (Some(first), Some(last)) = (exactly.sets.first(), exactly.sets.last()) {
            svg.line(&[(x, y(*first)), (x, y(*last))], INK, 2.0);
        }
    }
    let reach = format!("reach {} of {}", overlap.reach(), overlap.contacts);
    svg.text((LEFT, height - 8.0), Anchor::Start, &reach);
    Ok(svg.finish(&format!("overlap of {} sets; {reach}", asked.len())))
}

/// A quotient with four decimals, rounded half up.
fn ratio(part: u64, all: u64) -> String {
    let (part, all) = (u128::from(part), u128::from(all.max(1)));
    let scaled = (part * 20_000 + all) / (2 * all);
    format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
}
