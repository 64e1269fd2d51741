"""Benchmarks: how long the gate takes beside hand-written SQL and beside other engines. They measure and print; no test asserts a time."""
