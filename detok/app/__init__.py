"""What the pages are made of: the only room with Streamlit."""

from detok.app import quick_import  # noqa: F401  (first, for its effect on all that follows)
from detok.app.guard import install

install()
