"""The composition root. It shows up in tracebacks as <exec>, so everything else is in modules."""

from pages import PAGES
from pilito.browser import start

start(PAGES)
