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

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """`runs`: max_hold_s, service, vantage, status, first_at, last_at, checks; a run ends where the next check of the service and vantage says something
    else, or comes later than `max_hold_s` after the one before. `targets`: service, vantage, url, certificate_expires_at, first_at, last_at; the same target
    may stand there several times."""

    runs: pa.Table
    targets: pa.Table


def find(source: Path | IO[bytes], max_hold_s: int) -> Found:
    """Of a whole file of the lake, be it of today or of before there were vantages and certificates."""
    present = parquet.read_schema(source).names
    columns = [name for name in (*_NAMES, "checked_at", "certificate_expires_at") if name in present]
    named = [name for name in _NAMES if name in columns]
    checks = parquet.read_table(source, columns=columns, read_dictionary=named, partitioning=None).unify_dictionaries()
    codes, names = zip(*(_coded(checks, name) for name in _NAMES), strict=True)
    moments = _numbers(checks["checked_at"])
    certificates = _numbers(checks["certificate_expires_at"]) if "certificate_expires_at" in columns else np.zeros_like(moments)
    place = _order(codes[0], codes[1], moments)
    if place is not None:
        codes, moments, certificates = tuple(one[place] for one in codes), moments[place], certificates[place]
    service, vantage, status, url = codes
    is_other = _differs(service) | _differs(vantage)
    late = np.append(True, np.diff(moments) > max_hold_s * 1_000_000)

    def stretches(begins: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """Places of the first check of each, and of the last."""
        first = np.flatnonzero(begins)
        return first, np.append(first[1:], len(begins)) - 1

    def of(which: int, at: Numbers) -> pa.Array:
        return names[which].take(pa.array(codes[which][at], mask=codes[which][at] < 0))

    first, last = stretches(is_other | _differs(status) | late)
    runs = {
        "max_hold_s": pa.repeat(max_hold_s, len(first)),
        "service": of(0, first),
        "vantage": of(1, first),
        "status": of(2, first),
        "first_at": _at(moments[first]),
        "last_at": _at(moments[last]),
        "checks": pa.array(last - first + 1),
    }
    first, last = stretches(is_other | _differs(url) | _differs(certificates))
    targets = {
        "service": of(0, first),
        "vantage": of(1, first),
        "url": of(3, first),
        "certificate_expires_at": _at(certificates[first], certificates[first] == 0),
        "first_at": _at(moments[first]),
        "last_at": _at(moments[last]),
    }
    return Found(pa.table(runs), pa.table(targets))


def _coded(checks: pa.Table, name: str) -> tuple[Numbers, pa.Array]:
    """A column of names as numbers (-1: none), and the names that these stand for."""
    if name not in checks.column_names:
        return np.zeros(len(checks), np.int64), pa.array([NO_VANTAGE])
    column = checks[name].combine_chunks()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = column.dictionary
    if name == "vantage" and column.null_count:
        names = pa.concat_arrays([names, pa.array([NO_VANTAGE], names.type)])
        codes[codes < 0] = pc.index(names, NO_VANTAGE).as_py()
    return codes, names


def _numbers(column: pa.ChunkedArray) -> Numbers:
    """Microseconds since 1970; 0 where there is none."""
    values: Numbers = column.cast(_MOMENT).cast(pa.int64()).fill_null(0).combine_chunks().to_numpy(zero_copy_only=False)
    return values


def _at(microseconds: Numbers, is_null: Any = None) -> pa.Array:
    return pa.array(microseconds, mask=is_null).cast(_MOMENT)


def _differs(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """From the one before it; the first does."""
    return np.append(True, values[1:] != values[:-1])


def _order(service: Numbers, vantage: Numbers, moments: Numbers) -> Numbers | None:
    """Where the checks stand if those of a service and vantage follow each other in the order of time. None: as they lie; so they do but where a service
    has several vantages."""
    begins = _differs(service)
    lies = len(np.unique(service[begins])) == np.count_nonzero(begins) and not np.any(_differs(vantage) & ~begins)
    if lies and np.all((np.diff(moments) > 0) | begins[1:]):
        return None
    return np.lexsort((moments, vantage, service))
