"""Every string that people read, by language. Both catalogues have the same keys; a test holds that."""

from pages.strings.en import STRINGS as ENGLISH
from pages.strings.fa import STRINGS as PERSIAN

LANGUAGES = {"en": ENGLISH, "fa": PERSIAN}
