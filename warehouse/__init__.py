"""Where the data lives: DuckDB file, archive of received bytes, probe lake, reference data. No Dagster, no Great Expectations."""
