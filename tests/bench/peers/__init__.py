"""Other data-quality engines on the benchmark's rules and file: one module per engine, each run in an environment of its own."""
