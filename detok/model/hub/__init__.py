"""Models of the hub: what of them is on this machine, and how their first layers come here.

Only the tensors of the first layer are fetched, in ranges of the files that hold them, and kept as
a checkpoint of their own in the assets folder of `huggingface_hub`'s cache.
"""
