"""Segmentation: learned from raw text, run, measured, exported; start at train.py and model.py."""
