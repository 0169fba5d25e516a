"""The page of a run: one self-contained HTML file made from the run directory alone."""

from cppo.report.page import write_report

__all__ = ["write_report"]
