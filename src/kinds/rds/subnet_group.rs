//! `rds.subnet_group`: `CreateDBSubnetGroup`.

crate::kinds::rds::shared::subnet_group::subnet_group! {
    aws_sdk_rds, "rds", "rds.subnet_group",
    "The subnets that RDS databases stand in."
}
