"""Kneser-Ney language models of characters or words: start at train.py."""
