"""Texts become counts."""
