#!/usr/bin/env python3
"""How the time of a segment grows with the data: the same segments on 1, 2, 5 and 10 million contacts, 40 events each.

    python3 benches/peers/scale.py

makes and imports what is not there yet, in the folder that `run.py` uses too, and writes a table and a chart.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from segments import NOW_TEXT, segments  # noqa: E402

CHOSEN = ["tier", "no mail opened", "shoes", "at least 3", "sum of a year", "basket, then bought", "best 1 %", "lapsed VIP"]
COLOURS = ["#0a7d4f", "#d9a400", "#c2410c", "#2563eb", "#7c3aed", "#0891b2", "#be185d", "#555555"]


def milliseconds(program: Path, store: Path, text: str, repeat: int) -> float:
    command = [program, "run", "--store", store, "--now", NOW_TEXT, "--repeat", str(repeat), "--format", "json", "-e", text]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(out)[0]["elapsed_us"]["median"] / 1000


def prepared(args, millions: int) -> Path:
    contacts, events = millions * 1_000_000, millions * 40_000_000
    data = args.work / f"data-{contacts}-{events}"
    folder = args.work / f"engines-{contacts}-{events}"
    store = folder / "segql"
    if not (data / "events.parquet").exists():
        subprocess.run([args.segql, "gen", "--contacts", str(contacts), "--events", str(events), "--seed", "1", "--out", data],
                       check=True, stdout=subprocess.DEVNULL)
    if not store.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run([args.segql, "import", "--store", store, "--schema", data / "schema.toml", "--contacts", data / "contacts.parquet",
                        "--events", data / "events.parquet"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return store


def table(sizes: list[int], times: dict[str, list[float]]) -> str:
    lines = ["| segment | " + " | ".join(f"{n} M" for n in sizes) + " | of the last for each million, to the first |",
             "|---|" + "---:|" * (len(sizes) + 1)]
    for name, own in times.items():
        growth = own[-1] / sizes[-1] / (own[0] / sizes[0])
        lines.append(f"| {name} | " + " | ".join(f"{t:.2f}" for t in own) + f" | {growth:.2f} |")
    return "\n".join(lines) + "\n"


def chart(sizes: list[int], times: dict[str, list[float]]) -> str:
    """Milliseconds for each million contacts: level where the cost is linear."""
    left, top, width, height = 60, 40, 520, 260
    per = {name: [t / n for t, n in zip(own, sizes)] for name, own in times.items()}
    most = max(max(own) for own in per.values())
    x = lambda n: left + (n - sizes[0]) / (sizes[-1] - sizes[0]) * width
    y = lambda t: top + height - t / most * height
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {top + height + 40}" font-family="sans-serif" font-size="11">',
           f'<rect width="800" height="{top + height + 40}" fill="white"/>',
           '<text x="10" y="18" font-size="14" font-weight="bold">Milliseconds for each million contacts (level: linear)</text>']
    for n in sizes:
        out.append(f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{top}" y2="{top + height}" stroke="#ddd"/>'
                   f'<text x="{x(n):.1f}" y="{top + height + 16}" text-anchor="middle" fill="#666">{n} M</text>')
    for step in range(5):
        t = most * step / 4
        out.append(f'<text x="{left - 8}" y="{y(t) + 4:.1f}" text-anchor="end" fill="#666">{t:.2f}</text>')
    ends = sorted(((y(own[-1]), name) for name, own in per.items()))
    place = {}
    last = 0.0
    for at, name in ends:
        last = max(at, last + 13)
        place[name] = last
    for (name, own), colour in zip(per.items(), COLOURS):
        points = " ".join(f"{x(n):.1f},{y(t):.1f}" for n, t in zip(sizes, own))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{left + width + 10}" y="{place[name] + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "peers")
    parser.add_argument("--segql", type=Path, default=ROOT / "target" / "release" / "segql")
    parser.add_argument("--millions", default="1,2,5,10")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md and docs/img as well")
    args = parser.parse_args()
    sizes = [int(n) for n in args.millions.split(",")]
    chosen = {s.name: s.text for s in segments(1_000_000, [])}
    times: dict[str, list[float]] = {name: [] for name in CHOSEN}
    for millions in sizes:
        store = prepared(args, millions)
        for name in CHOSEN:
            times[name].append(milliseconds(args.segql, store, chosen[name], args.repeat))
        print(f"{millions} M contacts done", flush=True)
    print(table(sizes, times))
    if args.write:
        from report import between_marks

        (ROOT / "docs" / "img" / "scale.svg").write_text(chart(sizes, times), encoding="utf-8")
        between_marks(ROOT / "docs" / "performance.md", "scale", table(sizes, times))


if __name__ == "__main__":
    main()
