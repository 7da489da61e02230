"""`kill -9` at random moments, while eight clients submit: of the daemon, of clients, of agents and their guards."""

from __future__ import annotations

from collections import Counter

import pytest
from torture.world import CEILING, ROUNDS, Crowd, World, until, world

pytestmark = [pytest.mark.torture, pytest.mark.timeout(CEILING + 60 + ROUNDS * 6)]
CLIENTS = 8


def test_the_daemon() -> None:
    """No accepted task is lost, none runs twice, no agent is left."""
    with world() as here:
        with Crowd(here, CLIENTS) as crowd:
            for _ in range(ROUNDS):
                until(lambda: bool(here.daemons()), "a daemon")
                crowd.pass_time(here.random.uniform(0.0, 0.6))
                for daemon in here.daemons():
                    here.kill(daemon)
        states = here.ended()
        here.check_nothing_is_left()
        here.check_record()
        begun, done = here.journal()
        runs = Counter(marker.rpartition("-")[0] for marker in begun)
        tell("daemon killed", here, states, duplicates=sum(runs.values()) - len(runs))
        assert states == {"success": len(here.rows("SELECT 1 FROM tasks"))}
        assert (max(runs.values()), begun == done) == (1, True)


def test_clients_agents_and_guards() -> None:
    """Whoever dies, each accepted task ends once; no attempt begins twice; nothing is left behind."""
    with world() as here:
        with Crowd(here, CLIENTS) as crowd:
            for number in range(ROUNDS * 4):
                crowd.pass_time(here.random.uniform(0.0, 0.25))
                here_now = (here.agents, here.guards, lambda: clients(here))[number % 3]()
                if here_now:
                    here.kill(here.random.choice(here_now))
        states = here.ended()
        here.check_nothing_is_left()
        here.check_record()
        begun, _ = here.journal()
        tell("others killed", here, states, duplicates=sum(begun.values()) - len(begun))
        assert set(states) <= {"success", "error", "lost"}
        assert max(begun.values()) == 1


def clients(here: World) -> list:  # type: ignore[type-arg]
    servants = {one.pid for one in (*here.daemons(), *here.guards(), *here.agents())}
    return [one for one in here.processes() if one.pid not in servants]


def tell(what: str, here: World, states: Counter[str], duplicates: int) -> None:
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    tasks = f"{len(here.accepted)} tasks ({told})"
    print(f"{what}: {ROUNDS} rounds, {tasks}, none lost, {duplicates} duplicates, no process left")
