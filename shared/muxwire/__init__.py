"""The wire between the daemon and its clients: what may be asked, in which words, and how the bytes travel.

Nothing is imported here: a client that needs one word must not pay for the rest.
"""

from __future__ import annotations
