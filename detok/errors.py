"""The errors for everything that a user can mend."""


class InputError(ValueError):
    """Input that cannot be used; its one sentence says what was found and what was expected.

    The app shows the sentence of an `InputError` to its visitor; any other error is a bug.
    """


class OutOfMemory(InputError):
    """A model or a text that takes more memory than a device has free."""


class CheckpointError(InputError):
    """A checkpoint that cannot be used: missing, damaged, or of an unsupported architecture."""


class NotDownloadable(CheckpointError):
    """A hub model that could not be downloaded: no network, no such model, or no permission."""
