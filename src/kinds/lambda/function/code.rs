//! A function's program: where it is, and how a change of it is seen.

use std::path::Path;

use aws_sdk_lambda::types::{Architecture, FunctionCode};
use aws_smithy_types::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{Auto, Local, bundle};

/// What Lambda takes without S3.
const LARGEST: usize = 50 << 20;

/// A program. AWS shows of a zip file its hash alone: by that a change is seen, and where the file
/// comes from is not compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The folder that is zipped, as `${zip("folder")}` gives it together with the hash, by which
    /// anything that changes in the folder is a change.
    #[serde(default)]
    folder: Local<String>,
    /// The bucket of a zip file in S3, in the function's region.
    #[serde(default)]
    bucket: Local<String>,
    /// The key of a zip file in S3.
    #[serde(default)]
    key: Local<String>,
    /// The version of a zip file in S3.
    #[serde(default)]
    version: Local<String>,
    /// The hash of the zip file: `sha256:` and 64 digits. Without it, another key or version in S3 is
    /// no change.
    #[serde(default)]
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    sha256: Auto<String>,
    /// A container image in ECR, in the function's region, best by its digest. Another image behind
    /// the same tag is no change.
    image: Option<String>,
}

impl Code {
    /// A zip file of this hash (Base64, as AWS has it), or an image.
    pub(super) fn live(sha256: Option<&str>, image: Option<&str>) -> Self {
        let hash = sha256.filter(|_| image.is_none());
        let hash = hash.and_then(|text| STANDARD.decode(text).ok());
        Self {
            sha256: Auto(hash.map(|hash| bundle::shown(&hash))),
            image: image.map(ToOwned::to_owned),
            ..Self::default()
        }
    }

    pub(super) fn is_same(&self, now: &Self) -> bool {
        self.image == now.image && (now.sha256.is_none() || self.sha256 == now.sha256)
    }

    /// What AWS would refuse about it.
    pub(super) fn problem(&self, is_image: bool) -> Option<&'static str> {
        let given = [self.folder.is_some(), self.bucket.is_some(), self.image.is_some()];
        // The program that a function has already, as `infra import` writes it: AWS gives none back.
        if self.sha256.is_some() && !given.contains(&true) && self.key.is_none() && !is_image {
            return None;
        }
        if given.iter().filter(|given| **given).count() != 1 {
            return Some(
                "the program is either `${zip(\"folder\")}`, `bucket` and `key`, or `image`",
            );
        }
        if is_image != self.image.is_some() {
            return Some("`image` goes with `package: IMAGE`, and that with it");
        }
        if self.bucket.is_some() != self.key.is_some() {
            return Some("an object in S3 has a `bucket` and a `key`");
        }
        (self.folder.is_some() && self.sha256.is_none())
            .then_some("write `${zip(\"folder\")}`, which gives the folder's hash as well")
    }

    pub(super) async fn send(&self) -> Result<FunctionCode> {
        Ok(FunctionCode::builder()
            .set_zip_file(self.file().await?)
            .set_s3_bucket((*self.bucket).clone())
            .set_s3_key((*self.key).clone())
            .set_s3_object_version((*self.version).clone())
            .set_image_uri(self.image.clone())
            .build())
    }

    pub(super) async fn update(&self, aws: &Aws, arn: &str, processor: Architecture) -> Result<()> {
        client(aws)
            .update_function_code()
            .function_name(arn)
            .architectures(processor)
            .set_zip_file(self.file().await?)
            .set_s3_bucket((*self.bucket).clone())
            .set_s3_key((*self.key).clone())
            .set_s3_object_version((*self.version).clone())
            .set_image_uri(self.image.clone())
            .send()
            .await?;
        Ok(())
    }

    /// The folder's zip file, made again: the plan holds its hash alone, which has to be the same.
    async fn file(&self) -> Result<Option<Blob>> {
        let refuse = |text: String| Error::new(Class::Refused, "FunctionCode", text);
        let Some(folder) = (*self.folder).clone() else {
            if self.bucket.is_none() && self.image.is_none() {
                let text =
                    "the stack file gives the program's hash alone: say where the program is";
                return Err(refuse(text.to_owned()));
            }
            return Ok(None);
        };
        let shown = folder.clone();
        let made = tokio::task::spawn_blocking(move || bundle::zip(Path::new(&folder))).await;
        let made = made.map_err(|error| refuse(format!("`{shown}`: {error}")))?;
        let file = made.map_err(|error| refuse(format!("`{shown}` cannot be zipped: {error}")))?;
        if self.sha256.as_deref() != Some(bundle::hash(&file).as_str()) {
            return Err(refuse(format!("`{shown}` has changed since it was planned: plan again")));
        }
        if file.len() > LARGEST {
            let size = file.len() >> 20;
            return Err(refuse(format!(
                "`{shown}` is {size} MiB, and Lambda takes 50: put the zip file in S3, and name it \
                 by `bucket`, `key` and `sha256`"
            )));
        }
        Ok(Some(Blob::new(file)))
    }
}
