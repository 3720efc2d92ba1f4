"""Numbers the calls of an account that change something, and stops it before or after the nth."""

import threading
import time

from faults import EVERYONE, Reset

journals = {}
# How long no held call may have come in before a release: what a client that was killed sent just before is on its way.
QUIET = 0.02


class Journal:
    def __init__(self, halt_at=None, when="before", mode="halt"):
        if when not in ("before", "after") or mode not in ("halt", "reset"):
            raise ValueError("when is before or after, mode is halt or reset")
        self.changed = threading.Condition()
        self.halt_at, self.when, self.mode = halt_at, when, mode
        self.calls = []
        # The halt is over once it is released; a call that began before the release never gets its answer.
        self.halts = self.released = 0
        self.running = self.held = 0
        self.last_held = 0.0

    @property
    def halted(self):
        return self.halts > self.released

    def run(self, call, inner):
        mutating = call.mutating
        with self.changed:
            if self.halted:
                self.hold()
            entry = self.number(call) if mutating else None
            mine = entry is not None and entry["n"] == self.halt_at
            if mine and self.when == "before":
                self.strike()
            halts = self.halts
            self.running += 1
        try:
            answer = inner(call)
        finally:
            with self.changed:
                self.running -= 1
                self.changed.notify_all()
        with self.changed:
            if entry is not None:
                entry["status"] = int(answer[0][:3])
            if mine:
                self.strike()
            if self.halts > halts:
                self.hold()
        return answer

    def number(self, call):
        entry = {"n": len(self.calls) + 1, "service": call.service, "operation": call.operation, "status": None}
        self.calls.append(entry)
        return entry

    def strike(self):
        """The call whose turn it was: its connection is cut, or it is the first that is held."""
        if self.mode == "reset":
            raise Reset
        self.halts += 1
        self.changed.notify_all()
        self.hold()

    def hold(self):
        """Until the release; then the connection ends without an answer."""
        self.last_held = time.monotonic()
        self.held += 1
        self.changed.wait_for(lambda: not self.halted)
        self.held -= 1
        raise Reset

    def release(self):
        with self.changed:
            self.changed.wait_for(lambda: not self.running, timeout=5)
            deadline = time.monotonic() + 5
            while self.halted and self.last_held + QUIET > time.monotonic() < deadline:
                self.changed.wait(QUIET)
            # It is this journal's last halt.
            self.halt_at = None
            self.released = self.halts
            self.changed.notify_all()

    def shown(self, wait=0.0):
        with self.changed:
            if wait:
                self.changed.wait_for(lambda: self.halts, timeout=wait)
            calls = [dict(each) for each in self.calls]
            return {"calls": calls, "total": len(calls), "halted": self.halted, "held": self.held}


def layer(call, inner):
    if not journals:
        return inner(call)
    journal = journals.get(call.account) or journals.get(EVERYONE)
    return journal.run(call, inner) if journal else inner(call)


def start(account, **how):
    """A fresh journal. What the one before it held is let go."""
    made = Journal(**how)
    before = journals.get(account)
    if before:
        before.release()
    journals[account] = made


def release(account):
    if account in journals:
        journals[account].release()


def shown(account, wait):
    found = journals.get(account)
    return found.shown(wait) if found else Journal().shown()


def forget():
    for account in list(journals):
        journals.pop(account).release()
