"""`muxctl demo`: everything that matters, shown on this machine with scripted agents in place of the real ones.

`codex`, `claude` and `gemini` here are small programs that speak those CLIs' wire formats as real child processes.
They call no model. `stage` builds and removes the private world they live in, `story` is what happens there.
"""

from __future__ import annotations
