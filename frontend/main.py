"""The composition root. It shows up in tracebacks as <exec>, so everything else is in modules."""

from pages import PAGES
from pages.strings import LANGUAGES
from pilito.browser import start

start(PAGES, LANGUAGES)
