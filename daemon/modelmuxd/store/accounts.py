"""What is known of accounts, and whether one may be asked now; pauses belong to it."""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace
from muxwire.words import WaitReason

from modelmuxd.domain.account import Account, Cooldown, Pause
from modelmuxd.store import breaker
from modelmuxd.store.records import Claim, Claimed, Settle
from modelmuxd.store.rows import ACCOUNTS


def not_now(db: sqlite3.Connection, claim: Claim, now: float) -> Claimed | None:
    """Why the claim's account is not to be asked now, if so."""
    if paused := _paused(db, claim.provider):
        return Claimed(waiting="paused", text=paused)
    account = _load(db, claim.account)
    if account is None:
        return None
    if account.cooldown_until is not None and now < account.cooldown_until:
        reason: WaitReason = "quota" if account.cooldown_kind == "quota" else "cooldown"
        return Claimed(waiting=reason, text=account.cooldown_text, until=account.cooldown_until)
    return _circuit(account, claim, now)


def _paused(db: sqlite3.Connection, provider: str) -> str:
    row = db.execute("SELECT provider FROM pauses WHERE provider IN ('', ?) LIMIT 1", (provider,)).fetchone()
    if row is None:
        return ""
    return f"paused: {row[0]} until `muxctl queue resume {row[0]}`" if row[0] else "paused until `muxctl queue resume`"


def _circuit(account: Account, claim: Claim, now: float) -> Claimed | None:
    match account.circuit(now):
        case "open":
            text = f"cooldown: {account.account} has failed {account.failures} times in a row"
            return Claimed(waiting="cooldown", text=text, until=account.opens_until)
        case "half-open" if account.probing not in ("", claim.run_id):
            return Claimed(waiting="cooldown", text=f"cooldown: {account.account} is being tried by {account.probing}")
        case _:
            return None


def claimed(db: sqlite3.Connection, claim: Claim, now: float) -> None:
    """Whoever starts at a half-open circuit probes it."""
    account = _load(db, claim.account)
    if account is not None and account.circuit(now) == "half-open":
        _keep(db, replace(account, probing=claim.run_id))


def settled(db: sqlite3.Connection, end: Settle, account_name: str, provider: str, now: float) -> None:
    """What an attempt's end says of its account."""
    before = _load(db, account_name) or Account(account=account_name, provider=provider)
    after = breaker.after(before, end.run_id, end.health, end.breaker, now)
    if after != before:
        _keep(db, after)
    if end.cooldown is not None:
        cool_down(db, end.cooldown)


def cool_down(db: sqlite3.Connection, cooldown: Cooldown) -> None:
    account = _load(db, cooldown.account) or Account(account=cooldown.account, provider=cooldown.provider)
    if account.cooldown_until is None or cooldown.until > account.cooldown_until:
        until, kind, text = cooldown.until, cooldown.kind, cooldown.text
        _keep(db, replace(account, cooldown_until=until, cooldown_kind=kind, cooldown_text=text))


def clear(db: sqlite3.Connection, provider: str) -> int:
    held = [one for one in every(db) if provider in ("", one.provider)]
    troubled = [one for one in held if one.cooldown_until is not None or one.failures]
    for one in troubled:
        _keep(db, Account(account=one.account, provider=one.provider, probing=one.probing))
    return len(troubled)


def every(db: sqlite3.Connection) -> list[Account]:
    return [ACCOUNTS.load(row) for row in db.execute(f"SELECT {ACCOUNTS.columns} FROM accounts ORDER BY account")]  # noqa: S608


def pause(db: sqlite3.Connection, provider: str, by: str, now: float) -> None:
    db.execute('INSERT OR IGNORE INTO pauses (provider, "by", since) VALUES (?, ?, ?)', (provider, by, now))


def resume(db: sqlite3.Connection, provider: str) -> bool:
    return db.execute("DELETE FROM pauses WHERE provider = ?", (provider,)).rowcount > 0


def pauses(db: sqlite3.Connection) -> list[Pause]:
    rows = db.execute('SELECT provider, "by", since FROM pauses ORDER BY provider')
    return [Pause(provider=provider, by=by, since=since) for provider, by, since in rows]


def _load(db: sqlite3.Connection, account: str) -> Account | None:
    row = db.execute(f"SELECT {ACCOUNTS.columns} FROM accounts WHERE account = ?", (account,)).fetchone()  # noqa: S608
    return None if row is None else ACCOUNTS.load(row)


def _keep(db: sqlite3.Connection, account: Account) -> None:
    changes = ", ".join(f"{name} = excluded.{name}" for name in ACCOUNTS.fields if name != "account")
    db.execute(f"{ACCOUNTS.insert} ON CONFLICT (account) DO UPDATE SET {changes}", ACCOUNTS.values(account))
