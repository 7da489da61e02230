"""Prompts: what a person picks from a menu, and what the model is then asked to do with our tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_types import GetPromptResult, ListPromptsResult, Prompt, PromptArgument, PromptMessage, TextContent
from muxwire.faults import USAGE, refuse, unknown_name

_WORK = PromptArgument(name="work", description="What it is about: files, a diff, a question.", required=True)
_PROVIDER = PromptArgument(name="provider", description="Whom to ask (default: auto).", required=False)


@dataclass(frozen=True)
class Asked:
    prompt: Prompt
    text: str

    def filled(self, given: Mapping[str, str]) -> GetPromptResult:
        """Raises FaultError for an argument that is missing or none of it."""
        known = {one.name: one for one in self.prompt.arguments or ()}
        for name in given:
            if name not in known:
                raise unknown_name("argument", name, known)
        for name, argument in known.items():
            if argument.required and not given.get(name, "").strip():
                raise refuse(
                    USAGE, f"The argument {name!r} is missing.", f"{self.prompt.name} takes {', '.join(known)}."
                )
        words = {"provider": "auto", **given}
        text = self.text
        for name in known:  # put in once and never looked at again
            text = words[name].join(text.split(f"{{{name}}}", 1))
        message = PromptMessage(role="user", content=TextContent(text=text))
        return GetPromptResult(description=self.prompt.description, messages=[message])


PROMPTS = {
    one.prompt.name: one
    for one in (
        Asked(
            Prompt(
                name="review",
                title="Have it reviewed",
                description="Another agent reviews the work until it approves.",
                arguments=[_WORK],
            ),
            "Have this reviewed by mux_collaborate (pattern: review). Write its `task` so that it is complete "
            "in itself, with the absolute paths that matter. Then tell me the verdict and the findings, and which of "
            "them you agree with.\n\n{work}",
        ),
        Asked(
            Prompt(
                name="debate",
                title="Have it debated",
                description="Agents argue for and against, and an arbiter decides.",
                arguments=[_WORK],
            ),
            "Have this debated by mux_collaborate (pattern: debate). Write its `task` so that it is complete "
            "in itself. Then tell me the strongest argument of each side, the verdict, and what you think of it.\n\n"
            "{work}",
        ),
        Asked(
            Prompt(
                name="second_opinion",
                title="Get a second opinion",
                description="Another agent answers the same question, without knowing your answer.",
                arguments=[_PROVIDER, _WORK],
            ),
            "Get a second opinion by mux_dispatch (provider: {provider}, sandbox: read-only). Write its `task` "
            "complete in itself, and without your own answer. Then tell me where it agrees with you, where "
            "it does not, and who is right.\n\n{work}",
        ),
    )
}
LISTED = ListPromptsResult(prompts=[one.prompt for one in PROMPTS.values()])


def get(name: str, given: Mapping[str, str]) -> GetPromptResult:
    """Raises FaultError."""
    if name not in PROMPTS:
        raise unknown_name("prompt", name, PROMPTS)
    return PROMPTS[name].filled(given)
