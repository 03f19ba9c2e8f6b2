"""The operations of /platforms in the API document."""

from typing import Annotated

import pydantic

from core.operations import Operation, declare
from core.shapes import PageQuery
from platforms import answers, api

TAG = "Platforms"
CONNECT_ERRORS = (
    "business_required",
    "choose_business",
    "platform_unknown",
    "platform_not_available",
    "platform_not_configured",
)


class LinkQuery(pydantic.BaseModel):
    """Which link."""

    token: Annotated[str, pydantic.Field(description="From the call that made the link.")]


declare(
    Operation(
        id="list_connections",
        method="GET",
        path="/platforms",
        tag=TAG,
        summary="List connected platforms",
        query=PageQuery,
        answers={200: answers.ConnectionPage},
    ),
    Operation(
        id="connect_platform",
        method="POST",
        path="/platforms/connect",
        tag=TAG,
        summary="Connect a platform",
        description="Makes a link, valid for an hour and once, and mails it. A person opens it and "
        "agrees at the platform; poll the link's status meanwhile.",
        body=api.ConnectAnyBody,
        answers={200: answers.Connecting},
        errors=CONNECT_ERRORS,
        example={"platform": "facebook"},
    ),
    Operation(
        id="connect_named_platform",
        method="POST",
        path="/platforms/{word}/connect",
        tag=TAG,
        summary="Connect the platform of the path",
        description="As POST /platforms/connect.",
        body=api.ConnectBody,
        answers={200: answers.Connecting},
        errors=CONNECT_ERRORS,
    ),
    Operation(
        id="get_connect_status",
        method="GET",
        path="/platforms/{word}/connect/status",
        tag=TAG,
        summary="Follow a connect link",
        query=LinkQuery,
        answers={200: answers.ConnectStatus},
        errors=("platform_unknown", "platform_not_available"),
    ),
    Operation(
        id="get_connection",
        method="GET",
        path="/platforms/{connection_id}",
        tag=TAG,
        summary="Read one connection",
        answers={200: answers.Connection},
    ),
    Operation(
        id="disconnect_platform",
        method="DELETE",
        path="/platforms/{connection_id}",
        tag=TAG,
        summary="Disconnect a platform",
        description="Refused while campaigns still run or wait on it.",
        answers={204: None},
        errors=("connection_in_use",),
    ),
    Operation(
        id="check_connection",
        method="GET",
        path="/platforms/{connection_id}/status",
        tag=TAG,
        summary="Ask the platform whether the connection works",
        answers={200: answers.Health},
    ),
    Operation(
        id="choose_defaults",
        method="POST",
        path="/platforms/{connection_id}/defaults",
        tag=TAG,
        summary="Choose what campaigns use by default",
        description="Ad account (`acct_…`), page and pixel (the platform's own ids); what is left "
        "out stays as it is.",
        body=api.DefaultsBody,
        answers={200: answers.Connection},
    ),
)
