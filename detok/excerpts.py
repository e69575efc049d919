"""The sample of texts that comes with detok, for what takes texts and not only weights."""

from pathlib import Path

import pandas as pd

PATH = Path(__file__).parent / "texts" / "excerpts.parquet"


def excerpts() -> pd.DataFrame:
    """Excerpts of public-domain books that the bundled model was not trained on.

    Columns: author, title, text. Each has at least 1,100 tokens of GPT-2's tokenizer.
    """
    return pd.read_parquet(PATH)
