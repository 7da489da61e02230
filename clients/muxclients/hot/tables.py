"""The verbs' words, written by tools/verb_tables.py from muxwire/methods.py. Do not edit: run that."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Option = tuple[str, tuple[str, ...], str, Any, Any, str]
    """Field, flags, kind (text, texts, int, float, choice, flag, toggle), default, limits, help.

    Limits are (least, most) of a number and the words of a choice. A toggle has the flag for yes, then that for no.
    """
    Verb = tuple[str, tuple[str, str, bool] | None, tuple[Option, ...]]
    """Summary, positional (field, kind: one, many or words, required), options."""

VERSION = "0.1.0"
HELLO = b"\x00\x00\x003\x97\xa5hello\xa8modelmux\x01\x01\xa50.1.0\x94\xa4view\xa5chunk\xa4need\xa5named\xa3cli"
VERBS: dict[str, Verb] = {
    "version": ("Show the version of this program and of the daemon.", None, ()),
    "status": (
        "Show what runs, what waits and why.",
        None,
        (("limit", ("-n", "--limit"), "int", 5, (0, 1000), "How many ended runs to list."),),
    ),
    "dispatch": (
        "Send one task to one agent.",
        ("task", "words", True),
        (
            ("provider", ("-p", "--provider"), "text", "auto", None, "A provider, `provider/model`, or `auto`."),
            ("model", ("-m", "--model"), "text", "", None, "Model to ask for."),
            (
                "sandbox",
                ("--sandbox",),
                "choice",
                "read-only",
                ("read-only", "write", "full"),
                "What the agent may change.",
            ),
            ("workdir", ("-w", "--workdir"), "text", "", None, "Folder the agent works in."),
            ("session_id", ("--session",), "text", "", None, "Session to go on with: its id, or a run of it."),
            ("continue_session", ("--continue",), "flag", False, None, "Go on with the last session of this folder."),
            (
                "timeout",
                ("-t", "--timeout"),
                "int",
                None,
                (1, 9007199254740992),
                "Seconds the run may take (default: limits.timeout).",
            ),
            ("max_retries", ("-r", "--max-retries"), "int", 1, (1, 5), "Attempts per provider in all, 1 to 5."),
            (
                "failover",
                ("--failover", "--no-failover"),
                "toggle",
                None,
                None,
                "Try the next provider when one cannot (default: only for `auto`).",
            ),
            ("profile", ("--profile",), "text", "", None, "Named profile from profiles.toml."),
            (
                "reasoning_effort",
                ("--reasoning-effort",),
                "choice",
                None,
                ("low", "medium", "high", "xhigh"),
                "How hard the model should think.",
            ),
            ("priority", ("--priority",), "int", 0, (-100, 100), "Higher runs first."),
            (
                "wait_s",
                ("--wait",),
                "float",
                None,
                (0, 9007199254740992),
                "Seconds to wait for the end before answering as it stands.",
            ),
            ("background", ("--background",), "flag", False, None, "Answer with the run id at once."),
            (
                "cancel_on_hangup",
                ("--cancel-on-interrupt",),
                "flag",
                False,
                None,
                "Cancel the run when this command is interrupted, killed or hangs up.",
            ),
            ("after", ("--after",), "texts", None, None, "Start when this run has succeeded; may be repeated."),
            ("delay", ("--delay",), "float", 0.0, (0, 9007199254740992), "Seconds before it may start."),
            (
                "deadline",
                ("--deadline",),
                "float",
                None,
                (1, 9007199254740992),
                "Seconds by which it must have ended, waiting included.",
            ),
            ("worktree", ("--worktree",), "flag", False, None, "Work in a git worktree of its own; see `muxctl diff`."),
            ("carry", ("--carry",), "flag", False, None, "Take along what is not committed (with --worktree)."),
            ("idempotency_key", ("--idempotency-key",), "text", "", None, "The same key attaches to the same run."),
        ),
    ),
    "show": ("Show everything about one run.", ("run_id", "one", True), ()),
    "wait": (
        "Wait for runs to end.",
        ("run_ids", "many", True),
        (("wait_s", ("--wait",), "float", None, (0, 9007199254740992), "Seconds to wait at most."),),
    ),
    "cancel": (
        "Cancel runs and end their process trees.",
        ("run_ids", "many", False),
        (
            ("all", ("--all",), "flag", False, None, "Every run that has not ended."),
            ("mine", ("--mine",), "flag", False, None, "Every run of mine: sent by the same user in the same way."),
        ),
    ),
}
OTHERS: dict[str, Verb] = {
    "ping": ("Answer at once.", None, ()),
    "live": (
        "Follow the status as it changes.",
        None,
        (("limit", ("-n", "--limit"), "int", 5, (0, 1000), "How many ended runs to list."),),
    ),
    "check": (
        "Show which providers can be used and what the others lack.",
        None,
        (
            ("refresh", ("--refresh",), "flag", False, None, "Probe again instead of using the cache."),
            (
                "diagnose",
                ("--diagnose",),
                "flag",
                False,
                None,
                "Also show sandboxes, accounts and how the last runs ended.",
            ),
        ),
    ),
    "watch": (
        "Follow a run's events.",
        ("run_id", "one", True),
        (
            ("since", ("--since",), "int", 0, (0, 9007199254740992), "Last event already seen."),
            ("follow", ("-f", "--follow"), "flag", False, None, "Go on until the run ends."),
        ),
    ),
    "attach": (
        "Follow a run from any terminal.",
        ("run_id", "one", True),
        (("since", ("--since",), "int", 0, (0, 9007199254740992), "Last event already seen."),),
    ),
    "why": ("Show why a run went as it did.", ("run_id", "one", True), ()),
    "retry": (
        "Run an ended task again, as a new run.",
        ("run_id", "one", True),
        (
            ("provider", ("-p", "--provider"), "text", "", None, "Another provider, or `provider/model`, than before."),
            ("model", ("-m", "--model"), "text", "", None, "Another model than before."),
            (
                "wait_s",
                ("--wait",),
                "float",
                None,
                (0, 9007199254740992),
                "Seconds to wait for the end before answering as it stands.",
            ),
            ("background", ("--background",), "flag", False, None, "Answer with the run id at once."),
            (
                "cancel_on_hangup",
                ("--cancel-on-interrupt",),
                "flag",
                False,
                None,
                "Cancel the run when this command is interrupted, killed or hangs up.",
            ),
        ),
    ),
    "answer": ("Answer a run that waits for input.", None, ()),
    "queue": ("Show, pause or resume the queue.", None, ()),
    "sessions": (
        "Show the sessions that can go on.",
        None,
        (("limit", ("-n", "--limit"), "int", 20, (1, 500), "How many to list."),),
    ),
    "diff": ("Show what a run has changed in its worktree, as a patch.", ("run_id", "one", True), ()),
    "apply": ("Apply what a run has changed to your checkout.", ("run_id", "one", True), ()),
    "discard": ("Throw away a run's worktree and what it changed.", ("run_id", "one", True), ()),
    "trust": ("Trust the settings that a project brings with it.", None, ()),
    "policy": ("Show what the policy says and what is used up.", None, ()),
    "policy_test": (
        "Show what the policy would do with a dispatch.",
        ("task", "words", True),
        (
            ("provider", ("-p", "--provider"), "text", "auto", None, "A provider, `provider/model`, or `auto`."),
            ("model", ("-m", "--model"), "text", "", None, "Model to ask for."),
            (
                "sandbox",
                ("--sandbox",),
                "choice",
                "read-only",
                ("read-only", "write", "full"),
                "What the agent may change.",
            ),
            ("workdir", ("-w", "--workdir"), "text", "", None, "Folder the agent works in."),
            ("session_id", ("--session",), "text", "", None, "Session to go on with: its id, or a run of it."),
            ("continue_session", ("--continue",), "flag", False, None, "Go on with the last session of this folder."),
            (
                "timeout",
                ("-t", "--timeout"),
                "int",
                None,
                (1, 9007199254740992),
                "Seconds the run may take (default: limits.timeout).",
            ),
            ("max_retries", ("-r", "--max-retries"), "int", 1, (1, 5), "Attempts per provider in all, 1 to 5."),
            (
                "failover",
                ("--failover", "--no-failover"),
                "toggle",
                None,
                None,
                "Try the next provider when one cannot (default: only for `auto`).",
            ),
            ("profile", ("--profile",), "text", "", None, "Named profile from profiles.toml."),
            (
                "reasoning_effort",
                ("--reasoning-effort",),
                "choice",
                None,
                ("low", "medium", "high", "xhigh"),
                "How hard the model should think.",
            ),
            ("priority", ("--priority",), "int", 0, (-100, 100), "Higher runs first."),
            (
                "wait_s",
                ("--wait",),
                "float",
                None,
                (0, 9007199254740992),
                "Seconds to wait for the end before answering as it stands.",
            ),
            ("background", ("--background",), "flag", False, None, "Answer with the run id at once."),
            (
                "cancel_on_hangup",
                ("--cancel-on-interrupt",),
                "flag",
                False,
                None,
                "Cancel the run when this command is interrupted, killed or hangs up.",
            ),
            ("after", ("--after",), "texts", None, None, "Start when this run has succeeded; may be repeated."),
            ("delay", ("--delay",), "float", 0.0, (0, 9007199254740992), "Seconds before it may start."),
            (
                "deadline",
                ("--deadline",),
                "float",
                None,
                (1, 9007199254740992),
                "Seconds by which it must have ended, waiting included.",
            ),
            ("worktree", ("--worktree",), "flag", False, None, "Work in a git worktree of its own; see `muxctl diff`."),
            ("carry", ("--carry",), "flag", False, None, "Take along what is not committed (with --worktree)."),
            ("idempotency_key", ("--idempotency-key",), "text", "", None, "The same key attaches to the same run."),
        ),
    ),
    "env": ("Show the login shell's environment, or read it again.", None, ()),
    "clean": (
        "Take away what is old, after asking.",
        ("what", "many", False),
        (
            ("older_than", ("--older-than",), "text", "", None, "12h, 30d, 8w (default: what [retention] says)."),
            ("dry_run", ("--dry-run",), "flag", False, None, "Only tell what would go."),
        ),
    ),
    "space": ("Show what the record takes on disk.", None, ()),
    "facts": ("Show the daemon's own facts.", None, ()),
    "shutdown": ("End the daemon.", None, ()),
}
"""Those that go through the full command line."""
