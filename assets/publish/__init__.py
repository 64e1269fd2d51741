"""Publication: the read-only copy that people open."""
