"""What must hold: one module per kind of batch with its suite, the gate that judges a batch, and its way into the core. No Dagster."""
