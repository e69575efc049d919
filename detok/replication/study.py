"""What is measured of a model, once for all checks that need it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from detok.bundled import excerpts
from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.auroc import Auroc, auroc
from detok.heads.pair_auroc import PairAuroc, pair_auroc
from detok.heads.pair_summary import sample_of_text
from detok.heads.summary import sample_of_tokens
from detok.model.any_layer import AnyLayer
from detok.scores.affinity import affinity_matrix, affinity_scores
from detok.scores.frequency import self_assertion
from detok.scores.layernorm_stats import LayerNormStats, layernorm_stats
from detok.scores.mean_contributions import mean_contributions

# As the hub calls GPT-2 small.
GPT2_IDS = {"gpt2", "openai-community/gpt2"}
# Heads, width, tokens, positions and layers of GPT-2 small.
GPT2_SIZES = (12, 768, 50_257, 1_024, 12)
# Excerpts that contributions are averaged over, and tokens whose AUROC is taken, both at random.
N_TEXTS, N_TOKENS = 20, 512
# Which 100 tokens Fig. 2-B is of is not known: as many samples as tell a likely range from others.
N_SAMPLES, N_SAMPLED = 500, 100


@dataclass(eq=False)
class Study:
    """A layer, the counts that fit its tokenizer, and what was measured of them so far."""

    layer: AnyLayer
    counts: Counts | None

    def __post_init__(self) -> None:
        self._scores: dict[int, torch.Tensor] = {}

    @cached_property
    def is_gpt2_small(self) -> bool:
        """Whether the model is the paper's: by its id on the hub, or a local one by its sizes.

        One of that id needs its heads, tokens and positions only: another width is for the check of
        the sizes to find.
        """
        if self.layer.name in GPT2_IDS:
            H, _, V, L, _ = GPT2_SIZES
            return (self.layer.n_heads, self.layer.vocab_size, self.layer.n_positions) == (H, V, L)
        return self.layer.source.revision is None and self.sizes == GPT2_SIZES

    @property
    def sizes(self) -> tuple[int, ...]:
        layer = self.layer
        return layer.n_heads, layer.d_model, layer.vocab_size, layer.n_positions, layer.n_layers

    @property
    def is_openwebtext(self) -> bool:
        """Whether the counts say that they are of the paper's corpus."""
        return self.counts is not None and "openwebtext" in self.counts.origin.lower()

    @property
    def needed_counts(self) -> Counts:
        """The counts, for what cannot do without.

        Raises: InputError if there are none.
        """
        if self.counts is None:
            raise InputError("no counts fit this model's tokenizer; `detok count` makes some")
        return self.counts

    def scores(self, token: int | str) -> torch.Tensor:
        """T^ee of a token as the current one with all others, (H, V) on the CPU."""
        token_id = self.layer.token_id(token)
        if token_id not in self._scores:
            self._scores[token_id] = affinity_scores(self.layer, token_id).cpu()
        return self._scores[token_id]

    def rounded_scores(self, token: int | str) -> torch.Tensor:
        """The same with every σ rounded to float16, as in the authors' script: (H, V)."""
        sigma = self.layer.moments.token_mean.cpu()  # (V,)
        factor = sigma / sigma.half().to(sigma.dtype)
        return self.scores(token) * factor * factor[self.layer.token_id(token)]

    @cached_property
    def stats(self) -> LayerNormStats:
        return layernorm_stats(self.layer)

    @cached_property
    def samples(self) -> dict[int, torch.Tensor]:
        """T^ee among random tokens in heads 1 and 7: (N_SAMPLES, N_SAMPLED, N_SAMPLED) each."""
        generator = torch.Generator().manual_seed(0)
        found = []
        for _ in range(N_SAMPLES):
            ids = torch.randperm(self.layer.vocab_size, generator=generator)[:N_SAMPLED]
            found.append(affinity_matrix(self.layer, ids.tolist())[[1, 7]].cpu())
        one, seven = torch.stack(found, dim=1)
        return {1: one, 7: seven}

    @cached_property
    def contributions(self) -> dict[str, torch.Tensor]:
        """The mean contribution of the six terms over excerpts, (6,) each, in nats.

        Under "authors" as their script has it: no temperature, and the divergence divided by the
        number of tokens that i sees.
        """
        layer = self.layer
        layer.tokenizer.check_encodes()
        hot = replace(layer, first=replace(layer.first, scale=1.0))
        texts = excerpts()["text"]
        means = [mean_contributions(each, texts, sample=N_TEXTS).mean for each in (layer, hot)]
        m = means[0].shape[2]
        seen = torch.arange(1, m + 1) if layer.is_causal else torch.full((m,), m)
        paper, authors = means[0], means[1] / seen  # (6, H, m)
        return {"paper": paper.mean(dim=(1, 2)), "authors": authors.mean(dim=(1, 2))}

    @cached_property
    def areas(self) -> Auroc:
        """The AUROC of all tokens with the paper's counts, of a random sample with others."""
        counts, V = self.needed_counts, self.layer.vocab_size
        tokens = None if self.is_openwebtext else sample_of_tokens(V, N_TOKENS)
        return auroc(self.layer, counts, tokens)

    @cached_property
    def correlations(self) -> tuple[np.ndarray, float]:
        """Spearman's ρ of T^e by head, (H,), and of Var(e), with the count of tokens that occur."""
        # Imported here: only this needs it.
        from scipy.stats import rankdata

        counts = self.needed_counts.tokens.copy()
        counts[self.layer.holes.tolist()] = 0
        occurring = np.flatnonzero(counts)
        if len(occurring) < 2:
            raise InputError(f"the counts have {len(occurring)} tokens that occur; expected some")
        rows = torch.cat([self_assertion(self.layer), self.layer.sigma.var_e[None]])  # (H + 1, V)
        values = np.vstack([counts[None], rows.cpu().double().numpy()])[:, occurring]
        with np.errstate(invalid="ignore"):  # of what does not vary
            rho = np.corrcoef(rankdata(values, axis=1))[0, 1:]
        return rho[:-1], float(rho[-1])

    @cached_property
    def pair_areas(self) -> PairAuroc:
        """The pair AUROC at random places of the counted texts, a token for each place."""
        counts = self.needed_counts
        # Few tokens fill most places.
        tokens, places = np.unique(sample_of_text(counts, N_TOKENS), return_inverse=True)
        return pair_auroc(self.layer, counts, tokens).at(places)
