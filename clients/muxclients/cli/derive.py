"""Click commands made of the verbs' tables (`hot/tables.py`): the same words as the hot verbs, with help and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from muxclients import caller
from muxclients.hot.tables import OTHERS, VERBS

if TYPE_CHECKING:
    from muxclients.hot.tables import Option, Verb

_METAVARS = {"int": "N", "float": "SECONDS", "text": "TEXT"}
_OF_FIELD = {"max_cost": "USD", "hours": "HOURS"}

Run = Callable[[dict[str, Any], bool], int]
"""Takes the fields that were given, and whether JSON is wanted; gives the exit code."""


class Command(click.Command):
    """Help begins with examples: they are what is read."""

    def __init__(self, name: str, *, examples: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(name, **more)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.help:
            formatter.write(f"{self.help}\n\n")
        for example in self.examples:
            formatter.write(f"  {example}\n")
        if self.examples:
            formatter.write("\n")
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)


def command(method: str, run: Run, *, examples: tuple[str, ...] = (), kind: type[Command] = Command) -> Command:
    """The command of one method; `run` gets what was typed and nothing of what was not."""
    verb = verb_of(method)

    def callback(*, json: bool, **typed: Any) -> int:
        return run(given(verb, typed), json)

    return kind(method, params=parameters(verb), callback=callback, help=verb[0], examples=examples)


def verb_of(method: str) -> Verb:
    return VERBS.get(method) or OTHERS[method]


def parameters(verb: Verb) -> list[click.Parameter]:
    """Click's parameters of a verb, `--json` last."""
    made: list[click.Parameter] = []
    if verb[1] is not None:
        field, kind, required = verb[1]
        metavar = field.removesuffix("s").removesuffix("_id").upper() + ("" if kind == "one" else "...")
        count = 1 if kind == "one" else -1
        made.append(click.Argument([field], nargs=count, required=required and kind != "words", metavar=metavar))
    made.extend(_option(option) for option in verb[2])
    made.append(json_option())
    return made


def json_option() -> click.Option:
    return click.Option(["--json"], is_flag=True, help="Print JSON.")


def _option(option: Option) -> click.Option:
    field, flags, kind, default, limits, words = option
    shown = f"{words}  [{default}]" if default not in (None, "", False) else words
    if kind == "toggle":
        return click.Option([field, "/".join(flags)], default=None, help=shown)
    if kind == "flag":
        return click.Option([field, *flags], is_flag=True, help=shown)
    if kind == "texts":
        return click.Option([field, *flags], multiple=True, metavar=_METAVARS["text"], help=shown)
    metavar = "|".join(limits) if kind == "choice" else _OF_FIELD.get(field, _METAVARS[kind])
    return click.Option([field, *flags], type=_type(kind, limits), metavar=metavar, help=shown)


def _type(kind: str, limits: Any) -> click.ParamType[Any]:
    match kind:
        case "int":
            return Whole(min=_bound(limits[0]), max=_bound(limits[1]))
        case "float":
            return Finite(min=_bound(limits[0]), max=_bound(limits[1]))
        case "choice":
            return click.Choice(limits)
        case _:
            return click.STRING


def _bound(limit: int) -> int | None:
    """A limit worth telling; the tables write the largest exact number where a field declares none."""
    return None if abs(limit) >= 2**53 else limit


class Whole(click.IntRange):
    """A range of what can be counted."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        return number if abs(number) < 2**53 else self.fail(_UNCOUNTABLE.format(value), param, ctx)


class Finite(click.FloatRange):
    """The same: infinity and not-a-number are outside of it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        return number if abs(number) < 2**53 else self.fail(_UNCOUNTABLE.format(value), param, ctx)


_UNCOUNTABLE = "'{}' is not a number that can be counted."


def given(verb: Verb, typed: dict[str, Any]) -> dict[str, Any]:
    """The fields that were typed, as text of the wire.

    Raises UnicodeDecodeError for what is no UTF-8, click.UsageError for an empty task.
    """
    fields = {field: _wire(value) for field, value in typed.items() if _was_given(value)}
    toggles = [option[0] for option in verb[2] if option[2] == "toggle"]
    fields |= {field: False for field in toggles if typed[field] is False}
    if verb[1] is not None and verb[1][1] == "words":
        fields[verb[1][0]] = _task(typed[verb[1][0]])
    return fields


def _was_given(value: Any) -> bool:
    """0 and an empty text were; a flag that is off, or a list without words, was not."""
    return value is not None and value is not False and value != ()


def _wire(value: Any) -> Any:
    if isinstance(value, str):
        return caller.text(value)
    return [caller.text(word) for word in value] if isinstance(value, tuple) else value


def _task(words: tuple[str, ...]) -> str:
    if task := caller.task(words):
        return task
    raise click.UsageError("The task is empty: give it as words, or on stdin.", click.get_current_context())
