"""`/infra/…`: what a test asks of the server itself, in JSON; faults and journals belong to an account.

A wrong request is answered 400 with `{"message": …}`. `account` is twelve digits; of faults and journals also `*`: all
accounts that have none of their own.

GET /infra/health
    {"pid", "version", "port", "endpoint"}
POST /infra/stop
    The same, and the server ends.
POST /infra/settings {"step", "lag", "own_writes"}
    Changes what is given, and answers all three; with "account" for that account, which has no `step` of its own.
POST /infra/faults {"account", "rules": [rule, …]}
    Replaces the rules of the account: see faults.py.
GET /infra/faults?account=A
    {"rules": [{…rule, "matched": how many calls it applied to, "fired": how often}, …]}; the post answers it as well.
POST /infra/journal {"account", "halt_at": N, "when": "before" | "after", "mode": "halt" | "reset"}
    A fresh journal, numbered from 1; all but `account` may be left out. What the one before it held is cut first.
POST /infra/journal {"account", "release": true}
    Cuts the connections that are held. The account works again; its journal goes on, and halts no more.
GET /infra/journal?account=A&wait=SECONDS
    {"calls": [{"n": 1, "service": "ec2", "operation": "CreateVpc", "status": 200}, …],
     "total": how many calls, "halted": whether calls are held now, "held": how many}; both posts answer it as well.
    With `wait` it answers when a halt has come, or after so long. Each call that changes something has the next number,
    from when it comes in. Its `status` is null while it is under way, and for ever if it was halted `before`: then it
    never takes effect. Nor do calls that come in during the halt; they are held, also those that read, and have no
    number. Calls that are under way when the halt comes do take effect, and nobody gets their answer: where several
    come at once and the nth is to be halted `after`, some have higher numbers.
GET /infra/census?account=A
    {"eu-west-3 ec2:vpc": ["vpc-…"], "iam:role": ["name"], …}: see census.py. What is new is in it at once, and what is
    being deleted until it is gone.
"""

import json
import re
from urllib.parse import parse_qs

import atlas
import calls
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
        if path in OF_ACCOUNTS:
            account = body.pop("account", query.get("account", ""))
            if not ACCOUNT.match(account):
                raise ValueError("account is twelve digits, or * for all")
            return "200 OK", OF_ACCOUNTS[path](method, account, body, query)
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


def of_census(_, account, body, query):
    # It reads the services, which are there once the server is.
    import census

    with calls.ALONE:
        return census.take(account)


OF_ACCOUNTS = {"/infra/faults": of_faults, "/infra/journal": of_journal, "/infra/census": of_census}


def forget():
    """What `POST /moto-api/reset` empties besides moto."""
    for each in (atlas, faults, journal, tokens, consistency):
        each.forget()
    settings.accounts.clear()
