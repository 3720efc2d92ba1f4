//! Failures, and what to do about them.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::aws::{Class, Error};
use crate::model::Address;

use super::event::Verb;

/// A step that failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot {verb} {kind} `{address}`: {error}")]
pub struct Failure {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// What was tried.
    pub verb: Verb,
    /// What AWS said.
    pub error: Error,
    /// What to do next.
    pub advice: String,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Failure", 7)?;
        fields.serialize_field("address", &self.address)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("step", &self.verb)?;
        fields.serialize_field("code", &self.error.code)?;
        fields.serialize_field("message", &self.error.message)?;
        fields.serialize_field("request_id", &self.error.request_id)?;
        fields.serialize_field("advice", &self.advice)?;
        fields.end()
    }
}

/// AWS took longer than it may.
pub(super) const DEADLINE: &str = "DeadlineExceeded";
/// AWS says that the object will never be usable.
pub(super) const NEVER_USABLE: &str = "NeverUsable";
/// AWS does not delete an object with data in it.
pub(super) const HOLDS_DATA: &str = "HoldsData";
/// An expression waits for something that is not there.
pub(super) const UNRESOLVED: &str = "UnresolvedExpression";
/// Another object claims the address.
pub(super) const OTHER: &str = "ClaimedTwice";
/// It is not what a saved plan was made for.
pub(super) const MOVED: &str = "Moved";

/// What to do about an error.
pub(super) fn advice(error: &Error, verb: Verb, kind: &str, address: &Address) -> String {
    match error.code.as_str() {
        DEADLINE => {
            return format!(
                "run `infra apply` again: it goes on from here; if AWS needs longer for this \
                 object, give `{address}` a longer `lifecycle.timeout`"
            );
        }
        NEVER_USABLE => {
            return "mend what AWS names; the next `infra apply` replaces the object".to_owned();
        }
        HOLDS_DATA => {
            return "run again with `--force` to delete the data too; to keep it, \
                    `infra destroy --keep-data` or `retain`"
                .to_owned();
        }
        MOVED => {
            return "it was left as it is: review a new plan (`infra plan --out`), then apply that"
                .to_owned();
        }
        OTHER => {
            return "somebody else has made it at the same time: `infra plan` shows what is to \
                    become of it"
                .to_owned();
        }
        UNRESOLVED => {
            return "run `infra plan` again; if it stays, the expression asks for an output that \
                    the object never has"
                .to_owned();
        }
        _ => {}
    }
    match (error.class, verb) {
        (Class::Exists, _) => format!(
            "an object with this name exists and is not tagged as `{address}`: a foreign one, or \
             one half made by an interrupted run. `infra plan` shows it; `--adopt {address}` takes \
             it over; or choose another name"
        ),
        (Class::Busy, Verb::Delete) => format!(
            "something that is not in this stack still uses it (AWS names it above, or the console \
             does): remove that, then run again; or declare {kind} `{address}` with `retain`"
        ),
        (Class::Busy, _) => {
            "another change to the object is under way: run again when it has ended".to_owned()
        }
        (Class::Denied, _) => match denied_operation(&error.message) {
            Some(operation) => {
                format!("allow the role or user that runs this `{operation}`, then run again")
            }
            None => format!(
                "the role or user that runs this may not {verb} `{kind}`: add the permission, then \
                 run again"
            ),
        },
        (Class::Throttled, _) => {
            "AWS limits the calls of this account: run again, with a lower `--parallelism`"
                .to_owned()
        }
        (Class::Transient, _) => "AWS failed: run again; nothing is lost".to_owned(),
        (Class::Unreachable, _) => {
            "nothing answered: check the network, then run again; nothing is lost".to_owned()
        }
        (Class::Credentials, _) => "log in again, then run again: it goes on from here".to_owned(),
        (Class::NotFound, Verb::Create) => {
            "something that it refers to does not exist: run `infra plan` to see what has changed"
                .to_owned()
        }
        (Class::NotFound, _) => {
            "it was deleted meanwhile: run `infra plan` to see what has changed".to_owned()
        }
        (Class::NotImplemented, _) => {
            "the endpoint does not know this operation: it needs AWS itself, or an emulator that \
             has it"
                .to_owned()
        }
        (Class::Refused, _) => {
            format!("AWS does not take this as it is: correct `{address}` in the stack file")
        }
    }
}

/// The `service:Operation` that AWS's message says the caller may not perform.
pub(super) fn denied_operation(message: &str) -> Option<&str> {
    let rest = message.split_once("to perform: ")?.1;
    rest.split_whitespace().next().filter(|operation| operation.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_leads_to_the_permission() {
        let text = |message: &str| {
            let error = Error::new(Class::Denied, "AccessDenied", message);
            advice(&error, Verb::Create, "iam.role", &"task".into())
        };
        let named = "User: arn:aws:iam::1:user/a is not authorized to perform: iam:CreateRole on x";
        assert!(text(named).contains("`iam:CreateRole`"));
        let silent = "You are not authorized to perform this operation.";
        assert!(text(silent).contains("may not create `iam.role`"));
    }
}
