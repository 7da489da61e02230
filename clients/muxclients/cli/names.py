"""The commands by name: where each lives and what its line of help is, so that `muxctl --help` loads none of them."""

from __future__ import annotations

from typing import NamedTuple

from muxclients.hot.tables import OTHERS, VERBS


class Name(NamedTuple):
    where: str
    """`module:attribute` below `muxclients.cli`."""
    help: str
    section: str


TASKS, SETUP = SECTIONS = ("Tasks:", "Set-up:")
ALSO = ""
"""Needed more rarely: these share one line of the list, which fits one screen."""

COMMANDS = {
    "dispatch": Name("rendered:dispatch", VERBS["dispatch"][0], TASKS),
    "broadcast": Name("composites:broadcast", OTHERS["broadcast"][0], TASKS),
    "collaborate": Name("composites:collaborate", OTHERS["collaborate"][0], TASKS),
    "workflow": Name("workflow:workflow", OTHERS["workflow"][0], TASKS),
    "status": Name("status:status", "Show what runs, what waits and why; -w follows.", TASKS),
    "show": Name("rendered:show", VERBS["show"][0], TASKS),
    "history": Name("rendered:history", VERBS["history"][0], ALSO),
    "logs": Name("logs:logs", "Show a run's events, or the daemon's log; -f follows.", ALSO),
    "wait": Name("rendered:wait", VERBS["wait"][0], TASKS),
    "cancel": Name("rendered:cancel", VERBS["cancel"][0], TASKS),
    "attach": Name("rendered:attach", OTHERS["attach"][0], ALSO),
    "retry": Name("rendered:retry", OTHERS["retry"][0], ALSO),
    "answer": Name("answer:answer", OTHERS["answer"][0], ALSO),
    "why": Name("rendered:why", OTHERS["why"][0], ALSO),
    "sessions": Name("rendered:sessions", OTHERS["sessions"][0], ALSO),
    "diff": Name("rendered:diff", OTHERS["diff"][0], ALSO),
    "apply": Name("rendered:apply", OTHERS["apply"][0], ALSO),
    "discard": Name("rendered:discard", OTHERS["discard"][0], ALSO),
    "trust": Name("trust:trust", "Trust the settings that a project brings with it.", ALSO),
    "queue": Name("queue:queue", OTHERS["queue"][0], ALSO),
    "demo": Name("demo:demo", "Show it all with scripted agents; no model is called.", SETUP),
    "check": Name("check:check", OTHERS["check"][0], SETUP),
    "doctor": Name("check:doctor", "The same as `muxctl check --diagnose`.", ALSO),
    "init": Name("init:init", "Set up what is here: agents, service, MCP server.", SETUP),
    "setup": Name("setup:setup", "Register the MCP server with Claude Code, Codex, Gemini, …", ALSO),
    "config": Name("config:config", "Show, explain and check the settings.", SETUP),
    "env": Name("env:env", "Show the login shell's environment by name, or read it again.", ALSO),
    "patterns": Name("composites:patterns", OTHERS["patterns"][0], ALSO),
    "profile": Name("profile:profile", "Show the profiles that are defined here, or one.", ALSO),
    "policy": Name("policy:policy", "Look at the policy, and try it.", ALSO),
    "costs": Name("costs:costs", OTHERS["costs"][0], ALSO),
    "budget": Name("costs:budget", "Look at the budgets.", ALSO),
    "daemon": Name("daemon:daemon", "Start, stop and look at the daemon.", SETUP),
    "benchmark": Name("benchmark:benchmark", OTHERS["benchmark"][0], ALSO),
    "feedback": Name("rendered:feedback", OTHERS["feedback"][0], ALSO),
    "route": Name("rendered:route", OTHERS["route"][0], ALSO),
    "routing": Name("routing:routing", OTHERS["routing"][0], ALSO),
    "audit": Name("rendered:audit", OTHERS["audit"][0], ALSO),
    "export": Name("export:export", OTHERS["export"][0], ALSO),
    "import": Name("imports:import_", OTHERS["import"][0], ALSO),
    "clean": Name("clean:clean", OTHERS["clean"][0], ALSO),
    "service": Name("service:service", "Have the daemon started at login.", ALSO),
    "version": Name("version:version", VERBS["version"][0], ALSO),
    "help": Name("help:topics", "Explain a command, or a topic: exit-codes, environment.", ALSO),
}

TOP = """\
Gives a coding task to an AI agent CLI and never loses it.

  muxctl dispatch "fix the failing test" --sandbox write
  git diff | muxctl dispatch -p claude --json

Usage: muxctl COMMAND [OPTIONS] [ARGS]    -h, --help explains each; --json goes with every one
"""
