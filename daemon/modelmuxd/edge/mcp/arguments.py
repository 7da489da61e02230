"""What tools take and give where that is not what their method takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from muxwire.collaborate import CollaborateParams
from muxwire.feedback import FeedbackParams
from muxwire.history import HistoryParams
from muxwire.insight import Caller, Check, RunLine, Today
from muxwire.policy import PolicyReport
from muxwire.routing import Route
from muxwire.runs import DispatchParams
from muxwire.workflow import WorkflowParams


class RunParams(msgspec.Struct, frozen=True):
    """What `mux_run` takes."""

    run_id: Annotated[str, Meta(description="Run id, or 6 or more of its first characters.")]
    action: Annotated[
        Literal["get", "wait", "cancel", "answer"],
        Meta(description="`answer` sends `text` to a run that waits for input."),
    ] = "get"
    text: Annotated[str, Meta(description="The answer.")] = ""
    wait_s: Annotated[Annotated[float, Meta(ge=0)] | None, Meta(description="Seconds to wait at most.")] = None


class CheckParams(msgspec.Struct, frozen=True):
    """What `mux_check` takes."""

    refresh: Annotated[bool, Meta(description="Probe again instead of using the cache.")] = False
    diagnose: Annotated[
        bool | str,
        Meta(description="true: also sandboxes, accounts, last runs. A task: whom it would go to, and why."),
    ] = False
    workdir: str = ""


class CheckAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What `mux_check` gives: what can be used, who asks, what is allowed, what goes on."""

    check: Check
    client: str
    """As the MCP client calls itself."""
    caller: Caller | None = None
    policy: PolicyReport
    running: tuple[RunLine, ...] = ()
    waiting: tuple[RunLine, ...] = ()
    recent: tuple[RunLine, ...] = ()
    today: Today | None = None
    route: Route | None = None
    """Whom the task that was to be diagnosed would go to."""


class DispatchArguments(DispatchParams, frozen=True, omit_defaults=True):
    """With 0.29's name for taking a task apart."""

    auto_decompose: Annotated[bool, Meta(description="Split a large task among several agents.")] = False


class CollaborateArguments(CollaborateParams, frozen=True, omit_defaults=True):
    """With 0.29's names for who does what and for what there is."""

    providers: Annotated[
        str | dict[str, str], Meta(description='Role to provider, as an object or its JSON: {"reviewer": "claude"}.')
    ] = ""
    list_patterns: Annotated[bool, Meta(description="Only list the patterns.")] = False


class WorkflowArguments(WorkflowParams, frozen=True, omit_defaults=True):
    """With 0.29's name for what there is."""

    list_workflows: Annotated[bool, Meta(description="Only list the workflows.")] = False


class FeedbackArguments(FeedbackParams, frozen=True, omit_defaults=True):
    """With 0.29's name for what there is."""

    list_recent: Annotated[bool, Meta(description="Only list the last ratings.")] = False


class HistoryArguments(HistoryParams, frozen=True, omit_defaults=True):
    """With 0.29's name for sums alone."""

    stats_only: Annotated[bool, Meta(description="Only what it comes to, by provider.")] = False


def roles(providers: str | dict[str, str]) -> tuple[str, ...]:
    """`role=provider` of each. Raises msgspec.MsgspecError for what is no JSON object of texts."""
    if isinstance(providers, str):
        providers = msgspec.json.decode(providers or "{}", type=dict[str, str])
    return tuple(f"{role}={provider}" for role, provider in providers.items())


def only(kind: type[Any], arguments: msgspec.Struct) -> Any:
    """The method's own parameters among the arguments."""
    return kind(**{name: getattr(arguments, name) for name in kind.__struct_fields__})
