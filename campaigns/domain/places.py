"""Countries by ISO code or by name."""

import re
import unicodedata
from functools import cache

from babel import Locale

_ALIASES = {
    "usa": "US", "us": "US", "u.s.": "US", "u.s.a.": "US", "america": "US", "uk": "GB",
    "great britain": "GB", "england": "GB", "holland": "NL", "czech republic": "CZ",
    "south korea": "KR", "russia": "RU", "uae": "AE", "turkey": "TR", "the netherlands": "NL",
    "united states of america": "US", "hong kong": "HK", "macao": "MO",
}  # fmt: skip
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"})


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"\s+", " ", kept.replace("&", "and")).strip().casefold()


@cache
def _codes() -> dict[str, str]:
    """Folded name → ISO 3166 code, in English and in each country's tongue of the catalogue."""
    territories = Locale("en").territories
    iso = {
        code: name
        for code, name in territories.items()
        if re.fullmatch(r"[A-Z]{2}", code) and code not in _NOT_COUNTRIES
    }
    names = {_fold(name): code for code, name in iso.items()}
    names.update({code.casefold(): code for code in iso})
    return names | _ALIASES


def country_code(text: str) -> str | None:
    """`US` of "us", "United States" or "USA"; None for a text that names no country."""
    return _codes().get(_fold(text))


def country_name(code: str, *, locale: str = "en") -> str:
    """The country's name for people; the code itself where it has none."""
    name: str = Locale(locale).territories.get(code, code)
    return name
