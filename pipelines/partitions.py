"""Quarters as Dagster partitions, keyed by their first day; the running quarter is one of them."""

import dagster as dg

QUARTERS = dg.TimeWindowPartitionsDefinition(
    start="2018-01-01",
    cron_schedule="0 0 1 */3 *",
    fmt="%Y-%m-%d",
    timezone="Asia/Makassar",
    end_offset=1,
)
