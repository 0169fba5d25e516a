"""Where rows come from: paths, folders, the cache of the Hub, the Hub; and files that are damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from dataset_rows import (
    APPS_GOOD,
    BENCH_GOOD,
    CONTEST_GOOD,
    apps_row,
    contest_row,
    write_apps_folders,
    write_jsonl,
    write_parquet,
)
from huggingface_hub import constants

from cppo.errors import ConfigError, DataError
from cppo.problems.datasets import DATA_SETS, DataSetFiles, OurFile, load_problems, open_source, rows
from cppo.problems.datasets.apps import APPS
from cppo.problems.datasets.codecontests import CODECONTESTS

OURS = {"id": "p", "statement": "Add.", "tests": [{"input": "1 2", "output": "3"}]}


def read(text: str | Path, **options: Any) -> list[str]:
    return [problem.id for problem in open_source(str(text), **options).problems()]


def shard(number: int, of: int, split: str = "train") -> str:
    return f"{split}-{number:05d}-of-{of:05d}-0123456789abcdef.parquet"


def snapshot(cache: Path, repository: str, revision: str) -> Path:
    """The folder of a revision in a cache of the Hub, as its client lays it out."""
    return cache / f"datasets--{repository.replace('/', '--')}" / "snapshots" / revision


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub."""
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def test_formats_are_told_by_the_first_row(tmp_path: Path) -> None:
    assert read(write_jsonl(tmp_path / "test.jsonl", APPS_GOOD))[0] == "apps/test/0"
    assert read(write_jsonl(tmp_path / "test2.jsonl", BENCH_GOOD))[0] == "livecodebench/atcoder/abc1_a"
    assert read(write_parquet(tmp_path / shard(0, 1), CONTEST_GOOD))[0] == "codecontests/codeforces/99_A. Sum"
    source = open_source(str(write_jsonl(tmp_path / "ours.jsonl", [OURS])))
    assert isinstance(source, OurFile)
    assert [p.id for p in source.problems()] == ["p"]
    assert source.facts() == {"source": str(tmp_path / "ours.jsonl"), "format": "jsonl"}


