"""The little that the app adds to Streamlit's own style and ways."""

import streamlit as st

# Of the bar of choices. What Streamlit wraps the container in is what has to stick.
BAR = "bar"
_CSS = f"""
<style>
[data-testid="stMainBlockContainer"] {{ padding-top: 4rem; }}
[data-testid="stLayoutWrapper"]:has(> .st-key-{BAR}) {{
  position: sticky;
  top: 3.75rem; /* below Streamlit's own header */
  z-index: 90;
}}
.st-key-{BAR} {{
  padding: 0.4rem 0.6rem 0.6rem;
  border-radius: 0 0 0.5rem 0.5rem;
  backdrop-filter: blur(20px);
  background: color-mix(in srgb, Canvas 94%, transparent);
  box-shadow: 0 1px 0 color-mix(in srgb, CanvasText 15%, transparent);
}}
@media (max-width: 640px) {{
  .st-key-{BAR} {{ flex-wrap: nowrap !important; gap: 0.4rem !important; }}
  .st-key-{BAR} > * {{ min-width: 0 !important; flex-shrink: 1 !important; }}
}}
</style>
"""
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
