"""The server that the official conformance suite asks for, behind our own endpoint.

The suite wants tools, prompts and resources of its own names. They live here, served by the code
that serves the product's: `python -m tests.services.mcp.fixture PORT`, then

    conformance server --url http://127.0.0.1:PORT/mcp --requirements 2026-07-28
"""

import base64
import json
import os
import sys

PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
    )
).decode()
WAV = base64.b64encode(
    b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0"
).decode()


def text(value, **more):
    return {"content": [{"type": "text", "text": value}], **more}


def resource(uri, mime, value):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": value}}


IMAGE = {"type": "image", "data": PNG, "mimeType": "image/png"}
PLAIN = {
    "test_simple_text": text("This is a simple text response for testing."),
    "test_image_content": {"content": [IMAGE]},
    "test_audio_content": {"content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]},
    "test_embedded_resource": {
        "content": [
            resource(
                "test://embedded-resource", "text/plain", "This is an embedded resource content."
            )
        ]
    },
    "test_multiple_content_types": {
        "content": [
            {"type": "text", "text": "Multiple content types test:"},
            IMAGE,
            resource(
                "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
            ),
        ]
    },
    "test_error_handling": text(
        "This tool intentionally returns an error for testing", isError=True
    ),
    "test_tool_with_progress": text("Done."),
    "test_logging_tool": text("Nothing is logged to clients."),
    "test_missing_capability": text("Needs sampling."),
}


def form(message, name, kind="string"):
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return {
        "method": "elicitation/create",
        "params": {"message": message, "requestedSchema": schema},
    }


def sample(question, most):
    message = {"role": "user", "content": {"type": "text", "text": question}}
    return {
        "method": "sampling/createMessage",
        "params": {"messages": [message], "maxTokens": most},
    }


ROOTS = {"method": "roots/list", "params": {}}
# What a tool asks for in each round; with more than one, or where marked, with a signed state.
ROUNDS = {
    "test_input_required_result_elicitation": [{"user_name": form("What is your name?", "name")}],
    "test_input_required_result_sampling": [
        {"capital_question": sample("What is the capital of France?", 100)}
    ],
    "test_input_required_result_list_roots": [{"client_roots": ROOTS}],
    "test_input_required_result_request_state": [
        {"confirm": form("Please confirm", "ok", "boolean")}
    ],
    "test_input_required_result_tampered_state": [
        {"confirm": form("Please confirm", "ok", "boolean")}
    ],
    "test_input_required_result_multiple_inputs": [
        {
            "user_name": form("What is your name?", "name"),
            "greeting": sample("Generate a greeting", 50),
            "client_roots": ROOTS,
        }
    ],
    "test_input_required_result_multi_round": [
        {"step1": form("Step 1: What is your name?", "name")},
        {"step2": form("Step 2: What is your favorite color?", "color")},
    ],
    "test_input_required_result_capabilities": [
        {"user_name": form("What is your name?", "name"), "greeting": sample("Greet", 50)}
    ],
    "test_streaming_elicitation": [{"user_name": form("What is your name?", "name")}],
    "test_input_required_result_prompt": [
        {"user_context": form("What context should the prompt use?", "context")}
    ],
}
SIGNED = {
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
}
NEEDS = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}
MESSAGE = {
    "role": "user",
    "content": {"type": "text", "text": "This is a simple prompt for testing."},
}
URIS = {
    "test://static-text": ("text/plain", "This is the content of the static text resource."),
    "test://static-binary": ("image/png", PNG),
}


