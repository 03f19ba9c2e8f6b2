"""`{% fragment "x.html" name=value %}`: a template that depends on nothing but the named values,
rendered once for each language and kept. Values are hashable and never change.
"""

from collections.abc import Hashable
from functools import lru_cache

from django.conf import settings
from django.template import Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override

register = Library()


Values = tuple[tuple[str, type, Hashable], ...]


@register.simple_tag
def fragment(template: str, **values: Hashable) -> SafeString:
    """The HTML of `template` with `values`."""
    # The type is part of the key: a safe string equals the plain one that must be escaped.
    key = tuple((name, type(value), value) for name, value in values.items())
    render = _rendered.__wrapped__ if settings.DEBUG else _rendered
    return render(template, get_language() or "", key)


@lru_cache(maxsize=1024)
def _rendered(template: str, language: str, values: Values) -> SafeString:
    with override(language):
        return render_to_string(template, {name: value for name, _type, value in values})
