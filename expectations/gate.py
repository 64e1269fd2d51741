"""The gate: judges the staged batch (TEMP table `batch`) by a suite, inside DuckDB. In: an open connection and a suite. Out: plain results,
and in TEMP table `failed` every failed row with its key and the reason. It writes nothing that lasts.

Many small files can be judged as one batch: then `source_row` is the file's number, from 0, times `FILE_ROWS`, plus the row of the file."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from expectations.rules import BatchConstraint, Fresh, HasRows, Rule, Steady, Suite, Unique
from warehouse.files import sql_of

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

MISSING = "<kosong>"
FILE_ROWS = 2**40  # more than any file has; of 8,000 files it still is a number that JSON carries whole
ROWS_AT_ONCE = 2_000_000  # of rows that share their keys: 0.2 GiB of keys and of the first rows of each, which DuckDB cannot put on disk
MOST_OTHER_ROWS = 5
# What the reason of a row that shares its key adds, of `sharing_rows` (how many rows have the key) and the first of them: [baris lain: 12, 13]
OTHER_ROWS = f"""
    ' [baris lain: ',
    array_to_string([other % {FILE_ROWS} for other in list_filter(first_sharing_rows, lambda other: other <> source_row)[:{MOST_OTHER_ROWS}]], ', '),
    case when sharing_rows > {MOST_OTHER_ROWS + 1} then concat(' dan ', sharing_rows - {MOST_OTHER_ROWS + 1}, ' lainnya') end,
    ']'
"""
Status = Literal["pass", "warn", "fail", "error", "not_evaluated"]


@dataclass(frozen=True)
class Result:
    """A rule's outcome on one batch. Counts are rows: in the batch, the rule applied to, that broke it, it did not apply to."""

    rule: Rule
    status: Status
    element_count: int
    evaluated_count: int
    unexpected_count: int
    observed_value: str | None = None

    @property
    def missing_count(self) -> int:
        return self.element_count - self.evaluated_count

    @property
    def rejects_batch(self) -> bool:
        """A critical batch rule that failed; or any critical rule that could not be run: an unjudged batch is not let through."""
        return self.rule.severity == "critical" and (self.status == "error" or (self.status == "fail" and self.rule.scope == "batch"))


def judge(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Result]:
    """Run every rule of `suite` on TEMP table `batch`. Call it outside a transaction: a rule that cannot run must not poison one."""
    return judge_each(connection, suite, 1)[0]


def judge_each(connection: duckdb.DuckDBPyConnection, suite: Suite, files: int) -> list[list[Result]]:
    """The same for a batch of so many files: results by file. Of several, none may be empty, and no two may share a key."""
    assert files == 1 or all(isinstance(rule.constraint, HasRows) for rule in suite.rules if rule.scope == "batch")
    find_suspects(connection, suite)
    rows, applied = _rows_applied_to(connection, suite, files)
    verdicts = _verdicts(connection, suite.rules)
    broken = {rule: verdicts[rule.rule_id].breaking for rule in suite.rules if verdicts[rule.rule_id].breaking and rule.rule_id in applied}
    collected = _collect_failed_rows(connection, suite, broken, files)
    judged: list[list[Result]] = [[] for _ in range(files)]
    for rule in suite.rules:
        verdict, found = _undisputed(rule, verdicts[rule.rule_id], collected), collected.get(rule.rule_id, {})
        for file, results in enumerate(judged):
            results.append(_result(connection, rule, rows[file], applied.get(rule.rule_id, {}).get(file), verdict, found.get(file, 0)))
    return judged


def not_evaluated(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Result]:
    """Results for a batch that could not be staged: nothing was checked, and that is what they say."""
    _prepare(connection)
    return [Result(rule, "not_evaluated", 0, 0, 0) for rule in suite.rules]


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(sql_of("expectations", "judged.sql"))


@dataclass(frozen=True)
class _Verdict:
    """`breaking`: how many rows break a rule about rows; of a rule about the batch, not 0 if it is broken."""

    breaking: int
    raised: str | None


