"""The error that ends a command: its message is all a person is shown."""


class Failed(RuntimeError):
    """The command could not do what was asked; the message says why and what to do."""
