"""The segments that every engine answers: the text in segql, and the same set of contacts in SQL.

An SQL query gives the numbers of the contacts, each once. Instants are milliseconds since 1970, sums of money whole grosze;
windows are calculated here, in Warsaw time, so that no engine's calendar has a say.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Callable
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")
NOW_TEXT = "2025-11-01T13:00:00"
NOW_LOCAL = datetime(2025, 11, 1, 13, tzinfo=WARSAW)
NOW = int(NOW_LOCAL.timestamp() * 1000)
DAY = 86_400_000
# The clocks went back one hour at this moment; before it (and after March) Warsaw was two hours ahead.
WINTER = int(datetime(2025, 10, 26, 1, tzinfo=ZoneInfo("UTC")).timestamp() * 1000)


def days(n: int) -> int:
    """The instant n days (of 24 hours) ago."""
    return NOW - n * DAY


def months(n: int) -> int:
    """The instant n months ago, at the same time of day in Warsaw. The 1st exists in every month."""
    month = NOW_LOCAL.year * 12 + NOW_LOCAL.month - 1 - n
    return int(NOW_LOCAL.replace(year=month // 12, month=month % 12 + 1).timestamp() * 1000)


def months_date(n: int) -> str:
    month = NOW_LOCAL.year * 12 + NOW_LOCAL.month - 1 - n
    return date(month // 12, month % 12 + 1, NOW_LOCAL.day).isoformat()


def local(ts: str) -> str:
    """An instant of the last half year as milliseconds of the Warsaw wall clock."""
    return f"({ts} + CASE WHEN {ts} < {WINTER} THEN 7200000 ELSE 3600000 END)"


@dataclass
class Dialect:
    """What the two engines say differently."""

    name: str

    @property
    def duck(self) -> bool:
        return self.name == "DuckDB"

    def rows(self, event: str, since: int | None = None, where: str = "") -> str:
        """The FROM and WHERE of one type of events, in a window up to now."""
        tests = [f"ts <= {NOW}"]
        if since is not None:
            tests.insert(0, f"ts >= {since}")
        if where:
            tests.append(f"({where})")
        return f"FROM {event} WHERE {' AND '.join(tests)}"

    def did(self, event: str, since: int | None = None, where: str = "") -> str:
        """A condition of `contacts c`: it has such an event."""
        return f"c.contact IN (SELECT contact {self.rows(event, since, where)})"

    def did_not(self, event: str, since: int | None = None, where: str = "") -> str:
        """A condition of `contacts c`: it has none."""
        if self.duck:
            return f"NOT EXISTS (SELECT 1 {self.rows(event, since, where)} AND {event}.contact = c.contact)"
        return f"c.contact NOT IN (SELECT contact {self.rows(event, since, where)})"

    def grouped(self, event: str, having: str, since: int | None = None, where: str = "") -> str:
        """The contacts for whose events together something holds; a query."""
        return f"SELECT contact {self.rows(event, since, where)} GROUP BY contact HAVING {having}"

    def is_in(self, query: str) -> str:
        return f"c.contact IN ({query})"

    def contacts(self, *conditions: str) -> str:
        return "SELECT c.contact FROM contacts c WHERE " + " AND ".join(f"({c})" for c in conditions)

    def any_of(self, column: str, *texts: str) -> str:
        values = ", ".join(f"'{t}'" for t in texts)
        return f"list_has_any({column}, [{values}])" if self.duck else f"hasAny({column}, [{values}])"

    def number_of(self, column: str) -> str:
        return f"count(DISTINCT {column})" if self.duck else f"uniqExact({column})"

    def latest(self, column: str) -> str:
        return f"arg_max({column}, ts)" if self.duck else f"argMax({column}, ts)"

    def month_and_day(self, column: str) -> str:
        return f"(month({column}) * 100 + day({column}))" if self.duck else f"(toMonth({column}) * 100 + toDayOfMonth({column}))"

    def day_number(self, ts: str) -> str:
        return f"({local(ts)} // {DAY})" if self.duck else f"intDiv({local(ts)}, {DAY})"

    def hour(self, ts: str) -> str:
        return f"(({local(ts)} // 3600000) % 24)" if self.duck else f"(intDiv({local(ts)}, 3600000) % 24)"


@dataclass
class Segment:
    """One question: its name, what it is an example of, its text, and the query for an engine."""

    name: str
    family: str
    text: str
    sql: Callable[[Dialect], str]


def tier(*names: str) -> str:
    return "c.Status_VIP IN (" + ", ".join(f"'{n}'" for n in names) + ")"


def followed(d: Dialect, first: str, then: str, since: int, within: int) -> str:
    """First, and then the other within so many milliseconds."""
    return (
        f"SELECT DISTINCT a.contact FROM (SELECT contact, ts {d.rows(first, since)}) a "
        f"ASOF JOIN (SELECT contact, ts {d.rows(then, since)}) b ON a.contact = b.contact AND a.ts < b.ts "
        f"WHERE b.ts - a.ts <= {within}"
    )


def not_followed(d: Dialect, first: str, then: str, since: int, within: int) -> str:
    """First, and then not the other within so many milliseconds, which have passed."""
    missing = "b.ts IS NULL" if d.duck else "b.ts = 0"
    return (
        f"SELECT DISTINCT a.contact FROM (SELECT contact, ts {d.rows(first, since)} AND ts <= {NOW - within}) a "
        f"ASOF LEFT JOIN (SELECT contact, ts {d.rows(then, since)}) b ON a.contact = b.contact AND a.ts < b.ts "
        f"WHERE {missing} OR b.ts - a.ts > {within}"
    )


def most_frequent(d: Dialect, event: str, attribute: str, since: int, value: str) -> str:
    return (
        "SELECT contact FROM (SELECT contact, v, row_number() OVER (PARTITION BY contact ORDER BY n DESC, first) AS place FROM "
        f"(SELECT contact, {attribute} AS v, count(*) AS n, min(ts) AS first {d.rows(event, since, attribute + ' IS NOT NULL')} "
        f"GROUP BY contact, v)) WHERE place = 1 AND v = '{value}'"
    )


def top(d: Dialect, share: float, contacts: int) -> str:
    limit = -(-contacts * int(share * 1000) // 1000)
    return (
        f"SELECT c.contact FROM contacts c LEFT JOIN (SELECT contact, sum(kwota) AS s {d.rows('Zakup', months(12))} GROUP BY contact) z "
        f"ON z.contact = c.contact ORDER BY coalesce(z.s, 0) DESC, c.contact LIMIT {limit}"
    )


def quorum(d: Dialect) -> str:
    parts = [
        tier("Gold", "Platinum"),
        d.did("Zakup", days(90)),
        d.did("MailOpen", days(30)),
        "coalesce(c.wiek BETWEEN 25 AND 34, FALSE)" if d.duck else "ifNull(c.wiek BETWEEN 25 AND 34, 0)",
    ]
    cast = (lambda p: f"CAST(coalesce({p}, FALSE) AS INTEGER)") if d.duck else (lambda p: f"toUInt8(ifNull({p}, 0))")
    return "SELECT c.contact FROM contacts c WHERE " + " + ".join(cast(p) for p in parts) + " >= 2"


def segments(contacts: int, emails: list[str], share: float = 0.01) -> list[Segment]:
    """All of them, for so many contacts, among which these mail addresses occur."""
    texts = ", ".join(f'"{e}"' for e in emails)
    strings = ", ".join(f"'{e}'" for e in emails)
    bill = "kwota >= 10000"
    return [
        # Fields.
        Segment("tier", "field: closed set", 'field Status_VIP in ["Gold", "Platinum"]', lambda d: d.contacts(tier("Gold", "Platinum"))),
        Segment("value", "field: number", "field Wartość_zakupów_12m > 2000", lambda d: d.contacts("c.wartosc_12m > 200000")),
        Segment("age and country", "field: all", 'all < field Kraj = "PL"; field wiek between 25 and 34 >',
                lambda d: d.contacts("c.Kraj = 'PL'", "c.wiek BETWEEN 25 AND 34")),
        Segment("mail provider", "field: text", 'field email ends with "@skrzynka.example"',
                lambda d: d.contacts("ends_with(c.email, '@skrzynka.example')" if d.duck else "endsWith(c.email, '@skrzynka.example')")),
        Segment("interests", "field: list", 'field zainteresowania has any of ["sport", "podróże"]',
                lambda d: d.contacts(d.any_of("c.zainteresowania", "sport", "podróże"))),
        Segment("birthday", "field: anniversary", "field urodziny anniversary within next 7d",
                lambda d: d.contacts(f"{d.month_and_day('c.urodziny')} BETWEEN 1101 AND 1108")),
        Segment("new account", "field: date", "field Data_otwarcia_konta within 6mo",
                lambda d: d.contacts(f"c.Data_otwarcia_konta BETWEEN '{months_date(6)}' AND '2025-11-01'")),
        Segment("1,000 values", "field: long list", f"field email in [{texts}]", lambda d: d.contacts(f"c.email IN ({strings})")),
        Segment("no consent", "field: negation", "not field Zgoda_SMS is true",
                lambda d: d.contacts("c.Zgoda_SMS IS DISTINCT FROM TRUE" if d.duck else "NOT ifNull(c.Zgoda_SMS, false)")),
        # Events.
        Segment("bought lately", "event: window", "event Zakup within 90d", lambda d: f"SELECT DISTINCT contact {d.rows('Zakup', days(90))}"),
        Segment("visited ever", "event: no window", "event Odwiedziny_strony", lambda d: f"SELECT DISTINCT contact {d.rows('Odwiedziny_strony')}"),
        Segment("no mail opened", "event: absence", "not event MailOpen within 30d", lambda d: d.contacts(d.did_not("MailOpen", days(30)))),
        Segment("nothing at all", "event: absence of all", "not event [MailOpen, MailClick, SmsClick, PushOpen, Zakup, Odwiedziny_strony]",
                lambda d: d.contacts(*(d.did_not(e) for e in ("MailOpen", "MailClick", "SmsClick", "PushOpen", "Zakup", "Odwiedziny_strony")))),
        Segment("dear basket", "event: where, few", "event Porzucony_koszyk where wartosc >= 200 within 7d",
                lambda d: f"SELECT DISTINCT contact {d.rows('Porzucony_koszyk', days(7), 'wartosc >= 20000')}"),
        Segment("shoes", "event: where, two", 'event Zakup where kategoria = "buty" and kwota >= 100 within 6mo',
                lambda d: f"SELECT DISTINCT contact {d.rows('Zakup', months(6), chr(39).join(['kategoria = ', 'buty', ' AND ']) + bill)}"),
        Segment("product prefix", "event: where text", 'event Koszyk where produkt starts with "buty" within 6mo',
                lambda d: "SELECT DISTINCT contact " + d.rows("Koszyk", months(6), "starts_with(produkt, 'buty')" if d.duck else "startsWith(produkt, 'buty')")),
        Segment("before noon", "event: where hour", "event Zakup where hour(time) between 10 and 11 within 90d",
                lambda d: f"SELECT DISTINCT contact {d.rows('Zakup', days(90), d.hour('ts') + ' BETWEEN 10 AND 11')}"),
        Segment("at least 3", "event: times", "event Zakup at least 3 times within 6mo", lambda d: d.grouped("Zakup", "count(*) >= 3", months(6))),
        Segment("at most 2", "event: times with none", "event MailSent at most 2 times within 30d",
                lambda d: d.contacts(f"{'NOT ' if d.duck else ''}c.contact {'' if d.duck else 'NOT '}IN ({d.grouped('MailSent', 'count(*) > 2', days(30))})")),
        Segment("1 or 2", "event: times", "event Zakup between 1 and 2 times within 12mo",
                lambda d: d.grouped("Zakup", "count(*) BETWEEN 1 AND 2", months(12))),
        Segment("any answer", "event: union", "event [MailClick, SmsClick, PushOpen] within 14d",
                lambda d: " UNION DISTINCT ".join(f"SELECT contact {d.rows(e, days(14))}" for e in ("MailClick", "SmsClick", "PushOpen"))
                if not d.duck else " UNION ".join(f"SELECT contact {d.rows(e, days(14))}" for e in ("MailClick", "SmsClick", "PushOpen"))),
        # Values.
        Segment("sum of all", "value: sum, no filter", "sum(Zakup.kwota) > 5000", lambda d: d.grouped("Zakup", "sum(kwota) > 500000")),
        Segment("sum of a year", "value: sum", "sum(Zakup.kwota within 12mo) > 2000", lambda d: d.grouped("Zakup", "sum(kwota) > 200000", months(12))),
        Segment("average", "value: average", "average(Transakcja.kwota within 90d) > 500",
                lambda d: d.grouped("Transakcja", "sum(kwota) > 50000 * count(kwota)", days(90))),
        Segment("greatest", "value: max", "max(Zakup.kwota within 12mo) > 1000", lambda d: d.grouped("Zakup", "max(kwota) > 100000", months(12))),
        Segment("categories", "value: distinct", "distinct(Zakup.kategoria within 12mo) >= 4",
                lambda d: d.grouped("Zakup", f"{d.number_of('kategoria')} >= 4", months(12))),
        Segment("mostly shoes", "value: most frequent", 'most_frequent(Zakup.kategoria within 12mo) = "buty"',
                lambda d: most_frequent(d, "Zakup", "kategoria", months(12), "buty")),
        Segment("lapsed", "value: last", "last(Zakup) older than 90d", lambda d: d.grouped("Zakup", f"max(ts) < {days(90)}")),
        Segment("new buyer", "value: first", "first(Zakup) within 30d", lambda d: d.grouped("Zakup", f"min(ts) >= {days(30)}")),
        Segment("last bought sport", "value: last attribute", 'last(Zakup.kategoria) = "sport"',
                lambda d: d.grouped("Zakup", f"{d.latest('kategoria')} = 'sport'")),
        Segment("regular visitor", "value: days", "active_days(Odwiedziny_strony within 30d) >= 5",
                lambda d: d.grouped("Odwiedziny_strony", f"{d.number_of(d.day_number('ts'))} >= 5", days(30))),
        Segment("buys more", "value: arithmetic", "sum(Zakup.kwota within 90d) > 0.5 * sum(Zakup.kwota within 12mo)",
                lambda d: d.grouped("Zakup", f"2 * sum(CASE WHEN ts >= {days(90)} THEN kwota ELSE 0 END) > sum(kwota)", months(12))),
        # Sequences and rankings.
        Segment("basket, then bought", "sequence", "sequence within 30d < event Koszyk; then event Zakup within 2d >",
                lambda d: followed(d, "Koszyk", "Zakup", days(30), 2 * DAY)),
        Segment("basket, not bought", "sequence: absence", "sequence within 60d < event Koszyk; then not event Zakup within 7d >",
                lambda d: not_followed(d, "Koszyk", "Zakup", days(60), 7 * DAY)),
        Segment("best 1 %", "top", "top 1% by sum(Zakup.kwota within 12mo)", lambda d: top(d, share, contacts)),
        # As people write them, one for each industry, and a quorum.
        Segment("lapsed VIP", "e-commerce", 'all < field Status_VIP in ["Gold", "Platinum"]; sum(Zakup.kwota within 12mo) > 2000; not event Zakup within 90d >',
                lambda d: d.contacts(tier("Gold", "Platinum"), d.is_in(d.grouped("Zakup", "sum(kwota) > 200000", months(12))), d.did_not("Zakup", days(90)))),
        Segment("ask for consent", "retail", "all < field Program_lojalnościowy is true; count(Zakup within 6mo) >= 3; field Zgoda_SMS is false or empty >",
                lambda d: d.contacts("c.program", d.is_in(d.grouped("Zakup", "count(*) >= 3", months(6))),
                                     "coalesce(c.Zgoda_SMS, FALSE) = FALSE" if d.duck else "NOT ifNull(c.Zgoda_SMS, false)")),
        Segment("card offer", "bank",
                'all < field Typ_produktu = "konto osobiste"; field Saldo > 1000; event Transakcja at least 10 times within 90d; not event MailSent where campaign = "karta-kredytowa" within 30d >',
                lambda d: d.contacts("c.Typ_produktu = 'konto osobiste'", "c.Saldo > 100000", d.is_in(d.grouped("Transakcja", "count(*) >= 10", days(90))),
                                     d.did_not("MailSent", days(30), "campaign = 'karta-kredytowa'"))),
        Segment("last minute", "travel",
                "all < event Odwiedziny_strony where Destynacja is set at least 3 times within 14d; not event Rezerwacja where Destynacja is set within 180d >",
                lambda d: d.contacts(d.is_in(d.grouped("Odwiedziny_strony", "count(*) >= 3", days(14), "Destynacja IS NOT NULL")),
                                     d.did_not("Rezerwacja", days(180), "Destynacja IS NOT NULL"))),
        Segment("check-up", "health", "all < last(Wizyta) older than 12mo; not event Rezerwacja where poradnia is set within 90d; field Zgoda_SMS is true >",
                lambda d: d.contacts(d.is_in(d.grouped("Wizyta", f"max(ts) < {months(12)}")), d.did_not("Rezerwacja", days(90), "poradnia IS NOT NULL"),
                                     "c.Zgoda_SMS")),
        Segment("2 of 4", "quorum",
                'at least 2 of < field Status_VIP in ["Gold", "Platinum"]; event Zakup within 90d; event MailOpen within 30d; field wiek between 25 and 34 >',
                quorum),
    ]


def thousand() -> list[tuple[str, Callable[[Dialect], str]]]:
    """A thousand segments of one campaign calendar: tier or country, an age, an event, a sum; many share their parts."""
    tiers = ["Standard", "Silver", "Gold", "Platinum"]
    events = ["Zakup", "MailOpen", "Odwiedziny_strony", "Koszyk", "MailClick"]
    out = []
    for n in range(1000):
        t, e, d_, low, spent = tiers[n % 4], events[n % 5], 7 + n % 84, 18 + n % 50, 100 * (1 + n % 40)
        text = (
            f'all < field Status_VIP = "{t}"; field wiek between {low} and {low + 10}; event {e} within {d_}d; '
            f"sum(Zakup.kwota within 12mo) > {spent} >"
        )

        def sql(d: Dialect, t=t, e=e, d_=d_, low=low, spent=spent) -> str:
            return d.contacts(tier(t), f"c.wiek BETWEEN {low} AND {low + 10}", d.did(e, days(d_)),
                              d.is_in(d.grouped("Zakup", f"sum(kwota) > {100 * spent}", months(12))))

        out.append((text, sql))
    return out