def find_suspects(connection: duckdb.DuckDBPyConnection, suite: Suite) -> None:
    """TEMP table `suspect`: the keys among which those are that stand in several rows. The gate's other tables are empty then."""
    _prepare(connection)
    for constraint in dict.fromkeys(rule.constraint for rule in suite.rules if isinstance(rule.constraint, Unique)):
        with suppress(duckdb.Error):  # a key that the batch does not have: Great Expectations will not find it either, and says so
            connection.execute(f"insert into suspect {constraint.suspects()}")


def _rows_applied_to(connection: duckdb.DuckDBPyConnection, suite: Suite, files: int) -> tuple[dict[int, int], dict[str, dict[int, int]]]:
    """By file the rows of it, and by rule the rows that it applies to (for a rule about the batch: all of them, or 0 if there is nothing to judge); a
    rule of which asking was an error is left out. One scan when all is well. Leaves in TEMP table `judged` the same by owner of the rows."""
    owners = suite.owners.expressions()
    places = [str(place) for place, needed in ((1, files > 1), *((place, suite.owners.columns) for place in (2, 3, 4))) if needed]
    grouped = f" group by {', '.join(places)}" if places else ""

    def ask(questions: Iterable[str]) -> list[tuple[Any, ...]]:
        return connection.execute(f"select {', '.join([file_of(files), *owners, 'count(*)', *questions])} from batch{grouped}").fetchall()

    question_of = {rule.rule_id: _rows_asked_of(rule) for rule in suite.rules}
    questions = list(dict.fromkeys(question_of.values()))
    try:
        answers = ask(questions)
    except duckdb.Error:
        questions = [question for question in questions if _can_ask(ask, question)]
        answers = ask(questions)
    rows = Counter(dict.fromkeys(range(files), 0))
    for answer in answers:
        rows[answer[0]] += int(answer[4])
    applied: dict[str, dict[int, int]] = {}
    counted = []
    place_of = {question: place for place, question in enumerate(questions, start=5)}
    for rule_id, question in question_of.items():
        if place := place_of.get(question):
            of_rule = applied[rule_id] = dict.fromkeys(range(files), 0)
            for answer in answers:
                of_rule[answer[0]] += int(answer[place])
                counted.append((rule_id, *answer[:4], int(answer[place])))
    if counted:
        columns = [list(values) for values in zip(*counted, strict=True)]
        connection.execute("insert into judged select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), 0", columns)
    return rows, applied


def has_rows_for(connection: duckdb.DuckDBPyConnection, rule: Rule) -> bool:
    """Whether TEMP table `batch` has anything that a rule applies to."""
    row = connection.execute(f"select {_rows_asked_of(rule)} from batch").fetchone()
    return row is not None and _is_judged(rule, int(row[0]))


def _is_judged(rule: Rule, applied: int) -> bool:
    """Of a batch, no rows are something to judge for the rule that asks for rows."""
    return applied > 0 or isinstance(rule.constraint, HasRows)


def _rows_asked_of(rule: Rule) -> str:
    """SQL of the rows that a rule applies to, in the form that costs least: two rules that ask the same are to ask it once."""
    if isinstance(rule.constraint, BatchConstraint):
        return f"case when {rule.constraint.evaluated()} then count(*) else 0 end"
    applies = rule.constraint.applies()
    if applies == "true":
        return "count(*)"
    if applies == f'"{rule.constraint.column}" is not null':
        return f'count("{rule.constraint.column}")'
    return f"count(*) filter (where {applies})"


def _can_ask(ask: Callable[[list[str]], object], question: str) -> bool:
    try:
        ask([question])
    except duckdb.Error:
        return False
    return True


def _verdicts(connection: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...]) -> dict[str, _Verdict]:
    """What Great Expectations says of each rule. It asks all in one query: where one cannot run, none has, and they are asked one by one."""
    verdicts = _verdicts_at_once(connection, rules)
    if any(verdict.raised for verdict in verdicts.values()):
        return {rule_id: verdict for rule in rules for rule_id, verdict in _verdicts_at_once(connection, (rule,)).items()}
    return verdicts


