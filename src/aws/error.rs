//! What goes wrong in a call to AWS, in classes that the engine acts upon.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The result of a call to AWS.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the engine does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The object does not exist: success for a delete.
    NotFound,
    /// Another object has the name.
    Exists,
    /// Something still depends on the object, or it is changing: tried again for a while.
    Busy,
    /// The caller may not do this.
    Denied,
    /// Too many calls: tried again.
    Throttled,
    /// AWS failed or the connection broke: tried again.
    Transient,
    /// No credentials, or AWS does not accept them.
    Credentials,
    /// Nothing answers at the endpoint.
    Unreachable,
    /// The endpoint does not know the operation.
    NotImplemented,
    /// AWS refuses the request as it is: hopeless.
    Refused,
}

/// A failed call: AWS's code, message and request id.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What the engine does about it.
    pub class: Class,
    /// AWS's code, such as `DependencyViolation`; our own word where AWS gave no answer.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// AWS's id of the request, for its support.
    pub request_id: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An error of our own making, in a class.
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self { class, code: code.to_owned(), message: message.into(), request_id: None }
    }

    /// An error that AWS reports inside an answer, by its code.
    pub fn coded(code: &str, message: &str) -> Self {
        Self::new(class_of(code, message, None), code, message)
    }

    /// JSON that does not have the shape of its kind.
    pub(crate) fn shape(what: &str, error: &serde_json::Error) -> Self {
        Self::new(Class::Refused, "InvalidShape", format!("{what}: {error}"))
    }

    /// An answer of AWS that lacks what its documentation promises.
    pub fn missing(what: &str) -> Self {
        Self::new(Class::Refused, "IncompleteAnswer", format!("AWS's answer has no {what}"))
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.class == Class::NotFound
    }

    /// Whether the code and a part of the message are among those given ("" for any message).
    pub fn is_one_of(&self, known: &[(&str, &str)]) -> bool {
        known.iter().any(|(code, part)| self.code == *code && self.message.contains(part))
    }
}

/// Turns "does not exist" into `None`: for facets that AWS reports as an error when they are not
/// set.
pub trait Absent<T> {
    /// `None` when AWS says that there is nothing.
    fn absent(self) -> Result<Option<T>>;
}

impl<T> Absent<T> for Result<T> {
    fn absent(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let request_id = error.raw_response().and_then(request_id);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let is_html = error.raw_response().is_some_and(is_html);
        let (class, code, message) = match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code();
                let message = service.err().message().unwrap_or_default().to_owned();
                match code {
                    _ if is_html => not_implemented(),
                    None if error.raw_response().is_some_and(|r| r.status().is_success()) => {
                        (Class::Transient, "InvalidAnswer".to_owned(), chain(service.err()))
                    }
                    Some(code) => (class_of(code, &message, status), code.to_owned(), message),
                    None => without_code(status, message),
                }
            }
            SdkError::ResponseError(_) if is_html => not_implemented(),
            SdkError::ResponseError(_) => {
                (Class::Transient, "InvalidAnswer".to_owned(), chain(&error))
            }
            SdkError::TimeoutError(_) => {
                (Class::Unreachable, "Timeout".to_owned(), "no answer in time".to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                let text = chain(&error);
                if failure.is_other() || text.contains("credentials") {
                    (Class::Credentials, "NoCredentials".to_owned(), text)
                } else {
                    (Class::Unreachable, "Unreachable".to_owned(), text)
                }
            }
            SdkError::ConstructionFailure(_) if chain(&error).contains("credentials") => {
                (Class::Credentials, "NoCredentials".to_owned(), chain(&error))
            }
            _ => (Class::Refused, "InvalidRequest".to_owned(), chain(&error)),
        };
        Self { class, code, message, request_id }
    }
}

