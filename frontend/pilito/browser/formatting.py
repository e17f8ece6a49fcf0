"""``Intl``: dates and numbers as the user's language writes them, Jalali dates and Persian digits included."""

from typing import Any

import js
from pyodide.ffi import to_js

_LOCALES = {"fa": "fa-IR", "en": "en-GB"}
_LARGEST = 2.0**53  # a larger whole number comes to JavaScript as a BigInt, which PluralRules refuses


class BrowserFormatter:
    """``Formatter`` over ``Intl``; its objects are made once for each language."""

    def __init__(self) -> None:
        self.set_language("en")

    def set_language(self, language: str) -> None:
        locale = _LOCALES.get(language, language)
        self._full = _dates(locale, dateStyle="full", timeStyle="short")
        self._time = _dates(locale, hour="2-digit", minute="2-digit")
        self._day = _dates(locale, day="numeric", month="short")
        self._date = _dates(locale, dateStyle="medium")
        self._relative = js.Intl.RelativeTimeFormat.new(locale, _options(numeric="auto"))
        self._number = js.Intl.NumberFormat.new(locale)
        self._plural = js.Intl.PluralRules.new(locale)

    def date_time(self, iso: str) -> str:
        date = _date(iso)
        return str(self._full.format(date)) if date else ""

    def short_time(self, iso: str) -> str:
        date = _date(iso)
        if not date:
            return ""
        today = js.Date.new()
        if date.toDateString() == today.toDateString():
            return str(self._time.format(date))
        this_year = date.getFullYear() == today.getFullYear()
        return str((self._day if this_year else self._date).format(date))

    def day(self, iso: str) -> str:
        date = _date(iso)
        return str(self._date.format(date)) if date else ""

    def time(self, iso: str) -> str:
        date = _date(iso)
        return str(self._time.format(date)) if date else ""

    def relative(self, seconds: float) -> str:
        for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
            if abs(seconds) >= size:
                return str(self._relative.format(round(seconds / size), unit))
        return str(self._relative.format(round(seconds), "second"))

    def number(self, value: float) -> str:
        return str(self._number.format(value))

    def plural(self, value: float) -> str:
        return str(self._plural.select(min(value, _LARGEST)))


def _options(**options: str) -> Any:
    return to_js(options, dict_converter=js.Object.fromEntries)


def _dates(locale: str, **options: str) -> Any:
    return js.Intl.DateTimeFormat.new(locale, _options(**options))


def _date(iso: str) -> Any:
    date = js.Date.new(iso)
    return None if js.isNaN(date.getTime()) else date
