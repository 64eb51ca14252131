"""The record of a finding, under the name that the compiler's files import."""

from __future__ import annotations

from ..base.diagnostic import Applicability, Diagnostic, Edit, Fix, Label, Severity

__all__ = ["Applicability", "Diagnostic", "Edit", "Fix", "Label", "Severity"]
