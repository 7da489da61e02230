"""The guard: a few lines of POSIX sh between the daemon and an agent, so that the agent outlives the daemon.

Words of its command line: the attempt's folder, its marker, the agent's umask, the moment (on the boot clock) of the
dead-man deadline, the agent's cgroup or nothing, the text below that is only needed late, then the agent's argv.

Exit codes of its own: 75 the attempt was claimed before, 74 no status file, 73 no spool, 76 the status could not be
written. All but 76 mean that the agent never started. What we cannot hide from the agent: where `sh` is bash, `_` and
`SHLVL` are in its environment.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

import msgspec

MARKER = "MODELMUX_ATTEMPT"
CLAIMED, NO_STATUS, NO_SPOOL = 75, 74, 73
NEVER_STARTED = {
    CLAIMED: "the attempt was already claimed",
    NO_STATUS: "its status file could not be written",
    NO_SPOOL: "its spool could not be opened",
    2: "the shell could not read the guard",
    126: "the shell could not run",
    127: "the shell could not run",
}
"""What a guard's exit code tells when the status is blank."""

OWN_NAMES = frozenset({"IFS", "OPTIND", "PPID"})
"""Variables that a POSIX shell sets anew; they cannot pass through it."""
OWN_PREFIX = "__mux_"

# The claim comes before all else. `read` and `printf` are builtins: no fork and so no window between claim and status.
# The watcher starts before the spools are opened and holds none of them. `&` would take the agent's stdin and make it
# ignore SIGINT, so the watcher is in the background and the agent in the foreground. `trap :` and not `trap ''`: the
# agent would inherit the latter. The group redirection fails with a status, where a failed `exec` ends the shell.
# The daemon holds the other end of our stdin and never writes: the watcher's `read` ends when the daemon is gone.
# A guard without a cgroup is a child subreaper: whatever the agent left behind is its child now. It kills these
# children until there are none (their children become its own); the foreground `sleep` makes the shell reap them.
_GUARD = r"""
trap : HUP INT QUIT TERM
__mux_d=$1 __mux_m=$2 __mux_u=$3 __mux_t=$4 __mux_c=$5 __mux_late=$6; shift 6
umask 077; set -C
true 2>/dev/null >"$__mux_d/claim" || exit 75
set +C
read -r __mux_s </proc/self/stat || __mux_s=$$
printf '%s\n' "$__mux_s" 1<>"$__mux_d/who" || exit 74
exec 3<&0
(trap '' HUP INT QUIT TERM; read -r __mux_x <&3; eval "$__mux_late") &
__mux_w=$!
{
  umask "$__mux_u"
  if [ "$__mux_c" ]; then
    (echo 0 >"$__mux_c/cgroup.procs" || : >"$__mux_d/unplaced"; exec "$@")
  else
    "$@"
  fi
  __mux_r=$?
} 3<&- <"$__mux_d/in" >>"$__mux_d/out" 2>>"$__mux_d/err" || { kill -USR1 $__mux_w; exit 73; }
printf '%-4d%-8d\n' $__mux_r 0 1<>"$__mux_d/rc" || __mux_e=76
__mux_kids() { __mux_k=; [ -r /proc/$$/task/$$/children ] && read -r __mux_k </proc/$$/task/$$/children; }
[ "$__mux_c" ] || __mux_kids
if [ "${__mux_k:-$__mux_w}" != "$__mux_w" ]; then
  __mux_n=0 __mux_i=0
  while [ $__mux_i -lt 500 ]; do
    __mux_o= __mux_i=$((__mux_i + 1))
    for __mux_p in $__mux_k; do
      [ $__mux_p = $__mux_w ] || { kill -KILL $__mux_p && __mux_n=$((__mux_n + 1)); __mux_o=1; }
    done
    [ "$__mux_o" ] || break
    (PATH=/usr/bin:/bin:$PATH; exec sleep 0.01)
    __mux_kids
  done
  printf '%-4d%-8d\n' $__mux_r $__mux_n 1<>"$__mux_d/rc"
fi
kill -USR1 $__mux_w; wait $__mux_w
exit ${__mux_e:-0}
"""

