"""Results as DataFrames."""
