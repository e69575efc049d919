"""A checkpoint becomes a `Layer`."""
