"""The contents of Amazon's reports: one file per type, found by the constant REPORT in it."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from recoup.sandbox.reports.report import ReportType


@cache
def all_report_types() -> Mapping[str, ReportType]:
    """Every type that a file of this folder declares, by Amazon's name."""
    modules = (
        import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    found = [module.REPORT for module in modules if hasattr(module, "REPORT")]
    return MappingProxyType({report_type.name: report_type for report_type in found})
