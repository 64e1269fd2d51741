"""Reads all cells of a submission, with the reference at hand: each distinct text of a column once, by `normalise.py` and `agency.py`. What is not
understood stays as it was sent, for the rules to refuse."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from assets.submissions import normalise
from assets.submissions.agency import ITSELF, Agencies, Agency
from assets.submissions.normalise import Read

LEVEL, MOMENT = pa.decimal128(5, 2), pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Known:
    """What the reference tables know of governments, by code (of which the statistics office has its own): their zones, their agencies."""

    zone: Mapping[str, tzinfo]
    by_bps: Mapping[str, str]
    agencies: Mapping[str, Agencies]

    def government(self, text: str | None) -> Read[str]:
        return normalise.region_code(text, self.zone, self.by_bps)

    def agency(self, text: str | None, government: str | None) -> Read[str]:
        """Of a government that nobody knows: as it was sent."""
        agencies = self.agencies.get(government or "")
        return agencies.read(text) if agencies else Read(text or ITSELF)

    def agency_candidates(self, text: str | None, government: str | None) -> Read[str]:
        """Where the agency is not understood."""
        agencies = self.agencies.get(government or "")
        return Read(agencies.candidates(text) if agencies and text and agencies.read(text).value is None else None)

    def moment(self, text: str | None, government: str | None) -> Read[datetime]:
        return normalise.moment(text, self.zone.get(government or "", UTC))


def known(connection: duckdb.DuckDBPyConnection) -> Known:
    governments = connection.execute("select code, name, timezone from ref.government").fetchall()
    agencies: dict[str, list[Agency]] = {}
    for government_code, code, name, aliases in connection.execute("select government_code, code, name, aliases from ref.agency").fetchall():
        agencies.setdefault(government_code, []).append(Agency(code, name, tuple(aliases)))
    return Known(
        zone={code: ZoneInfo(zone) for code, _, zone in governments},
        by_bps=dict(connection.execute("select bps_code, code from ref.region where bps_code is not null").fetchall()),
        agencies={code: Agencies(name, agencies.get(code, ())) for code, name, _ in governments},
    )


def understood(sent: pa.Table, known: Known) -> pa.Table:
    """The table with its cells read. A key that is not understood stays as it was sent; of values, days and moments the text stands beside
    (`value_text`). `*_guess` says what was read otherwise than it was written, `agency_candidates` what an unknown agency may have meant."""
    text = {name: sent.column(name).combine_chunks() for name in sent.column_names}
    stage = _each(normalise.stage, text["stage"])
    government = _each(known.government, text["government_code"])
    keys = {
        "government_code": government,
        "agency_code": _each(known.agency, text["agency_code"], government.values),
        "period": _each(normalise.period, text["period"]),
        "instrument_id": _each(normalise.instrument, text["instrument_id"]),
        "indicator_id": _each(normalise.indicator, text["indicator_id"]),
        "stage": stage,
    }
    typed = {
        "value": _each(normalise.level, text["value"], stage.values, kind=LEVEL),
        "evidence_date": _each(normalise.day, text["evidence_date"], kind=pa.date32()),
        "submitted_at": _each(known.moment, text["submitted_at"], government.values, kind=MOMENT),
    }
    read = keys | typed
    return pa.table(
        text
        | {name: column.values for name, column in read.items()}
        | {f"{name}_text": text[name] for name in typed}
        | {f"{name}_guess": column.guesses for name, column in read.items()}
        | {"agency_candidates": _each(known.agency_candidates, text["agency_code"], government.values, kind=pa.string()).values}
    )


def owners(sent: pa.Table, known: Known) -> frozenset[Hashable]:
    """The governments and agencies that rows speak of, as `understood` reads them."""
    _, governments, agencies = _distinct(sent.column("government_code").combine_chunks(), sent.column("agency_code").combine_chunks())
    found = set()
    for said, agency in zip(governments, agencies, strict=True):
        government = known.government(said).value or said
        found.add((government, known.agency(agency, government).value or agency))
    return frozenset(found)


@dataclass(frozen=True)
class _Column:
    """As dictionaries: for every row the place of its cell among the distinct ones."""

    values: pa.DictionaryArray
    guesses: pa.DictionaryArray


def _each(read: Callable[..., Read[object]], *columns: pa.Array, kind: pa.DataType | None = None) -> _Column:
    """`read` called once for each distinct combination of the columns' cells. Without a `kind` it is text, as it was sent where it is not understood."""
    row_to_cell, *distinct = _distinct(*columns)
    reads = [read(*cells) for cells in zip(*distinct, strict=True)]
    values = [each.value if each.value is not None or kind else sent for each, sent in zip(reads, distinct[0], strict=True)]
    guesses = [each.guess for each in reads]
    return _Column(
        pa.DictionaryArray.from_arrays(row_to_cell, pa.array(values, kind or pa.string())),
        pa.DictionaryArray.from_arrays(row_to_cell, pa.array(guesses, pa.string())),
    )


def _distinct(first: pa.Array, *others: pa.Array) -> tuple[pa.Array, ...]:
    """For every row the place of its combination, and the cells of each combination, column by column."""
    encoded = _encoded(first)
    row_to_cell, distinct = encoded.indices, [encoded.dictionary]
    for other in map(_encoded, others):
        width = max(len(other.dictionary), 1)
        pairs = pc.add(pc.multiply(row_to_cell.cast(pa.int64()), width), other.indices.cast(pa.int64())).dictionary_encode()
        left = pc.divide(pairs.dictionary, width)
        right = pc.subtract(pairs.dictionary, pc.multiply(left, width))
        row_to_cell, distinct = pairs.indices, [*(cells.take(left) for cells in distinct), other.dictionary.take(right)]
    return row_to_cell, *(cells.to_pylist() for cells in distinct)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode(null_encoding="encode")
