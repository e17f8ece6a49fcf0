"""Every string that people read, in their language."""

from collections.abc import Mapping
from typing import Final

from pilito.ports import Formatter

Strings = Mapping[str, str]
DIRECTIONS: Final = {"fa": "rtl", "ar": "rtl", "he": "rtl"}
FALLBACK: Final = "en"


class Catalogue:
    """Strings by key. Returns plain text: whoever puts it into markup escapes it."""

    def __init__(self, languages: Mapping[str, Strings], formatter: Formatter, language: str = FALLBACK) -> None:
        self._languages = languages
        self._formatter = formatter
        self.language = FALLBACK
        self.set_language(language)

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return DIRECTIONS.get(self.language, "ltr")

    @property
    def available(self) -> list[str]:
        return list(self._languages)

    def set_language(self, language: str) -> None:
        """Use a language; an unknown one falls back to English."""
        self.language = language if language in self._languages else FALLBACK
        self._formatter.set_language(self.language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the string of ``key``; numbers are written the language's way. Raises ``KeyError`` for no such key.

        With ``n`` among the values the form for that number is taken where there is one: ``key.one``, ``key.other``.
        """
        strings = self._languages[self.language]
        number = values.get("n")
        if isinstance(number, int | float):
            form = f"{key}.{self._formatter.plural(number)}"
            key = form if form in strings else f"{key}.other" if f"{key}.other" in strings else key
        if not values:
            return strings[key]
        return strings[key].format_map({name: self._shown(value) for name, value in values.items()})

    def known(self, prefix: str, name: object) -> str:
        """The string of ``prefix.name``, or the name itself where the catalogue has none: servers grow new words."""
        return self._languages[self.language].get(f"{prefix}.{name}", str(name))

    def _shown(self, value: object) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._formatter.number(value)
        return str(value)
