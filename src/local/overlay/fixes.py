"""Everything in which moto is brought closer to AWS. Each file here corrects one service when it is imported."""


def install():
    import acls  # noqa: F401
    import appstream  # noqa: F401
    import atlas_access  # noqa: F401
    import atlas_alerts  # noqa: F401
    import atlas_backup  # noqa: F401
    import atlas_clusters  # noqa: F401
    import atlas_flex  # noqa: F401
    import atlas_network  # noqa: F401
    import atlas_projects  # noqa: F401
    import backup  # noqa: F401
    import budgets  # noqa: F401
    import cloudfront  # noqa: F401
    import cloudtrail  # noqa: F401
    import cloudwatch  # noqa: F401
    import config_  # noqa: F401
    import dlm  # noqa: F401
    import docdb  # noqa: F401
    import ec2  # noqa: F401
    import ecr  # noqa: F401
    import ecs  # noqa: F401
    import elbv2  # noqa: F401
    import events  # noqa: F401
    import fsx  # noqa: F401
    import guardduty  # noqa: F401
    import iam  # noqa: F401
    import instances  # noqa: F401
    import interfaces  # noqa: F401
    import kms  # noqa: F401
    import lambda_  # noqa: F401
    import logs  # noqa: F401
    import machines  # noqa: F401
    import once  # noqa: F401
    import paging  # noqa: F401
    import parameter_groups  # noqa: F401
    import rds  # noqa: F401
    import records  # noqa: F401
    import recovery  # noqa: F401
    import resets  # noqa: F401
    import route53  # noqa: F401
    import s3  # noqa: F401
    import scaling  # noqa: F401
    import scheduler  # noqa: F401
    import secretsmanager  # noqa: F401
    import sns  # noqa: F401
    import states  # noqa: F401
    import sqs  # noqa: F401
    import volumes  # noqa: F401
    import wafv2  # noqa: F401
    import tagging

    tagging.install()
