//! The volume with a machine's operating system.

use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Volume};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::client;
use super::super::disk::Shape;
use crate::aws::{Aws, Error, Result};
use crate::kind::{Arn, Auto, Immutable, Problem, Ref, default};
use crate::kinds::kms::Key;

/// The volume with the operating system. It is made with the machine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Its size in GiB: the image's when left out. It can grow, not shrink.
    #[serde(default)]
    pub size: Auto<i32>,
    /// `gp3` or `gp2`; `io1` or `io2` for a promised speed; `standard` for magnetic disks.
    #[serde(default = "gp3")]
    #[schemars(extend("enum" = ["gp2", "gp3", "io1", "io2", "standard"]))]
    pub r#type: String,
    /// Operations per second, for `gp3` (3000 when left out), `io1` and `io2`.
    #[serde(default)]
    pub iops: Auto<i32>,
    /// MiB per second, for `gp3`: 125 when left out.
    #[serde(default)]
    #[schemars(range(min = 125, max = 2000))]
    pub throughput: Auto<i32>,
    /// Whether it is encrypted. It cannot be off in an account that encrypts all volumes.
    #[serde(default = "encrypted")]
    pub encrypted: Immutable<bool>,
    /// The key that encrypts it; the account's key for EBS when left out.
    #[serde(default)]
    pub kms_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// Whether it goes with the machine.
    #[serde(default = "default::yes")]
    pub delete_on_termination: bool,
    /// The image's name for it, such as `/dev/xvda`. Only needed for an image that a parameter of your
    /// own names: otherwise it is known.
    #[serde(default)]
    pub device: Immutable<Auto<String>>,
}

fn gp3() -> String {
    "gp3".to_owned()
}

fn encrypted() -> Immutable<bool> {
    true.into()
}

impl Default for Root {
    fn default() -> Self {
        Self {
            size: Auto(None),
            r#type: gp3(),
            iops: Auto(None),
            throughput: Auto(None),
            encrypted: encrypted(),
            kms_key: Auto(None).into(),
            delete_on_termination: true,
            device: Auto(None).into(),
        }
    }
}

/// What the images behind AWS's and others' public parameters call their root volume.
const KNOWN: &[(&str, &str)] = &[
    ("/aws/service/ami-amazon-linux-latest/", "/dev/xvda"),
    ("/aws/service/ami-windows-latest/", "/dev/sda1"),
    ("/aws/service/canonical/ubuntu/", "/dev/sda1"),
    ("/aws/service/debian/", "/dev/xvda"),
    ("/aws/service/ecs/optimized-ami/amazon-linux-", "/dev/xvda"),
    ("/aws/service/eks/optimized-ami/", "/dev/xvda"),
];

/// The device name of the images behind a parameter, where it is known.
fn known(image: &str) -> Option<&'static str> {
    let parameter = image.strip_prefix("resolve:ssm:")?;
    KNOWN.iter().find(|(start, _)| parameter.starts_with(start)).map(|(_, device)| *device)
}

impl Root {
    /// What can be changed about it.
    pub fn shape(&self) -> Shape<'_> {
        let (size, iops, throughput) = (*self.size, *self.iops, *self.throughput);
        Shape { r#type: &self.r#type, size, iops, throughput }
    }

    /// What AWS would refuse.
    pub fn check(&self, image: &str) -> Vec<Problem> {
        let mut problems = self.shape().check("root.");
        if self.kms_key.is_some() && !*self.encrypted {
            let text = "a volume that is not encrypted has no key";
            problems.push(Problem::at("root.kms_key", text));
        }
        if self.device.is_none() && image.starts_with("resolve:ssm:") && known(image).is_none() {
            let text = "what this image calls its root volume is not known";
            let help = "give the device name, such as `/dev/xvda`: `aws ec2 describe-images` shows \
                        it as RootDeviceName";
            problems.push(Problem::at("root.device", text).help(help));
        }
        problems
    }

    /// The image's name for the volume: a mapping under another name would add a second one.
    pub async fn device(&self, aws: &Aws, image: &str) -> Result<String> {
        if let Some(device) = self.device.as_deref().or(known(image)) {
            return Ok(device.to_owned());
        }
        let images = client(aws).describe_images().image_ids(image).send().await?;
        let device = images.images().first().and_then(|image| image.root_device_name());
        device.map(ToOwned::to_owned).ok_or_else(|| Error::missing("rootDeviceName"))
    }

    /// The volume as it is made with the machine.
    pub fn mapping(&self, device: &str) -> BlockDeviceMapping {
        let shape = self.shape();
        let volume = EbsBlockDevice::builder()
            .volume_type(shape.r#type.into())
            .set_volume_size(shape.size)
            .set_iops(shape.iops)
            .set_throughput(shape.throughput)
            .encrypted(*self.encrypted)
            .set_kms_key_id(self.kms_key.as_ref().map(ToString::to_string))
            .delete_on_termination(self.delete_on_termination);
        BlockDeviceMapping::builder().device_name(device).ebs(volume.build()).build()
    }

    /// The root volume as AWS shows it.
    pub fn read(volume: &Volume, device: &str, delete_on_termination: bool) -> Self {
        let shape = Shape::of(volume);
        Self {
            size: Auto(shape.size),
            r#type: shape.r#type.to_owned(),
            iops: Auto(shape.iops),
            throughput: Auto(shape.throughput),
            encrypted: volume.encrypted().unwrap_or_default().into(),
            kms_key: Auto(volume.kms_key_id().map(Ref::from)).into(),
            delete_on_termination,
            device: Auto(Some(device.to_owned())).into(),
        }
    }
}
