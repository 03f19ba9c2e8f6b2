"""The operations that span rooms, in the API document."""

from typing import Any

import pydantic

from config.faces.batch import Batch
from core.operations import Operation, declare


class BatchAnswer(pydantic.BaseModel):
    """What one part was answered: as alone, with its own request id and limits in `headers`."""

    id: str
    status: int
    headers: dict[str, str]
    body: Any = pydantic.Field(description="The answer's JSON, or null where it has none.")


class BatchAnswers(pydantic.BaseModel):
    """The answers in the order of the parts."""

    responses: list[BatchAnswer]


declare(
    Operation(
        id="batch",
        method="POST",
        path="/batch",
        tag="Batch",
        summary="Send up to 50 requests in one",
        description=(
            "Each part is a request of its own: scope, limits, Idempotency-Key and errors are the "
            "part's, and a part that fails leaves the others. Parts run side by side, so none "
            "should need what another makes. The batch counts as one request and each part as one. "
            "An Idempotency-Key of the batch gives every change without a key one of its own. "
            "Batches, mailed links, sign-up and sign-in are `not_in_batch`."
        ),
        body=Batch,
        answers={200: BatchAnswers},
        example={
            "requests": [
                {"id": "plans", "method": "GET", "path": "/v1/billing/plans"},
                {"id": "campaigns", "method": "GET", "path": "/v1/campaigns?limit=5"},
            ]
        },
    )
)