# The watcher's second half, evaluated once the daemon is gone: sleep until the deadline in pieces (a suspended machine
# stops `sleep` but not the boot clock; an orphaned piece ends soon), then mark, TERM to the group, five seconds, KILL.
# The agent's death makes the guard write the status; that is how the watcher knows. USR1 ends it until it has fired.
_LATE = r"""
exec 3<&-
PATH=/usr/bin:/bin:$PATH
trap 'kill -KILL $! ; exit 0' USR1
__mux_now() { if read -r __mux_x __mux_y </proc/uptime; then __mux_x=${__mux_x%.*}; else __mux_x=$(date +%s); fi; }
__mux_now
while [ $__mux_x -lt $__mux_t ]; do
  __mux_y=$((__mux_t - __mux_x)); [ $__mux_y -lt 30 ] || __mux_y=30
  sleep $__mux_y & wait $!
  __mux_now
done
trap '' USR1
printf '%s\nexpired\n' "$__mux_s" 1<>"$__mux_d/who"
__mux_over() { read -r __mux_x <"$__mux_d/rc"; [ "$__mux_x" ] || ! kill -0 $$; }
kill -TERM 0
for __mux_x in 1 2 3 4 5; do __mux_over && break; sleep 1; done
[ -z "$__mux_c" ] || echo 1 >"$__mux_c/cgroup.kill"
read -r __mux_me __mux_x </proc/self/stat
__mux_others() {
  if [ -r /proc/$$/task/$$/children ]; then read -r __mux_k </proc/$$/task/$$/children
  else __mux_k=$(pgrep -P $$); fi
  for __mux_p in $__mux_k; do [ "$__mux_p" = "$__mux_me" ] || kill -KILL $__mux_p; done
}
for __mux_i in 1 2 3 4 5 6 7 8 9 10; do __mux_over && break; __mux_others; sleep 0.1; done
for __mux_f in $(grep -lsF "MODELMUX_ATTEMPT=$__mux_m" /proc/[0-9]*/environ); do
  tr '\0' '\n' <$__mux_f | grep -qxF "MODELMUX_ATTEMPT=$__mux_m" || continue
  __mux_p=${__mux_f#/proc/}; __mux_p=${__mux_p%/*}
  [ "$__mux_p" = $$ ] || [ "$__mux_p" = "$__mux_me" ] || kill -KILL "$__mux_p"
done
"""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """One guard to start."""

    folder: Path
    marker: str
    argv: tuple[str, ...]
    """`argv[0]` holds a slash, so that it never names a builtin of the shell."""
    workdir: str
    env: Mapping[str, str]
    deadline: float
    """Seconds from now."""
    umask: int
    cgroup: str = ""
    """The agent's own cgroup, or empty: then the guard is made a child subreaper, where the system knows such."""

    def __repr__(self) -> str:
        return f"Guard({self.marker}, {self.argv[0]!r})"


def command(guard: Guard, shell: Sequence[str] = ()) -> list[str]:
    """The guard's argv. The environment is not in it: anybody may read a command line."""
    return [
        *(shell or (find_shell(),)),
        "-c",
        _GUARD,
        "modelmux-guard",
        str(guard.folder),
        guard.marker,
        f"{guard.umask:04o}",
        str(_moment(guard.deadline)),
        guard.cgroup,
        _LATE,
        *guard.argv,
    ]


def find_shell() -> str:
    """dash where it is (it costs 1.4 ms less than bash per start and adds nothing to the environment), else `sh`."""
    return next((path for path in ("/bin/dash", "/usr/bin/dash") if os.access(path, os.X_OK)), "/bin/sh")


def unfit_name(env: Mapping[str, str]) -> str | None:
    """The first variable that a shell would drop or change, or None: such an environment is refused, not altered."""
    for name in env:
        plain = name.isascii() and name.isidentifier()
        if not plain or name in OWN_NAMES or name.startswith(OWN_PREFIX):
            return name
    return None


def spawn(guard: Guard, alive: int, shell: Sequence[str] = ()) -> int:
    """Starts the guard in a session of its own; its pid, which the caller reaps.

    `alive` is the reading end of a pipe that only the daemon can write to. `PWD` is set to the working directory.
    Blocks for the exec: 0.5 ms by vfork. Raises OSError and ValueError as subprocess does.
    """
    old = signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a blocked signal would stay blocked in the agent
    try:
        process = subprocess.Popen(
            command(guard, shell),
            cwd=guard.workdir,
            env={**guard.env, MARKER: guard.marker, "PWD": guard.workdir},
            stdin=alive,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # vfork is out with a preexec_fn, so it is used only without a cgroup.
            preexec_fn=None if guard.cgroup else _SUBREAPER,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    process.returncode = 0  # it may outlive us, and we reap it ourselves: keep Popen from warning and from waiting
    return process.pid


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """What a signal does that we have to live through."""


def restore_dispositions() -> None:
    """Signals that we ignore would be ignored by every agent (`exec` keeps SIG_IGN): ignore them by a handler instead.

    A shell starts background jobs with SIGINT ignored, `nohup` with SIGHUP. Call from the main thread; elsewhere a
    signal handler cannot be set and nothing is done.
    """
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            try:
                signal.signal(number, _ignored)
            except ValueError:
                return


def _moment(deadline: float) -> int:
    """The deadline on the clock that the shell can read: /proc/uptime, else the wall clock."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.time()
    return math.ceil(now + min(deadline, 10 * 365 * 86400.0))


def _subreaper_hook() -> Callable[[], object] | None:
    """`prctl(PR_SET_CHILD_SUBREAPER, 1)`, to run between fork and exec; None where the system is not Linux.

    It survives exec but not fork, and a shell cannot say it. The function is looked up before the fork, so that the
    child only makes the call.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(36, 1, 0, 0, 0)


_SUBREAPER = _subreaper_hook()
IS_SUBREAPER = _SUBREAPER is not None
"""Whether a guard without a cgroup adopts, and so kills, whatever its agent leaves behind."""
