"""FSx: the states of file systems and backups, and a file system's network interfaces."""

from moto.ec2.models import ec2_backends
from moto.fsx.models import Backup, FileSystem, FSxBackend

import interfaces
import states
from patch import around


@around(FSxBackend)
def create_file_system(inner, self, *args, **kwargs):
    made = inner(self, *args, **kwargs)
    ec2 = ec2_backends[self.account_id][self.region_name]
    text, groups = f"Created for file system {made.file_system_id}", made.security_group_ids
    made.network_interface_ids = [
        interfaces.make(ec2, subnet, text, groups, requester="amazon-fsx").id for subnet in made.subnet_ids or []
    ]
    states.pass_through(self, made, "lifecycle", "CREATING", "AVAILABLE")
    return made


@around(FileSystem)
def to_dict(inner, self):
    return {**inner(self), "Lifecycle": self.lifecycle, "NetworkInterfaceIds": self.network_interface_ids}


@around(FSxBackend)
def delete_file_system(inner, self, file_system_id, *args, **kwargs):
    """It stays as long as it is DELETING."""
    found = self.file_systems.get(file_system_id)
    if found is not None and found.lifecycle == "DELETING":
        return file_system_id, "DELETING", None, None, None
    answer = inner(self, file_system_id, *args, **kwargs)
    self.file_systems[file_system_id] = found

    def finish():
        self.file_systems.pop(file_system_id, None)
        interfaces.drop(ec2_backends[self.account_id][self.region_name], found.network_interface_ids)

    states.pass_through(self, found, "lifecycle", "DELETING", "DELETED", then=finish)
    return answer


@around(Backup)
def __init__(inner, self, *args, **kwargs):
    inner(self, *args, **kwargs)
    states.pass_through(self.backend, self, "lifecycle", "CREATING", "AVAILABLE")
