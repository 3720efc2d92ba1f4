"""How the other files change moto: by wrapping a method, or by adding one that is missing."""

import functools


def around(owner, name=None):
    """Replaces `owner`'s method of this name, or of the function's own, by the function, whose first argument is the
    original."""

    def decorate(function):
        method = name or function.__name__
        inner = getattr(owner, method)

        @functools.wraps(inner)
        def outer(*args, **kwargs):
            return function(inner, *args, **kwargs)

        setattr(owner, method, outer)
        return function

    return decorate


def added(owner):
    """Gives `owner` this function as a method."""

    def decorate(function):
        setattr(owner, function.__name__, function)
        return function

    return decorate
