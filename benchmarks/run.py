"""Run every benchmark whose figures the docs quote: `make bench`, or `python benchmarks/run.py`."""

import sys

import counting
import lm
import memory
import quality
import reading
import segmentation
import speed
import vectors

if __name__ == "__main__":
    sys.argv[1:] = []  # each with its defaults
    for benchmark in (reading, counting, memory, speed, quality, lm, segmentation, vectors):
        benchmark.main()
