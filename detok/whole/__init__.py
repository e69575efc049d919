"""What all layers of a model do with a text, forward and backward."""
