//! `segql trend`: how many were in a segment, moment by moment.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::args::{ChartFormat, TrendArgs};
use crate::cli::contact::{View, answer, moment};
use crate::cli::failure::Failure;
use crate::cli::script::Asked;
use crate::cli::svg::{Anchor, COLORS, FAINT, Svg, length};
use crate::cli::{Ui, table};
use crate::plan::Wanted;
use crate::time::{Clock, Duration, format_instant, parse_duration, parse_instant};

/// Moments of one trend at most.
const MAX_MOMENTS: usize = 10_000;

/// How many members each set had at each moment.
struct Trend {
    /// By set, then by moment.
    counts: Vec<Vec<u64>>,
    reads_fields: bool,
}

/// `segql trend FILE NAME --from --to --step`
pub fn trend(args: &TrendArgs, ui: Ui) -> Result<(), Failure> {
    answer(&[&args.script], (&args.data, &args.now), ui, |views| {
        let Some((view, script)) = views.first() else { return Ok(String::new()) };
        let moments = moments(view, args)?;
        match args.format {
            ChartFormat::Text => text(view, &script.asked, &moments),
            ChartFormat::Json => Ok(format!("{:#}\n", json(view, &script.asked, &moments)?)),
            ChartFormat::Svg => svg(view, &script.asked, &moments),
        }
    })
}

/// From the first moment step by step, not beyond the last one. Months and days are those of the calendar, counted from the
/// first.
fn moments(view: &View<'_>, args: &TrendArgs) -> Result<Vec<i64>, Failure> {
    let zone = view.clock.zone;
    let instant = |name: &str, text: &str| parse_instant(text, zone).map_err(|e| Failure::usage(format!("`{name}`: {e}")));
    let from = instant("--from", &args.from)?;
    let to = args.to.as_deref().map_or(Ok(view.clock.now), |to| instant("--to", to))?;
    let step = parse_duration(&args.step)
        .filter(|step| !step.is_zero())
        .ok_or_else(|| Failure::usage(format!("`--step {}` is not a length of time; write `1d`, `6h` or `1mo`", args.step)))?;
    if to < from {
        return Err(Failure::usage("`--to` lies before `--from`"));
    }
    let at = |n| step.times(n).map(|passed| view.clock.calendar_plus(from, &passed)).filter(|at| *at <= to);
    let moments: Vec<i64> = (0..).map_while(at).take(MAX_MOMENTS + 1).collect();
    if moments.len() > MAX_MOMENTS {
        return Err(Failure::usage(format!("more than {MAX_MOMENTS} moments; take a longer `--step`")));
    }
    Ok(moments)
}

/// Back from now step by step, so many steps.
pub fn moments_back(clock: &Clock, step: Duration, steps: u32) -> Result<Vec<i64>, Failure> {
    let at = |n| step.times(n).map(|back| clock.calendar_minus(clock.now, &back));
    let mut moments: Vec<i64> = (0..=steps).map_while(at).take(MAX_MOMENTS + 1).collect();
    if moments.len() > MAX_MOMENTS {
        return Err(Failure::usage(format!(
            "more than {MAX_MOMENTS} moments; go less far back, or in longer steps such as `12w`"
        )));
    }
    moments.reverse();
    Ok(moments)
}

fn measured(view: &View<'_>, asked: &[Asked], moments: &[i64]) -> Result<Trend, Failure> {
    let wanted: Vec<Wanted> = asked.iter().map(|a| a.set).collect();
    let mut trend = Trend { counts: vec![Vec::new(); asked.len()], reads_fields: false };
    let engine = view.engine();
    view.cancel.expect(moments.len() as u64);
    for at in moments {
        let clock = Clock { now: *at, ..view.clock };
        let (sets, reads_fields) = view.sets_on(&engine, &wanted, &clock)?;
        trend.reads_fields |= reads_fields;
        trend.counts.iter_mut().zip(sets).for_each(|(counts, set)| counts.push(set.len()));
    }
    Ok(trend)
}

const NOTE: &str = "events are those up to each moment; fields are as they are today";

