"""What a cell of a submission means, in the contract's own form: levels, days, moments, periods, stages, instruments, indicators, region codes. Names of
agencies are `agency.py`'s.

Every function takes the text of one cell and gives `Read(value, guess)`. It raises nothing and invents nothing: text that can be read in two ways, or
in none, has no value. Hard spaces, zero-width characters, line breaks and repeated spaces never matter. Whether a value is allowed is not asked here
but by the rules (`expectations/submission.py`)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SHOWN = 60  # characters of a cell that a guess quotes
YEARS = range(1900, 2200)
SERIALS = range(20_000, 80_001)  # days that Excel may mean by a number alone: 1954-10-03 to 2119-01-10
EXCEL_DAY_0 = date(1899, 12, 30)

ZERO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


@dataclass(frozen=True)
class Read(Generic[T_co]):
    """`value` is None when the text cannot be understood; `guess` says, in Indonesian, what was understood of text that is not in the contract's form."""

    value: T_co | None
    guess: str | None = None


def cleaned(text: str | None) -> str:
    return " ".join((text or "").translate(ZERO_WIDTH).split())


def guessed(what: str, text: str, value: T, because: str = "") -> Read[T]:
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return Read(value, f'{what} "{shown}" dibaca {value}{because}')


# Levels.

PLAIN_LEVEL = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")
FLOAT_LEVEL = re.compile(r"[0-9]\.[0-9]{3,}")
NUMBER = r"(?<![\w.,/-])([0-9]{1,2}(?:[.,][0-9]{1,2})?)(?![\w/]|[.,-][0-9])"
LEVEL_WORD = r"(?:level|lvl|lv|tingkat|nilai|skor)"
LABELLED = re.compile(rf"[^0-9]*\b{LEVEL_WORD}\b\.?(?: [a-z]+){{0,3}} ?[:=]? ?{NUMBER}")
BESIDE_LEVEL = re.compile(
    "level|lvl|lv|tingkat|nilai|skor|penilaian|kematangan|kapabilitas|proses|fungsi|hasil|capaian|evaluasi|indeks|spbe|pemdi|adalah|yaitu|dan"
)
NUMBER_AND_NAME = re.compile(rf"{NUMBER}(?: ?[(\[] ?(?P<inside>[^0-9()\[\]]+?) ?[)\]]| ?[-–—:=] ?(?P<after>[^0-9]+)| (?P<name>[a-z ]+))")
DENIED = re.compile(r"\b(?:belum|tidak|bukan|tanpa|target|rencana|menuju|minimal|maksimal|kurang)\b")
STAGE_OF_WORD = {
    "mandiri": "self",
    "dokumen": "document",
    "wawancara": "interview",
    "interviu": "interview",
    "pusat": "final",
    "akhir": "final",
    "final": "final",
}
LEVEL_NAMES = {
    "rintisan": 1,
    "informasi": 1,
    "terkelola": 2,
    "interaksi": 2,
    "terdefinisi": 3,
    "transaksi": 3,
    "terpadu": 4,
    "terukur": 4,
    "kolaborasi": 4,
    "optimum": 5,
}  # PermenPANRB 59/2020, process and function capability


def level(text: str | None, stage: str | None = None) -> Read[Decimal]:
    """The level of maturity, at most two decimals. Of a text that states several, the one stated for `stage` (a contract name)."""
    clean = cleaned(text)
    if PLAIN_LEVEL.fullmatch(clean):
        return Read(Decimal(clean.replace(",", ".")))
    if FLOAT_LEVEL.fullmatch(clean):  # binary noise of a spreadsheet: 3.3000000000000003
        exact = Decimal(clean)
        return guessed("nilai", clean, exact.quantize(Decimal("0.01")).normalize()) if abs(exact - round(exact, 2)) < Decimal("1e-9") else Read(None)
    lower = clean.lower()
    named = NUMBER_AND_NAME.fullmatch(lower)
    value = _of_named(named) if named else _of_labelled(lower, stage)
    return Read(None) if value is None else guessed("nilai", clean, value)


