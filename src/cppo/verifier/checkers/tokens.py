"""`tokens`: what stands between white space (Unicode's: a form feed and a no-break space separate too)."""

from __future__ import annotations

from collections.abc import Callable

from cppo.verifier.checkers.rule import Checker, by_leaf, text_leaf


def checker(name: str) -> Checker:
    """Return the checker: texts equal token by token; values equal, their texts by tokens."""

    def text(answer: str, expected: str) -> bool:
        return same_tokens(answer, expected, lambda ours, theirs: False)

    return by_leaf(name, text, text_leaf(text))


def same_tokens(answer: str, expected: str, same: Callable[[str, str], bool]) -> bool:
    """Return whether both texts have equally many tokens, each pair equal or accepted by `same`."""
    theirs = expected.split()
    ours = answer.split(maxsplit=len(theirs))  # one piece more than expected is already too many
    return len(ours) == len(theirs) and all(a == e or same(a, e) for a, e in zip(ours, theirs, strict=True))