/// The course in one line, and a line for each moment.
pub fn text(view: &View<'_>, asked: &[Asked], moments: &[i64]) -> Result<String, Failure> {
    const WIDTH: u64 = 40;
    let trend = measured(view, asked, moments)?;
    let mut out = String::new();
    for (asked, counts) in asked.iter().zip(&trend.counts) {
        let most = counts.iter().copied().max().unwrap_or(0);
        if !out.is_empty() {
            out.push('\n');
        }
        let name = if asked.name.is_empty() { "(the condition)" } else { &asked.name };
        let (least, line) = (counts.iter().copied().min().unwrap_or(0), table::sparkline(counts));
        let _ = writeln!(out, "{name}  {line}  {} to {}", table::grouped(least), table::grouped(most));
        let digits = table::grouped(most).chars().count();
        for (at, count) in moments.iter().zip(counts) {
            let share = table::share(*count, view.snapshot.contacts());
            let (count, bar) = (table::grouped(*count), table::bar(*count, most, WIDTH));
            let line = format!("{}  {count:>digits$}  {share:>7}  {}", moment(*at, view.clock.zone), bar);
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    if trend.reads_fields {
        let _ = writeln!(out, "\n{NOTE}");
    }
    Ok(out)
}

/// The same as JSON.
pub fn json(view: &View<'_>, asked: &[Asked], moments: &[i64]) -> Result<Value, Failure> {
    let trend = measured(view, asked, moments)?;
    let series: Vec<Value> = asked
        .iter()
        .zip(&trend.counts)
        .map(|(asked, counts)| {
            let points: Vec<Value> = moments
                .iter()
                .zip(counts)
                .map(|(at, count)| json!({ "at": format_instant(*at, view.clock.zone), "count": count }))
                .collect();
            json!({ "segment": asked.name, "title": asked.title, "points": points })
        })
        .collect();
    Ok(json!({
        "contacts": view.snapshot.contacts(),
        "fields_as_of_today": trend.reads_fields,
        "series": series,
    }))
}

/// The same as a picture: a line for each set.
pub fn svg(view: &View<'_>, asked: &[Asked], moments: &[i64]) -> Result<String, Failure> {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 240.0;
    const LEFT: f64 = 80.0;
    const TOP: f64 = 20.0;
    let trend = measured(view, asked, moments)?;
    let most = trend.counts.iter().flatten().copied().max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "places on a screen")]
    let legend = asked.len() as f64 * 18.0;
    let mut svg = Svg::new(LEFT + WIDTH + 20.0, TOP + HEIGHT + 50.0 + legend);
    let (first, last) = (moments.first().copied().unwrap_or(0), moments.last().copied().unwrap_or(0));
    let x = |at: i64| {
        let (passed, all) = (at.saturating_sub(first).unsigned_abs(), last.saturating_sub(first).unsigned_abs());
        LEFT + length(passed, all, WIDTH)
    };
    let y = |count: u64| TOP + HEIGHT - length(count, most, HEIGHT);
    for (count, label) in [(0, "0".to_owned()), (most, most.to_string())] {
        svg.line(&[(LEFT, y(count)), (LEFT + WIDTH, y(count))], FAINT, 1.0);
        svg.text((LEFT - 6.0, y(count) + 4.0), Anchor::End, &label);
    }
    svg.text((LEFT, TOP + HEIGHT + 18.0), Anchor::Start, &moment(first, view.clock.zone));
    svg.text((LEFT + WIDTH, TOP + HEIGHT + 18.0), Anchor::End, &moment(last, view.clock.zone));
    for ((at, asked), counts) in asked.iter().enumerate().zip(&trend.counts) {
        let color = COLORS.get(at % COLORS.len()).copied().unwrap_or(COLORS[0]);
        let points: Vec<(f64, f64)> = moments.iter().zip(counts).map(|(at, count)| (x(*at), y(*count))).collect();
        svg.line(&points, color, 2.0);
        #[expect(clippy::cast_precision_loss, reason = "places on a screen")]
        let row = TOP + HEIGHT + 40.0 + at as f64 * 18.0;
        svg.rect((LEFT, row - 10.0), 12.0, 12.0, color);
        svg.text((LEFT + 18.0, row), Anchor::Start, &asked.name);
    }
    if trend.reads_fields {
        svg.text((LEFT, TOP + HEIGHT + 44.0 + legend), Anchor::Start, NOTE);
    }
    let names: Vec<&str> = asked.iter().map(|a| a.name.as_str()).collect();
    Ok(svg.finish(&format!("trend of {}", names.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_back_end_now_and_keep_the_time_of_day() {
        let zone = chrono_tz::Europe::Warsaw;
        let now = parse_instant("2025-11-01T13:00", zone).unwrap();
        let clock = Clock { now, zone };
        let back = |step: &str, steps| {
            let moments = moments_back(&clock, parse_duration(step).unwrap(), steps).unwrap();
            moments.into_iter().map(|at| format_instant(at, zone)).collect::<Vec<_>>()
        };
        let weeks = ["2025-10-18T13:00:00+02:00", "2025-10-25T13:00:00+02:00", "2025-11-01T13:00:00+01:00"];
        assert_eq!(back("1w", 2), weeks);
        assert_eq!(back("1mo", 1), ["2025-10-01T13:00:00+02:00", "2025-11-01T13:00:00+01:00"]);
        assert_eq!(back("1h", 1), ["2025-11-01T12:00:00+01:00", "2025-11-01T13:00:00+01:00"]);
        assert!(moments_back(&clock, parse_duration("1s").unwrap(), 10_000).is_err());
    }
}
