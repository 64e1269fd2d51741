"""Quarters as Dagster partitions, keyed by their first day; the running quarter is one of them."""

import dagster as dg

from warehouse import period as quarter

QUARTERS = dg.TimeWindowPartitionsDefinition(
    start=quarter.first_day(quarter.FIRST).isoformat(),
    cron_schedule="0 0 1 */3 *",
    fmt="%Y-%m-%d",
    timezone="Asia/Makassar",
    end_offset=1,
)
