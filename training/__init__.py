"""Trains the bundled model `mini` on a folder of texts, and measures what it has learned.

Run the steps in order; each says what it writes:
`python -m training.vocabulary`, `python -m training.train`, `python -m training.publish`.
"""
