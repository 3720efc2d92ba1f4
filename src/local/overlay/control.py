"""`/infra/…`: what a test asks of the server itself, in JSON; faults and journals belong to an account."""

import json
import re
from urllib.parse import parse_qs

import consistency
import faults
import journal
import settings
import tokens

ACCOUNT = re.compile(r"^(\d{12}|\*)$")


def answer(environ, facts):
    """The status and the JSON of an answer."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    try:
        body = json.loads(environ["wsgi.input"].read() or b"{}") if method == "POST" else {}
        if path == "/infra/health":
            return "200 OK", facts
        if path == "/infra/settings":
            return "200 OK", change_settings(body)
        if path in ("/infra/faults", "/infra/journal"):
            account = body.pop("account", query.get("account", ""))
            if not ACCOUNT.match(account):
                raise ValueError("account is twelve digits, or * for all")
            ask = of_faults if path == "/infra/faults" else of_journal
            return "200 OK", ask(method, account, body, query)
    except (ValueError, TypeError, KeyError) as error:
        return "400 Bad Request", {"message": f"{type(error).__name__}: {error}"}
    return "404 Not Found", {"message": f"no {path}"}


def change_settings(body):
    """For all, or for the one account that is named, which has no `step` of its own."""
    account = body.pop("account", None)
    for name, value in body.items():
        if name not in ("step", "lag", "own_writes") or (account and name == "step"):
            raise ValueError(f"no setting {name}")
        value = bool(value) if name == "own_writes" else float(value)
        if account:
            settings.accounts.setdefault(account, {})[name] = value
        else:
            setattr(settings, name, value)
    return {"step": settings.step, **{name: settings.of(account, name) for name in ("lag", "own_writes")}}


def of_faults(method, account, body, _):
    if method == "POST":
        faults.put(account, body.get("rules", []))
    return {"rules": faults.shown(account)}


def of_journal(method, account, body, query):
    if method == "POST" and body.pop("release", False):
        journal.release(account)
    elif method == "POST":
        journal.start(account, **body)
    return journal.shown(account, float(query.get("wait", 0)))


def forget():
    """What `POST /moto-api/reset` empties besides moto."""
    for each in (faults, journal, tokens, consistency):
        each.forget()
    settings.accounts.clear()
