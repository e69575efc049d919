"""The little that the app adds to Streamlit's own style and ways."""

from pathlib import Path

import streamlit as st

# The key of the bar of choices in style.css.
BAR = "bar"
_CSS = Path(__file__).with_name("style.css")
# Streamlit closes the menu of its own navigation on a phone, and leaves this one open.
_CLOSE_MENU = """
<script>
// {page}
if (window.innerWidth < 768)
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
</script>
"""


def apply() -> None:
    """Adds the style to the page; it takes no place on it."""
    st.html(_CSS)


def close_menu(page: str) -> None:
    """Closes the sidebar of a phone when another page than before is shown."""
    with st.sidebar:
        st.html(_CLOSE_MENU.replace("{page}", page), unsafe_allow_javascript=True)
