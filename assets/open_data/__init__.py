"""Open-data catalogues: from a portal's replies to datasets and the points they earn."""
