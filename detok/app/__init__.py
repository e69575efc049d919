"""What the pages are made of: the only room with Streamlit."""
