"""Models of the hub: what of them is on this machine, and how their first layers come here.

Only the tensors of the first layer are fetched, and the weight of the LayerNorm before the logits,
in ranges of the files that hold them. They are kept as a checkpoint of their own in the assets
folder of `huggingface_hub`'s cache.
"""
