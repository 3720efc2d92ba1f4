"""What moto and botocore look for on the disk with every request, or for every service, is looked for once."""

import functools

import botocore.session
import moto.backends
import moto.core.utils

modules = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: modules

# A loader knows which services there are once it has looked; one for each service looks each time.
for user in (botocore.session, moto.core.utils):
    user.create_loader = functools.cache(user.create_loader)
