"""The Spark engine: what the local engine makes, to the byte, on the machines of a cluster.

    spark = start_spark("spark://HOST:7077")
    count_ngrams(spark, ["hdfs://name/corpus/"], "counts.ngrams")

Needs the extra `spark` (pyspark) and Java 17. docs/spark.md is the guide.
"""

from nlptools.jobs.spark_count import count_ngrams
from nlptools.jobs.spark_reports import Outcome
from nlptools.jobs.spark_segment import segment
from nlptools.jobs.spark_session import start_spark
from nlptools.jobs.spark_vocabulary import count_vocabulary
from nlptools.jobs.spark_words import find_new_words

__all__ = ["Outcome", "count_ngrams", "count_vocabulary", "find_new_words", "segment", "start_spark"]
