"""Setting things up: the service, and later the wizard and the registration with IDEs."""

from __future__ import annotations
