"""The texts of documents, to show beside their keys."""

import pyarrow as pa

import nlptools as nt
from nlptools.vectors.texts import document_texts


def test_texts_of_keys() -> None:
    corpus = nt.open_corpus(["", "𠮷野家\t\r\n 5G", "长" * 200, "b", "never read"], batch_bytes=1)
    keys = pa.chunked_array([pa.array(["1", "2", "1"], pa.large_string()), pa.array(["0"], pa.large_string())])
    assert document_texts(corpus, keys).to_pylist() == ["𠮷野家 5G", "长" * 60, "𠮷野家 5G", ""]
    assert document_texts(corpus, pa.array(["x", "3", "99"]), 1).to_pylist() == [None, "b", None]
    assert document_texts(corpus, pa.array([], pa.large_string())).to_pylist() == []


def test_texts_of_names() -> None:
    entities, values = ["甲", "甲", "1", "0"], ["一", "二", "三", "四"]
    wanted = pa.array(["1", "甲", "0", "2"], pa.large_string())

    def of(entities: list[str]) -> list[str | None]:
        table = pa.table({"entity": entities, "value": values})
        corpus = nt.open_corpus(table, text_column="value", group_by="entity", batch_bytes=1)
        return list(document_texts(corpus, wanted).to_pylist())

    assert of(entities) == ["三", "一 二", "四", None]
    assert of(["甲", "乙", "甲", "1"]) == ["二", None, "一", "三"]  # two of one name: keys are numbers
