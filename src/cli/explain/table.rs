//! An analysis as a table: figures first, the plan beside them.

use std::fmt::Write as _;

use crate::cli::table;
use crate::plan::{Explained, Figures, Item, Run, milliseconds, percent};

/// What happened at each node, and in all.
pub fn text(explained: &Explained, run: &Run) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "wall {}, processor {} on {} {}, {} of it around the plan; {}",
        milliseconds(run.wall_ns),
        milliseconds(run.processor_ns),
        run.threads,
        if run.threads == 1 { "thread" } else { "threads" },
        milliseconds(run.around_ns()),
        if run.runs == 1 { "one run".to_owned() } else { format!("median of {} runs", run.runs) },
    );
    let _ = writeln!(
        out,
        "memory {:.1} GB/s, as just measured by reading {} on as many threads\n",
        run.bandwidth / 1e9,
        bytes(run.buffer)
    );
    let header = ["asked", "found", "about", "read", "own time", "with parts", "memory", "time", "model", ""];
    let rows = explained.lines().into_iter().map(|(tree, item)| row(tree, item));
    out + &table::figures(&header, rows)
}

fn row(tree: String, item: Option<&Item>) -> Vec<String> {
    let mut row = vec![String::new(); 9];
    let mut tree = tree;
    match item {
        Some(Item { measured: Some(figures), .. }) => row = cells(figures),
        Some(_) => tree.push_str("  (see above)"),
        None => {}
    }
    row.push(tree);
    row
}

fn cells(figures: &Figures) -> Vec<String> {
    let m = figures.measured;
    let read = if m.bytes == 0 { String::new() } else { bytes(m.bytes) };
    let memory = if m.bytes == 0 { String::new() } else { percent(figures.bandwidth) };
    vec![
        table::grouped(m.asked),
        table::grouped(m.found),
        table::grouped(figures.expected),
        read,
        milliseconds(m.own_ns),
        milliseconds(m.whole_ns),
        memory,
        percent(figures.time),
        percent(figures.predicted),
    ]
}

/// Bytes with three digits: `999 B`, `12.3 kB`, `4.56 MB`.
fn bytes(n: u64) -> String {
    if n < 1_000 {
        return format!("{n} B");
    }
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut unit = 0;
    let mut scale = 1_000_u64;
    while unit + 1 < units.len() && n / scale >= 1_000 {
        scale = scale.saturating_mul(1_000);
        unit += 1;
    }
    let hundredths = u128::from(n) * 100 / u128::from(scale);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let name = units.get(unit).copied().unwrap_or_default();
    match whole {
        0..10 => format!("{whole}.{rest:02} {name}"),
        10..100 => format!("{whole}.{} {name}", rest / 10),
        _ => format!("{whole} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        assert_eq!(
            [0, 999, 1_000, 12_345, 4_567_890, 268_435_456].map(bytes),
            ["0 B", "999 B", "1.00 kB", "12.3 kB", "4.56 MB", "268 MB"]
        );
        assert_eq!(milliseconds(1_234_567), "1.234 ms");
        assert_eq!(percent(0.126), "13 %");
    }
}
