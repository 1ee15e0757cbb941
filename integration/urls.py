"""Addresses: what a usable one is, and how one may be shown."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def masked(url: str) -> str:
    """The URL as it may be shown: the password replaced, in front of the host or in the query."""
    url = re.sub(r"(://[^/?#]*?:)[^/?#]*@", r"\1***@", url)
    return re.sub(r"([?&]password=)[^&#]*", r"\1***", url)


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine and no other."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parsed(url: str) -> SplitResult:
    """The URL's parts.

    :raises ValueError: for what is not a URL, without repeating it.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # is parsed, and refused, only when it is read
    except ValueError:
        raise ValueError("it is not a URL") from None
    return parts


def web_url(url: str) -> str:
    """The base of an HTTP API, without the slash at its end.

    :raises ValueError: where a path and credentials of ours could not be added to it.
    """
    parts = parsed(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must begin with http:// or https:// and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it must hold no credentials, query or fragment")
    return url.rstrip("/")


def api_url(url: str) -> str:
    """The base of an API that is called with a key, without the slash at its end.

    :raises ValueError: as `web_url` does, and where others on the way could read along.
    """
    base = web_url(url)
    if urlsplit(base).scheme != "https" and not is_loopback(base):
        raise ValueError(
            "it begins with http://, which sends the key and shoppers' data for everyone on the way to read: "
            "https:// is needed, except on this machine"
        )
    return base


def without_api_path(url: str) -> str:
    """Mirakl's address, to which every call adds its own path below `/api`.

    :raises ValueError: it has that path already.
    """
    path = urlsplit(url).path
    if path.startswith("/api/") or path.endswith("/api"):
        raise ValueError(f"every call adds its own path below /api: leave out {path}")
    return url
