"""New-word discovery: from a corpus to a ranked table of words with the evidence; start at find.py."""
