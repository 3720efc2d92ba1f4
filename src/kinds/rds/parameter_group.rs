//! `rds.parameter_group`: `CreateDBParameterGroup`, `ModifyDBParameterGroup`.

crate::kinds::rds::shared::parameter_group::parameter_group! {
    aws_sdk_rds, "rds.parameter_group", "rds:pg:",
    "Parameters of RDS databases, such as `max_connections`.",
    "The engine and version that they are for: `mysql8.4`, `postgres17`, `mariadb11.4`.",
    DbParameterGroup { db_parameter_group_name, db_parameter_group_arn, db_parameter_group },
    describe_db_parameter_groups, create_db_parameter_group,
    modify_db_parameter_group, reset_db_parameter_group, delete_db_parameter_group,
    describe_db_parameters { source }
}
