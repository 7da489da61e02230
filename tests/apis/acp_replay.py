"""An ACP agent that says again what a real one was recorded to say, as a program:

    python acp_replay.py RECORDING TURN JOURNAL

The first prompt it is sent is answered as the TURN-th of the recording was. What it is told goes to the journal, a
line of JSON each. Calls that were not recorded get an empty result.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Replay:
    def __init__(self, recording: Path, turn: int, journal: Path) -> None:
        self.told = [json.loads(line) for line in recording.read_text("utf-8").splitlines()]
        self.turn, self.journal = turn, journal

    def start_of(self, method: str) -> int:
        """Where the answer to a call begins; -1 when nobody made such a call."""
        calls = [
            place
            for place, one in enumerate(self.told)
            if one["dir"] == "client->agent" and one["msg"].get("method") == method
        ]
        wanted = self.turn - 1 if method == "session/prompt" else 0
        return calls[wanted] + 1 if wanted < len(calls) else -1

    def serve(self) -> None:
        while line := sys.stdin.readline():
            message = self.noted(line)
            if "method" not in message or "id" not in message:
                continue
            start = self.start_of(message["method"])
            if start < 0:
                self.send({"id": message["id"], "result": {}})
            else:
                self.play(start, message["id"])

    def play(self, place: int, number: object) -> None:
        """On to the call's result. A request of the agent's own waits for its answer, whatever that is."""
        for one in self.told[place:]:
            message = one["msg"]
            if one["dir"] == "client->agent":
                if "method" not in message:
                    self.noted(sys.stdin.readline())
                continue
            if "method" not in message:
                self.send({**message, "id": number})
                return
            self.send(message)

    def noted(self, line: str) -> Json:
        with self.journal.open("a") as journal:
            journal.write(line)
        message: Json = json.loads(line)
        return message

    def send(self, message: Json) -> None:
        print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    Replay(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])).serve()