/// A request that the SDK's builder refuses to build.
impl From<aws_smithy_types::error::operation::BuildError> for Error {
    fn from(error: aws_smithy_types::error::operation::BuildError) -> Self {
        Self::new(Class::Refused, "InvalidRequest", chain(&error))
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

fn request_id(response: &HttpResponse) -> Option<String> {
    ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"]
        .iter()
        .find_map(|name| response.headers().get(*name))
        .map(ToOwned::to_owned)
}

fn is_html(response: &HttpResponse) -> bool {
    response.headers().get("content-type").is_some_and(|kind| kind.starts_with("text/html"))
        && !response.status().is_success()
}

fn not_implemented() -> (Class, String, String) {
    let message = "the endpoint answered with a page instead of an answer: it does not know this \
                   operation";
    (Class::NotImplemented, "NotImplemented".to_owned(), message.to_owned())
}

/// An answer without a code, as S3 gives to HEAD requests.
fn without_code(status: Option<u16>, message: String) -> (Class, String, String) {
    let (class, code) = match status {
        Some(404) => (Class::NotFound, "NotFound"),
        Some(403) => (Class::Denied, "AccessDenied"),
        Some(409) => (Class::Busy, "Conflict"),
        Some(429) => (Class::Throttled, "TooManyRequests"),
        Some(500..) => (Class::Transient, "ServiceFailure"),
        _ => (Class::Refused, "InvalidRequest"),
    };
    (class, code.to_owned(), message)
}

fn class_of(code: &str, message: &str, status: Option<u16>) -> Class {
    let is = |codes: &[&str]| codes.contains(&code);
    if is(NOT_FOUND) || (code.starts_with("Invalid") && code.ends_with(".NotFound")) {
        return Class::NotFound;
    }
    if is(DENIED) {
        return Class::Denied;
    }
    if is(THROTTLED) {
        return Class::Throttled;
    }
    if is(CREDENTIALS) {
        return Class::Credentials;
    }
    if is(EXISTS) || code.ends_with(".Duplicate") {
        return Class::Exists;
    }
    if is(BUSY) {
        return Class::Busy;
    }
    if is(&["NotImplemented", "UnknownOperationException", "InvalidAction"]) {
        return Class::NotImplemented;
    }
    match (code, status) {
        // ECS says these of clusters and services that are gone.
        ("ClientException", _) if message.contains("not found") => Class::NotFound,
        // ECS says this of a service that has the name and other settings.
        ("InvalidParameterException", _) if message.contains("was not idempotent") => Class::Exists,
        // Lambda says one word of a name that is taken and of a function that is changing.
        ("ResourceConflictException", _) if message.contains("already exist") => Class::Exists,
        ("ResourceConflictException", _) => Class::Busy,
        // GuardDuty says all in one code.
        ("BadRequestException", _) if message.contains("not owned by the current account") => {
            Class::NotFound
        }
        ("BadRequestException", _) if message.contains("detector already exists") => Class::Exists,
        (_, Some(404)) => Class::NotFound,
        (_, Some(500..)) => Class::Transient,
        _ => Class::Refused,
    }
}

const NOT_FOUND: &[&str] = &[
    "ClusterNotFoundException",
    "DBClusterNotFoundFault",
    "DBClusterParameterGroupNotFound",
    "DBInstanceNotFound",
    "DBParameterGroupNotFound",
    "DBSubnetGroupNotFoundFault",
    "ListenerNotFound",
    "LoadBalancerNotFound",
    "NatGatewayNotFound",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchConfigRuleException",
    "NoSuchConfigurationRecorderException",
    "NoSuchDeliveryChannelException",
    "NoSuchEntity",
    "NoSuchHealthCheck",
    "NoSuchHostedZone",
    "NoSuchKey",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NotFound",
    "NotFoundException",
    "ObjectNotFoundException",
    "OwnershipControlsNotFoundError",
    "ReplicationConfigurationNotFoundError",
    "LifecyclePolicyNotFoundException",
    "RepositoryNotFoundException",
    "RepositoryPolicyNotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "RuleNotFound",
    "ServerSideEncryptionConfigurationNotFoundError",
    "ServiceNotFoundException",
    "TargetGroupNotFound",
    "TrailNotFoundException",
    "WAFNonexistentItemException",
];

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "KMSAccessDeniedException",
    "NotAuthorized",
    "UnauthorizedOperation",
];

const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

const CREDENTIALS: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

const EXISTS: &[&str] = &[
    "AlreadyExistsException",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "DBClusterAlreadyExistsFault",
    "DBInstanceAlreadyExists",
    "DBParameterGroupAlreadyExists",
    "DBSubnetGroupAlreadyExists",
    "DuplicateListener",
    "DuplicateLoadBalancerName",
    "DuplicateRecordException",
    "DuplicateTargetGroupName",
    "EntityAlreadyExists",
    "FlowLogAlreadyExists",
    "HealthCheckAlreadyExists",
    "HostedZoneAlreadyExists",
    "InvalidSubnet.Conflict",
    "MaxNumberOfConfigurationRecordersExceededException",
    "NetworkAclEntryAlreadyExists",
    "PriorityInUse",
    "RepositoryAlreadyExistsException",
    "Resource.AlreadyAssociated",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "RouteAlreadyExists",
    "TrailAlreadyExistsException",
    "WAFDuplicateItemException",
];

const BUSY: &[&str] = &[
    "BucketNotEmpty",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "ConflictException",
    "DeleteConflict",
    "DependencyViolation",
    "IncorrectInstanceState",
    "IncorrectModificationState",
    "IncorrectState",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidDBParameterGroupState",
    "InvalidDBSubnetGroupStateFault",
    "InvalidIPAddress.InUse",
    "LastDeliveryChannelDeleteFailedException",
    "OperationAborted",
    "OperationAbortedException",
    "ResourceInUse",
    "ResourceInUseException",
    "ResourceLockedException",
    "UpdateInProgressException",
    "VolumeInUse",
    "WAFAssociatedItemException",
    "WAFOptimisticLockException",
];
