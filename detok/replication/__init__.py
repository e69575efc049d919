"""What was published, measured again: by a stated rule each figure agrees, or does not."""