def _verdicts_at_once(connection: duckdb.DuckDBPyConnection, rules: tuple[Rule, ...]) -> dict[str, _Verdict]:
    """Results come in another order than the rules: they are matched by `meta`."""
    from expectations import engine

    verdicts = {}
    for outcome in engine.validate(connection, _expectation_suite(rules)).results:
        assert outcome.expectation_config is not None
        meta = outcome.expectation_config.meta or {}
        raised = _raised(outcome.exception_info)
        verdicts[meta["rule_id"]] = _Verdict(0 if outcome.success or raised else int(outcome.result["observed_value"]), raised)
    return verdicts


@lru_cache(maxsize=256)  # every feed of check logs has a suite of its own
def _expectation_suite(rules: tuple[Rule, ...]) -> "ExpectationSuite":
    import great_expectations as gx

    expectations = [rule.constraint.expectation(severity=rule.severity, meta={"rule_id": rule.rule_id}) for rule in rules]
    return gx.ExpectationSuite(name="rules", expectations=expectations)


def _raised(info: dict[str, Any] | None) -> str | None:
    """The first exception message in Great Expectations' exception info, which nests by metric."""
    if not info:
        return None
    if "raised_exception" in info:
        return str(info.get("exception_message") or "could not run") if info["raised_exception"] else None
    return next((message for nested in info.values() if isinstance(nested, dict) and (message := _raised(nested)) is not None), None)


def _undisputed(rule: Rule, verdict: _Verdict, collected: dict[str, dict[int, int]]) -> _Verdict:
    """The verdict, unless the rows found are not as many as it speaks of."""
    found = sum(collected.get(rule.rule_id, {}).values())
    if verdict.raised is not None or isinstance(rule.constraint, BatchConstraint) or found == verdict.breaking:
        return verdict
    return _Verdict(0, f"Great Expectations found {verdict.breaking} failing rows, the rule's SQL {found}")


def _result(connection: duckdb.DuckDBPyConnection, rule: Rule, rows: int, applied: int | None, verdict: _Verdict, found: int) -> Result:
    if applied is None or verdict.raised is not None:
        return Result(rule, "error", rows, 0, 0, verdict.raised or "could not run")
    broken: Status = "fail" if rule.severity == "critical" else "warn"
    if isinstance(rule.constraint, BatchConstraint):
        status: Status = "not_evaluated" if not _is_judged(rule, applied) else broken if verdict.breaking else "pass"
        return Result(rule, status, rows, applied, 0, _observed(connection, rule.constraint, rows, verdict))
    return Result(rule, broken if found else "pass" if applied else "not_evaluated", rows, applied, found)


def _observed(connection: duckdb.DuckDBPyConnection, constraint: BatchConstraint, rows: int, verdict: _Verdict) -> str | None:
    """What a rule about the batch has seen, in words."""
    row: tuple[Any, ...] | None = None
    match constraint:
        case HasRows():
            return str(rows)
        case Fresh():
            row = connection.execute(f"select newest || ' of ' || reference from ({constraint.reproduce()})").fetchone()
        case Steady(aspect=aspect) if verdict.breaking:
            row = connection.execute("select string_agg(finding, '; ' order by finding) from drift where aspect = $1", [aspect]).fetchone()
    return None if row is None else row[0]


def _collect_failed_rows(connection: duckdb.DuckDBPyConnection, suite: Suite, broken: dict[Rule, int], files: int) -> dict[str, dict[int, int]]:
    """All rows that break these rules, of which Great Expectations has counted so many: found and kept inside DuckDB, and counted by owner in
    `judged`. Returns how many were found by rule and file."""
    alone = [(rule, rule.constraint.failing()) for rule in broken if not isinstance(rule.constraint, BatchConstraint | Unique)]
    sharing = [rule for rule in broken if isinstance(rule.constraint, Unique)]
    if not alone and not sharing:
        return {}
    if alone:
        _collect_rows_that_fail_alone(connection, suite, alone)
    for rule in sharing:
        _collect_rows_that_share_a_key(connection, suite, rule, broken[rule])
    collected: dict[str, dict[int, int]] = {}
    for rule_id, file, found in connection.execute(f"select rule_id, {file_of(files)} as file, count(*) from failed group by all").fetchall():
        collected.setdefault(rule_id, {})[file] = found
    if disputed := [rule.rule_id for rule in broken if rule.rule_id in collected and sum(collected[rule.rule_id].values()) != broken[rule]]:
        connection.execute("delete from failed where list_contains($1, rule_id)", [disputed])
    _count_failed_by_owner(connection, suite, files)
    return collected


