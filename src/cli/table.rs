//! Tables for people.

use comfy_table::{CellAlignment, ContentArrangement, Table};

pub use crate::value::grouped;

/// A table without lines; the columns after the first are numbers, except the last.
pub fn render(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = filled(header, rows);
    let last = header.len().saturating_sub(1);
    for at in 1..last {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    written(&table)
}

/// A table without lines, all of whose columns are texts.
pub fn texts(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    written(&filled(header, rows))
}

/// A table without lines, all of whose columns but the last are numbers.
pub fn figures(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = filled(header, rows);
    for at in 0..header.len().saturating_sub(1) {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    written(&table)
}

fn filled(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table
}

fn written(table: &Table) -> String {
    let text = table.to_string();
    // The preset has a blank margin.
    text.lines().flat_map(|line| [line.strip_prefix(' ').unwrap_or(line).trim_end(), "\n"]).collect()
}

/// A part of all contacts in percent.
pub fn share(part: u64, all: u32) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let percent = part as f64 * 100.0 / f64::from(all);
    format!("{percent:.1} %")
}

/// Microseconds as milliseconds.
pub fn milliseconds(us: u64) -> String {
    format!("{}.{:02} ms", us / 1000, us % 1000 / 10)
}

/// A bar for `part` of `most`, to an eighth of a character.
pub fn bar(part: u64, most: u64, width: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if most == 0 {
        return String::new();
    }
    // Whatever is there is seen.
    let eighths = (u128::from(part) * u128::from(width) * 8 / u128::from(most)).max(u128::from(part > 0));
    let full = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    format!("{}{}", "█".repeat(full), EIGHTHS.get(rest).unwrap_or(&""))
}

/// A line of bars from the least number (the lowest) to the greatest (the highest); numbers that are all the same are in
/// the middle.
pub fn sparkline(numbers: &[u64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (least, most) = (numbers.iter().min().copied().unwrap_or(0), numbers.iter().max().copied().unwrap_or(0));
    let height = |n: &u64| match most - least {
        0 => 3,
        range => usize::try_from((u128::from(n - least) * 7 + u128::from(range) / 2) / u128::from(range)).unwrap_or(0),
    };
    numbers.iter().filter_map(|n| HEIGHTS.get(height(n))).collect()
}

/// A cell of CSV, in quotes where it has to be.
pub fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_reaches_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[10, 11, 12, 13, 14, 15, 16, 17]), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0, u64::MAX, u64::MAX / 2]), "▁█▄");
        assert_eq!(sparkline(&[5, 5, 5]), "▄▄▄");
        assert_eq!(sparkline(&[]), "");
    }
}
