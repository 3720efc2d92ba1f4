"""How much time things take in the local AWS. With zero everything happens at once, as in moto."""

# What `--strict` means: long enough for a client to see every state, short enough for tests.
STRICT_STEP = 0.03
STRICT_LAG = 0.05

# Seconds that an object stays in each state that it only passes through: pending, deleting, ...
step = 0.0
# Seconds until every reader sees a change: a new id that is not found, a role that cannot be passed yet.
lag = 0.0
# Whether a connection sees at once what it made itself.
own_writes = True

# What an account has asked for itself: `lag` and `own_writes` by its number.
accounts = {}


def of(account, name):
    return accounts.get(account, {}).get(name, globals()[name])
