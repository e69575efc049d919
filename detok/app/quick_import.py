"""Imports torch and pandas without garbage collection, which saves a quarter of the time.

Importing makes hundreds of thousands of objects that all stay, and every collection on the way
walks through them in vain. The app imports this module before all others.
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
