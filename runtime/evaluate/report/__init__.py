"""A report of evaluations and of a search, as one HTML page that a browser shows without a network.

save_report(Path("report.html"), Report("router: accuracy", results=(result,)))
save_report(Path("search.html"), Report("router", trials=trials, baseline=72.5))
"""

from .model import Learned, Report, TrialRecord
from .page import render_report, save_report

__all__ = ["Learned", "Report", "TrialRecord", "render_report", "save_report"]
