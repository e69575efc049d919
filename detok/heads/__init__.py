"""Who knows true predecessors."""
