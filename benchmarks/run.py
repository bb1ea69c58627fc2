"""Run every benchmark whose figures the docs quote: `make bench`, or `python benchmarks/run.py`."""

import sys

import concordance
import counting
import documents
import lm
import memory
import quality
import reading
import segmentation
import speed
import vectors

if __name__ == "__main__":
    sys.argv[1:] = []  # each with its defaults
    for benchmark in (reading, counting, memory, concordance, speed, quality, lm, segmentation, vectors, documents):
        benchmark.main()
