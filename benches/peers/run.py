#!/usr/bin/env python3
"""Asks segql, DuckDB and ClickHouse (chdb) the same questions on the same data, and writes down how long each takes.

    python3 benches/peers/run.py --contacts 1000000 --events 40000000

makes the data with `segql gen`, loads it into each engine in its best layout, compares the members of every segment (their
number and the sum of their numbers), asks each engine in turn, and writes a table and a chart. DuckDB and chdb are installed
into an environment of their own, in the folder of `--work`. `--help` lists the rest.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=40_000_000)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "peers", help="where data, engines and results are kept")
    parser.add_argument("--segql", type=Path, default=ROOT / "target" / "release" / "segql", help="the program, a release build")
    parser.add_argument("--rounds", type=int, default=5, help="how often each engine has its turn, after one that warms up")
    parser.add_argument("--pause", type=float, default=0, help="seconds before each engine's turn, for what the one before does after its answer")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--memory", default="12GB", help="what DuckDB may use")
    parser.add_argument("--only", help="segments whose name has this in it")
    parser.add_argument("--engines", default="segql,DuckDB,ClickHouse")
    parser.add_argument("--no-thousand", action="store_true", help="without the 1,000 segments at once")
    parser.add_argument("--no-check", action="store_true", help="without comparing the members")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md and docs/img as well")
    return parser.parse_args()


def own_environment(work: Path):
    """Runs this file again with the interpreter that has the engines."""
    environment = work / "environment"
    python = environment / "bin" / "python"
    if Path(sys.prefix).resolve() == environment.resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", HERE / "requirements.txt"], check=True)
    os.execv(python, [python, *sys.argv])


def generated(args) -> Path:
    data = args.work / f"data-{args.contacts}-{args.events}"
    if not (data / "events.parquet").exists():
        print(f"making {args.contacts:,} contacts and {args.events:,} events", flush=True)
        subprocess.run(
            [args.segql, "gen", "--contacts", str(args.contacts), "--events", str(args.events), "--seed", "1", "--out", data],
            check=True, stdout=subprocess.DEVNULL,
        )
    return data


def mail_addresses(data: Path, many: int) -> list[str]:
    import duckdb

    rows = duckdb.connect().execute(
        f"SELECT email FROM read_parquet('{data}/contacts.parquet') WHERE email IS NOT NULL "
        f"AND CAST(substr(contact_id, 2) AS UINTEGER) % 509 = 7 ORDER BY contact_id LIMIT {many}"
    ).fetchall()
    return [row[0] for row in rows]


def compare(engines, segments):
    """Every engine must find the same members."""
    wrong = 0
    for segment in segments:
        found = {}
        for engine in engines:
            question = segment.text if engine.name == "segql" else segment.sql(engine.dialect)
            found[engine.name] = engine.members(question)
        same = len(set(found.values())) == 1
        wrong += not same
        print(f"  {'same' if same else 'DIFFERENT'}  {segment.name}: {found if not same else next(iter(found.values()))[0]}", flush=True)
    if wrong:
        raise SystemExit(f"{wrong} segments differ")


def timed(ask) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000


def measure(engines, segments, rounds: int, pause: float) -> dict:
    """Milliseconds of each engine for each segment. All of them have their turn in every round, three questions in a row."""
    times = {segment.name: {engine.name: [] for engine in engines} for segment in segments}
    for number in range(rounds + 1):
        for segment in segments:
            for engine in engines:
                own = times[segment.name][engine.name]
                time.sleep(pause)
                for _ in range(3):
                    took = timed(lambda: engine.ask(segment))
                    if number > 0:
                        own.append(took)
                    if took > 1000:
                        break
        print(f"  round {number} of {rounds}", flush=True)
    return times


def thousand_at_once(engines, work: Path) -> dict:
    from segments import NOW_TEXT, thousand

    all_of_them = thousand()
    script = work / "thousand.seg"
    script.write_text("edition 1\n" + "".join(f"segment s{n} = {text}\n" for n, (text, _) in enumerate(all_of_them)))
    times = {}
    counts = {}
    for engine in engines:
        if engine.name == "segql":
            command = [engine.program, "run", script, "--store", engine.path, "--now", NOW_TEXT, "--format", "json"]
            runs = []
            for _ in range(5):
                begun = time.perf_counter()
                out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                runs.append((time.perf_counter() - begun) * 1000)
            times[engine.name] = runs
            counts[engine.name] = [entry["count"] for entry in json.loads(out)]
        else:
            own = []
            took = timed(lambda: own.extend(engine.count(sql(engine.dialect)) for _, sql in all_of_them))
            times[engine.name] = [took]
            counts[engine.name] = own
        print(f"  1,000 segments, {engine.name}: {statistics.median(times[engine.name]):.0f} ms", flush=True)
    if len({tuple(c) for c in counts.values()}) > 1:
        raise SystemExit("the counts of the 1,000 segments differ")
    return times


def main():
    args = arguments()
    args.work = args.work.resolve()
    args.segql = args.segql.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    own_environment(args.work)
    sys.path.insert(0, str(HERE))
    import engines as e
    import report
    from segments import segments as all_segments

    data = generated(args)
    folder = args.work / f"engines-{args.contacts}-{args.events}"
    folder.mkdir(exist_ok=True)
    notes = folder / "loaded.json"
    loaded = json.loads(notes.read_text()) if notes.exists() else {}
    wanted = args.engines.split(",")
    engines = [
        engine
        for engine in (e.Segql(folder, args.segql), e.Duck(folder, args.threads, args.memory), e.Click(folder, args.threads, args.memory))
        if engine.name in wanted
    ]
    for engine in engines:
        if engine.name in loaded and engine.path.exists():
            engine.open()
            continue
        print(f"loading {engine.name}", flush=True)
        seconds = engine.load(data)
        loaded[engine.name] = {"seconds": seconds, "bytes": engine.size(), "peak": getattr(engine, "peak", 0)}
        print(f"  {seconds:.1f} s, {loaded[engine.name]['bytes'] / 1e6:.0f} MB", flush=True)
        notes.write_text(json.dumps(loaded))
    segments = all_segments(args.contacts, mail_addresses(data, 1000))
    if args.only:
        segments = [s for s in segments if args.only in s.name]
    if not args.no_check:
        print("comparing members", flush=True)
        compare(engines, segments)
    print("measuring", flush=True)
    times = measure(engines, segments, args.rounds, args.pause)
    families = {s.name: s.family for s in segments}
    if not args.no_thousand and not args.only:
        times["1,000 at once"] = thousand_at_once(engines, args.work)
        families["1,000 at once"] = "script"
    memory, own = next((engine.memory() for engine in engines if engine.name == "segql"), (0, 0))
    for engine in engines:
        engine.close()
    results = {
        "contacts": args.contacts, "events": args.events, "threads": args.threads, "rounds": args.rounds,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores", "date": time.strftime("%Y-%m-%d"),
        "families": families, "times": times, "loaded": loaded, "memory": memory, "own": own,
    }
    (args.work / f"results-{args.contacts}.json").write_text(json.dumps(results, indent=1, ensure_ascii=False))
    print(report.table(results))
    if args.write:
        report.write(results, ROOT / "docs")


if __name__ == "__main__":
    main()
