"""Typed, frozen configuration with strict loading.

Every room of the package defines its own `Section`; `cppo.recipe` puts them together. A key that no section knows,
a value of the wrong type and a combination that cannot work are errors that name the key, the value, what is
allowed and the nearest match, raised before any work starts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from cppo.errors import ConfigError, nearest


class Section(BaseModel):
    """Base of every configuration section: frozen, strict, no unknown keys, documented field by field."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )


SectionType = TypeVar("SectionType", bound=Section)


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file; raises `ConfigError` that names the file and the position of a syntax error."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"recipe {path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"recipe {path} cannot be read as TOML: {error}") from None


def parse_override(text: str) -> tuple[tuple[str, ...], Any]:
    """Split `section.key=value` into its path and its value, read as a TOML value or else as a plain string.

    >>> parse_override("joint.learning_rate=1e-4")
    (('joint', 'learning_rate'), 0.0001)
    """
    key, separator, raw = text.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not separator or not all(path):
        raise ConfigError(f"override {text!r} is not of the form section.key=value, e.g. joint.learning_rate=1e-4")
    try:
        parsed = tomllib.loads(f"value = {raw.strip()}")
    except tomllib.TOMLDecodeError:
        parsed = {}
    return path, parsed["value"] if parsed.keys() == {"value"} else raw.strip()


def apply_overrides(data: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return a copy of `data` with each `section.key=value` of `overrides` laid over it, in order.

    A dash in a key stands for an underscore, except in a key that `data` itself writes with a dash.
    """
    result: dict[str, Any] = json.loads(json.dumps(data, default=_not_json))
    for text in overrides:
        path, value = parse_override(text)
        place = result
        for part in path[:-1]:
            inner = place.setdefault(_key(part, place), {})
            if not isinstance(inner, dict):
                raise ConfigError(f"override {text!r}: {part!r} is a value, not a section")
            place = inner
        place[_key(path[-1], place)] = value
    return result


def build(section: type[SectionType], data: Mapping[str, Any], origin: str) -> SectionType:
    """Validate `data` against `section`; raises `ConfigError` with one line per problem. `origin` names the source."""
    try:
        # JSON mode keeps strictness (no "4" for 4) but lets a TOML array fill a tuple.
        return section.model_validate_json(json.dumps(data, default=_not_json))
    except ValidationError as error:
        lines = [_explain(section, item) for item in error.errors()]
        raise ConfigError(f"{origin}: " + "\n".join(lines)) from None


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield one line `key: old -> new` for every leaf in which two resolved configurations differ."""
    for key in sorted({*old, *new}):
        path = f"{prefix}{key}"
        left, right = old.get(key), new.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            yield from differences(left, right, f"{path}.")
        elif left != right:
            yield f"{path}: {json.dumps(left)} -> {json.dumps(right)}"


def leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `(dotted key, value)` for every leaf of a resolved configuration; an empty section is a leaf."""
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def describe(section: type[Section], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield `(dotted key, default, description)` for every field, nested sections first-level expanded."""
    for name, field in section.model_fields.items():
        path = f"{prefix}{name}"
        inner = _section_of(field.annotation)
        if inner is not None:
            yield from describe(inner, f"{path}.")
            continue
        default = (
            "required" if field.is_required() else json.dumps(field.get_default(call_default_factory=True), default=str)
        )
        yield path, default, " ".join((field.description or "").split())


def _key(part: str, place: Mapping[str, Any]) -> str:
    return part if part in place else part.replace("-", "_")


def _not_json(value: object) -> object:
    raise ConfigError(f"{value!r} ({type(value).__name__}) cannot stand in a recipe; use text, numbers, lists, tables")


def _section_of(annotation: object) -> type[Section] | None:
    candidates = [annotation, *get_args(annotation)]
    return next((item for item in candidates if isinstance(item, type) and issubclass(item, Section)), None)


def _explain(section: type[Section], item: Mapping[str, Any]) -> str:
    location = [str(part) for part in item["loc"]]
    key = ".".join(location) or "recipe"
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        allowed = _keys_at(section, location[:-1])
        near = nearest(location[-1], allowed)
        return f"unknown key {key!r}{near}; allowed here: {', '.join(sorted(allowed))}"
    if item["type"] == "missing":
        return f"key {key!r} is missing; it has no default"
    message = str(item["msg"]).removeprefix("Value error, ")
    given = item.get("input")
    if item["type"] == "value_error" and isinstance(given, dict):
        return f"{key}: {message}" if location else message
    if item["type"] in ("tuple_type", "list_type"):
        inside = given if isinstance(given, str) else json.dumps(given, default=str)
        message = f"this is a list; write it as [{inside}], with commas between entries"
    return f"{key} = {json.dumps(given, default=str)}: {message}"


def _keys_at(section: type[Section], path: Sequence[str]) -> list[str]:
    current: type[Section] = section
    for part in path:
        field = current.model_fields.get(part)
        # a part without a field is the free key of a table of sections: stay on the same section
        if field is None:
            continue
        inner = _section_of(field.annotation)
        if inner is None:
            return list(getattr(field.annotation, "__dataclass_fields__", ()))
        current = inner
    return list(current.model_fields)
