"""A scripted ACP agent on two pipes, as a program: it does what its prompt says, and notes in HOME what it was told."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path(os.environ.get("HOME", "/"))
OPTIONS = [
    {"kind": "allow_always", "optionId": "aa"},
    {"kind": "allow_once", "optionId": "a"},
    {"kind": "reject_once", "optionId": "r"},
]
PERMISSION = 900


class Agent:
    def __init__(self) -> None:
        self.prompt: object = None
        self.note(f"pid {os.getpid()}")

    def note(self, word: str) -> None:
        with (HOME / "journal").open("a") as file:
            file.write(word + "\n")

    def send(self, **message: Any) -> None:
        print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

    def say(self, words: str) -> None:
        update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": words}}
        self.send(method="session/update", params={"sessionId": "s-1", "update": update})

    def take(self, asked: dict[str, Any]) -> None:
        method, params, number = asked.get("method"), asked.get("params", {}), asked.get("id")
        self.note(method or "answer " + json.dumps(asked.get("result")))
        if method == "initialize":
            if (HOME / "mute").exists():
                time.sleep(60)
            said = HOME / "welcome"
            able = json.loads(said.read_text()) if said.exists() else {"agentCapabilities": {"loadSession": True}}
            self.send(id=number, result={"protocolVersion": 1, **able})
        elif method == "session/new":
            self.send(id=number, result={"sessionId": "s-1"})
        elif method == "session/resume" and (HOME / "no-resume").exists():
            self.send(id=number, error={"code": -32601, "message": "Method not found"})
        elif method in ("session/load", "session/resume"):
            self.say("old words")
            self.send(id=number, result={})
            if method == "session/load":
                self.say("more old words")
        elif method == "session/cancel":
            self.send(id=self.prompt, result={"stopReason": "cancelled"})
        elif method == "session/prompt":
            self.prompt = number
            self.answer(params["prompt"][0]["text"])
        elif number == PERMISSION:
            self.say(asked["result"]["outcome"].get("optionId", "none"))
            self.send(id=self.prompt, result={"stopReason": "end_turn"})

    def answer(self, words: str) -> None:
        if words.startswith("edit "):
            call = {"title": words, "kind": "edit", "locations": [{"path": words[5:]}]}
            asked = {"toolCall": call, "options": OPTIONS}
            return self.send(id=PERMISSION, method="session/request_permission", params=asked)
        if words.startswith("raw "):
            print(words[4:], flush=True)
            return None if str(PERMISSION) in words else self.done(words)
        if words == "wait":
            return self.note("waiting")
        if words == "fail":
            told = {"code": -32603, "message": "Internal error", "data": {"message": "429 Too Many Requests"}}
            return self.send(id=self.prompt, error=told)
        if words == "crash":
            sys.exit(3)
        while words == "flood":
            self.say("more ")
        while words == "endless":
            print("x" * 65536, end="")
        while words == "later" and not (HOME / "go").exists():
            time.sleep(0.02)
        return self.done(words)

    def done(self, words: str) -> None:
        self.say("you said: ")
        self.say(words)
        usage = {"inputTokens": 5, "outputTokens": 2, "cachedReadTokens": 1}
        self.send(id=self.prompt, result={"stopReason": "end_turn", "usage": usage})


if __name__ == "__main__":
    scripted = Agent()
    for line in sys.stdin:
        scripted.take(json.loads(line))
