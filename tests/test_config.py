"""Strict loading: every mistake in a recipe is an error that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from cppo.config import Section, apply_overrides, build, describe, differences, parse_override, read_toml
from cppo.errors import ConfigError, CppoError, GateError, RunError, VerifierError, choose, nearest


class Part(Section):
    """A nested section."""

    rate: float = Field(0.5, gt=0)
    """How fast."""
    names: tuple[str, ...] = ("a", "b")
    """What
    for."""
    kind: Literal["slow", "fast"] = "slow"

    @model_validator(mode="after")
    def _fits(self) -> Part:
        if self.kind == "fast" and self.rate < 0.1:
            raise ValueError("fast needs a rate of at least 0.1")
        return self


class Whole(Section):
    """The top."""

    count: int
    """Required."""
    part: Part = Part()
    maybe: Part | None = None
    table: dict[str, Part] = {}


def message_of(data: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        build(Whole, data, "recipe.toml")
    return str(caught.value)


def test_a_good_recipe_is_typed_and_frozen() -> None:
    whole = build(Whole, {"count": 3, "part": {"names": ["x"]}, "table": {"t": {"rate": 2}}}, "recipe.toml")
    assert whole == Whole(count=3, part=Part(names=("x",)), table={"t": Part(rate=2.0)})
    with pytest.raises(ValidationError):
        whole.count = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"count": 1, "prat": {}},
            "recipe.toml: unknown key 'prat' (did you mean 'part'?); allowed here: count, maybe",
        ),
        (
            {"count": 1, "part": {"rte": 1}},
            "unknown key 'part.rte' (did you mean 'rate'?); allowed here: kind, names, rate",
        ),
        ({"count": 1, "maybe": {"zzz": 1}}, "unknown key 'maybe.zzz'; allowed here: kind, names, rate"),
        ({"count": 1, "table": {"mine": {"knd": 1}}}, "unknown key 'table.mine.knd' (did you mean 'kind'?)"),
        ({"count": "4"}, 'count = "4": Input should be a valid integer'),
        ({"count": 4.5}, "count = 4.5: "),
        ({"count": True}, "count = true: Input should be a valid integer"),
        ({"count": 1, "part": {"rate": 0}}, "part.rate = 0: Input should be greater than 0"),
        ({"count": 1, "part": {"rate": float("nan")}}, "part.rate = NaN: Input should be a finite number"),
        ({"count": 1, "part": {"rate": float("inf")}}, "part.rate = Infinity: "),
        ({"count": 1, "part": {"kind": "medium"}}, "part.kind = \"medium\": Input should be 'slow' or 'fast'"),
        ({"count": 1, "part": 3}, "part = 3: "),
        ({"count": 1, "part": {"names": ["x", 3]}}, "part.names.1 = 3: Input should be a valid string"),
        ({"count": 1, "part": {"kind": "fast", "rate": 0.01}}, "part: fast needs a rate of at least 0.1"),
        ({}, "recipe.toml: key 'count' is missing"),
    ],
)
def test_mistakes_are_named(data: dict[str, object], expected: str) -> None:
    assert expected in message_of(data)


def test_every_mistake_is_listed() -> None:
    lines = message_of({"count": "x", "part": {"rate": -1}, "other": 1}).splitlines()
    assert len(lines) == 3


def test_values_that_are_no_json_are_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("count = 1979-05-27\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"datetime\.date.*cannot stand in a recipe"):
        build(Whole, read_toml(tmp_path / "recipe.toml"), "recipe.toml")


def test_read_toml_names_the_file(tmp_path: Path) -> None:
    good, bad, binary = (tmp_path / name for name in ("good.toml", "bad.toml", "binary.toml"))
    good.write_text("a = 1\n[b]\nc = [1, 2]\n", encoding="utf-8")
    assert read_toml(good) == {"a": 1, "b": {"c": [1, 2]}}
    bad.write_text("a = 1\nb =\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"{bad} cannot be read as TOML: .*line 2"):
        read_toml(bad)
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=str(binary)):
        read_toml(binary)
    with pytest.raises(ConfigError, match=r"none\.toml does not exist"):
        read_toml(tmp_path / "none.toml")
    for path in (tmp_path, good / "below"):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_toml(path)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("joint.learning_rate=1e-4", ("joint", "learning_rate"), 1e-4),
        ("joint.steps = 40", ("joint", "steps"), 40),
        ("a=true", ("a",), True),
        ('a=["x", "y"]', ("a",), ["x", "y"]),
        ("a.b={c = 1}", ("a", "b"), {"c": 1}),
        ("a='7'", ("a",), "7"),
        ("model.path=Qwen/Qwen3.5-4B-Base", ("model", "path"), "Qwen/Qwen3.5-4B-Base"),
        ("a=b=c", ("a",), "b=c"),
        ("a=", ("a",), ""),
        ("a=1\nb = 2", ("a",), "1\nb = 2"),
    ],
)
def test_overrides_are_toml_values_or_else_text(text: str, path: tuple[str, ...], value: object) -> None:
    assert parse_override(text) == (path, value)


@pytest.mark.parametrize("text", ["joint.steps", "=3", "joint.=3", ".a=3", ""])
def test_overrides_without_key_or_value_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"not of the form section\.key=value"):
        parse_override(text)


def test_overrides_are_laid_over_a_copy_in_order() -> None:
    data = {"a": {"b": 1, "c": 2}, "my-table": {"x": 1}}
    result = apply_overrides(data, ["a.b=3", "d.e-f=4", "a.b=5", "my-table.x=6"])
    assert result == {"a": {"b": 5, "c": 2}, "d": {"e_f": 4}, "my-table": {"x": 6}}
    assert data == {"a": {"b": 1, "c": 2}, "my-table": {"x": 1}}
    with pytest.raises(ConfigError, match="'b' is a value, not a section"):
        apply_overrides(data, ["a.b.c=1"])


def test_differences_name_every_leaf() -> None:
    old = {"a": {"b": 1, "c": [1]}, "d": None, "e": 1}
    new = {"a": {"b": 2, "c": [1]}, "d": {"x": 1}, "f": "new"}
    assert list(differences(old, new)) == ["a.b: 1 -> 2", 'd: null -> {"x": 1}', "e: 1 -> null", 'f: null -> "new"']
    assert list(differences(old, old)) == []


def test_describe_lists_every_key_with_default_and_words() -> None:
    rows = {key: (default, words) for key, default, words in describe(Whole)}
    assert rows["count"] == ("required", "Required.")
    assert rows["part.rate"] == ("0.5", "How fast.")
    assert rows["part.names"] == ('["a", "b"]', "What for.")
    assert "maybe.kind" in rows


def test_nearest_and_choose() -> None:
    assert nearest("pkppo", ["pkpo", "grpo"]) == " (did you mean 'pkpo'?)"
    assert nearest("zzz", ["pkpo", "grpo"]) == ""
    assert nearest(17, ["pkpo"]) == ""  # a recipe or a data row may hold anything
    assert choose("rule", "grpo", ["pkpo", "grpo"]) == "grpo"
    with pytest.raises(ConfigError, match=r"unknown rule 'gpro' \(did you mean 'grpo'\?\); allowed: grpo, pkpo"):
        choose("rule", "gpro", ["pkpo", "grpo"])


def test_errors_are_also_standard_errors_and_carry_an_exit_code() -> None:
    assert (ConfigError.exit_code, RunError.exit_code, GateError.exit_code, VerifierError.exit_code) == (2, 2, 3, 4)
    assert issubclass(ConfigError, ValueError)
    assert issubclass(RunError, RuntimeError)
    assert CppoError.exit_code == 1
