"""Reads all cells of a submission, with the reference at hand: each distinct text of a column once, by `normalise.py` and `agency.py`. What is not
understood stays as it was sent, for the rules to refuse."""

from collections.abc import Callable, Mapping
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
        agencies = self.agencies.get(government or "")
        return Read(agencies.candidates(text) if agencies and text is not None else None)

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
    stage = _each(normalise.stage, pa.string(), text["stage"])
    government = _each(known.government, pa.string(), text["government_code"])
    agency = _each(known.agency, pa.string(), text["agency_code"], government.values)
    keys = {
        "government_code": government,
        "agency_code": agency,
        "period": _each(normalise.period, pa.string(), text["period"]),
        "instrument_id": _each(normalise.instrument, pa.string(), text["instrument_id"]),
        "indicator_id": _each(normalise.indicator, pa.string(), text["indicator_id"]),
        "stage": stage,
    }
    typed = {
        "value": _each(normalise.level, LEVEL, text["value"], stage.values),
        "evidence_date": _each(normalise.day, pa.date32(), text["evidence_date"]),
        "submitted_at": _each(known.moment, MOMENT, text["submitted_at"], government.values),
    }
    unknown_agency = pc.if_else(pc.is_null(agency.values), text["agency_code"], pa.scalar(None, pa.string()))
    return pa.table(
        text
        | {name: pc.coalesce(read.values, text[name]) for name, read in keys.items()}
        | {name: read.values for name, read in typed.items()}
        | {f"{name}_text": text[name] for name in typed}
        | {f"{name}_guess": read.guesses for name, read in (keys | typed).items()}
        | {"agency_candidates": _each(known.agency_candidates, pa.string(), unknown_agency, government.values).values}
    )


@dataclass(frozen=True)
class _Column:
    """Row by row; null where nothing is understood, or nothing guessed."""

    values: pa.Array
    guesses: pa.Array


def _each(read: Callable[..., Read[object]], kind: pa.DataType, *columns: pa.Array) -> _Column:
    """`read` called once for each distinct combination of the columns' cells."""
    row_to_distinct, *distinct = _distinct(*columns)
    reads = [read(*cells) for cells in zip(*distinct, strict=True)]
    values, guesses = pa.array([each.value for each in reads], kind), pa.array([each.guess for each in reads], pa.string())
    return _Column(values.take(row_to_distinct), guesses.take(row_to_distinct))


def _distinct(first: pa.Array, *others: pa.Array) -> tuple[pa.Array, ...]:
    """For every row the place of its combination, and the cells of each combination, column by column."""
    encoded = first.dictionary_encode(null_encoding="encode")
    row_to_distinct, distinct = encoded.indices, [encoded.dictionary]
    for other in others:
        more = other.dictionary_encode(null_encoding="encode")
        width = max(len(more.dictionary), 1)
        pairs = pc.add(pc.multiply(row_to_distinct.cast(pa.int64()), width), more.indices.cast(pa.int64())).dictionary_encode()
        left = pc.divide(pairs.dictionary, width)
        right = pc.subtract(pairs.dictionary, pc.multiply(left, width))
        row_to_distinct, distinct = pairs.indices, [*(cells.take(left) for cells in distinct), more.dictionary.take(right)]
    return row_to_distinct, *(cells.to_pylist() for cells in distinct)
