"""What agents and their authors read, public and the same for everybody: the OpenAPI document, two
faces of it, the index for language models and the skill.
"""

import hashlib
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.csp import CSP
from django.utils.http import parse_etags
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from config.openapi import document
from config.openapi.yaml import to_yaml

FRESH_S = 300
TYPES = {"json": "application/json", "yml": "application/yaml"}
# Redoc writes its style sheets itself: one under the page's nonce, two of a known content without
# any. Another version of the bundle may have other ones, which its page's browser test tells.
REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # an empty one
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)
REDOC_CSP: dict[str, Any] = {
    **settings.SECURE_CSP,
    "style-src": [CSP.SELF, CSP.NONCE, *REDOC_STYLES],
}


@require_safe
def openapi(request: HttpRequest, kind: str) -> HttpResponse:
    body, etag = _printed(kind, settings.PUBLIC_URL, settings.SANDBOX_HOST)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponse
    if etag in known or "*" in known:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(body, content_type=TYPES[kind])
    response["ETag"] = etag
    response["Access-Control-Allow-Origin"] = "*"
    patch_cache_control(response, public=True, max_age=FRESH_S)
    return response


@lru_cache(maxsize=8)
def _printed(kind: str, _public_url: str, _sandbox_host: str) -> tuple[bytes, str]:
    """The document's bytes and their ETag; the arguments are all it depends on."""
    whole = document()
    body = orjson.dumps(whole) if kind == "json" else to_yaml(whole).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    return render(request, "config/api_swagger.html")


@require_safe
@csp_override(REDOC_CSP)
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "config/api_redoc.html")


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    return _text(request, "config/llms.txt", "text/plain; charset=utf-8")


@require_safe
def skill(request: HttpRequest) -> HttpResponse:
    return _text(request, "config/skill.md", "text/markdown; charset=utf-8")


def _text(request: HttpRequest, template: str, content_type: str) -> HttpResponse:
    context = {"public_url": settings.PUBLIC_URL}
    response = render(request, template, context, content_type=content_type)
    patch_cache_control(response, public=True, max_age=FRESH_S)
    return response
