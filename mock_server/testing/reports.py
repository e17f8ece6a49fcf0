"""Failure reports of pytest without tokens: they go into the logs of CI."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from mock_server.redaction import redact


def redact_report(report: pytest.TestReport) -> None:
    """Take tokens out of everything that a report shows: the traceback, the message and captured output."""
    report.sections = [(name, redact(text)) for name, text in report.sections]
    if report.longrepr is None:
        return
    whole = str(report.longrepr)
    if redact(whole) == whole:
        return
    report.longrepr = _redacted(report.longrepr)
    whole = str(report.longrepr)
    if redact(whole) != whole:  # a representation that we do not know
        report.longrepr = redact(whole)


def _redacted(part: Any) -> Any:
    """Redact the strings inside pytest's representation of an exception, in place, so that its colours stay."""
    if isinstance(part, str):
        return redact(part)
    if isinstance(part, list):
        return [_redacted(one) for one in part]
    if isinstance(part, tuple):
        return tuple(_redacted(one) for one in part)
    if is_dataclass(part):
        for field in fields(part):
            setattr(part, field.name, _redacted(getattr(part, field.name)))
    return part
