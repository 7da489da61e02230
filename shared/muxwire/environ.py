"""The part of a caller's environment that travels with a task and is stored with it. Loads nothing.

Secrets are not here: the names that a provider's adapter declares are asked for one by one (`Need`), held in memory
only, and never given to another provider.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # not imported at run time: hot clients load this module
    from collections.abc import Iterable

BASE_NAMES = frozenset(
    (
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TERM",
        "COLORTERM",
        "TMPDIR",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "CONDA_DEFAULT_ENV",
        "PYENV_ROOT",
        "PYENV_VERSION",
        "NVM_DIR",
        "NVM_BIN",
        "VOLTA_HOME",
        "GOPATH",
        "GOROOT",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "JAVA_HOME",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "SSH_AUTH_SOCK",
        "DBUS_SESSION_BUS_ADDRESS",
        "CODEX_HOME",
        "CLAUDE_CONFIG_DIR",
        "GEMINI_CLI_HOME",
        "QWEN_HOME",
        "OLLAMA_HOST",
        "MODELMUX_HOME",
    )
)
"""Where programs are found, how they talk to the network, and which tool chain the caller has switched on.

Four of the last say where an agent keeps its settings: these must be read before it is known which keys to ask for.
The very last is our own: an agent that asks us for something is to find the same daemon.
"""

BASE_PREFIXES = ("LC_", "XDG_")


def is_base(name: str) -> bool:
    """Whether a variable of this name travels with every task."""
    return name in BASE_NAMES or name.startswith(BASE_PREFIXES)


def base_environment(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The allow-listed part of an environment given as raw bytes (`os.environb.items()`).

    A value that is no UTF-8 cannot travel as text and is left out.
    """
    chosen: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        try:
            name = raw_name.decode()
            if is_base(name):
                chosen[name] = raw_value.decode()
        except UnicodeDecodeError:
            continue
    return chosen