def build():
    """The server; imported here, after Django is set up."""
    import mcp_types
    from django.core import signing
    from mcp.server.lowlevel.server import Server
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS

    def typed(model, said):
        is_asking = said.get("resultType") == "input_required"
        return said if is_asking else model.model_validate(said, by_name=False)

    def wrong(message, **data):
        return MCPError(code=INVALID_PARAMS, message=message, data=data or None)

    def offered(context, asked):
        """Those of the requests whose capability the client has."""
        return {key: one for key, one in asked.items() if _has(context, NEEDS[one["method"]])}

    def round_of(context, name, params):
        """What to ask next; None where everything was answered."""
        rounds, state = ROUNDS[name], params.request_state
        number = 0
        if state is not None:
            try:
                number = signing.loads(state, salt=name)
            except signing.BadSignature:
                raise wrong("requestState was not made here") from None
        answers = params.input_responses or {}
        asked = (
            offered(context, rounds[number]) if name.endswith("capabilities") else rounds[number]
        )
        given = {key for key in asked if _answers(answers.get(key), asked[key]["method"])}
        if given == set(asked):
            number += 1
            if number == len(rounds):
                return None
            asked = rounds[number]
        said = {"resultType": "input_required", "inputRequests": asked}
        if name in SIGNED:
            said["requestState"] = signing.dumps(number, salt=name)
        return said

    async def list_tools(_context, _params):
        names = [*PLAIN, *(name for name in ROUNDS if not name.endswith("prompt"))]
        schema = {"type": "object", "properties": {}}
        tools = [
            {"name": name, "description": f"Fixture {name}.", "inputSchema": schema}
            for name in names
        ]
        return typed(mcp_types.ListToolsResult, {"tools": tools})

    async def call_tool(context, params):
        if params.name in ROUNDS:
            said = round_of(context, params.name, params) or text("state-ok Alice")
            return typed(mcp_types.CallToolResult, said)
        if params.name == "test_missing_capability" and not _has(context, "sampling"):
            needed = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(code=-32021, message="Sampling is needed.", data=needed)
        if params.name == "test_tool_with_progress":
            for number in (0, 50, 100):
                await context.session.report_progress(number, 100)
        found = PLAIN.get(params.name)
        if found is None:
            raise wrong("Unknown tool")
        return typed(mcp_types.CallToolResult, found)

    async def list_resources(_context, _params):
        resources = [
            {"uri": uri, "name": uri, "description": "Fixture.", "mimeType": mime}
            for uri, (mime, _value) in URIS.items()
        ]
        return typed(mcp_types.ListResourcesResult, {"resources": resources})

    async def list_templates(_context, _params):
        one = {"uriTemplate": "test://template/{id}/data", "name": "data", "description": "One."}
        return typed(mcp_types.ListResourceTemplatesResult, {"resourceTemplates": [one]})

    async def read_resource(_context, params):
        uri = str(params.uri)
        if uri.startswith("test://template/") and uri.endswith("/data"):
            key = uri.split("/")[3]
            value = json.dumps({"id": key, "templateTest": True, "data": f"Data for ID: {key}"})
            shown = {"uri": uri, "mimeType": "application/json", "text": value}
            return typed(mcp_types.ReadResourceResult, {"contents": [shown]})
        if uri not in URIS:
            raise wrong("Resource not found", uri=uri)
        mime, value = URIS[uri]
        kind = "blob" if mime == "image/png" else "text"
        shown = {"uri": uri, "mimeType": mime, kind: value}
        return typed(mcp_types.ReadResourceResult, {"contents": [shown]})

    async def list_prompts(_context, _params):
        names = {
            "test_simple_prompt": (),
            "test_prompt_with_arguments": ("arg1", "arg2"),
            "test_prompt_with_embedded_resource": ("resourceUri",),
            "test_prompt_with_image": (),
            "test_input_required_result_prompt": (),
        }
        prompts = [
            {
                "name": name,
                "description": "Fixture.",
                "arguments": [
                    {"name": one, "description": one, "required": True} for one in arguments
                ],
            }
            for name, arguments in names.items()
        ]
        return typed(mcp_types.ListPromptsResult, {"prompts": prompts})

    async def get_prompt(context, params):
        return typed(mcp_types.GetPromptResult, prompt_of(context, params))

    def prompt_of(context, params):
        given, name = params.arguments or {}, params.name
        if name == "test_input_required_result_prompt":
            return round_of(context, name, params) or {"messages": [MESSAGE]}
        if name == "test_prompt_with_arguments":
            said = f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"
            return {"messages": [{"role": "user", "content": {"type": "text", "text": said}}]}
        if name == "test_prompt_with_embedded_resource":
            shown = resource(given["resourceUri"], "text/plain", "Embedded resource content.")
            return {"messages": [{"role": "user", "content": shown}, MESSAGE]}
        if name == "test_prompt_with_image":
            return {"messages": [{"role": "user", "content": IMAGE}, MESSAGE]}
        if name != "test_simple_prompt":
            raise wrong("Unknown prompt")
        return {"messages": [MESSAGE]}

    async def complete(_context, _params):
        found = {"values": ["paris", "park"], "total": 2, "hasMore": False}
        return typed(mcp_types.CompleteResult, {"completion": found})

    server = Server(
        "fixture",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
    )
    server.middleware.clear()
    return server


def _has(context, capability):
    return getattr(context.session.client_capabilities, capability, None) is not None


def _answers(answer, method):
    """Whether an input response is one for the method."""
    if answer is None:
        return False
    said = answer if isinstance(answer, dict) else answer.model_dump(by_alias=True)
    if method == "elicitation/create":
        return said.get("action") in ("accept", "decline", "cancel")
    return "roots" in said if method == "roots/list" else "content" in said


def main(port: int) -> None:
    os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", "PLAN_THROTTLE": "0"})
    import django

    django.setup()
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path

    from config.mcp.endpoint import Endpoint
    from tests.services.mcp.site import listening

    class Fixture(Endpoint):
        server = build()
        authentication_classes: list = []
        permission_classes: list = []
        throttle_classes: list = []

        def caller(self, request):
            return None

    class Urls:
        urlpatterns = [path("mcp", Fixture.as_view()), path("mcp/", Fixture.as_view())]

    settings.ROOT_URLCONF = Urls
    settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
    listening(port, WSGIHandler()).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
