"""Which settings of a run differ from the defaults, which are the published ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from cppo.config import Section, leaves
from cppo.recipe import Recipe
from cppo.training.settings import BaselineSettings


@dataclass(frozen=True)
class Deviation:
    """One key whose value is not the default; both are JSON text. `default` is empty where there is none."""

    key: str
    default: str
    value: str


def deviations(config: Mapping[str, Any]) -> list[Deviation]:
    """Return every leaf of a resolved configuration that differs from the default, in the order of the file."""
    defaults = dict(leaves(_defaults(config)))
    return [
        Deviation(key, _text(defaults[key]) if key in defaults else "", _text(value))
        for key, value in leaves(config)
        if key not in defaults or defaults[key] != value
    ]


def _defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    defaults = _field_defaults(Recipe)
    named = config.get("baselines")
    for name in named if isinstance(named, Mapping) else ():
        defaults["baselines"].setdefault(name, BaselineSettings().model_dump(mode="json"))
    return defaults


def _field_defaults(section: type[Section]) -> dict[str, Any]:
    """Return the defaults of a section; a section that must be given has those of its own fields."""
    defaults: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        if not field.is_required():
            defaults[name] = to_jsonable_python(field.get_default(call_default_factory=True))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            defaults[name] = _field_defaults(field.annotation)
    return defaults


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
