//! Secrets that change by themselves: the function is made behind the stack's back.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use infra::model::{Options, Stack};
use serde_json::json;

use crate::world::{World, load_with, summary};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
/// A zip archive without files.
const NO_FILES: [u8; 22] = [b'P', b'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The ARN of a function that could change a secret.
async fn function(world: &World) -> String {
    let config = world.config("eu-west-3").await;
    let iam = aws_sdk_iam::Client::new(&config);
    let role =
        iam.create_role().role_name("rotate").assume_role_policy_document(TRUST).send().await;
    let role = role.expect("a role").role.expect("a role").arn;
    let made = aws_sdk_lambda::Client::new(&config)
        .create_function()
        .function_name("rotate")
        .role(role)
        .runtime(Runtime::Python312)
        .handler("main.handler")
        .code(FunctionCode::builder().zip_file(Blob::new(NO_FILES)).build())
        .send()
        .await;
    made.expect("a function").function_arn.expect("an ARN")
}

fn stack(rotation: serde_json::Value) -> Stack {
    let mut secret = json!({
        "kind": "secretsmanager.secret", "name": "password", "generate": {}, "deletion_days": 0,
    });
    secret["rotation"] = rotation;
    let text = json!({
        "stack": "probe", "region": "eu-west-3", "resources": { "password": secret },
    });
    let here = std::path::Path::new(".");
    load_with("rotation.yaml", &text.to_string(), here, &Options::default()).expect("a stack")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_rotates_as_the_file_says() {
    let world = World::new();
    world.without_lag().await;
    let lambda = function(&world).await;
    for rotation in [
        json!({ "lambda": lambda, "every": "30 days" }),
        json!({ "lambda": lambda, "every": "30 days", "window_hours": 3 }),
        json!({ "lambda": lambda, "every": "cron(0 4 ? * SUN *)", "window_hours": 2 }),
        json!(null),
        json!({ "lambda": lambda, "every": "12 hours" }),
    ] {
        let stack = stack(rotation.clone());
        let plan = world.plan(&stack).await.expect("a plan");
        assert!(plan.has_changes(), "{rotation}: nothing to do");
        world.carry_out(&stack, &plan).await.expect("applied");
        let again = world.plan_in_time(&stack).await.expect("a plan");
        assert!(!again.has_changes(), "{rotation}: {:?}", summary(&again));
    }
    world.destroy(&stack(json!(null))).await.expect("destroyed");
}
