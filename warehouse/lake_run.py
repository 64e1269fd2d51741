"""What a file of the probe lake says in few words: runs of checks that say the same, and which address and certificate was seen when. Found once, when the
file is written, since its checks then lie in order: neighbours are compared column by column. Counting days and incidents is not done here."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

NO_VANTAGE = "-"
_NAMES = ("service", "vantage", "status", "url")
_MOMENT = pa.timestamp("us", "UTC")

Numbers = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """`runs`: max_hold_s, service, vantage, status, first_at, last_at, checks; a run ends where the next check of the service and vantage says something
    else, or comes later than `max_hold_s` after the one before. `targets`: service, vantage, url, certificate_expires_at, first_at, last_at; the same target
    may stand there several times."""

    runs: pa.Table
    targets: pa.Table


def find(source: Path | IO[bytes], max_hold_s: int) -> Found:
    """Of a whole file of the lake, be it of today or of before there were vantages and certificates. A million checks in 0.05 s."""
    present = parquet.read_schema(source).names
    columns = [name for name in (*_NAMES, "checked_at", "certificate_expires_at") if name in present]
    named = [name for name in _NAMES if name in columns]
    checks = parquet.read_table(source, columns=columns, read_dictionary=named, partitioning=None).unify_dictionaries()
    service, vantage, status, url = (_names(checks, name) for name in _NAMES)
    moments, certificate = _moments(checks, "checked_at"), _moments(checks, "certificate_expires_at")
    order = _order(service, vantage, moments)
    if order is not None:
        service, vantage, status, url, moments, certificate = (one.at(order) for one in (service, vantage, status, url, moments, certificate))
    is_other = _begins(service, vantage)
    is_late = np.append(False, np.diff(moments.values) > max_hold_s * 1_000_000)

    def stretches(begins: Flags) -> tuple[Numbers, Numbers]:
        """Places of the first check of each, and of the last."""
        first = np.flatnonzero(begins)
        return first, np.append(first[1:], len(begins)) - 1

    first, last = stretches(is_other | _begins(status) | is_late)
    runs = {
        "max_hold_s": pa.repeat(max_hold_s, len(first)),
        "service": service.written(first),
        "vantage": vantage.written(first),
        "status": status.written(first),
        "first_at": moments.written(first),
        "last_at": moments.written(last),
        "checks": pa.array(last - first + 1),
    }
    first, last = stretches(is_other | _begins(url, certificate))
    targets = {
        "service": service.written(first),
        "vantage": vantage.written(first),
        "url": url.written(first),
        "certificate_expires_at": certificate.written(first),
        "first_at": moments.written(first),
        "last_at": moments.written(last),
    }
    return Found(pa.table(runs), pa.table(targets))


@dataclass(frozen=True)
class _Column:
    """Numbers that stand for `names`, or for microseconds since 1970; -1 is none."""

    values: Numbers
    names: pa.Array | None
    varies: bool

    def at(self, places: Numbers) -> "_Column":
        return _Column(self.values[places], self.names, self.varies)

    def written(self, places: Numbers) -> pa.Array:
        values = self.values[places]
        found = pa.array(values, mask=values < 0)
        return found.cast(_MOMENT) if self.names is None else self.names.take(found)


def _names(checks: pa.Table, name: str) -> _Column:
    missing = NO_VANTAGE if name == "vantage" else None
    if name not in checks.column_names:
        return _Column(np.zeros(len(checks), np.int32), pa.array([missing], pa.string()), varies=False)
    column = checks[name].combine_chunks()
    values, names = column.indices.fill_null(-1).to_numpy(zero_copy_only=False), column.dictionary
    if missing is not None and column.null_count:
        names = pa.concat_arrays([names, pa.array([missing], names.type)])
        values = np.where(values < 0, pc.index(names, missing).as_py(), values)
    return _Column(values, names, varies=len(names) > 1 or column.null_count > 0)


def _moments(checks: pa.Table, name: str) -> _Column:
    if name not in checks.column_names or checks[name].null_count == len(checks):
        return _Column(np.full(len(checks), -1), None, varies=False)
    column = checks[name].combine_chunks().cast(_MOMENT).cast(pa.int64())
    return _Column(column.fill_null(-1).to_numpy(zero_copy_only=False), None, varies=True)


def _begins(*columns: _Column) -> Flags:
    """Where a check differs from the one before it; the first does."""
    begins = np.zeros(len(columns[0].values), np.bool_)
    begins[:1] = True
    for column in columns:
        if column.varies:
            begins[1:] |= column.values[1:] != column.values[:-1]
    return begins


def _order(service: _Column, vantage: _Column, moments: _Column) -> Numbers | None:
    """Where the checks stand if those of a service and vantage follow each other in the order of time. None: as they lie; so they do but where a service
    has several vantages."""
    begins = _begins(service)
    lies = len(np.unique(service.values[begins])) == np.count_nonzero(begins) and not (vantage.varies and np.any(_begins(vantage) & ~begins))
    if lies and np.all((np.diff(moments.values) > 0) | begins[1:]):
        return None
    return np.lexsort((moments.values, vantage.values, service.values))
