"""Turn the raw sample files into submission files and a published-index file.

Reads ``raw/`` and writes ``submissions/`` and ``published/`` beside this script.
The same input always gives the same bytes, in the workbooks too.

    python samples/prepare.py
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).resolve().parent
RAW = HERE / "raw"

SUBMISSION_COLUMNS = (
    "government_code",
    "agency_code",
    "period",
    "instrument_id",
    "indicator_id",
    "stage",
    "value",
    "explanation",
    "evidence_file",
    "evidence_date",
    "submitted_by",
    "submitted_at",
)
PUBLISHED_COLUMNS = (
    "government_code",
    "period",
    "instrument_id",
    "component_id",
    "value",
    "predicate",
    "note",
    "source",
)

DENPASAR = "51.71"
STAGES = {"self": "level_mandiri", "final": "level_pusat"}
SUBMISSION_SUFFIX = {2018: ".csv", 2021: ".xlsx"}

# Nothing in the sources says when a workbook was made: one fixed stamp for all.
WORKBOOK_STAMP = datetime.fromisoformat("2000-01-01T00:00:00")
ZIP_STAMP = (1980, 1, 1, 0, 0, 0)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file; every cell stays text, so that 63.10 does not become 63.1."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write rows as UTF-8 CSV with LF line ends; missing cells stay empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write rows as a workbook: codes as text cells, ``value`` as an integer."""
    workbook = Workbook()
    workbook.properties.creator = path.stem
    workbook.properties.created = WORKBOOK_STAMP
    sheet = workbook.worksheets[0]
    sheet.title = "submission"
    sheet.append(list(columns))
    for number, row in enumerate(rows, start=2):
        for position, column in enumerate(columns, start=1):
            text = row.get(column, "")
            if not text:
                continue
            cell = sheet.cell(row=number, column=position)
            if column == "value":
                cell.value = int(text)
            else:
                cell.value = text
                cell.number_format = "@"
    buffer = io.BytesIO()
    workbook.save(buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(without_clock(buffer.getvalue()))


def without_clock(workbook: bytes) -> bytes:
    """Pack a workbook again with fixed times; saving it put the clock into it."""
    stamp = f"{WORKBOOK_STAMP:%Y-%m-%dT%H:%M:%SZ}".encode()
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in sorted(source.namelist(), key=lambda n: (n[0] != "[", n)):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*",
                    lambda found: found.group(1) + stamp,
                    content,
                )
            entry = zipfile.ZipInfo(name, ZIP_STAMP)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)
    return buffer.getvalue()


def instrument_of(year: int) -> str:
    """Name the instrument that was in use in a year of the raw files."""
    if 2018 <= year <= 2020:
        return "SPBE2018"
    if 2021 <= year <= 2025:
        return "SPBE2020"
    raise ValueError(f"no instrument known for {year}")


def submission_rows(levels: Iterable[dict[str, str]], year: int, stage: str) -> list[dict[str, str]]:
    """Make the submission rows of one year and stage, in the order of the source."""
    return [
        {
            "government_code": DENPASAR,
            "period": f"{year}-Q4",
            "instrument_id": instrument_of(year),
            "indicator_id": level["indikator"],
            "stage": stage,
            "value": level[STAGES[stage]],
        }
        for level in levels
        if level["tahun"] == str(year)
    ]


def published_rows() -> list[dict[str, str]]:
    """Merge the published indices of both raw files, in a fixed order."""
    rows = [
        {
            "government_code": row["kode"],
            "period": f"{row['tahun']}-Q4",
            "instrument_id": instrument_of(int(row["tahun"])),
            "component_id": "-",
            "value": row["indeks"],
            "predicate": row["predikat"],
            "note": row["catatan"],
            "source": row["sumber"],
        }
        for row in read_rows(RAW / "kalsel_spbe_published.csv")
    ]
    rows += read_rows(RAW / "other_spbe_published.csv")
    return sorted(
        rows,
        key=lambda row: (row["government_code"], row["period"], row["component_id"]),
    )


def main() -> None:
    """Write every prepared file."""
    levels = read_rows(RAW / "denpasar_spbe_levels.csv")
    for year, suffix in SUBMISSION_SUFFIX.items():
        for stage in STAGES:
            path = HERE / "submissions" / f"denpasar_{year}_{stage}{suffix}"
            write = write_xlsx if suffix == ".xlsx" else write_csv
            write(path, SUBMISSION_COLUMNS, submission_rows(levels, year, stage))
    write_csv(HERE / "published" / "spbe_published.csv", PUBLISHED_COLUMNS, published_rows())


if __name__ == "__main__":
    main()
