"""The `nlptools` command: parse, call the library, print."""
