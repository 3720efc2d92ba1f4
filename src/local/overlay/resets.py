"""A reset without what moto does in vain.

Before moto forgets a backend it makes it anew, with thousands of images, and it goes on knowing it where it remembers
what functions answered: each reset takes half a second, and the server grows by some 20 MB.
"""

from moto.core.base_backend import AccountSpecificBackend, BackendDict, backend_lock
from moto.ec2.models.subnets import Subnet


def reset():
    with backend_lock:
        for backend in BackendDict._instances:
            if backend.service_name == "s3":
                # Objects are in files, which this closes.
                for of_account in backend.values():
                    of_account.reset()
            backend.clear()
        BackendDict._instances.clear()
    AccountSpecificBackend._generate_regions.cache_clear()
    Subnet._base_avail_ip_iterator.cache_clear()


BackendDict.reset = staticmethod(reset)
