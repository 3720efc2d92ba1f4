//! `docdb.subnet_group`: `CreateDBSubnetGroup`.

crate::kinds::rds::shared::subnet_group::subnet_group! {
    aws_sdk_docdb, "docdb", "docdb.subnet_group",
    "The subnets that DocumentDB clusters stand in."
}
