"""The table and the chart of a run."""

import math
import statistics
from pathlib import Path
from xml.sax.saxutils import escape


def size(results: dict) -> str:
    return f"{results['contacts'] // 1_000_000}m"


def medians(results: dict) -> list[tuple[str, str, dict]]:
    return [
        (name, results["families"][name], {engine: statistics.median(t) for engine, t in own.items()})
        for name, own in results["times"].items()
    ]


def ratio(own: dict) -> float | None:
    """The better peer's median over ours."""
    peers = [t for engine, t in own.items() if engine != "segql"]
    return min(peers) / own["segql"] if peers and "segql" in own else None


def geometric_mean(values) -> float:
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def shown(milliseconds: float) -> str:
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def table(results: dict) -> str:
    """Markdown: a line for each segment, and what all of them say together."""
    engines = list(next(iter(results["times"].values())))
    lines = [
        "| segment | example of | " + " | ".join(f"{e}, ms" for e in engines) + " | times faster |",
        "|---|---|" + "---:|" * (len(engines) + 1),
    ]
    rows = medians(results)
    for name, family, own in rows:
        r = ratio(own)
        lines.append(f"| {name} | {family} | " + " | ".join(shown(own[e]) for e in engines) + f" | {r:.1f} |" if r else
                     f"| {name} | {family} | " + " | ".join(shown(own[e]) for e in engines) + " | |")
    ratios = [r for _, _, own in rows if (r := ratio(own))]
    if ratios:
        lines.append(f"\nGeometric mean of the better peer's median over segql's: **{geometric_mean(ratios):.1f}**; least {min(ratios):.1f}, "
                     f"{sum(r >= 5 for r in ratios)} of {len(ratios)} at 5 or more.")
    loads = results["loaded"]
    lines += ["\n| | " + " | ".join(loads) + " |", "|---|" + "---:|" * len(loads)]
    lines.append("| loading, s | " + " | ".join(f"{v['seconds']:.1f}" for v in loads.values()) + " |")
    lines.append("| on the disk, MB | " + " | ".join(f"{v['bytes'] / 1e6:,.0f}" for v in loads.values()) + " |")
    if "segql" in loads:
        lines.append(f"\nPeak memory of segql: import {loads['segql']['peak'] / 1e9:.2f} GB; the prompt that answered everything "
                     f"{results['memory'] / 1e9:.2f} GB with the pages of the store that are mapped, which the system can take back at any "
                     f"time; {results['own'] / 1e9:.2f} GB are its own.")
    return "\n".join(lines) + "\n"


def chart(results: dict) -> str:
    """SVG: a row for each segment, times on a logarithmic scale."""
    rows = medians(results)
    engines = list(next(iter(results["times"].values())))
    colours = {"segql": "#0a7d4f", "DuckDB": "#d9a400", "ClickHouse": "#c2410c"}
    left, width, step, top = 190, 620, 18, 56
    times = [t for _, _, own in rows for t in own.values()]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    x = lambda t: left + (math.log10(t) - low) / (high - low) * width
    height = top + step * len(rows) + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 30} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{left + width + 30}" height="{height}" fill="white"/>',
        f'<text x="10" y="18" font-size="14" font-weight="bold">{results["contacts"]:,} contacts, {results["events"]:,} events: milliseconds, medians, logarithmic</text>',
    ]
    for at, engine in enumerate(engines):
        out.append(f'<circle cx="{left + at * 110}" cy="34" r="4" fill="{colours.get(engine, "#555")}"/><text x="{left + at * 110 + 8}" y="38">{engine}</text>')
    for power in range(low, high + 1):
        at = x(10.0**power)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 6}" y2="{height - 16}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{height - 4}" text-anchor="middle" fill="#666">{10.0**power:g}</text>')
    for at, (name, _, own) in enumerate(rows):
        y = top + step * at + 6
        ends = [x(t) for t in own.values()]
        out.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
                   f'<line x1="{min(ends):.1f}" x2="{max(ends):.1f}" y1="{y}" y2="{y}" stroke="#bbb"/>')
        out += [f'<circle cx="{x(t):.1f}" cy="{y}" r="4.5" fill="{colours.get(e, "#555")}"/>' for e, t in own.items()]
    return "\n".join(out) + "\n</svg>\n"


def between_marks(page: Path, name: str, text: str):
    """Puts a text where a page has the marks of that name."""
    whole = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if begin not in whole or end not in whole:
        raise SystemExit(f"{page} has no marks for {name}")
    before, rest = whole.split(begin, 1)
    page.write_text(before + begin + "\n" + text + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")


def write(results: dict, docs: Path):
    """Puts the table between its marks in `performance.md`, and the chart beside it."""
    name = f"peers-{size(results)}"
    (docs / "img" / f"{name}.svg").write_text(chart(results), encoding="utf-8")
    between_marks(docs / "performance.md", name, table(results))
