"""Text in and out of the model: prompts, plans and programs, one definition of each."""

from cppo.text.plan import (
    LABELS,
    PlanFault,
    PlanFormatError,
    StrategyTuple,
    format_plan,
    normalise_method,
    parse_plan,
)
from cppo.text.prompts import JUDGE_WORDS, Prompt, PromptSet, prompt_set

__all__ = [
    "JUDGE_WORDS",
    "LABELS",
    "PlanFault",
    "PlanFormatError",
    "Prompt",
    "PromptSet",
    "StrategyTuple",
    "format_plan",
    "normalise_method",
    "parse_plan",
    "prompt_set",
]
