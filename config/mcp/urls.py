"""The routes of the MCP server."""

from django.urls import URLPattern, path

from config.mcp.endpoint import Endpoint

urlpatterns: list[URLPattern] = [
    path("mcp", Endpoint.as_view(), name="mcp-bare"),
    path("mcp/", Endpoint.as_view(), name="mcp"),
]
