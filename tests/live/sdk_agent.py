"""An agent on the real `a2a-sdk`, of either generation (0.3.26, 1.3.0), each in an environment of its own.

    PYTHON sdk_agent.py FOLDER [no-streaming] [old-card]

It writes its port to FOLDER/port and every call to FOLDER/calls, and does what its prompt says: `later` works until
FOLDER/go is there, `drop` besides breaks its stream off after the first events, `ask` asks which one, `fail` fails, and
all else is repeated in two pieces.
"""

# mypy: ignore-errors
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import json
import socket
import sys
from importlib.metadata import version
from pathlib import Path

import uvicorn
from a2a import types
from a2a.server.agent_execution import AgentExecutor
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater

FOLDER = Path(sys.argv[1])
STREAMING = "no-streaming" not in sys.argv
CARD = "/.well-known/agent.json" if "old-card" in sys.argv else "/.well-known/agent-card.json"
NEW = version("a2a-sdk").startswith("1.")
ABOUT = {"name": "far", "description": "It repeats.", "version": "1", "default_input_modes": ["text/plain"]}
ABOUT |= {"default_output_modes": ["text/plain"], "capabilities": types.AgentCapabilities(streaming=STREAMING)}
SKILL = types.AgentSkill(id="say", name="say", description="Says it again.", tags=["say"])

if NEW:
    from a2a.helpers import new_task_from_user_message as new_task
    from a2a.server.request_handlers.default_request_handler_v2 import DefaultRequestHandlerV2
    from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
    from starlette.applications import Starlette

    def text(words):
        return types.Part(text=words)

    def app(executor, url):
        at = types.AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version="1.0")
        card = types.AgentCard(**ABOUT, skills=[SKILL], supported_interfaces=[at])
        handler = DefaultRequestHandlerV2(executor, InMemoryTaskStore(), card)
        return Starlette(routes=create_agent_card_routes(card, card_url=CARD) + create_jsonrpc_routes(handler, "/"))

else:
    from a2a.server.apps import A2AStarletteApplication
    from a2a.server.request_handlers import DefaultRequestHandler
    from a2a.utils import new_task

    def text(words):
        return types.Part(root=types.TextPart(text=words))

    def app(executor, url):
        card = types.AgentCard(**ABOUT, skills=[SKILL], url=url)
        handler = DefaultRequestHandler(executor, InMemoryTaskStore())
        return A2AStarletteApplication(card, handler).build(agent_card_url=CARD)


class Executor(AgentExecutor):
    async def execute(self, context, event_queue):
        words = context.get_user_input()
        if context.current_task is None:
            await event_queue.enqueue_event(new_task(context.message))
        task = TaskUpdater(event_queue, context.task_id, context.context_id)
        await task.start_work()
        if words == "ask":
            return await task.requires_input(task.new_agent_message([text("which one?")]))
        if words == "fail":
            return await task.failed(task.new_agent_message([text("too many requests")]))
        while words in ("later", "drop") and not (FOLDER / "go").exists():  # noqa: ASYNC110 - the test makes it
            await asyncio.sleep(0.05)
        await task.add_artifact([text("you said: ")], artifact_id="a", append=False)
        await task.add_artifact([text(words)], artifact_id="a", append=True, last_chunk=True)
        return await task.complete()

    async def cancel(self, context, event_queue):
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def watched(inner):
    """Notes each call, and breaks the streams off that are to break: by an answer that never ends properly."""

    async def application(scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            return await inner(scope, receive, send)
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message["body"]
        call = json.loads(body)
        with (FOLDER / "calls").open("a") as calls:
            calls.write(json.dumps([call["method"], call["params"]]) + "\n")
        given = [message | {"body": body}]
        drops, events = "tream" in call["method"] and '"drop"' in body.decode(), 0

        async def take():
            return given.pop() if given else await receive()

        async def give(message):
            nonlocal events
            await send(message)
            events += message["type"] == "http.response.body"
            if drops and events == 2:
                raise ConnectionError

        return await inner(scope, take, give)

    return application


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    served = uvicorn.Server(uvicorn.Config(watched(app(Executor(), f"http://127.0.0.1:{port}/")), log_level="critical"))
    (FOLDER / "port.new").write_text(str(port))
    (FOLDER / "port.new").rename(FOLDER / "port")
    served.run(sockets=[listener])
