"""Run every benchmark whose figures the docs quote: `make bench`, or `python benchmarks/run.py`."""

import counting
import quality
import speed

if __name__ == "__main__":
    for benchmark in (counting, speed, quality):
        benchmark.main()
