//! A plan as a picture: a box for each part, and beside it a bar for its time, or for its cost.

use crate::cli::svg::{Anchor, COLORS, FAINT, INK, Svg};
use crate::plan::{Explained, Figures, Item, milliseconds, percent};

const ROW: f64 = 34.0;
const BOX: f64 = 24.0;
const STEP: f64 = 22.0;
const LEFT: f64 = 10.0;
const BAR: f64 = 160.0;
/// Letters of a box; the whole text is seen under the pointer.
const LETTERS: usize = 84;
/// Pixels of a letter, roughly, so that texts fit.
const LETTER: f64 = 7.1;

/// A line of the picture.
struct Row<'i> {
    depth: usize,
    /// The row of the part that it belongs to.
    parent: Option<usize>,
    label: Label<'i>,
}

enum Label<'i> {
    Name(&'i str),
    Item(&'i Item),
}

/// The plan of all segments, one below the other.
pub fn svg(explained: &Explained) -> String {
    let mut rows = Vec::new();
    for (name, root) in &explained.roots {
        if !name.is_empty() {
            rows.push(Row { depth: 0, parent: None, label: Label::Name(name) });
        }
        add(root, 0, None, &mut rows);
    }
    let bars = rows.iter().map(|row| x(row.depth) + width(&text(row))).fold(0.0, f64::max) + 24.0;
    let height = y(rows.len()) + 34.0;
    let mut svg = Svg::new(bars + BAR + 330.0, height);
    let cost = |row: &Row<'_>| if let Label::Item(item) = row.label { item.cost } else { 0 };
    let dearest = rows.iter().map(cost).max().unwrap_or(0);
    for (at, row) in rows.iter().enumerate() {
        draw(&mut svg, at, row);
        if let Label::Item(item) = row.label {
            figures(&mut svg, (bars, y(at)), item, dearest);
        }
    }
    let title = match &explained.run {
        Some(run) => format!(
            "wall {}, processor {} on {} threads; bars: own time, ticks: model",
            milliseconds(run.wall_ns),
            milliseconds(run.processor_ns),
            run.threads
        ),
        None => "bars: cost with parts".to_owned(),
    };
    svg.text((LEFT, height - 12.0), Anchor::Start, &title);
    svg.finish(&title)
}

fn add<'i>(item: &'i Item, depth: usize, parent: Option<usize>, rows: &mut Vec<Row<'i>>) {
    let own = rows.len();
    rows.push(Row { depth, parent, label: Label::Item(item) });
    item.parts.iter().for_each(|part| add(part, depth + 1, Some(own), rows));
}

#[expect(clippy::cast_precision_loss, reason = "places on a screen")]
fn x(depth: usize) -> f64 {
    LEFT + depth as f64 * STEP
}

#[expect(clippy::cast_precision_loss, reason = "places on a screen")]
fn y(row: usize) -> f64 {
    10.0 + row as f64 * ROW
}

fn text(row: &Row<'_>) -> String {
    let whole = match row.label {
        Label::Name(name) => format!("{name}:"),
        Label::Item(item) if item.again => format!("{}  (see above)", item.words),
        Label::Item(item) => item.words.clone(),
    };
    if whole.chars().count() <= LETTERS { whole } else { whole.chars().take(LETTERS - 1).chain(['…']).collect() }
}

#[expect(clippy::cast_precision_loss, reason = "places on a screen")]
fn width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER + 16.0
}

fn draw(svg: &mut Svg, at: usize, row: &Row<'_>) {
    let (left, top) = (x(row.depth), y(at));
    let middle = top + BOX / 2.0;
    let text = text(row);
    if let Some(parent) = row.parent {
        let trunk = x(row.depth - 1) + 9.0;
        svg.line(&[(trunk, y(parent) + BOX), (trunk, middle), (left, middle)], FAINT, 1.5);
    }
    if let Label::Item(item) = row.label {
        svg.framed((left, top), width(&text), BOX, &item.words);
    }
    svg.text((left + 8.0, middle + 4.0), Anchor::Start, &text);
}

fn figures(svg: &mut Svg, (left, top): (f64, f64), item: &Item, dearest: u64) {
    let middle = top + BOX / 2.0;
    let after = (left + BAR + 10.0, middle + 4.0);
    let bar = |svg: &mut Svg, share: f64, color: &str| {
        svg.rect((left, middle - 7.0), BAR, 14.0, FAINT);
        svg.rect((left, middle - 7.0), BAR * share.clamp(0.0, 1.0), 14.0, color);
    };
    let [color, ..] = COLORS;
    match &item.measured {
        _ if item.again => {}
        Some(Figures { measured, time, predicted, .. }) => {
            bar(svg, *time, color);
            let tick = left + BAR * predicted.clamp(0.0, 1.0);
            svg.line(&[(tick, middle - 10.0), (tick, middle + 10.0)], INK, 2.0);
            let note = format!("{} {}, {} of {}", percent(*time), milliseconds(measured.own_ns), measured.found, measured.asked);
            svg.text(after, Anchor::Start, &note);
        }
        None => {
            bar(svg, crate::cli::svg::length(item.cost, dearest, 1.0), color);
            let about = item.about.map_or(String::new(), |n| format!(", about {n}"));
            svg.text(after, Anchor::Start, &format!("cost {}{about}", item.cost));
        }
    }
}
