"""Vectors of words and documents: learned, kept in files, compared; start at train.py."""
