//! A secret's first value, which is never read back: `GetRandomPassword`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Secret;
use crate::aws::{Aws, Error, Result};
use crate::kind::{Json, Problem, default};
use crate::kinds::secretsmanager::client;

/// How a secret's first value is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The number of characters.
    #[serde(default = "thirty_two")]
    #[schemars(range(min = 1, max = 4096))]
    length: i64,
    /// Characters that do not occur, such as `"@/\` for a database password.
    exclude_characters: Option<String>,
    /// Whether digits may occur.
    #[serde(default = "default::yes")]
    numbers: bool,
    /// Whether punctuation may occur.
    #[serde(default = "default::yes")]
    punctuation: bool,
    /// A JSON object that the generated text becomes a part of, such as `{ username: admin }`.
    template: Option<Json>,
    /// The generated text's key in the template, such as `password`.
    key: Option<String>,
}

fn thirty_two() -> i64 {
    32
}

/// The value to make the secret with.
pub(super) async fn first_value(aws: &Aws, secret: &Secret) -> Result<Option<String>> {
    let Some(generate) = &secret.generate else {
        return Ok(secret.value.as_ref().map(|value| value.0.clone()));
    };
    let answer = client(aws)
        .get_random_password()
        .password_length(generate.length)
        .set_exclude_characters(generate.exclude_characters.clone())
        .exclude_numbers(!generate.numbers)
        .exclude_punctuation(!generate.punctuation)
        .send()
        .await?;
    let text = answer.random_password.ok_or_else(|| Error::missing("random password"))?;
    Ok(Some(match (&generate.template, &generate.key) {
        (Some(Json(Value::Object(template))), Some(key)) => {
            let mut whole = template.clone();
            whole.insert(key.clone(), text.into());
            Value::Object(whole).to_string()
        }
        _ => text,
    }))
}

/// What is wrong with how the first value is to be made.
pub(super) fn problems(secret: &Secret) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(generate) = &secret.generate else { return problems };
    if secret.value.is_some() {
        let message = "a secret has one first value: `value` and `generate` exclude each other";
        problems.push(Problem::at("generate", message));
    }
    match (&generate.template, &generate.key) {
        (Some(Json(Value::Object(_) | Value::String(_))), Some(_)) | (None, None) => {}
        (Some(_), Some(_)) => {
            let message = "the template has to be an object";
            problems.push(Problem::at("generate.template", message));
        }
        (Some(_), None) | (None, Some(_)) => {
            let message = "`template` and `key` go together: the generated text becomes the \
                           template's value of that key";
            problems.push(Problem::at("generate", message));
        }
    }
    problems
}
