"""RoBERTa: BERT, with positions counted from behind that of the padding token."""

from dataclasses import replace

from detok.errors import CheckpointError
from detok.model.families import bert
from detok.model.families.config import Config, size
from detok.model.families.family import Plan


def plan(config: Config) -> Plan:
    padding = config.get("pad_token_id", 1)
    rows = size(config, "max_position_embeddings")
    if not isinstance(padding, int) or isinstance(padding, bool) or not 0 <= padding < rows - 1:
        raise CheckpointError(
            f"config.json has pad_token_id = {padding!r}; expected 0 ≤ id < {rows - 1}, the row of "
            "the positions after which they are counted"
        )
    return bert.plan(config, n_before=padding + 1, padding_id=padding)


FAMILY = replace(bert.FAMILY, plan=plan, model_class="RobertaModel", prefixes=("", "roberta."))
