"""The page of words with their evidence, and plots: start at write.py."""
