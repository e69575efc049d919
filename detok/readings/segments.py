"""What the tables of a mask by segments say, in sentences."""

import pandas as pd

# Of every figure under the mask: nothing in a checkpoint tells how it was trained.
COUNTERFACTUAL = (
    "Counterfactual: what this model would do under another mask. GPT-2 was not trained with this "
    "one, and no checkpoint's files say whether a model was."
)


_SEGMENTS = {
    0: "No segment, as there is no prompt",
    1: "1 segment, in which each token sees all others",
}


def cut(segments: pd.DataFrame, n_unused: int) -> str:
    """Into what a text is cut; `n_unused` are cuts in the answer."""
    n_segments = len(segments[segments["segment"] > 0])
    many = f"{n_segments} segments: each token sees all of its own, and all tokens before it"
    parts = [_SEGMENTS.get(n_segments, many)]
    if n_segments == 1 and segments.loc[0, "last"] == 0:
        parts = ["1 segment of 1 token, which sees itself"]
    for row in segments[segments["segment"] == 0].itertuples():
        parts.append(
            f"an answer, token {row.first}: it sees itself and all before it"
            if row.first == row.last
            else f"an answer, tokens {row.first} to {row.last}: each sees only itself and those "
            "before it"
        )
    sentence = f"{'; '.join(parts)}."
    if n_unused:
        are = "cut is" if n_unused == 1 else "cuts are"
        sentence += f" {n_unused} {are} in the answer, which has no segments."
    return sentence


def moved(moved: pd.Series, n: int) -> str:
    """How much attention goes to later tokens, and what becomes of the rest."""
    where = f"layer {moved['layer']}, head {moved['head']}"
    if not moved["n_rows"]:
        return (
            f"No token sees a later one: both masks let every token see the same. In {where} the "
            f"largest difference of a weight is {moved['largest']:.2g}."
        )
    return (
        f"{moved['n_rows']} of {n} tokens see later ones of their segment, and give them "
        f"{moved['later']:.1%} of their attention in {where}, on average; it would be "
        f"{moved['even']:.1%} if each spread its attention evenly over all that it sees."
    )


def maps(n: int) -> str:
    """How the three maps of a text of n tokens are to be read."""
    if n == 1:
        return "The only token can attend to nothing but itself, under any mask."
    return (
        "Rows are current tokens i, columns attended tokens j; where there is no cell, i does not "
        "see j under that mask. The three maps share a scale, which reaches the largest value of "
        "all rows shown but the text's first: under the causal mask that one can only attend to "
        "itself."
    )


def kept(moved: pd.Series) -> str:
    """Whether rows keep their causal scores, as measured."""
    if not moved["n_rows"]:
        return ""
    measured = (
        "Of the attention that a token leaves to itself and those before it, each should have the "
        "share it has under the causal mask if scores are the same under both. The weights differ "
        f"from that by {moved['kept']:.2g} at most in layer {moved['layer']}, head "
        f"{moved['head']}"
    )
    if moved["layer"] == 0:
        return f"{measured}: its input is the same under both masks."
    return f"{measured}: what the layers before it pass on need not be the same."


def gains(gains: pd.DataFrame) -> str:
    """Which token gains most, and which loses most."""
    first, last = gains.iloc[0], gains.iloc[-1]
    if (gains["seen_segments"] == gains["seen_causal"]).all():
        return "No token gains attention: both masks let every token see the same."
    return (
        f"Token “{first['token']}” gains most: its weight, averaged over all {len(gains)} tokens "
        f"i, goes from {first['causal']:.3f} to {first['segments']:.3f}. "
        f"{first['seen_segments']} of them see it under the mask, {first['seen_causal']} under the "
        f"causal one; even attention would change it by {first['even']:+.3f}. Token "
        f"“{last['token']}” loses most: from {last['causal']:.3f} to {last['segments']:.3f}, and "
        f"{last['even']:+.3f} if attention were even."
    )


def next_tokens(table: pd.DataFrame, shared: float, n_layers: int) -> str:
    """What is most probable after the text under both masks, and what becomes of the target."""
    (target,) = table[table["target"]].to_dict("records")
    causal, segments = (
        table[table[f"rank_{mask}"] == 1].iloc[0] for mask in ("causal", "segments")
    )
    p, q = f"{causal['causal']:.3g}", f"{segments['segments']:.3g}"
    probable = f"“{causal['token']}” ({p}) and “{segments['token']}” ({q})"
    if causal["token_id"] == segments["token_id"]:
        probable = f"“{causal['token']}” under both ({p} and {q})"
    sentence = (
        f"“{target['token']}”, the target, has a probability of {target['causal']:.3g} under the "
        f"causal mask (rank {target['rank_causal']:,}) and of {target['segments']:.3g} under the "
        f"mask by segments (rank {target['rank_segments']:,}). Most probable: "
        f"{probable}. The two distributions share {shared:.1%} of their "
        "probability."
    )
    if n_layers == 1:
        sentence += (
            " With one layer nothing can change here: the last token sees the whole text under "
            "both masks, and reads it as it comes."
        )
    return sentence


def square(spreads: pd.Series, head: int, is_hidden: bool) -> str:
    """Which terms decide where a head looks, over all pairs; whether the mask hides some shown."""
    words = ", ".join(f"{name} {value:.3g}" for name, value in spreads.items())
    spread = f"Spread along the rows, over what is seen, largest first: {words}."
    if not spreads.any():
        spread = "No term varies along a row, over what is seen."
    hidden = " Outlined cells are hidden by the mask." if is_hidden else ""
    return (
        f"The first layer, head {head}: all pairs, tokens j after i included. A pair's terms are "
        f"the same under every mask.{hidden} Each row is shown less its mean over what i sees "
        f"under the mask by segments. {spread}"
    )
