"""What the server answers: tools by scope, prompts, resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pydantic
import structlog
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from accounts.rendering import as_app_error
from analytics import tools as analytics_tools
from analytics.optimizer import tools as optimizer_tools
from campaigns import tools as campaigns_tools
from config.mcp import texts
from core.actors import Actor
from core.errors import AppError, ForbiddenError
from core.tools import TOOLS, ToolSpec, explain, fitted
from creatives import tools as creatives_tools

# Importing a room's tools declares them.
__all__ = [
    "SERVER",
    "Caller",
    "analytics_tools",
    "campaigns_tools",
    "creatives_tools",
    "optimizer_tools",
]

log = structlog.get_logger(__name__)
Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the actor, and the tools it asked to be limited to by its headers."""

    actor: Actor
    only_reading: bool = False
    only: frozenset[str] | None = None

    def may_use(self, tool: ToolSpec) -> bool:
        """Whether the tool is among those the caller sees."""
        if self.only_reading and not tool.read_only:
            return False
        if self.only is not None and tool.name not in self.only:
            return False
        return tool.is_open_to(self.actor)


def _caller(context: Context) -> Caller:
    assert isinstance(context.request, Caller)  # noqa: S101 - the endpoint put it there
    return context.request


def schema_of(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """A model's JSON schema without what only repeats names."""
    schema: dict[str, Any] = _lean(model.model_json_schema())
    return schema


def _lean(node: Any) -> Any:
    if isinstance(node, list):
        return [_lean(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: item for key, item in node.items() if key != "title" or isinstance(item, dict)}
    if kept.get("additionalProperties") is True:
        del kept["additionalProperties"]  # which is what its absence means
    if kept.get("default") == "":
        del kept["default"]
    if "anyOf" in kept and {"type": "null"} in kept["anyOf"]:
        kept.pop("default", None)  # left out and null mean the same
        rest = [item for item in kept["anyOf"] if item != {"type": "null"}]
        if len(rest) == 1:
            kept = {**{key: item for key, item in kept.items() if key != "anyOf"}, **rest[0]}
    return {key: _lean(item) for key, item in kept.items()}


@cache
def described(tool: ToolSpec) -> Tool:
    """The tool as `tools/list` shows it."""
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.input),
        output_schema=schema_of(tool.output),
        annotations=ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.open_world,
        ),
    )


async def _list_tools(context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
    caller = _caller(context)
    return ListToolsResult(tools=[described(one) for one in TOOLS.values() if caller.may_use(one)])


async def _call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
    caller, tool = _caller(context), TOOLS.get(params.name)
    if tool is None:
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {params.name[:128]}")
    try:
        return call(tool, caller, params.arguments or {})
    except Exception as error:
        known = as_app_error(error)
        if known is None:
            raise
        return _failed(known)


def call(tool: ToolSpec, caller: Caller, arguments: Mapping[str, Any]) -> CallToolResult:
    """Run a tool; raises AppError and pydantic.ValidationError for the caller's mistakes."""
    if not caller.may_use(tool):
        raise _not_open(tool, caller)
    answer = tool.run(caller.actor, tool.input.model_validate(arguments))
    data, text = fitted(answer.data)
    return CallToolResult(
        content=[TextContent(text=text)], structured_content=data, is_error=answer.is_error
    )


def _not_open(tool: ToolSpec, caller: Caller) -> AppError:
    if tool.is_open_to(caller.actor):
        return ForbiddenError(
            "This connection is limited to other tools.",
            code="tool_switched_off",
            hint="Remove X-MCP-Readonly or X-MCP-Tools from the connection.",
        )
    return ForbiddenError(
        f"The key lacks the scope {' or '.join(sorted(tool.scopes))}.",
        code="insufficient_scope",
        details={"required_scope": sorted(tool.scopes)},
        hint="Ask the user for a key with that scope. Retrying will not help.",
    )


def _failed(error: AppError) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=explain(error))], is_error=True)


async def _list_prompts(
    _context: Context, _params: PaginatedRequestParams | None
) -> ListPromptsResult:
    return ListPromptsResult(prompts=texts.prompts())


async def _get_prompt(_context: Context, params: GetPromptRequestParams) -> GetPromptResult:
    return texts.prompt(params.name, params.arguments or {})


async def _list_resources(
    _context: Context, _params: PaginatedRequestParams | None
) -> ListResourcesResult:
    return ListResourcesResult(resources=texts.resources())


async def _list_templates(
    _context: Context, _params: PaginatedRequestParams | None
) -> ListResourceTemplatesResult:
    return ListResourceTemplatesResult(resource_templates=texts.templates())


async def _read_resource(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    return texts.read(_caller(context).actor, str(params.uri))


SERVER: Server[Any] = Server(
    "adamant",
    title="Adamant",
    version=texts.VERSION,
    instructions=texts.INSTRUCTIONS,
    on_list_tools=_list_tools,
    on_call_tool=_call_tool,
    on_list_prompts=_list_prompts,
    on_get_prompt=_get_prompt,
    on_list_resources=_list_resources,
    on_list_resource_templates=_list_templates,
    on_read_resource=_read_resource,
)
SERVER.middleware.clear()  # the SDK's tracing: requests are logged by ours
