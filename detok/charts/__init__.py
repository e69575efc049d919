"""A DataFrame in, an Altair chart out."""
