"""ECR: a scanning configuration that leaves `scanOnPush` out means that nothing is scanned."""

from moto.ecr.models import ECRBackend

from patch import around


@around(ECRBackend)
def put_image_scanning_configuration(inner, self, registry_id, repository_name, image_scan_config):
    return inner(self, registry_id, repository_name, {"scanOnPush": False, **(image_scan_config or {})})