def _of_named(match: re.Match[str]) -> Decimal | None:
    """'4 (Terpadu)', '4 - Terpadu', '4 Terpadu': not if the name is that of another level, nor, without a bracket, of none."""
    value = Decimal(match[1].replace(",", "."))
    words = (match["inside"] or match["after"] or match["name"]).split()
    meant = {LEVEL_NAMES[word] for word in words if word in LEVEL_NAMES}
    known = meant == {value} or (not meant and match["inside"] is not None)
    return value if known and not DENIED.search(match[0]) else None


def _of_labelled(lower: str, stage: str | None) -> Decimal | None:
    """'Level 3', 'Penilaian mandiri level : 3 Nilai kematangan pusat level : 2': of several numbers each must say for which stage. A word that is not
    usual beside a level ('belum level 3', 'tingkat kematangan indikator 2') makes the text one that cannot be read."""
    stated: list[tuple[set[str], Decimal]] = []
    end = 0
    while match := LABELLED.match(lower, end):
        words = set(re.findall(r"[^\W\d]+", match[0]))
        if not all(word in STAGE_OF_WORD or BESIDE_LEVEL.fullmatch(word) for word in words):
            return None
        stated.append(({STAGE_OF_WORD[word] for word in words if word in STAGE_OF_WORD}, Decimal(match[1].replace(",", "."))))
        end = match.end()
    if not stated or not _names_only(lower[end:], stated[-1][1]):
        return None
    values = {value for stages, value in stated if stage in stages}
    if not values and len(stated) == 1 and (not stated[0][0] or stage is None):
        values = {stated[0][1]}
    return values.pop() if len(values) == 1 else None


def _names_only(rest: str, value: Decimal) -> bool:
    words = re.findall(r"\w+", rest)
    return all(LEVEL_NAMES.get(word, value) == value and (word in LEVEL_NAMES or word == "dan") for word in words)


# Days and moments.

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari pebruari february feb peb",
            "maret march mar mrt",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt ags aug",
            "september sep sept",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAY = r"(?:(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?"
DAY_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<y>[0-9]{4})([-/.])(?P<m>[0-9]{1,2})\2(?P<d>[0-9]{1,2})",
        r"(?P<d>[0-9]{1,2})([-/.])(?P<m>[0-9]{1,2})\2(?P<y>[0-9]{4})",
        WEEKDAY + r"(?P<d>[0-9]{1,2})[ -](?P<name>[a-z]+)\.?,?[ -](?P<y>[0-9]{4})",
        WEEKDAY + r"(?P<name>[a-z]+)\.? (?P<d>[0-9]{1,2}),? (?P<y>[0-9]{4})",
    )
)
CLOCK = re.compile(
    r"(?P<day>.+?)(?:(?:, ?| )(?:(?:pukul|jam|at) )?|t)(?P<h>[0-9]{1,2})[:.](?P<min>[0-9]{2})(?:[:.](?P<s>[0-9]{2})(?P<fraction>\.[0-9]{1,9})?)?"
    r" ?(?P<zone>z|utc|[+-][0-9]{2}:?(?:[0-9]{2})?|wib|wita|wit)?"
)
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T00:00:00)?")  # the time is what workbooks put behind some days
ISO_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?")
SERIAL = re.compile(r"([0-9]{5})(?:\.([0-9]{1,15}))?")
OFFSET_H = {"wib": 7, "wita": 8, "wit": 9}


def day(text: str | None) -> Read[date]:
    """A day: ISO, day-first with numbers, with an Indonesian or English month name, or Excel's number of the 1900 system; of the years 1900 to 2199.
    A time of day is left out."""
    clean = cleaned(text)
    moment_of_day = _day_and_clock(clean)
    if moment_of_day is None:
        return Read(None)
    value = moment_of_day[0]
    return Read(value) if ISO_DAY.fullmatch(clean) else guessed("tanggal", clean, value)


