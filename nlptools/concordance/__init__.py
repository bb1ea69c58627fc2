"""Words in context, from an index of the text: start at open.py."""
