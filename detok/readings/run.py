"""What follows a text that went through a whole model."""

from detok.readings.words import amount
from detok.whole.run import Run


def target(run: Run) -> str:
    """The token that the page looks at, and how probable the model finds it after the text."""
    vocabulary, V = run.model.tokenizer, run.model.vocab_size
    best = "the most probable" if run.rank == 1 else f"rank {run.rank:,}"
    return (
        f"After this text of {amount(run.n, 'token')}, the target "
        f"{vocabulary.show(run.target)} has probability {run.probability:.3g}: {best} of "
        f"{V:,} tokens, each of which would have {1 / V:.1g} if all were alike. The loss is "
        f"−log of it, {run.loss:.2f} nats."
    )
