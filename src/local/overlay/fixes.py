"""Everything in which moto is brought closer to AWS, service by service."""

import tagging


def install():
    tagging.install()
