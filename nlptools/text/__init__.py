"""Text as arrays of codes: classes of characters, segments, scripts; start at encode.py."""
