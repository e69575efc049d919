"""Sentences that read a table out."""
