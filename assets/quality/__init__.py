"""Data quality: scores out of the rules' stored outcomes."""
