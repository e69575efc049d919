"""How the tokenizers of different models spell words, and how their files are read."""
