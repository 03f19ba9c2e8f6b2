"""Asynchronous reports: started, polled, read."""

from typing import Any

from platforms.simulator import store
from platforms.simulator.errors import GraphError
from platforms.simulator.graph.call import Call
from platforms.simulator.graph.insights import check, report
from platforms.simulator.graph.nodes import find_node
from platforms.simulator.graph.present import unknown_field, wanted_fields
from platforms.simulator.models import NODE_BASE, RUN_BASE, AdAccount, Node, ReportRun

# (status, percent) at each poll; the last one stays.
STAGES = (("Job Not Started", 0), ("Job Running", 45), ("Job Completed", 100))
FIELDS = ("id", "account_id", "async_status", "async_percent_completion", "is_running")


def start(call: Call, account: AdAccount, target: Node | None) -> dict[str, Any]:
    """Queue a report."""
    params = call.own_params()
    check(params)
    run = ReportRun.objects.create(
        account=account, target=target.graph_id if target else "", params=params
    )
    return {"report_run_id": run.graph_id}


def find(call: Call, text: str) -> ReportRun | None:
    """The caller's run by id, if the id is a run's."""
    key = int(text) - RUN_BASE if text.isascii() and text.isdigit() else 0
    if not 0 < key < NODE_BASE - RUN_BASE:
        return None
    found = ReportRun.objects.select_related("account").filter(pk=key).first()
    return found if found and found.account_id in call.accounts else None


def poll(call: Call, run: ReportRun) -> dict[str, Any]:
    """How far a report is; each look moves it on."""
    wanted = wanted_fields(call.params)
    for name in wanted:
        if name not in FIELDS:
            raise unknown_field(name, "AdReportRun")
    status, percent = STAGES[min(run.polls, len(STAGES) - 1)]
    with store.writing():
        ReportRun.objects.filter(pk=run.pk).update(polls=run.polls + 1)
    values = {
        "id": run.graph_id,
        "account_id": run.account.account_id,
        "async_status": status,
        "async_percent_completion": percent,
        "is_running": percent < 100,
    }
    shown = wanted if len(wanted) > 1 else dict.fromkeys(FIELDS)
    return {name: values[name] for name in shown}


def read(call: Call, run: ReportRun) -> dict[str, Any]:
    """One page of a finished report."""
    if run.polls < len(STAGES):
        raise GraphError(
            "(#2601) Error accessing adreport job: it is not completed yet.",
            code=2601,
            subcode=1815107,
            transient=True,
        )
    paging = {key: call.params[key] for key in ("limit", "after") if key in call.params}
    target = find_node(call, run.target) if run.target else None
    return report(call, run.account, target, params=run.params | paging)
