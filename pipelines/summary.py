"""What a refresh prints at its end, out of the published file: readiness, uptime, data quality, why rows were set aside, and where to look next."""

import duckdb
from rich.console import Console
from rich.table import Table

from warehouse.database import open_published
from warehouse.files import sql_of
from warehouse.home import Home


def show(home: Home, console: Console) -> None:
    with open_published(home.published) as connection:
        for title, query in (
            ("Readiness: the newest release of each quarter", "readiness.sql"),
            ("Service uptime by government and quarter", "uptime.sql"),
            ("Data quality of each feed's current batches", "quality.sql"),
            ("Why rows were set aside; each of them: quality.failed_row", "set_aside.sql"),
        ):
            table = _table(title, connection.execute(sql_of("pipelines.summary_sql", query)))
            if table.rows:
                console.print(table)
    console.print("[bold]Where to look next[/bold]")
    console.print('  .venv/bin/kesiapan query "from readiness.latest_index"      any SQL on the published file')
    console.print('  .venv/bin/kesiapan query "from meta.dictionary"             what every column means, in Indonesian and English')
    console.print("  make dev                                                    the Dagster UI: assets, checks, runs")
    console.print(f"  {home.feedback}: what senders are told, row by row", soft_wrap=True, highlight=False)
    console.print(f"  {home.published}", soft_wrap=True, highlight=False)


def _table(title: str, result: duckdb.DuckDBPyConnection) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in result.description or []:
        table.add_column(column[0].replace("_", " "), justify="right" if column[1] in ("NUMBER",) else "left")
    for row in result.fetchall():
        table.add_row(*("" if value is None else str(value) for value in row))
    return table