def test_a_format_that_is_given_is_believed_but_checked(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", APPS_GOOD)
    assert read(path, form="apps") == read(path)
    with pytest.raises(DataError, match=r"line 1: fields id, question, .* are not those of livecodebench"):
        read(path, form="livecodebench")
    with pytest.raises(ConfigError, match=r"--format app \(did you mean 'apps'\?\); allowed: jsonl, apps"):
        open_source(str(path), form="app")
    with pytest.raises(ConfigError, match="--format apps is for paths"):
        open_source("apps:introductory", form="apps")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("test.jsonl", b"", "holds no rows"),
        ("test.jsonl", b"\n\n", "holds no rows"),
        ("test.jsonl", b'{"question": "a", ', "line 1: not valid JSON, the file is damaged or cut off"),
        ("test.jsonl", b"\xff\xfe\n", "line 1: not valid JSON"),
        ("test.jsonl", b"[1]\n", "a row is list; it must be an object; say what it is: --format"),
        ("test.jsonl", b'{"a": 1}\n', "fields a are of no known format"),
        ("test.jsonl", b"{}\n", r"fields \(none\) are of no known format"),
        ("test.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        ("test.parquet", b"", "no complete parquet file"),
        ("test.parquet", b"PAR1 and nothing", "no complete parquet file"),
        ("test.csv", b"question\n", "no file of a data set"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_cut_off_in_the_middle_is_an_error_not_a_smaller_set(tmp_path: Path) -> None:
    lines = write_jsonl(tmp_path / "test.jsonl", APPS_GOOD)
    lines.write_bytes(lines.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"test.jsonl, line 5: not valid JSON, the file is damaged or cut off; get it"):
        read(lines)
    table = write_parquet(tmp_path / shard(0, 1), CONTEST_GOOD)
    table.write_bytes(table.read_bytes()[:-20])
    with pytest.raises(DataError, match="is no complete parquet file; get it again"):
        read(table)


def test_a_parquet_file_damaged_inside_is_an_error(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / shard(0, 1), [contest_row(f"p{i}") for i in range(20)])
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    with pytest.raises(DataError, match="get it again"):
        read(path, form="codecontests")


def test_a_parquet_file_with_damaged_names_is_an_error(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / shard(0, 1), [contest_row("p")])
    path.write_bytes(path.read_bytes().replace(b"time_limit", b"\xe6ime_limit"))
    with pytest.raises(DataError, match="is no complete parquet file; get it again"):
        read(path)


def test_a_parquet_file_of_other_columns_names_them(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", [{"prompt": "a", "answer": "b"}])
    for form in (None, "apps"):
        with pytest.raises(DataError, match=r"train.parquet is no file of a data set: its columns are prompt, answer"):
            read(path, form=form)


def test_a_line_too_long_is_counted_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LARGEST_LINE", 1000)
    long = apps_row(9, "x" * 5000, {"inputs": ["1"], "outputs": ["1"]})
    source = open_source(str(write_jsonl(tmp_path / "test.jsonl", [APPS_GOOD[0], long, APPS_GOOD[1]])))
    assert isinstance(source, DataSetFiles)
    assert [p.id for p in source.problems()] == ["apps/test/0", "apps/test/1"]
    assert source.drops.table()["oversized"]["examples"][0].startswith(f"{tmp_path}/test.jsonl, line 2 (a line of more")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere.jsonl", "neither a file or folder nor the name of a set"),
        ("app:introductory", r"nor the name of a set \(did you mean 'apps'\?\)"),
    ],
)
def test_what_is_neither_path_nor_name_is_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_source(text)


def test_a_misspelt_name_is_named_with_a_folder_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Apps:test is neither .* nor the name of a set \(did you mean 'apps'\?\)"):
        open_source("Apps:test", data=tmp_path)


def test_options_of_names_are_refused_for_paths(tmp_path: Path) -> None:
    path = str(write_jsonl(tmp_path / "test.jsonl", APPS_GOOD))
    for options in ({"data": tmp_path}, {"revision": "main"}):
        with pytest.raises(ConfigError, match="--data and --revision go with the name of a set"):
            open_source(path, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="--keep no-tests: only what words of a statement decide"):
        open_source(path, keep=["no-tests"])  # type: ignore[list-item]
    with pytest.raises(
        DataError, match=r"folder without folders of APPS problems; name a file in it, or a set with --data"
    ):
        open_source(str(tmp_path))


def test_a_folder_of_yours_may_be_flat_or_as_on_the_hub(tmp_path: Path) -> None:
    for folder in (tmp_path / "flat", tmp_path / "hub" / "data"):
        for number in range(2):
            write_parquet(folder / shard(number, 2, "valid"), [contest_row(f"p{number}")])
    names = ["codecontests/codeforces/p0", "codecontests/codeforces/p1"]
    assert read("codecontests:valid", data=tmp_path / "flat") == names
    assert read("codecontests:valid", data=tmp_path / "hub") == names
    write_apps_folders(tmp_path / "APPS" / "test", APPS_GOOD)
    assert len(read("apps", data=tmp_path / "APPS")) == 5
    write_jsonl(tmp_path / "both" / "apps" / "test.jsonl", APPS_GOOD)
    write_jsonl(tmp_path / "both" / "livecodebench" / "test.jsonl", BENCH_GOOD)
    assert len(read("apps", data=tmp_path / "both")) == 5
    assert len(read("livecodebench:v1", data=tmp_path / "both")) == 4
    assert [p.id for p in load_problems("livecodebench:v1", str(tmp_path / "both"))][:1] == [
        "livecodebench/atcoder/abc1_a"
    ]
    path = str(tmp_path / "both" / "apps" / "test.jsonl")
    assert len(list(load_problems(path, str(tmp_path)))) == 5  # a path needs no folder


def test_what_a_folder_lacks_is_named_and_how_to_get_it(tmp_path: Path) -> None:
    write_parquet(tmp_path / shard(1, 3), [contest_row("p")])
    with pytest.raises(DataError) as caught:
        open_source("codecontests:train", data=tmp_path)
    message = str(caught.value)
    assert f"--data {tmp_path} lacks data/train-*.parquet (2 of 3 shards, the first is number 0)" in message
    assert "hf download deepmind/code_contests --repo-type dataset" in message
    with pytest.raises(DataError, match=r"lacks test\.jsonl, test2\.jsonl;"):
        open_source("livecodebench:v2", data=tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        open_source("apps", data=tmp_path / "nowhere")


def test_the_cache_is_enough(cache: Path) -> None:
    write_jsonl(snapshot(cache, APPS.repository, APPS.revision) / "test.jsonl", APPS_GOOD)
    source = open_source("apps:interview")
    assert [p.id for p in source.problems()] == ["apps/test/1"]
    assert source.facts()["revision"] == APPS.revision
    other = snapshot(cache, APPS.repository, "0" * 40)
    write_jsonl(other / "test.jsonl", APPS_GOOD[:1])
    assert read("apps", revision="0" * 40) == ["apps/test/0"]


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", DATA_SETS)
def test_offline_without_a_cache_the_error_says_what_to_give(name: str) -> None:
    dataset = DATA_SETS[name]
    with pytest.raises(DataError) as caught:
        open_source(f"{name}:train" if name == "codecontests" else name)
    message = str(caught.value)
    assert f"{dataset.repository} at revision {dataset.revision} is not in the cache of the Hub" in message
    assert "--data DIR" in message
    assert f"hf download {dataset.repository} --repo-type dataset --revision {dataset.revision}" in message


def test_part_of_a_download_in_the_cache_is_not_taken_for_all(cache: Path) -> None:
    folder = snapshot(cache, CODECONTESTS.repository, CODECONTESTS.revision) / "data"
    write_parquet(folder / shard(0, 2), [contest_row("p0")])
    with pytest.raises(
        DataError, match=r"of it, data/train-\*\.parquet \(1 of 2 shards, the first is number 1\) is missing"
    ):
        open_source("codecontests:train")
    write_parquet(folder / shard(1, 2), [contest_row("p1")])
    assert len(read("codecontests:train")) == 2
    (folder / shard(1, 2)).unlink()
    (folder / shard(1, 2)).symlink_to(cache / "gone")  # its blob was removed
    with pytest.raises(DataError, match="1 of 2 shards"):
        open_source("codecontests:train")


def test_the_hub_is_asked_last_at_the_pinned_revision_for_these_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    def download(repository: str, **options: Any) -> str:
        calls.append({"repository": repository, **options})
        if options["local_files_only"]:
            raise FileNotFoundError("not here")
        write_jsonl(tmp_path / "test2.jsonl", BENCH_GOOD)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    dataset = DATA_SETS["livecodebench"]
    assert len(read("livecodebench:v2-only")) == 4
    asked = {
        "repository": "livecodebench/code_generation_lite",
        "repo_type": "dataset",
        "revision": dataset.revision,
        "allow_patterns": ["test2.jsonl"],
    }
    assert calls == [{**asked, "local_files_only": True}, {**asked, "local_files_only": False}]


def test_revisions_are_commits() -> None:
    for dataset in DATA_SETS.values():
        assert len(dataset.revision) == 40
        assert set(dataset.revision) <= set("0123456789abcdef")


def test_scripts_beside_the_data_are_never_touched(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", APPS_GOOD)
    mark = tmp_path / "ran"
    (tmp_path / "apps.py").write_text(f"open({json.dumps(str(mark))}, 'w')", encoding="utf-8")
    assert len(read("apps", data=tmp_path)) == 5
    assert not mark.exists()
