"""Overrides: what an assessor sets by command, as a file like any other. It is archived, judged by the submissions' rules and promoted the same way,
so that who, when, old, new and why are on record, and a rebuild knows them too."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from assets.submissions.sheet import SURPLUS
from expectations.drift import with_source_columns
from expectations.intake import Unreadable

KIND = "kesiapan override"


@dataclass(frozen=True)
class Override:
    """`value` None withdraws. `value_before` is what the person saw; `document` names the decision that orders the change."""

    government_code: str
    agency_code: str
    period: str
    instrument_id: str
    indicator_id: str
    stage: str
    value: str | None
    value_before: str | None
    reason: str
    document: str | None
    by: str
    at: datetime


def to_bytes(override: Override) -> bytes:
    return json.dumps({"kind": KIND, **asdict(override)}, ensure_ascii=False, indent=1, default=str).encode()


def looks_like_one(data: bytes) -> bool:
    return data.lstrip()[:1] == b"{"


def parse(data: bytes, columns: tuple[str, ...]) -> pa.Table:
    """One row of the submission's columns."""
    try:
        said: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise Unreadable(f"it begins like an override, but is not JSON: {error}", f"awalnya seperti koreksi, tetapi bukan JSON: {error}") from error
    if said.get("kind") != KIND:
        raise Unreadable(
            "it is JSON, but no override; accepted: CSV or XLSX submissions, and what `kesiapan override` writes",
            "berkas JSON, tetapi bukan yang ditulis `kesiapan override`",
        )
    row = {
        "government_code": said.get("government_code"),
        "agency_code": said.get("agency_code"),
        "period": said.get("period"),
        "instrument_id": said.get("instrument_id"),
        "indicator_id": said.get("indicator_id"),
        "stage": said.get("stage"),
        "value": said.get("value"),
        "explanation": said.get("reason"),
        "evidence_file": said.get("document"),
        "submitted_by": said.get("by"),
        "submitted_at": said.get("at"),
        "act": "withdrawal" if said.get("value") is None else "override",
    }
    table = pa.table({"source_row": pa.array([1], pa.int64())} | {column: pa.array([row.get(column)], pa.string()) for column in (*columns, SURPLUS)})
    return with_source_columns(table, [])
