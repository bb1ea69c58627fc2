"""Exact counts of n-grams, in memory, on disk and added up: start at count.py."""
