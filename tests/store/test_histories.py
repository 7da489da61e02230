"""Any order of calls, against a model small enough to be right by reading it."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from modelmuxd.store.interface import Stale, TaskStore
from modelmuxd.store.records import Task
from modelmuxd.store.tasks import open_store
from muxwire.events import StateChanged, Text
from muxwire.words import FINAL_STATES
from store.builders import a_claim, a_task, an_end, run_id

MAX_RUNNING = 3
MAX_ACCOUNT = 2
ACCOUNTS = ("codex:me", "claude:me")


@dataclass
class Model:
    """One task as it should stand."""

    state: str = "queued"
    canceling: bool = False
    states: list[str] = field(default_factory=lambda: ["queued"])
    attempts: int = 0
    account: str = ""
    """Of the running attempt."""
    epoch: int = 0
    texts: list[str] = field(default_factory=list)
    last_words: Task | None = None
    """The task when it ended: it never changes again."""

    def move(self, state: str) -> None:
        self.state = state
        self.states.append(state)


class Histories(RuleBasedStateMachine):
    tasks: Bundle[int] = Bundle("tasks")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.portal_context = start_blocking_portal()
        self.portal = self.portal_context.__enter__()
        self.models: dict[int, Model] = {}
        self.keys: dict[str, int] = {}
        self.now = 1.0
        self.open()

    def open(self) -> None:
        path = Path(self.folder.name) / "modelmux.db"
        self.opened: AbstractContextManager[TaskStore] = self.portal.wrap_async_context_manager(open_store(path))
        self.store = self.opened.__enter__()

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        self.portal_context.__exit__(None, None, None)
        self.folder.cleanup()

    def later(self) -> float:
        self.now += 1.0
        return self.now

    def running(self, account: str | None = None) -> int:
        return sum(one.state == "running" and account in (None, one.account) for one in self.models.values())

    @rule(target=tasks, key=st.sampled_from(["", "", "a", "b"]))
    def submit(self, key: str) -> int | MultipleResults[int]:
        number = len(self.models)
        task, fresh = self.portal.call(self.store.submit, a_task(number, idempotency_key=key))
        if key in self.keys:
            assert (fresh, task.new.run_id) == (False, run_id(self.keys[key]))
            return multiple()
        assert (fresh, task.state) == (True, "queued")
        self.models[number] = Model()
        if key:
            self.keys[key] = number
        return number

    @rule(number=tasks, account=st.sampled_from(ACCOUNTS))
    def claim(self, number: int, account: str) -> None:
        one = self.models[number]
        claim = a_claim(number, account=account, max_running=MAX_RUNNING, max_account=MAX_ACCOUNT)
        claimed = self.portal.call(self.store.claim, claim, self.later())
        if one.state not in ("queued", "waiting"):
            assert claimed.gone
        elif self.running() >= MAX_RUNNING or self.running(account) >= MAX_ACCOUNT:
            assert (claimed.waiting, claimed.attempt) == ("slots", None)
        else:
            assert claimed.attempt is not None
            one.attempts, one.account, one.epoch = one.attempts + 1, account, self.store.epoch
            assert (claimed.attempt.number, claimed.attempt.epoch) == (one.attempts, one.epoch)
            one.move("running")

    def ours(self, one: Model, attempt: int, epoch: int) -> bool:
        current = (one.state, one.attempts, one.epoch, self.store.epoch)
        return current == ("running", attempt, epoch, epoch)

    @rule(number=tasks, back=st.integers(0, 1), older=st.integers(0, 1), text=st.text(max_size=5))
    def append(self, number: int, back: int, older: int, text: str) -> None:
        one = self.models[number]
        attempt, epoch = one.attempts - back, self.store.epoch - older
        event = Text(attempt=attempt, text=text)
        if self.ours(one, attempt, epoch):
            self.portal.call(self.store.append, run_id(number), attempt, epoch, [event])
            one.texts.append(text)
        else:
            with pytest.raises(Stale):
                self.portal.call(self.store.append, run_id(number), attempt, epoch, [event])

    @rule(number=tasks, older=st.integers(0, 1), to=st.sampled_from(["success", "error", "queued", "waiting"]))
    def settle(self, number: int, older: int, to: str) -> None:
        one = self.models[number]
        epoch = self.store.epoch - older
        running = self.portal.call(self.store.attempts, run_id(number))
        if not running:
            return
        fields: dict[str, object] = {"attempt_state": to, "epoch": epoch, "state": to if to in FINAL_STATES else None}
        if to == "waiting":
            fields |= {"waiting": "cooldown", "waiting_for": "cooldown", "not_before": 9.0}
        end = an_end(running[-1], **fields)
        if not self.ours(one, one.attempts, epoch):
            with pytest.raises(Stale):
                self.portal.call(self.store.settle, end, self.later())
            return
        task = self.portal.call(self.store.settle, end, self.later())
        one.move("canceled" if one.canceling and to not in FINAL_STATES else to)
        self.remember(one, task)

    @rule(number=tasks, text=st.sampled_from(["slots: a", "slots: b"]))
    def wait_for(self, number: int, text: str) -> None:
        one = self.models[number]
        before = self.portal.call(self.store.find, run_id(number))
        self.portal.call(self.store.wait_for, run_id(number), "slots", text, None, self.later())
        if one.state == "queued" or (one.state == "waiting" and before.waiting_for != text):
            one.move("waiting")

    @rule(number=tasks)
    def end(self, number: int) -> None:
        one = self.models[number]
        if one.state == "running":
            with pytest.raises(Stale):
                self.portal.call(self.store.end, run_id(number), "error", None, self.later())
            return
        task = self.portal.call(self.store.end, run_id(number), "error", None, self.later())
        if one.state not in FINAL_STATES:
            one.move("error")
            self.remember(one, task)

    @rule(number=tasks)
    def cancel(self, number: int) -> None:
        one = self.models[number]
        task = self.portal.call(self.store.request_cancel, run_id(number), "uid:1", self.later())
        if one.state == "running":
            one.canceling = True
        elif one.state not in FINAL_STATES:
            one.move("canceled")
            self.remember(one, task)

    @rule(number=tasks)
    def adopt(self, number: int) -> None:
        one = self.models[number]
        if one.state == "running":
            one.epoch = self.portal.call(self.store.adopt, run_id(number), one.attempts).epoch
            assert one.epoch == self.store.epoch
        else:
            with pytest.raises(Stale):
                self.portal.call(self.store.adopt, run_id(number), one.attempts)

    @rule()
    def reopen(self) -> None:
        self.opened.__exit__(None, None, None)
        self.open()

    @rule()
    def be_succeeded(self) -> None:
        """A second daemon begins before the first has stopped: the first writes nothing any more."""
        old, old_context = self.store, self.opened
        self.open()
        assert self.store.epoch == old.epoch + 1
        with pytest.raises(Stale):
            self.portal.call(old.submit, a_task(99_999))
        for number, one in self.models.items():
            if one.state == "running":
                with pytest.raises(Stale):
                    self.portal.call(old.append, run_id(number), one.attempts, old.epoch, [])
        old_context.__exit__(None, None, None)

    def remember(self, one: Model, task: Task) -> None:
        assert task.state == one.state
        if one.state in FINAL_STATES:
            one.last_words = task

    @invariant()
    def every_task_stands_as_its_model(self) -> None:
        if not hasattr(self, "store"):
            return
        for number, one in self.models.items():
            task = self.portal.call(self.store.find, run_id(number))
            assert (task.state, task.attempts) == (one.state, one.attempts)
            assert one.last_words in (None, task)
            events = self.portal.call(self.store.events, run_id(number), 0, 10_000)
            assert [event.seq for event in events] == list(range(1, task.last_seq + 1))
            assert [event.state for event in events if isinstance(event, StateChanged)] == one.states
            assert [event.text for event in events if isinstance(event, Text)] == one.texts
        unfinished = self.portal.call(self.store.unfinished)
        assert len(unfinished) == sum(one.state not in FINAL_STATES for one in self.models.values())
        assert self.running() <= MAX_RUNNING
        assert all(self.running(account) <= MAX_ACCOUNT for account in ACCOUNTS)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
