"""The roll-up of checks beside the same reckoning in data-frame libraries: one module per library, each run in a process and an environment of its own."""
