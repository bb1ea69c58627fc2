"""Jobs: stages in a TOML file, what is up to date, and the Spark engine; start at run.py."""
