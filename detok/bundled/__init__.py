"""What comes with detok: models, counts of texts, and excerpts of books."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EXCERPTS = Path(__file__).parent / "excerpts.parquet"
BUNDLED_COUNTS = Path(__file__).parent / "counts"
REFERENCE_FIGURES = Path(__file__).parent / "reference_figures.json"
BUNDLED = {"mini": Path(__file__).parent / "mini"}


def excerpts() -> "pd.DataFrame":
    """Excerpts of public-domain books that the bundled model was not trained on.

    Columns: author, title, text. Each has at least 1,100 tokens of GPT-2's tokenizer.
    """
    # Imported here: paths are asked for where pandas is not needed.
    import pandas as pd

    return pd.read_parquet(EXCERPTS)
