#!/usr/bin/env python3
"""How close plain operators come to the limit: the time of a segment beside that of reading the bytes it touches.

    python3 benches/peers/bytes.py --store target/peers/engines-1000000-40000000/segql

asks `segql explain --analyze` for the bytes of columns that were looked at, the wall time, and the bandwidth of the memory measured at that moment on
as many threads.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from segments import NOW_TEXT, segments  # noqa: E402

PLAIN = ["value", "age and country", "new account", "no consent", "bought lately", "no mail opened", "lapsed", "new buyer", "sum of all",
         "sum of a year", "greatest", "at least 3", "shoes", "average"]


def touched(node: dict) -> int:
    return node.get("measured", {}).get("bytes", 0) + sum(touched(part) for part in node["parts"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--segql", type=Path, default=ROOT / "target" / "release" / "segql")
    parser.add_argument("--repeat", default="21")
    parser.add_argument("--mark", help="writes the table between these marks of docs/performance.md")
    args = parser.parse_args()
    chosen = {s.name: s.text for s in segments(1_000_000, [])}
    lines = ["| segment | bytes, MB | memory, GB/s | at that speed, ms | measured, ms | times the limit |", "|---|---:|---:|---:|---:|---:|"]
    for name in PLAIN:
        command = [args.segql, "explain", "--store", args.store, "--now", NOW_TEXT, "--analyze", "--repeat", args.repeat, "--format", "json",
                   "-e", chosen[name]]
        run = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        read, bandwidth, wall = sum(map(touched, run["segments"])), run["bandwidth_bytes_per_second"], run["wall_ns"] / 1e6
        limit = read / bandwidth * 1e3
        lines.append(f"| {name} | {read / 1e6:.2f} | {bandwidth / 1e9:.1f} | {limit:.3f} | {wall:.3f} | {wall / limit:.1f} |")
    table = "\n".join(lines) + "\n"
    print(table)
    if args.mark:
        from report import between_marks

        between_marks(ROOT / "docs" / "performance.md", args.mark, table)


if __name__ == "__main__":
    main()
