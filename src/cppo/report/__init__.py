"""The pages of a run and of a study: one self-contained HTML file each, made from the directory alone."""

from cppo.report.page import write_report
from cppo.report.study_page import write_study

__all__ = ["write_report", "write_study"]
