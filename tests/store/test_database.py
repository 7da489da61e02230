"""What is checked before a file is trusted with anybody's work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copy

import anyio
import pytest
from modelmuxd.store.database import connect, next_epoch, open_database
from modelmuxd.store.lookup import find
from modelmuxd.store.migrations import SCHEMA, backup_path, integrity, outstanding, read_steps
from modelmuxd.store.records import Attempt, Decided, NewTask, Task
from modelmuxd.store.tasks import open_store
from muxwire.faults import CONFIG, STORAGE, FaultError
from store.builders import a_task, run_id

NEWEST = len(read_steps())
GOLDEN = Path(__file__).parent / "golden" / "state-0.1.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "modelmux.db"


@pytest.fixture
def next_schema(tmp_path: Path) -> Path:
    """The schema of a version to come: one step more than ours."""
    folder = tmp_path / "schema"
    folder.mkdir()
    for step in SCHEMA.glob("*.sql"):
        copy(step, folder)
    (folder / "9999_more.sql").write_text("ALTER TABLE tasks ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';")
    return folder


def used(path: Path) -> None:
    """Leave a database behind that holds one task."""

    async def use() -> None:
        async with open_store(path) as store:
            await store.submit(a_task())

    anyio.run(use)


def versions(path: Path) -> tuple[int, list[str]]:
    with closing(connect(path)) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(tasks)")]
        return db.execute("PRAGMA user_version").fetchone()[0], names


def refused(path: Path, schema: Path = SCHEMA) -> tuple[str, str]:
    """The code and sentence of the refusal."""
    with pytest.raises(FaultError) as caught:
        open_database(path, schema=schema).close()
    assert caught.value.fault.hint
    return caught.value.fault.code, caught.value.fault.message


def test_a_new_database_is_private_and_sound(path: Path) -> None:
    with closing(open_database(path)) as db:
        next_epoch(db)
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == ["modelmux.db", "modelmux.db-shm", "modelmux.db-wal"]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert integrity(db) == []
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_file_that_others_could_read_is_made_private(path: Path) -> None:
    used(path)
    path.chmod(0o644)
    open_database(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_columns_are_named_like_the_fields_they_hold(path: Path) -> None:
    kept = {"tasks": (Task, {"new", "output"}), "requests": (NewTask, {"run_id"}), "decisions": (Decided, set())}
    kept["attempts"] = (Attempt, {"run_id", "usage"})
    with closing(open_database(path)) as db:
        for table, (struct, elsewhere) in kept.items():
            columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
            assert set(struct.__struct_fields__) - elsewhere == columns - {"id", "task_id", "at"} - (
                {"run_id"} if table == "tasks" else set()
            )


def test_a_newer_schema_is_refused_and_left_alone(path: Path, next_schema: Path) -> None:
    used(path)
    open_database(path, schema=next_schema).close()
    before = path.read_bytes()
    code, sentence = refused(path)
    assert code == CONFIG
    assert "newer" in sentence
    assert path.read_bytes() == before


def test_a_backup_is_taken_before_a_migration(path: Path, next_schema: Path) -> None:
    used(path)
    open_database(path, schema=next_schema).close()
    assert versions(path)[0] == NEWEST + 1
    assert "colour" in versions(path)[1]
    backup = backup_path(path, NEWEST)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert versions(backup)[0] == NEWEST
    assert "colour" not in versions(backup)[1]
    with closing(connect(backup)) as db:
        assert find(db, run_id(1)).new == a_task()


def test_opening_without_a_migration_leaves_no_backup(path: Path) -> None:
    used(path)
    used(path.with_name("other.db"))
    open_database(path).close()
    assert not list(path.parent.glob("*backup*"))


@pytest.mark.parametrize(
    "step", ["ALTER TABLE tasks ADD COLUMN a TEXT; SELECT nonsense;", "DELETE FROM tasks; DROP TABLE tasks;"]
)
def test_a_migration_that_fails_changes_nothing(path: Path, next_schema: Path, step: str) -> None:
    used(path)
    before = versions(path)
    (next_schema / "9999_more.sql").write_text(step)
    assert refused(path, next_schema)[0] == STORAGE
    assert versions(path) == before
    with closing(open_database(path)) as db:
        assert find(db, run_id(1)).new == a_task()


def test_a_damaged_file_is_not_migrated(path: Path, next_schema: Path) -> None:
    used(path)
    with closing(connect(path)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'tasks_ended'")
    code, sentence = refused(path, next_schema)
    assert code == STORAGE
    assert "damaged" in sentence
    assert versions(path)[0] == NEWEST


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_of_rubbish_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refused(path)[0] == STORAGE
    assert path.read_bytes() == content


def test_somebody_elses_database_is_refused(path: Path) -> None:
    with closing(connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
    code, sentence = refused(path)
    assert code == CONFIG
    assert "not a modelmux database" in sentence


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing" / "modelmux.db")[0] == STORAGE


def test_what_0_1_left_behind_can_be_read(path: Path) -> None:
    """Golden: made once by golden/make.py of that version, and never again."""
    copy(GOLDEN, path)

    async def read() -> None:
        async with open_store(path) as store:
            done = await store.find(run_id(1))
            assert (done.state, done.output, done.attempts) == ("success", "hello 雪", 2)
            assert done.cost_micros == 1500
            assert [event.seq for event in await store.events(run_id(1), 0, 100)] == list(range(1, done.last_seq + 1))
            assert [attempt.state for attempt in await store.attempts(run_id(1))] == ["rate_limit", "success"]
            assert [task.new.run_id for task in await store.unfinished()] == [run_id(2), run_id(3)]
            assert (await store.find(run_id(4))).state == "blocked"

    anyio.run(read)
    with closing(sqlite3.connect(path)) as db:
        assert integrity(db) == []


def test_what_is_to_be_updated_is_told_beforehand(path: Path) -> None:
    assert outstanding(path) == 0
    copy(GOLDEN, path)
    assert outstanding(path) == path.stat().st_size > 0
    open_database(path).close()
    assert outstanding(path) == 0
    path.write_bytes(b"no database")
    assert outstanding(path) == 0
