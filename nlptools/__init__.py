"""nlptools: a large pile of raw Chinese text in; words, with the evidence, out.

    import nlptools as nt
    words = nt.find_new_words("corpus.txt")            # pyarrow.Table, best word first
    counts = nt.count_ngrams("corpus.txt", order=4)    # exact counts of all character n-grams

Names are imported when they are first used, so that `import nlptools` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from nlptools.version import __version__ as __version__

if TYPE_CHECKING:
    from nlptools.concordance.open import open_concordance
    from nlptools.concordance.search import Concordance
    from nlptools.corpus import Corpus, Records, open_corpus, open_records
    from nlptools.corpus.convert import Conversion, convert_corpus
    from nlptools.corpus.dated import DatedCorpus, open_dated
    from nlptools.corpus.describe import Description, describe_corpus
    from nlptools.corpus.sample import sample_corpus
    from nlptools.errors import BadRecordError, InputError, NlptoolsError, OptionError, OutputError
    from nlptools.jobs.problems import JobFileError
    from nlptools.jobs.run import JobResult, run_job
    from nlptools.lm.model import LanguageModel, load_lm, read_arpa
    from nlptools.lm.train import train_lm
    from nlptools.newwords.contrast import contrast
    from nlptools.newwords.find import explain_new_words, find_new_words
    from nlptools.newwords.options import NewWordsOptions
    from nlptools.newwords.trend_options import TrendOptions
    from nlptools.newwords.trends import find_trends
    from nlptools.ngrams.count import count_ngrams
    from nlptools.ngrams.counts import NgramCounts, read_counts
    from nlptools.ngrams.merge import merge_counts
    from nlptools.report.options import ReportOptions
    from nlptools.report.plots import plot_trends, plot_words
    from nlptools.report.write import write_report
    from nlptools.segment.evaluation import evaluate_segmentation
    from nlptools.segment.model import Segmenter, load_segmenter
    from nlptools.segment.options import SegmenterOptions
    from nlptools.segment.train import train_segmenter
    from nlptools.segment.vocabulary import export_vocabulary
    from nlptools.vectors.cluster import cluster_vectors
    from nlptools.vectors.cluster_evaluation import evaluate_clusters, neighbour_accuracy
    from nlptools.vectors.evaluation import evaluate_vectors
    from nlptools.vectors.files import read_vectors, write_vectors
    from nlptools.vectors.infer import infer_documents
    from nlptools.vectors.jose_options import JoseOptions
    from nlptools.vectors.map import map_vectors, write_map
    from nlptools.vectors.options import VectorOptions
    from nlptools.vectors.train import train_vectors
    from nlptools.vectors.train_jose import train_jose

_HOME = {
    "BadRecordError": "nlptools.errors",
    "Concordance": "nlptools.concordance.search",
    "Conversion": "nlptools.corpus.convert",
    "Corpus": "nlptools.corpus",
    "DatedCorpus": "nlptools.corpus.dated",
    "Description": "nlptools.corpus.describe",
    "InputError": "nlptools.errors",
    "JobFileError": "nlptools.jobs.problems",
    "JobResult": "nlptools.jobs.run",
    "JoseOptions": "nlptools.vectors.jose_options",
    "LanguageModel": "nlptools.lm.model",
    "NewWordsOptions": "nlptools.newwords.options",
    "NgramCounts": "nlptools.ngrams.counts",
    "NlptoolsError": "nlptools.errors",
    "OptionError": "nlptools.errors",
    "OutputError": "nlptools.errors",
    "Records": "nlptools.corpus",
    "ReportOptions": "nlptools.report.options",
    "Segmenter": "nlptools.segment.model",
    "SegmenterOptions": "nlptools.segment.options",
    "TrendOptions": "nlptools.newwords.trend_options",
    "VectorOptions": "nlptools.vectors.options",
    "cluster_vectors": "nlptools.vectors.cluster",
    "contrast": "nlptools.newwords.contrast",
    "convert_corpus": "nlptools.corpus.convert",
    "count_ngrams": "nlptools.ngrams.count",
    "describe_corpus": "nlptools.corpus.describe",
    "evaluate_clusters": "nlptools.vectors.cluster_evaluation",
    "evaluate_segmentation": "nlptools.segment.evaluation",
    "evaluate_vectors": "nlptools.vectors.evaluation",
    "explain_new_words": "nlptools.newwords.find",
    "export_vocabulary": "nlptools.segment.vocabulary",
    "find_new_words": "nlptools.newwords.find",
    "find_trends": "nlptools.newwords.trends",
    "infer_documents": "nlptools.vectors.infer",
    "load_lm": "nlptools.lm.model",
    "load_segmenter": "nlptools.segment.model",
    "map_vectors": "nlptools.vectors.map",
    "merge_counts": "nlptools.ngrams.merge",
    "neighbour_accuracy": "nlptools.vectors.cluster_evaluation",
    "open_concordance": "nlptools.concordance.open",
    "open_corpus": "nlptools.corpus",
    "open_dated": "nlptools.corpus.dated",
    "open_records": "nlptools.corpus",
    "plot_trends": "nlptools.report.plots",
    "plot_words": "nlptools.report.plots",
    "read_arpa": "nlptools.lm.model",
    "read_counts": "nlptools.ngrams.counts",
    "read_vectors": "nlptools.vectors.files",
    "run_job": "nlptools.jobs.run",
    "sample_corpus": "nlptools.corpus.sample",
    "train_jose": "nlptools.vectors.train_jose",
    "train_lm": "nlptools.lm.train",
    "train_segmenter": "nlptools.segment.train",
    "train_vectors": "nlptools.vectors.train",
    "write_map": "nlptools.vectors.map",
    "write_report": "nlptools.report.write",
    "write_vectors": "nlptools.vectors.files",
}

__all__ = [
    "BadRecordError",
    "Concordance",
    "Conversion",
    "Corpus",
    "DatedCorpus",
    "Description",
    "InputError",
    "JobFileError",
    "JobResult",
    "JoseOptions",
    "LanguageModel",
    "NewWordsOptions",
    "NgramCounts",
    "NlptoolsError",
    "OptionError",
    "OutputError",
    "Records",
    "ReportOptions",
    "Segmenter",
    "SegmenterOptions",
    "TrendOptions",
    "VectorOptions",
    "cluster_vectors",
    "contrast",
    "convert_corpus",
    "count_ngrams",
    "describe_corpus",
    "evaluate_clusters",
    "evaluate_segmentation",
    "evaluate_vectors",
    "explain_new_words",
    "export_vocabulary",
    "find_new_words",
    "find_trends",
    "infer_documents",
    "load_lm",
    "load_segmenter",
    "map_vectors",
    "merge_counts",
    "neighbour_accuracy",
    "open_concordance",
    "open_corpus",
    "open_dated",
    "open_records",
    "plot_trends",
    "plot_words",
    "read_arpa",
    "read_counts",
    "read_vectors",
    "run_job",
    "sample_corpus",
    "train_jose",
    "train_lm",
    "train_segmenter",
    "train_vectors",
    "write_map",
    "write_report",
    "write_vectors",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nlptools' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
