"""The mathematics of one layer."""