def moment(text: str | None, zone: tzinfo) -> Read[datetime]:
    """An aware datetime: the same forms as `day`, with a clock ('08:32', '08.32') and a zone. `zone` is taken where the text names none, midnight where
    it has no clock: cells of a workbook have no zone, and our template asks for a day, so neither is a guess."""
    clean = cleaned(text)
    parts = _day_and_clock(clean)
    if parts is None:
        return Read(None)
    on, clock, stated = parts
    value = datetime.combine(on, clock or time(), stated or zone)
    return Read(value) if ISO_MOMENT.fullmatch(clean) else guessed("waktu", clean, value)


def _day_and_clock(clean: str) -> tuple[date, time | None, tzinfo | None] | None:
    serial = SERIAL.fullmatch(clean)
    if serial and int(serial[1]) in SERIALS:
        whole = datetime.combine(EXCEL_DAY_0, time()) + timedelta(days=int(serial[1]), seconds=round(86_400 * Decimal(f"0.{serial[2] or 0}")))
        return whole.date(), whole.time() if serial[2] else None, None
    lower = clean.lower()
    match = CLOCK.fullmatch(lower)
    on_day = _day(match["day"] if match else lower)
    if match is None or on_day is None:
        return None if on_day is None else (on_day, None, None)
    try:
        fraction = int(f"{(match['fraction'] or '.')[1:]:0<6}"[:6])
        return on_day, time(int(match["h"]), int(match["min"]), int(match["s"] or 0), fraction), _zone(match["zone"])
    except ValueError:
        return None


def _day(lower: str) -> date | None:
    for form in DAY_FORMS:
        match = form.fullmatch(lower)
        if match:
            named = match.groupdict()
            month = MONTHS.get(named["name"], 0) if "name" in named else int(named["m"])
            try:
                found = date(int(named["y"]), month, int(named["d"]))
            except ValueError:
                return None
            return found if found.year in YEARS else None
    return None