def _collect_rows_that_fail_alone(connection: duckdb.DuckDBPyConnection, suite: Suite, rules: list[tuple[Rule, str]]) -> None:
    """One scan for all rules, each with the condition that finds its rows: a row brings the list of those it breaks."""
    found = []
    parameters: dict[str, str] = {}
    for place, (rule, failing) in enumerate(rules):
        parameters |= {f"rule_id_{place}": rule.rule_id, f"severity_{place}": rule.severity, f"sentence_{place}": rule.sentence_id}
        said = f"{{'rule_id': $rule_id_{place}, 'severity': $severity_{place}, 'reason': concat($sentence_{place}{_shown(rule)})}}"
        found.append(f"case when {failing} then {said} end")
    connection.execute(
        f"""
        insert into failed
        select found.rule_id, found.severity, source_row, business_key, row, found.reason
        from (
            select source_row, {business_key(suite)} as business_key, to_json(batch) as row, unnest([{", ".join(found)}]) as found
            from batch
            where {" or ".join(f"({failing})" for _, failing in rules)}
        )
        where found is not null
        """,
        parameters,
    )


def _collect_rows_that_share_a_key(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule, breaking: int) -> None:
    """Each row names the first few of the others. Of a key no more rows are remembered than are named; of the keys, a part at a time."""
    assert isinstance(rule.constraint, Unique)
    key = rule.constraint.key
    parts = 1 + breaking // ROWS_AT_ONCE
    for part in range(parts):
        connection.execute(
            f"""
            insert into failed
            select $rule_id, $severity, source_row, {business_key(suite)}, to_json(batch), concat($sentence{_shown(rule)}, {OTHER_ROWS})
            from batch inner join (
                select {key}, count(*) as sharing_rows, min(source_row, {MOST_OTHER_ROWS + 1}) as first_sharing_rows
                from batch
                where {rule.constraint.suspect()} and hash({key}) % {parts} = {part}
                group by {key}
                having count(*) > 1
            ) using ({key})
            """,
            {"rule_id": rule.rule_id, "severity": rule.severity, "sentence": rule.sentence_id},
        )


def _shown(rule: Rule) -> str:
    return "".join(f", ' [{column} = ', coalesce(\"{column}\"::varchar, 'kosong'), ']'" for column in rule.shows)


def _count_failed_by_owner(connection: duckdb.DuckDBPyConnection, suite: Suite, files: int) -> None:
    government, agency, period = suite.owners.expressions("batch.")
    connection.execute(
        f"""
        update judged set unexpected_count = found.unexpected_count
        from (
            select
                failed.rule_id, {file_of(files, "batch.")} as file, {government} as government_code, {agency} as agency_code, {period} as period,
                count(*) as unexpected_count
            from failed inner join batch using (source_row)
            group by all
        ) as found
        where
            judged.rule_id = found.rule_id
            and judged.file = found.file
            and judged.government_code is not distinct from found.government_code
            and judged.agency_code is not distinct from found.agency_code
            and judged.period is not distinct from found.period
        """
    )


def business_key(suite: Suite) -> str:
    """SQL of what a row is about, as text; a missing part is `MISSING`."""
    return "concat_ws(' | ', " + ", ".join(f"coalesce(\"{column}\"::varchar, '{MISSING}')" for column in suite.key) + ")"


def file_of(files: int, table: str = "") -> str:
    """SQL of the file that a row of `table` (a prefix such as `batch.`) is of; of one file it is the first, 0."""
    return "0" if files == 1 else f"{table}source_row // {FILE_ROWS}"
