"""Ends that are not the agent's own: cancel, time-out, and a daemon killed in the middle."""

from __future__ import annotations

import json

import pytest
from live.homes import AGENTS
from live.world import World, command, until


def start(world: World, task: str, *options: str) -> str:
    """Dispatch in the background; the run id once the model has been asked, so that the agent is in the middle."""
    words = ("-p", world.provider, "-m", world.model, *options)
    done = world.muxctl("dispatch", "--json", "--background", *words, stdin=task)
    assert done.returncode == 0, done.stderr
    run_id: str = json.loads(done.stdout)["run_id"]
    until(lambda: world.asked("In the middle."), "the model request")
    return run_id


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_cancel_while_streaming_leaves_no_process(world: World) -> None:
    run_id = start(world, "In the middle. [[long:40000]] [[chunk-delay:1]]")
    assert world.agents(), "nothing runs, so nothing is proven"
    done = world.muxctl("cancel", "--json", run_id)
    assert done.returncode == 0, done.stderr
    assert world.wait(run_id).status == "canceled"
    until(lambda: not world.agents(), "the end of the process tree")


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_cancel_while_a_tool_runs_leaves_no_process(world: World) -> None:
    """Tools start sessions of their own: a signal to the group misses them."""
    marker = f"tail -n 987{id(world) % 1000:03d} -f /dev/null"  # Qwen Code refuses to sleep
    run_id = start(world, f"In the middle. [[tool:shell:{marker}]] [[reply:Done.]]", "--sandbox", "full")

    def tool_runs() -> bool:
        return any(marker in " ".join(command(process)) for process in world.agents())

    until(tool_runs, "the tool")
    world.muxctl("cancel", run_id)
    assert world.wait(run_id).status == "canceled"
    until(lambda: not world.agents(), "the end of the process tree")


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_time_out_leaves_no_process(world: World) -> None:
    result, code = world.dispatch("In the middle. [[delay:600]]", "--timeout", "12")
    assert (code, result.status) == (124, "timeout")
    until(lambda: not world.agents(), "the end of the process tree")


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_answer_survives_the_daemon(world: World) -> None:
    """`kill -9` in the middle; the agent goes on alone, and the next daemon has the answer without asking again."""
    run_id = start(world, "In the middle. [[delay:4]] [[reply:Still here.]]")
    daemon = world.daemon()
    assert daemon is not None
    daemon.kill()
    daemon.wait(timeout=10)
    assert world.agents(), "the agent died with the daemon"
    result = world.wait(run_id)
    assert (result.status, result.output, result.attempts) == ("success", "Still here.", 1)
    assert len(world.asked("In the middle.")) == 1
