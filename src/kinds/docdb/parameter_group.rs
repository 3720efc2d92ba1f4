//! `docdb.parameter_group`: `CreateDBClusterParameterGroup`, `ModifyDBClusterParameterGroup`.

crate::kinds::rds::shared::parameter_group::parameter_group! {
    aws_sdk_docdb, "docdb.parameter_group", "rds:cluster-pg:",
    "Parameters of DocumentDB clusters: `tls`, `audit_logs`, `ttl_monitor`, `profiler` and others.",
    "The engine and version that they are for: `docdb5.0`.",
    DbClusterParameterGroup {
        db_cluster_parameter_group_name, db_cluster_parameter_group_arn, db_cluster_parameter_group
    },
    describe_db_cluster_parameter_groups, create_db_cluster_parameter_group,
    modify_db_cluster_parameter_group, reset_db_cluster_parameter_group,
    delete_db_cluster_parameter_group,
    describe_db_cluster_parameters {}
}
