"""The engines, each behind the same three questions: load the data, give the members of a set, count them."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from segments import NOW_TEXT, Dialect

# Types of events with the attributes that the segments look at; a table for each, sorted by contact and time.
EVENTS = {
    "Zakup": ["kwota", "kategoria", "produkt", "sklep"],
    "Koszyk": ["wartosc", "produkt"],
    "Porzucony_koszyk": ["wartosc", "produkt"],
    "Transakcja": ["kwota", "kategoria"],
    "Odwiedziny_strony": ["Destynacja", "url"],
    "Rezerwacja": ["Destynacja", "kwota", "poradnia"],
    "Wizyta": ["poradnia"],
    "PushSent": ["campaign", "channel"],
    "SmsSent": ["campaign", "channel"],
    "SmsDelivered": ["campaign", "channel"],
    "MailSent": ["campaign", "channel"],
    "MailDelivered": ["campaign", "channel"],
    "MailBounce": ["campaign", "channel"],
    "Unsubscribe": ["campaign", "channel"],
    "MailOpen": ["campaign", "channel"],
    "PushOpen": ["campaign", "channel"],
    "MailClick": ["campaign", "channel", "url"],
    "SmsClick": ["campaign", "channel", "url"],
    "PushClick": ["campaign", "channel", "url"],
}
MONEY = {"kwota", "wartosc"}
# Fields under names that need no quotes.
FIELDS = {
    "imie": "imie", "nazwisko": "nazwisko", "email": "email", "Miasto": "Miasto", "Kraj": "Kraj", "Status_VIP": "Status_VIP",
    "Wartość_zakupów_12m": "wartosc_12m", "Program_lojalnościowy": "program", "Zgoda_SMS": "Zgoda_SMS",
    "Zgoda_marketingowa": "Zgoda_marketingowa", "Typ_produktu": "Typ_produktu", "Data_otwarcia_konta": "Data_otwarcia_konta",
    "Data_ostatniej_wizyty": "Data_ostatniej_wizyty", "urodziny": "urodziny", "wiek": "wiek", "Saldo": "Saldo",
    "zainteresowania": "zainteresowania", "ostatnie_logowanie": "ostatnie_logowanie",
}
LOW = {"Miasto", "Kraj", "Status_VIP", "Typ_produktu", "imie", "nazwisko", "kategoria", "produkt", "sklep", "Destynacja", "poradnia",
       "campaign", "channel", "url"}


def size_of(path: Path) -> int:
    """Bytes on the disk."""
    if path.is_file():
        return path.stat().st_blocks * 512
    return sum(f.stat().st_blocks * 512 for f in path.rglob("*") if f.is_file() and not f.is_symlink())


class Duck:
    """DuckDB, in its own file; contacts are numbers, tables are sorted."""

    name = "DuckDB"

    def __init__(self, folder: Path, threads: int, memory: str):
        self.path = folder / "duckdb.db"
        self.threads, self.memory = threads, memory
        self.dialect = Dialect(self.name)
        self.connection = None

    def open(self):
        import duckdb

        self.connection = duckdb.connect(str(self.path))
        self.connection.execute(f"SET threads = {self.threads}")
        self.connection.execute(f"SET memory_limit = '{self.memory}'")

    def load(self, data: Path) -> float:
        self.path.unlink(missing_ok=True)
        begun = time.perf_counter()
        self.open()
        run = self.connection.execute
        fields = []
        for name, column in FIELDS.items():
            if name in ("Wartość_zakupów_12m", "Saldo"):
                fields.append(f'CAST("{name}" * 100 AS BIGINT) AS {column}')
            elif name == "ostatnie_logowanie":
                fields.append(f"epoch_ms({name}) AS {column}")
            else:
                fields.append(f'"{name}" AS {column}')
        run(f"CREATE TABLE contacts AS SELECT CAST(substr(contact_id, 2) AS UINTEGER) AS contact, {', '.join(fields)} "
            f"FROM read_parquet('{data}/contacts.parquet') ORDER BY contact")
        for event, attributes in EVENTS.items():
            columns = [f"CAST({a} * 100 AS BIGINT) AS {a}" if a in MONEY else a for a in attributes]
            run(f"CREATE TABLE {event} AS SELECT CAST(substr(contact_id, 2) AS UINTEGER) AS contact, epoch_ms(ts) AS ts, {', '.join(columns)} "
                f"FROM read_parquet('{data}/events.parquet') WHERE event = '{event}' ORDER BY contact, ts")
        run("CHECKPOINT")
        return time.perf_counter() - begun

    def members(self, query: str) -> tuple[int, int]:
        found = self.connection.execute(f"SELECT count(*), CAST(coalesce(sum(contact), 0) AS BIGINT) FROM ({query})").fetchone()
        return int(found[0]), int(found[1])

    def count(self, query: str) -> int:
        return self.connection.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]

    def ask(self, segment) -> int:
        return self.count(segment.sql(self.dialect))

    def size(self) -> int:
        return size_of(self.path)

    def close(self):
        self.connection.close()


class Click:
    """ClickHouse as a library; contacts are numbers, texts that repeat are LowCardinality, tables are sorted."""

    name = "ClickHouse"

    def __init__(self, folder: Path, threads: int, memory: str):
        self.path = folder / "clickhouse"
        self.threads, self.memory = threads, memory
        self.dialect = Dialect(self.name)
        self.session = None

    def open(self):
        from chdb import session

        self.session = session.Session(str(self.path))
        self.run("CREATE DATABASE IF NOT EXISTS peers ENGINE = Atomic")
        self.run("USE peers")
        self.run(f"SET max_threads = {self.threads}")
        self.run("SET join_use_nulls = 0")

    def run(self, query: str) -> str:
        return self.session.query(query, "TabSeparated").data()

    def load(self, data: Path) -> float:
        shutil.rmtree(self.path, ignore_errors=True)
        begun = time.perf_counter()
        self.open()
        types = {"wartosc_12m": "Nullable(Int64)", "Saldo": "Nullable(Int64)", "program": "Bool", "wiek": "Nullable(UInt8)",
                 "zainteresowania": "Array(LowCardinality(String))", "ostatnie_logowanie": "Nullable(Int64)",
                 "Zgoda_SMS": "Nullable(Bool)", "Zgoda_marketingowa": "Nullable(Bool)", "Data_otwarcia_konta": "Nullable(Date32)",
                 "Data_ostatniej_wizyty": "Nullable(Date32)", "urodziny": "Nullable(Date32)", "email": "Nullable(String)"}
        names, values = ["contact UInt32"], ["toUInt32(substring(contact_id, 2))"]
        for name, column in FIELDS.items():
            names.append(f"{column} {types.get(column, 'LowCardinality(Nullable(String))')}")
            if name in ("Wartość_zakupów_12m", "Saldo"):
                values.append(f"toInt64(`{name}` * 100)")
            elif name == "ostatnie_logowanie":
                values.append(f"toUnixTimestamp64Milli({name})")
            elif column == "program":
                values.append(f"ifNull(`{name}`, false)")
            else:
                values.append(f"`{name}`")
        self.run(f"CREATE TABLE contacts ({', '.join(names)}) ENGINE = MergeTree ORDER BY contact")
        self.run(f"INSERT INTO contacts SELECT {', '.join(values)} FROM file('{data}/contacts.parquet', Parquet)")
        for event, attributes in EVENTS.items():
            names = ["contact UInt32", "ts Int64"]
            values = ["toUInt32(substring(contact_id, 2))", "toUnixTimestamp64Milli(ts)"]
            for a in attributes:
                names.append(f"{a} Nullable(Int64)" if a in MONEY else f"{a} LowCardinality(Nullable(String))")
                values.append(f"toInt64({a} * 100)" if a in MONEY else a)
            self.run(f"CREATE TABLE {event} ({', '.join(names)}) ENGINE = MergeTree ORDER BY (contact, ts)")
            self.run(f"INSERT INTO {event} SELECT {', '.join(values)} FROM file('{data}/events.parquet', Parquet) WHERE event = '{event}'")
            self.run(f"OPTIMIZE TABLE {event} FINAL")
        self.run("OPTIMIZE TABLE contacts FINAL")
        return time.perf_counter() - begun

    def members(self, query: str) -> tuple[int, int]:
        count, total = self.run(f"SELECT count(), sum(contact) FROM ({query})").split()
        return int(count), int(total)

    def count(self, query: str) -> int:
        return int(self.run(f"SELECT count() FROM ({query})"))

    def ask(self, segment) -> int:
        return self.count(segment.sql(self.dialect))

    def size(self) -> int:
        # Parts that have been merged into others are deleted some minutes later; they are not counted.
        return int(self.run("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'peers'"))

    def close(self):
        self.session.close()


class Segql:
    """This program: a prompt that stays, asked through its standard input as a person would."""

    name = "segql"

    def __init__(self, folder: Path, program: Path):
        self.path = folder / "segql"
        self.program = program
        self.prompt = None
        self.peak = 0

    def open(self):
        self.prompt = subprocess.Popen(
            [self.program, "repl", "--store", self.path, "--now", NOW_TEXT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
        )
        self.prompt.stdin.write(".timing off\n")

    def load(self, data: Path) -> float:
        shutil.rmtree(self.path, ignore_errors=True)
        begun = time.perf_counter()
        command = [self.program, "import", "--store", self.path, "--schema", data / "schema.toml",
                   "--contacts", data / "contacts.parquet", "--events", data / "events.parquet"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            raise SystemExit("the import failed")
        self.peak = usage.ru_maxrss * 1024
        elapsed = time.perf_counter() - begun
        self.open()
        return elapsed

    def members(self, text: str) -> tuple[int, int]:
        done = subprocess.run(
            [self.program, "run", "--store", self.path, "--now", NOW_TEXT, "--format", "ids", "-e", text],
            capture_output=True, text=True, check=True,
        )
        numbers = [int(line[1:]) for line in done.stdout.splitlines()]
        return len(numbers), sum(numbers)

    def ask(self, segment) -> int:
        self.prompt.stdin.write(segment.text + "\n")
        self.prompt.stdin.flush()
        answer = self.prompt.stdout.readline()
        if not answer:
            raise SystemExit(f"segql left: {segment.text}")
        return int("".join(c for c in answer.split("contact")[0] if c.isdigit()))

    def size(self) -> int:
        return size_of(self.path)

    def memory(self) -> tuple[int, int]:
        """The most memory that the prompt has used, pages of the store that it has mapped included, and what it holds itself."""
        status = Path(f"/proc/{self.prompt.pid}/status").read_text()
        of = lambda name: next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name))
        return of("VmHWM"), of("RssAnon")

    def close(self):
        self.prompt.stdin.close()
        self.prompt.wait()
