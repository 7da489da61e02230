"""The words the daemon's floors share. Frozen structs and nothing else."""

from __future__ import annotations