def _zone(text: str | None) -> tzinfo | None:
    """Raises ValueError for an offset of a day or more."""
    if not text:
        return None
    if text in ("z", "utc"):
        return UTC
    if text in OFFSET_H:
        return timezone(timedelta(hours=OFFSET_H[text]))
    minutes = 60 * int(text[1:3]) + int(text[3:].removeprefix(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


# Periods, stages, instruments, indicators.

PERIOD = re.compile(r"[0-9]{4}-Q[1-4]")
QUARTER_WORD = r"(?:q|triwulan|trwl|trw|tw|kuartal|kwartal|quarter)"
QUARTER = r"(?P<q>iv|i{1,3}|[1-4])"
YEAR = r"(?:tahun |th\.? ?|t\.?a\.? ?)?(?P<y>20[0-9]{2})"
BETWEEN = r"[ ,./-]{0,3}"
QUARTER_FORMS = (
    re.compile(rf"{QUARTER_WORD}\.?[ -]?(?:ke[ -])?{QUARTER}{BETWEEN}{YEAR}"),
    re.compile(rf"{YEAR}{BETWEEN}{QUARTER_WORD}\.?[ -]?(?:ke[ -])?{QUARTER}"),
)
YEAR_ALONE = re.compile(rf"{YEAR}(?:\.0)?")
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def period(text: str | None) -> Read[str]:
    """A quarter such as '2026-Q3'. A year alone is the quarter of its annual evaluation, the fourth."""
    clean = cleaned(text)
    if PERIOD.fullmatch(clean.upper()):
        return Read(clean.upper())
    lower = clean.lower()
    for form in QUARTER_FORMS:
        if match := form.fullmatch(lower):
            return guessed("periode", clean, f"{match['y']}-Q{ROMAN.get(match['q']) or match['q']}")
    if match := YEAR_ALONE.fullmatch(lower):
        return guessed("periode", clean, f"{match['y']}-Q4", " (evaluasi tahunan)")
    return Read(None)


CONTRACT_STAGES = {
    "self": "self",
    "mandiri": "self",
    "document": "document",
    "dokumen": "document",
    "interview": "interview",
    "wawancara": "interview",
    "interviu": "interview",
    "final": "final",
}
STAGE = re.compile(rf"(?:(?:tahap(?:an)?|penilaian|evaluasi|nilai|hasil) ){{0,2}}({'|'.join([*CONTRACT_STAGES, *STAGE_OF_WORD])})")


def stage(text: str | None) -> Read[str]:
    """self, document, interview or final; their Indonesian names are as good."""
    clean = cleaned(text)
    lower = clean.lower()
    if lower in CONTRACT_STAGES:
        return Read(CONTRACT_STAGES[lower])
    match = STAGE.fullmatch(lower)
    return guessed("tahap", clean, STAGE_OF_WORD.get(match[1], match[1])) if match else Read(None)


INSTRUMENTS = ("SPBE2018", "SPBE2020", "PEMDI2026", "GSCM", "IPS")
INSTRUMENT_AND_YEAR = re.compile(r"(?:INDEKS )?(SPBE|PEMDI)[ _-]?(20[0-9]{2})")
REGULATION = re.compile(
    r"(?:INDEKS )?(?P<family>SPBE|PEMDI)?[ ,(-]{0,3}(?:PERMEN ?PAN[ -]?(?:RB|& ?RB|DAN RB)|PERATURAN MENTERI PAN[ -]?RB)?"
    r" ?(?:NO(?:MOR)?\.? ?)?(?P<number>[0-9]{1,2}) ?(?:/|TAHUN|TH\.?) ?(?P<year>20[0-9]{2})\)?"
)
OF_REGULATION = {(5, 2018): "SPBE2018", (59, 2020): "SPBE2020", (8, 2026): "PEMDI2026"}


def instrument(text: str | None) -> Read[str]:
    """An instrument's id, also out of its name and year or of its regulation (PermenPANRB 5/2018, 59/2020, 8/2026). A name without a year is none."""
    clean = cleaned(text)
    upper = clean.upper()
    if upper in INSTRUMENTS:
        return Read(upper)
    if match := INSTRUMENT_AND_YEAR.fullmatch(upper):
        found = f"{match[1]}{match[2]}"
        return guessed("instrumen", clean, found) if found in INSTRUMENTS else Read(None)
    if match := REGULATION.fullmatch(upper):
        of_regulation = OF_REGULATION.get((int(match["number"]), int(match["year"])))
        if of_regulation and of_regulation.startswith(match["family"] or ""):
            return guessed("instrumen", clean, of_regulation)
    return Read(None)


INDICATOR = re.compile(r"[1-9][0-9]{0,2}(?:-[1-9][0-9]?)?")
WRITTEN_INDICATOR = re.compile(rf"(?:(?:indikator|ind|i|no|nomor)[ .:-]{{0,2}}(?:no(?:mor|\.)? ?)?)?0{{0,2}}({INDICATOR.pattern})(?:[.,]0{{1,2}}|\.|\))?")


def indicator(text: str | None) -> Read[str]:
    """An indicator's number within its instrument: '12', '35-2'. A number with decimals ('1.1') is an aspect's way of counting, not an indicator."""
    clean = cleaned(text)
    if INDICATOR.fullmatch(clean):
        return Read(clean)
    match = WRITTEN_INDICATOR.fullmatch(clean.lower())
    return guessed("indikator", clean, match[1]) if match else Read(None)


# Region codes.

DOTTED = re.compile(r"([0-9]{2})[.,]([0-9]{1,2})")


def region_code(text: str | None, known: Collection[str], by_bps: Mapping[str, str] | None = None) -> Read[str]:
    """A Ministry of Home Affairs code out of `known`. A spreadsheet drops the last zero of 63.10, and no other: 63.1 can only have been 63.10.
    Four digits without a dot may also be a code of the statistics office: where `by_bps` (statistics code to ministry code) has them stand for
    another region, they have no value."""
    clean = cleaned(text)
    if clean in known:
        return Read(clean)
    if re.fullmatch(r"[0-9]{4}", clean):
        candidate = f"{clean[:2]}.{clean[2:]}"
        if (by_bps or {}).get(clean, candidate) != candidate:
            return Read(None)
    elif match := DOTTED.fullmatch(clean):
        candidate = f"{match[1]}.{match[2]:0<2}"
        if candidate.endswith(".00"):  # the number 63 of a spreadsheet or a data frame
            candidate = match[1]
    else:
        return Read(None)
    return guessed("kode pemda", clean, candidate) if candidate in known else Read(None)
