"""Job files: everything that is wrong is told at once, with its line, before anything starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.errors import InputError
from nlptools.jobs.job_file import read_job
from nlptools.jobs.kinds import KINDS
from nlptools.jobs.problems import JobFileError
from nlptools.jobs.tasks import Task, make_tasks

COUNT = '[stages.c]\nkind = "count"\ninputs = "a.txt"\noutput = "c.ngrams"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some texts, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "data/p1.txt", "data/p2.txt", "more/p1.txt", "jieba.dict"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"微信红包 {name}\n", encoding="utf-8")
    (tmp_path / "old.ngrams").mkdir()
    return tmp_path


def tasks_of(text: str) -> list[Task]:
    path = Path("job.toml")
    path.write_text(text, encoding="utf-8")
    job = read_job(path)
    tasks = make_tasks(job)
    job.check()
    return tasks


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(JobFileError) as caught:
        tasks_of(text)
    assert "\n" not in str(caught.value)
    assert len(caught.value.lines) == len(caught.value.problems)
    return [(problem.line, problem.text) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, ["no stages", "[stages."]),
        ("stages = 3", 1, ["no table", "[stages.NAME]"]),
        (COUNT + "[stage.b]\nkind = 1\n", 5, ["[stage] is no part", "'stages'"]),
        (COUNT + "order = '3'", 5, ["order = '3'", "a whole number"]),
        (COUNT + "order = true", 5, ["order = true", "a whole number"]),
        (COUNT + "ordr = 3", 5, ["ordr", "did you mean 'order'"]),
        (COUNT + "min-count = 0", 5, ["min_count=0", "1 or more"]),
        (COUNT + "strict = 1", 5, ["strict = 1", "true or false"]),
        (COUNT + 'document-per = "word"', 5, ["document_per = 'word'", '"line" or "file"']),
        (COUNT + 'encoding = "klingon"', 5, ["klingon"]),
        (COUNT + 'memory = "1M"', 5, ["memory=1M", "give"]),
        (COUNT + "min-count = 1\nmin_count = 2", 6, ["min_count", "twice"]),
        (COUNT + "shards = 0", 5, ["shards = 0", '"each"']),
        (COUNT + 'shards = "all"', 5, ["'all'", '"each"']),
        (COUNT + 'shards = "each"', 4, ["c.ngrams", "{shard}"]),
        (COUNT.replace("c.ngrams", "{shard}.ngrams"), 4, ["{shard}", 'shards = "each"']),
        (COUNT.replace('"a.txt"', "[]"), 3, ["name inputs in quotes"]),
        (COUNT.replace('"a.txt"', "[1]"), 3, ["name inputs in quotes"]),
        (COUNT.replace('inputs = "a.txt"', ""), 1, ["name inputs in quotes"]),
        (COUNT.replace('output = "c.ngrams"', ""), 1, ["name one output", "c.ngrams"]),
        (COUNT.replace("c.ngrams", "c.xlsx"), 4, ["c.xlsx", "known are .ngrams"]),
        (COUNT.replace("c.ngrams", "old.ngrams"), 4, ["old.ngrams", "is a folder"]),
        (COUNT.replace("c.ngrams", "job.toml"), 4, ["job.toml", "overwrite the job file"]),
        (COUNT.replace("a.txt", "b.txt"), 3, ["b.txt", "no such file"]),
        (COUNT.replace("a.txt", "b"), 3, ["b: no such file", "no input or stage has this name"]),
        (COUNT.replace("a.txt", "*.csv"), 3, ["*.csv", "no file matches"]),
        (COUNT.replace("a.txt", "-"), 3, ["standard input"]),
        (COUNT.replace("c.ngrams", "a.txt"), 1, ["needs what it makes itself"]),
        (COUNT.replace("c.ngrams", "./data/../a.txt"), 1, ["needs what it makes itself"]),
        (COUNT.replace('kind = "count"', ""), 1, ["lacks its kind", "newwords"]),
        (COUNT.replace("count", "conut"), 2, ["'conut'", "did you mean 'count'"]),
        (COUNT.replace("count", "merge"), 3, ["a.txt: is no count file", "stage count"]),
        (COUNT.replace('"count"', "7"), 2, ["kind 7"]),
        ("[stages]\nc = 1\n", 2, ["c is no stage"]),
        ("[stages.'a/b']\nkind = 'count'\ninputs = 'a.txt'\noutput = 'c.ngrams'", 1, ["'a/b' is no name"]),
        ("[inputs]\nc = 'a.txt'\n" + COUNT, 3, ["already the name of an input (line 2)"]),
        ("[inputs]\nx = 'gone.txt'\n" + COUNT.replace("a.txt", "x"), 2, ["x: gone.txt", "no such file"]),
        ("[inputs]\nx = 3\n" + COUNT, 2, ["name files in quotes"]),
        ("[inputs.x]\nfiles = 'a.txt'\ncolumn = 'q'\n" + COUNT, 3, ["column", "no such option"]),
        ("[inputs.x]\nfiles = 'a.txt'\nrejects = 'q'\n" + COUNT, 1, ["rejects is for stages"]),
        ("[defaults]\nthread = 2\n" + COUNT, 2, ["thread", "did you mean 'threads'"]),
        ("[defaults]\nrounds = 2\n" + COUNT, 2, ["rounds", "no stage of this job"]),
        ("[defaults]\norder = 'x'\n" + COUNT, 2, ["order = 'x'"]),
        ("[defaults]\nmemory = '16Q'\n" + COUNT, 2, ["memory='16Q' cannot work"]),
        (COUNT.replace('"a.txt"', '"data"').replace("c.ngrams", "data/new/c.csv"), 4, ["lies among the inputs data"]),
        (COUNT.replace('"a.txt"', '"data/*"').replace("c.ngrams", "data/c.csv"), 4, ["lies among the inputs data/*"]),
        (COUNT.replace('"a.txt"', '"**/*.txt"').replace("c.ngrams", "x/c.txt"), 4, ["lies among the inputs", "c.txt"]),
        ("[stages.s]\nkind = 'segment run'\ninputs = 'a.txt'\noutput = 's.txt'\n", 1, ["option model is missing"]),
        ("[stages.v]\nkind = 'vectors'\ninputs = 'a.txt'\noutput = 'v.kv'\ndocuments = 'd.kv'\n", 5, ["method jose"]),
        ("[stages.v]\nkind = 'vectors'\ninputs = 'a.txt'\noutput = 'v.kv'\nmargin = 1\n", 5, ["margin", "method sgns"]),
        ("[stages.n]\nkind = 'newwords'\ninputs = 'a.txt'\noutput = 'w.csv'\nnew-only = true\n", 5, ["--known"]),
        ("[stages.n]\nkind = 'newwords'\ninputs = 'a.txt'\noutput = 'w.csv'\nknown = 'no.dict'\n", 5, ["known: no.dict"]),
        ("[stages.n]\nkind = 'newwords'\ninputs = 'a.txt'\noutput = 'jieba.dict'\nknown = 'jieba.dict'\n", 1, ["makes itself"]),
    ],
)  # fmt: skip
def test_what_is_wrong(folder: Path, text: str, line: int, words: list[str]) -> None:
    before = sorted(folder.rglob("*"))
    found = problems(text)
    assert [number for number, _ in found] == [line], found
    for word in words:
        assert word in found[0][1]
    assert sorted(folder.rglob("*")) == sorted([*before, folder / "job.toml"])


def test_all_at_once(folder: Path) -> None:
    found = problems(
        '[inputs]\ngone = "gone.txt"\n'  # 2
        '[stages.a]\nkind = "count"\ninputs = "gone"\noutput = "x.ngrams"\nordr = 2\n'  # 7
        '[stages.b]\nkind = "merge"\ninputs = "c"\noutput = "b.ngrams"\n'  # 8: b needs c needs b
        '[stages.c]\nkind = "merge"\ninputs = "b.ngrams"\noutput = "c.ngrams"\norder = "x"\n'  # 16
        '[stages.d]\nkind = "nothing"\ninputs = "a.txt"\noutput = "d.txt"\n'  # 18
        '[stages.e]\nkind = "newwords"\ninputs = "d.txt"\noutput = "e.doc"\n'  # 24
        '[stages.f]\nkind = "count"\ninputs = "a.txt"\noutput = "./x.ngrams"\n'  # 28
    )
    assert [line for line, _ in found] == [2, 7, 8, 16, 18, 24, 28]
    assert "b needs c needs b" in found[2][1]
    assert "also written by a (line 3)" in found[6][1]


def test_a_name_stands_for_a_stage_an_input_or_a_file(folder: Path) -> None:
    tasks = tasks_of(
        "[defaults]\nthreads = 1\n"
        "[inputs]\ntext = ['a.txt', 'data']\n"
        "[stages.counts]\nkind = 'count'\ninputs = ['text']\noutput = 'out/{shard}.ngrams'\nshards = 'each'\nno-header = true\n"
        "[stages.sum]\nkind = 'merge'\ninputs = 'out/{shard}.ngrams'\noutput = './out/../sum.ngrams'\n"
        "[stages.words]\nkind = 'newwords'\ninputs = 'sum.ngrams'\noutput = 'words.csv'\n"
        "[stages.model]\nkind = 'segment train'\ninputs = 'text'\noutput = 'm.seg'\nwords = ['words']\nlexicon = 'jieba.dict'\n"
        "[stages.lm]\nkind = 'lm'\ninputs = 'sum'\norder = 2\noutput = 'm.lm'\narpa = 'm.arpa'\nprune = '0,1'\n"
        "[stages.cut]\nkind = 'segment run'\ninputs = 'data/*.txt'\nmodel = 'model'\noutput = '{shard}.txt'\nshards = 1\n"
    )
    assert [str(task) for task in tasks] == [
        *("counts[a]", "counts[p1]", "counts[p2]"),
        *("sum", "words", "model", "lm", "cut[1]"),
    ]
    told = {str(task): task for task in tasks}
    assert told["counts[p2]"].outputs == ("out/p2.ngrams",)
    assert told["counts[p2]"].reading == {"header": False}
    assert [source.name for source in told["sum"].inputs] == ["out/a.ngrams", "out/p1.ngrams", "out/p2.ngrams"]
    assert [str(need) for need in told["sum"].needs] == ["counts[a]", "counts[p1]", "counts[p2]"]
    assert told["model"].options == {"threads": 1, "words": ("words.csv",), "lexicon": ("jieba.dict",)}
    assert [str(need) for need in told["model"].needs] == ["words"]
    assert told["lm"].outputs == ("m.lm", "m.arpa")
    assert told["lm"].options["prune"] == (0, 1)
    assert told["cut[1]"].options["model"] == "m.seg"
    assert [source.name for source in told["cut[1]"].inputs] == ["data/p1.txt", "data/p2.txt"]


def test_stages_may_come_in_any_order(folder: Path) -> None:
    text = (
        "[stages.third]\nkind = 'merge'\ninputs = 'second'\noutput = '3.ngrams'\n"
        "[stages.second]\nkind = 'merge'\ninputs = 'first'\noutput = '2.ngrams'\n"
        "[stages.first]\nkind = 'count'\ninputs = 'a.txt'\noutput = '1.ngrams'\n"
    )
    assert [str(task) for task in tasks_of(text)] == ["first", "second", "third"]


def test_files_of_options_may_have_names(folder: Path) -> None:
    inputs = "[inputs]\nknown = ['jieba.dict', 'a.txt']\nparts = 'data'\n"
    stage = "[stages.w]\nkind = 'newwords'\ninputs = 'parts'\noutput = 'w.csv'\nknown = 'known'\n{}"
    (task,) = tasks_of(inputs + stage.format("stopwords = 'a.txt'"))
    assert task.options == {"known": ("jieba.dict", "a.txt"), "stopwords": "a.txt"}
    assert [source.name for source in task.files] == ["jieba.dict", "a.txt", "a.txt"]
    assert "stopwords: 2 files are named" in problems(inputs + stage.format("stopwords = 'known'"))[0][1]


def test_a_long_chain(folder: Path) -> None:
    stage = "[stages.s{}]\nkind = 'merge'\ninputs = 's{}'\noutput = '{}.ngrams'\n"
    chain = "".join(stage.format(number, number + 1, number) for number in range(1500))
    tasks = tasks_of(chain + "[stages.s1500]\nkind = 'count'\ninputs = 'a.txt'\noutput = 'c.ngrams'\n")
    assert [tasks[0].stage.name, tasks[-1].stage.name, len(tasks)] == ["s1500", "s0", 1501]


def test_shards_need_names_of_their_own(folder: Path) -> None:
    text = COUNT.replace("a.txt", "*/p1.txt").replace("c.ngrams", "{shard}.ngrams")
    found = problems(text + 'shards = "each"\n')
    assert "data/p1.txt and more/p1.txt would be the same shard, p1" in found[0][1]
    names = [str(task) for task in tasks_of(text + "shards = 2\n")]
    assert names == ["c[1]", "c[2]"]


def test_inputs_read_in_different_ways(folder: Path) -> None:
    inputs = "[inputs.x]\nfiles = 'a.txt'\nencoding = 'utf-8'\n[inputs.y]\nfiles = 'data'\nencoding = '{}'\n"
    stage = COUNT.replace('"a.txt"', '["x", "y"]')
    assert problems(inputs.format("gbk") + stage)[0][0] == 9
    (task,) = tasks_of(inputs.format("utf-8") + stage + "document-per = 'file'\n")
    assert task.reading == {"encoding": "utf-8", "document_per": "file"}


def test_paths_begin_at_the_folder_of_the_job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "job.toml").write_text(COUNT.replace("a.txt", "*.txt"), encoding="utf-8")
    monkeypatch.chdir(folder / "data")
    job = read_job("../job.toml")
    (task,) = make_tasks(job)
    job.check()
    assert [source.name for source in task.inputs] == ["a.txt"]
    assert Path(job.place("a.txt")).samefile(folder / "a.txt")


@pytest.mark.parametrize(
    "data", [b"\xff", b"\xef\xbb\xbf" + COUNT.replace("\n", "\r\n").encode(), b"\x00", b"#" * (1 << 21)]
)
def test_bytes(folder: Path, data: bytes) -> None:
    Path("job.toml").write_bytes(data)
    if data.startswith(b"\xef\xbb\xbf"):
        assert list(read_job("job.toml").stages) == ["c"]
    else:
        with pytest.raises(InputError):
            read_job("job.toml")


@pytest.mark.parametrize("path", ["gone.toml", "data", "\0", "a" * 5000])
def test_no_job_file(folder: Path, path: str) -> None:
    with pytest.raises(InputError, match="give the path of a job file"):
        read_job(path)


def test_every_kind_has_the_options_of_its_command() -> None:
    from click import Option

    from nlptools_cli.commands import nlptools

    commands = {"convert": "corpus convert", "lm": "lm train", "vectors": "vectors train"}
    for name, kind in KINDS.items():
        command: Any = nlptools
        for word in commands.get(name, name).split():
            command = command.commands[word]
        typed = {param.name for param in command.params if isinstance(param, Option)}
        assert typed - {"output", "quiet", "show", "resume", "report", "inputs"} <= set(kind.all_parameters), name


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-2, 10**20),
        st.floats(),
        st.sampled_from(
            ["a.txt", "data", "x", "y", "c", "{shard}.ngrams", "*.txt", "", "\0", "𠮷", "s3://b/k", "jieba", "each"]
        ),
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
KEYS = st.one_of(
    st.sampled_from(["kind", "inputs", "output", "shards", "model", "rejects", "no-header"]),
    st.sampled_from(sorted({name for kind in KINDS.values() for name in kind.all_parameters})),
)
STAGES = st.dictionaries(KEYS, VALUES, max_size=6)


def as_toml(value: Any) -> str:
    if isinstance(value, float) and not abs(value) < 1e300:
        return "inf"
    return f"[{', '.join(map(as_toml, value))}]" if isinstance(value, list) else json.dumps(value)


@given(
    x=STAGES,
    y=STAGES,
    kinds=st.tuples(*[st.sampled_from(["?", *KINDS])] * 2),
    defaults=st.dictionaries(KEYS, VALUES, max_size=2),
    inputs=st.dictionaries(st.sampled_from(["x", "i", "𠮷"]), VALUES, max_size=2),
)
def test_nothing_but_problems(
    tmp_path_factory: pytest.TempPathFactory, x: Any, y: Any, kinds: Any, defaults: Any, inputs: Any
) -> None:
    folder = tmp_path_factory.getbasetemp() / "job-of-anything"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "a.txt").write_text("微信", encoding="utf-8")
    (folder / "data" / "b.txt").write_text("微信", encoding="utf-8")
    sections = {
        "inputs": inputs,
        "stages.x": {"kind": kinds[0], **x},
        "stages.y": {"kind": kinds[1], **y},
        "defaults": defaults,
    }
    lines = [
        line
        for section, table in sections.items()
        for line in (f"[{section}]", *(f"{as_toml(key)} = {as_toml(value)}" for key, value in table.items()))
    ]
    path = folder / "job.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        job = read_job(path)
        make_tasks(job)
        job.check()
    except JobFileError as error:
        assert all(1 <= problem.line <= len(lines) for problem in error.problems)
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "data", "job.toml"]
