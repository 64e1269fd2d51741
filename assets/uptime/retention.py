"""Lets go of checks that a feed's `keep_checks` no longer asks for: whole files of the lake, each noted. What was reckoned of them stays, as does the
archive."""

from datetime import timedelta

import duckdb

from warehouse.database import run_script, transaction
from warehouse.files import sql_of
from warehouse.registry import Feed


def let_go(connection: duckdb.DuckDBPyConnection, feed: Feed) -> list[tuple[str, int]]:
    """Files and numbers of checks that the manifest lists no longer. Only days that are counted and that ended longer ago than is kept, reckoned from
    when the feed's newest batch became known: a rebuild lets go of the same."""
    if not feed.keep_checks_s:
        return []
    newest = connection.execute("select max(known_at) from meta.batch where feed_id = $1", [feed.id]).fetchone()
    if newest is None or newest[0] is None:
        return []
    before = newest[0] - timedelta(seconds=feed.keep_checks_s)
    parameters = {"feed_id": feed.id, "timezone": feed.government.timezone, "before": before, "known_at": newest[0]}
    with transaction(connection):
        run_script(connection, sql_of("assets.uptime", "retention.sql"), parameters)
    return connection.execute("select file, rows from let_go order by day").fetchall()
