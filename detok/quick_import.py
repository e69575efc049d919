"""Imports torch and pandas without garbage collection, which takes a quarter of the time of that.

Importing makes hundreds of thousands of objects that all stay, and every collection on the way
walks through them in vain. `detok` imports this module before all others.
"""

import gc

_was_enabled = gc.isenabled()
gc.disable()
try:
    import pandas  # noqa: F401
    import torch  # noqa: F401
finally:
    if _was_enabled:
        gc.enable()
