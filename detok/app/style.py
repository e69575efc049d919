"""The little that the app adds to Streamlit's own style."""

import streamlit as st

# Of the bar of choices. What Streamlit wraps the container in is what has to stick.
BAR = "bar"
_CSS = f"""
<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-{BAR}) {{
  position: sticky;
  top: 3.25rem; /* below Streamlit's own header */
  z-index: 90;
}}
.st-key-{BAR} {{
  padding: 0.4rem 0.6rem 0.6rem;
  border-radius: 0 0 0.5rem 0.5rem;
  backdrop-filter: blur(20px);
  background: color-mix(in srgb, Canvas 80%, transparent);
  box-shadow: 0 1px 0 color-mix(in srgb, CanvasText 15%, transparent);
}}
@media (max-width: 640px) {{
  .st-key-{BAR} {{ flex-wrap: nowrap !important; gap: 0.4rem !important; }}
  .st-key-{BAR} > * {{ min-width: 0 !important; flex-shrink: 1 !important; }}
}}
</style>
"""


def apply() -> None:
    """Adds the style to the page; it takes no place on it."""
    st.html(_CSS)
