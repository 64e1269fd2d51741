"""How a rule is said: what must hold (a constraint), and what it means to people (dimension, severity, sentences). A constraint knows itself
as SQL and as Great Expectations expectations: ours, which gives the verdict by `breaking`, and a stock one that says the same. Of one about rows
(`breaks_rows`), `failing` is the condition that finds the rows that break it and `applies` says which rows it is about; of one about the batch,
`evaluated` says whether there is anything to judge."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from warehouse.files import identifier

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

Dimension = Literal["accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"]
Severity = Literal["critical", "warning", "info"]
Scope = Literal["row", "batch"]


def _literal(value: object) -> str:
    """A value as SQL text. Values come from rules and settings, never from data."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _in_template(sql: str) -> str:
    """Great Expectations puts the batch in where `{batch}` stands, so braces of ours must be doubled; and SQLAlchemy takes `:name` for a parameter."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql.replace("{", "{{").replace("}", "}}"))


class _Constraint(ABC):
    """What every constraint can do; `expectation_type` is the Great Expectations type that judges it."""

    expectation_type: ClassVar[str]
    breaks_rows: ClassVar[bool]

    @abstractmethod
    def breaking(self) -> str:
        """SQL of one number, aggregated over the batch: 0 where the constraint holds; of one about rows, how many break it."""

    @abstractmethod
    def _stock(self, **common: Any) -> "Expectation": ...

    @abstractmethod
    def kwargs(self) -> dict[str, Any]: ...

    def expectation(self, stock: bool = False, **common: Any) -> "Expectation":
        """Ours, of which Great Expectations asks any number in one query; or one of the stock types, which any Great Expectations knows."""
        if stock:
            return self._stock(**common)
        from expectations.engine import expectation

        return expectation(self.expectation_type, self.breaking(), **common)


class _AboutRows(_Constraint):
    breaks_rows = True

    @abstractmethod
    def failing(self) -> str: ...

    @abstractmethod
    def applies(self) -> str: ...

    def breaking(self) -> str:
        return f"count(*) filter (where {self.failing()})"


class _AboutTheBatch(_Constraint):
    breaks_rows = False

    @abstractmethod
    def reproduce(self) -> str: ...

    @abstractmethod
    def evaluated(self) -> str: ...


def _of_the_batch(number: str) -> str:
    """A query of one number as an aggregate over the batch: 0 if that has no rows."""
    return f"case when count(*) > 0 then ({number}) else 0 end"


def _unexpected_rows(query: str, **common: Any) -> "Expectation":
    """The stock expectation that no row comes out of `query`."""
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **common)


@dataclass(frozen=True)
class NotNull(_AboutRows):
    """Every row has a value in `column`."""

    column: str
    expectation_type = "expect_no_row_without_value"

    def failing(self) -> str:
        return f'"{self.column}" is null'

    def applies(self) -> str:
        return "true"

    def _stock(self, **common: Any) -> "Expectation":
        import great_expectations.expectations as gxe

        return gxe.ExpectColumnValuesToNotBeNull(column=self.column, **common)

    def kwargs(self) -> dict[str, Any]:
        return {"column": self.column}


@dataclass(frozen=True)
class InSet(_AboutRows):
    """Every value of `column` is one of `values`; rows without a value are not its business."""

    column: str
    values: tuple[str, ...]
    expectation_type = "expect_no_row_outside_set"

    def failing(self) -> str:
        return f'"{self.column}" not in ({", ".join(_literal(value) for value in self.values)})'

    def applies(self) -> str:
        return f'"{self.column}" is not null'

    def _stock(self, **common: Any) -> "Expectation":
        import great_expectations.expectations as gxe

        return gxe.ExpectColumnValuesToBeInSet(column=self.column, value_set=list(self.values), **common)

    def kwargs(self) -> dict[str, Any]:
        return {"column": self.column, "value_set": list(self.values)}


@dataclass(frozen=True)
class Between(_AboutRows):
    """Every value of `column` is within the bounds, ends included; None is no bound."""

    column: str
    low: float | None = None
    high: float | None = None
    expectation_type = "expect_no_row_out_of_bounds"

    def failing(self) -> str:
        below = [] if self.low is None else [f'"{self.column}" < {_literal(self.low)}']
        above = [] if self.high is None else [f'"{self.column}" > {_literal(self.high)}']
        return " or ".join(below + above)

    def applies(self) -> str:
        return f'"{self.column}" is not null'

    def _stock(self, **common: Any) -> "Expectation":
        import great_expectations.expectations as gxe

        return gxe.ExpectColumnValuesToBeBetween(column=self.column, min_value=self.low, max_value=self.high, **common)

    def kwargs(self) -> dict[str, Any]:
        return {"column": self.column, "min_value": self.low, "max_value": self.high}


@dataclass(frozen=True)
class Holds(_AboutRows):
    """Where `when` is true, `condition` is true (SQL over the batch's columns; a null condition breaks the rule)."""

    condition: str
    when: str = "true"
    column: str | None = None
    expectation_type = "expect_no_row_against_condition"

    def failing(self) -> str:
        return f"({self.when}) and not coalesce({self.condition}, false)"

    def applies(self) -> str:
        return self.when

    def _stock(self, **common: Any) -> "Expectation":
        return _unexpected_rows("select 1 from {batch} where " + _in_template(self.failing()), **common)

    def kwargs(self) -> dict[str, Any]:
        return {"condition": self.condition, "when": self.when}


@dataclass(frozen=True)
class Unique(_AboutRows):
    """No two rows share all of `columns`. Its unit is rows: both rows of a pair break it. Rows with a null in the key are not its business.

    Grouping by a hash of the key takes half the time of grouping by the key, and nearly always shows that there is nothing more to ask. So hashes
    that stand in more than one row are put into TEMP table `suspect` first; whose keys are the same in truth is asked among those only."""

    columns: tuple[str, ...]
    expectation_type = "expect_no_rows_with_shared_key"

    @property
    def column(self) -> str | None:
        return self.columns[0] if len(self.columns) == 1 else None

    @property
    def key(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    def failing(self) -> str:
        return f"({self.key}) in (select ({self.key}) from batch where {self.applies()} group by {self.key} having count(*) > 1)"

    def applies(self) -> str:
        return " and ".join(f'"{column}" is not null' for column in self.columns)

    def suspects(self) -> str:
        """Rows for `suspect`: the key's columns, and a hash that stands in more than one row."""
        return f"select {_literal(self.key)}, hash({self.key}) from batch where {self.applies()} group by 2 having count(*) > 1"

    def suspect(self) -> str:
        """True of rows whose hash is in `suspect`."""
        return f"{self.applies()} and hash({self.key}) in (select key_hash from suspect where key_columns = {_literal(self.key)})"

    def breaking(self) -> str:
        shared = f"select count(*) as rows from batch where {self.suspect()} group by {self.key} having count(*) > 1"
        return _of_the_batch(f"select coalesce(sum(rows), 0)::bigint from ({shared})")

    def _stock(self, **common: Any) -> "Expectation":
        return _unexpected_rows("select 1 from {batch} where " + _in_template(f"{self.applies()} group by {self.key} having count(*) > 1"), **common)

    def kwargs(self) -> dict[str, Any]:
        return {"columns": list(self.columns)}


@dataclass(frozen=True)
class HasRows(_AboutTheBatch):
    """The batch is not empty."""

    at_least: int = 1
    column: str | None = None
    expectation_type = "expect_batch_to_have_rows"

    def reproduce(self) -> str:
        return "select count(*) as rows from batch"

    def evaluated(self) -> str:
        return "count(*) >= 0"

    def breaking(self) -> str:
        return f"(count(*) < {self.at_least})::int"

    def _stock(self, **common: Any) -> "Expectation":
        import great_expectations.expectations as gxe

        return gxe.ExpectTableRowCountToBeBetween(min_value=self.at_least, **common)

    def kwargs(self) -> dict[str, Any]:
        return {"min_value": self.at_least}


@dataclass(frozen=True)
class Fresh(_AboutTheBatch):
    """The newest `column` is at most `within_s` seconds older than the newest `reference`."""

    column: str
    reference: str
    within_s: int
    expectation_type = "expect_batch_to_be_fresh"

    def reproduce(self) -> str:
        return f'select {self._newest()} as newest, max("{self.reference}") as reference from batch'

    def evaluated(self) -> str:
        return f'count("{self.column}") > 0 and {self.within_s} > 0'

    def breaking(self) -> str:
        return f"coalesce({self._stale()}, false)::int"

    def _newest(self) -> str:
        """A moment after the reference is no sign of freshness, but of a wrong clock."""
        return f'max("{self.column}") filter (where epoch_us("{self.column}") <= epoch_us("{self.reference}") + 300e6)'

    def _stale(self) -> str:
        return f'{self._newest()} < max("{self.reference}") - to_seconds({self.within_s}) and {self.within_s} > 0'

    def _stock(self, **common: Any) -> "Expectation":
        return _unexpected_rows(f"select 1 from {{batch}} having {self._stale()}", **common)

    def kwargs(self) -> dict[str, Any]:
        return {"column": self.column, "reference": self.reference, "within_s": self.within_s}


Aspect = Literal["columns", "volume", "content"]


@dataclass(frozen=True)
class Steady(_AboutTheBatch):
    """The batch is like the feed's batches before it, in one aspect. What is unlike is found by `expectations/drift.py`, in TEMP table `drift`."""

    aspect: Aspect
    column: str | None = None
    expectation_type = "expect_batch_to_be_steady"

    def reproduce(self) -> str:
        return "select * from quality.column_profile order by batch_id, column_name"

    def evaluated(self) -> str:
        return f"(select bool_or(has_history) from drift_history where aspect = '{self.aspect}')"

    def breaking(self) -> str:
        return _of_the_batch(f"select count(*) from drift where aspect = '{self.aspect}'")

    def _stock(self, **common: Any) -> "Expectation":
        return _unexpected_rows(f"select finding from drift where aspect = '{self.aspect}' and exists (select 1 from {{batch}})", **common)

    def kwargs(self) -> dict[str, Any]:
        return {"aspect": self.aspect}


RowConstraint = NotNull | InSet | Between | Holds | Unique
BatchConstraint = HasRows | Fresh | Steady
Constraint = RowConstraint | BatchConstraint


@dataclass(frozen=True)
class Rule:
    """One rule. A critical row rule sets its rows aside; a critical batch rule rejects the batch; the others only say so.
    `shows` are the columns whose values a failed row's reason names."""

    rule_id: str
    constraint: Constraint
    dimension: Dimension
    severity: Severity
    scope: Scope
    sentence_id: str
    sentence_en: str
    shows: tuple[str, ...] = ()
    owner: str = "Diskominfo"
    version: int = 1

    def reproduce_sql(self) -> str:
        """Finds the rows again, over the name `batch`."""
        if isinstance(self.constraint, BatchConstraint):
            return self.constraint.reproduce()
        return f"select * from batch where {self.constraint.failing()}"


@dataclass(frozen=True)
class Owners:
    """The columns in which a row names its government, agency and quarter; None: rows do not say."""

    government: str | None = None
    agency: str | None = None
    period: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column for column in (self.government, self.agency, self.period) if column is not None)

    def expressions(self, table: str = "") -> tuple[str, str, str]:
        """SQL for government, agency and quarter, of the rows of `table` (a prefix such as `batch.`)."""
        government, agency, period = (f'{table}"{column}"' if column is not None else "null" for column in (self.government, self.agency, self.period))
        return government, agency, period


NOBODY = Owners()


@dataclass(frozen=True)
class Suite:
    """All rules of one kind of batch. `key` are the columns of the business key, `columns` the batch's columns and types; `owners` the columns
    that say whose a row is, where rows say it; `watched` the columns whose content is compared with earlier batches; `free_text` those whose content
    is kept out of profiles, since people and their names stand in them."""

    name: str
    table_name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    rules: tuple[Rule, ...]
    owners: Owners = NOBODY
    watched: tuple[str, ...] = ()
    free_text: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Changes when a verdict can: with a rule's constraint, severity, scope or version; not with its wording."""
        return identifier(*(f"{rule.rule_id}:{rule.version}:{rule.severity}:{rule.scope}:{rule.constraint!r}" for rule in self.rules))[:12]


def steadiness(prefix: str) -> tuple[Rule, ...]:
    """The rules that every feed's batches are compared with their predecessors by."""
    return (
        Rule(
            f"{prefix}.columns_steady",
            Steady("columns"),
            "consistency",
            "warning",
            "batch",
            "Kolom berkas sama dengan berkas sebelumnya: tidak ada yang bertambah, hilang, berganti nama atau berganti jenis.",
            "The file has the columns of the one before it: none added, missing, renamed or retyped.",
        ),
        Rule(
            f"{prefix}.volume_steady",
            Steady("volume"),
            "coverage",
            "warning",
            "batch",
            "Jumlah baris antara setengah dan dua kali jumlah yang biasa dari sumber ini.",
            "The number of rows is between half and twice what the feed usually brings.",
        ),
        Rule(
            f"{prefix}.content_steady",
            Steady("content"),
            "consistency",
            "warning",
            "batch",
            "Bagian kosong dan sebaran nilai kolom serupa dengan berkas-berkas sebelumnya.",
            "The share of empty cells and the spread of values are like those of the files before it.",
        ),
    )
