"""Takes known shapes of secrets out of text that people will read or paste: logs and error texts.

A net below the rule that no secret gets there at all. Shapes as their issuers document them; a secret without a shape
(a plain password) is not found. Enough of the front is kept to tell which key it was.
"""

from __future__ import annotations

import re

_KEPT_FRONT = re.compile(
    r"""
    \b(?P<front>
        sk-(?:ant-|proj-|or-|svcacct-)?      # OpenAI, Anthropic, OpenRouter, DashScope
      | AIza                                 # Google API keys
      | ya29\.                               # Google access tokens
      | gh[opsur]_ | github_pat_             # GitHub
      | glpat-                               # GitLab
      | xox[abprs]-                          # Slack
      | hf_                                  # Hugging Face
      | AKIA | ASIA                          # AWS access key ids
      | eyJ(?=[\w-]+\.eyJ)                   # JSON web tokens
    )[\w.-]{12,}
    """,
    re.VERBOSE,
)
_AFTER_NAME = re.compile(
    r"""
    (?P<front>
        \b(?:bearer|basic)\s+
      | (?:\b|_)(?:api[-_]?key|(?:access|auth)[-_]?token|secret|password)["']?\s*[:=]\s*["']?
    )[^\s"',;&]{6,}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_USERINFO = re.compile(r"(?P<front>\b[a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+(?=@)", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with every known shape replaced by its front and `…`.

    >>> redact("401 for sk-proj-abcdefghijklmnop at https://me:pw12@host/")
    '401 for sk-proj-… at https://…@host/'
    """
    for shape in (_KEPT_FRONT, _AFTER_NAME, _USERINFO):
        text = shape.sub(r"\g<front>…", text)
    return text
