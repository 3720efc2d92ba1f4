//! `ec2.instance`: `RunInstances`, `ModifyInstanceAttribute`, `StopInstances`.

mod change;
mod launch;
mod list;
mod metadata;
mod power;
mod root;

use std::net::Ipv4Addr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NOT_YET, SecurityGroup, Subnet, client, tag};
use crate::aws::{Absent, Aws, Result};
use crate::kind::charge::{HOURS, RESERVED};
use crate::kind::field::{Id, ProfileArn};
use crate::kind::{
    Auto, Charge, Charges, Immutable, Kind, Live, Look, Problem, Ref, Scope, Set, Status, Tags,
    UsageName, default, is_unknown, ownership,
};
use crate::kinds::iam::Role;
use metadata::Metadata;
use root::Root;

/// A virtual machine with one network interface and a root volume. Further volumes are `ec2.volume`s
/// that name it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The image: its id, `ami-…`, or `resolve:ssm:` and the name of a parameter that holds an id, such
    /// as `resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`. AWS
    /// reads the parameter when the machine is made; a newer image behind the same parameter never
    /// replaces a machine.
    #[schemars(
        regex(pattern = r"^(ami-[0-9a-f]+|resolve:ssm:[a-zA-Z0-9_.:/-]+)$"),
        length(max = 256)
    )]
    image: Immutable<String>,
    /// The type, such as `t3.small`. A running machine is stopped and started for a change.
    #[schemars(regex(pattern = r"^[a-z0-9-]+\.[a-z0-9-]+$"))]
    r#type: String,
    /// The subnet, and with it the zone.
    subnet: Immutable<Ref<Subnet, Id>>,
    /// The security groups of its interface: at least one.
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// Its address in the subnet: AWS takes a free one when left out. A replacement that keeps it is
    /// made when the old machine is gone.
    #[serde(default)]
    private_ip: Immutable<Auto<String>>,
    /// Whether it has a public address, another one after each stop. Without one, its subnet's own
    /// setting does not give it one either.
    #[serde(default)]
    public_ip: bool,
    /// The name of the key pair that lets somebody in by SSH. None is needed with Session Manager.
    key_pair: Immutable<Option<String>>,
    /// The role that what runs on the machine has: an `iam.role` with `instance_profile: true`, or the
    /// ARN of an instance profile.
    instance_profile: Option<Ref<Role, ProfileArn>>,
    /// Who can read the metadata, the role's credentials among them.
    #[serde(default)]
    metadata: Metadata,
    /// What runs when the machine first starts: a script or a cloud-init document, as plain text without
    /// secrets, which everything on the machine can read. AWS runs it once, so that a change
    /// replaces the machine.
    #[schemars(length(min = 1, max = 16384))]
    user_data: Immutable<Option<String>>,
    /// The volume with the operating system.
    #[serde(default)]
    root: Root,
    /// Whether metrics come every minute, for a fee, instead of every five.
    #[serde(default)]
    detailed_monitoring: bool,
    /// Whether AWS refuses to end it, until this is taken away again or a run overrides protection.
    #[serde(default)]
    termination_protection: bool,
    /// Whether its traffic has to be from or to its own address. Off for routers and NAT.
    #[serde(default = "default::yes")]
    source_dest_check: bool,
    /// What a burstable machine (`t2` to `t4g`) does without credits: `standard` slows down, `unlimited`
    /// costs. AWS decides by the type when left out.
    #[serde(default)]
    credits: Auto<Credits>,
    /// Whether it is stopped: then only its volumes cost.
    #[serde(default)]
    stopped: bool,
}

/// What a burstable machine does without credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credits {
    /// It slows down.
    Standard,
    /// It goes on, and costs.
    Unlimited,
}

/// What AWS decides about an instance.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The instance's id, `i-…`.
    id: String,
    /// The instance's ARN.
    arn: String,
    /// Its address in the subnet.
    private_ip: Option<String>,
    /// Its name in the network.
    private_dns: Option<String>,
    /// Its public address, while it has one.
    public_ip: Option<String>,
    /// The availability zone.
    zone: String,
    /// The id of its network interface, `eni-…`.
    network_interface: Option<String>,
    /// The id of its root volume, `vol-…`.
    root_volume: Option<String>,
}

/// The metrics of a machine that detailed monitoring is charged for.
const MONITORED: f64 = 7.0;

impl Kind for Instance {
    const NAME: &'static str = "ec2.instance";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:instance/");
    // A machine that first starts reaches the internet; and volumes outlive their machines.
    const AFTER: &'static [&'static str] = &["ec2.internet_gateway", "ec2.volume"];
    const CLAIMS: &'static [&'static str] = &["subnet", "private_ip"];
    const TIMEOUT: Duration = Duration::from_mins(15);
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const PROTECTION: &'static [(&'static str, &'static str)] =
        &[("termination_protection", "false")];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("stopped", "true")];
    const USAGE: &'static [UsageName] = &[HOURS, RESERVED];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        // Machines with Linux; those with a dearer system or market product cost more.
        let running = if self.stopped { 0.0 } else { 1.0 };
        let machine = Charge::hourly("machine", format!("ec2.hour:{}", self.r#type), running);
        let mut charges = vec![machine.reservable()];
        charges.extend(self.root.shape().charges());
        if self.public_ip {
            charges.push(Charge::hourly("address", "ec2.public_ipv4.hour", running));
        }
        if self.detailed_monitoring {
            charges.push(Charge::monthly(
                "detailed monitoring",
                "cloudwatch.metric",
                MONITORED * running,
            ));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::instances(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        launch::launch(aws, new, tags).await
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        change::change(aws, was, now).await?;
        power::change(aws, &was.outputs.id, &was.spec, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).terminate_instances().instance_ids(&was.outputs.id).send().await?;
        Ok(())
    }

    /// The interface and the root volume have the same tags, but for those that say whose they are.
    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let found = list::one(aws, &was.outputs.id).await?;
        Ok(found.and_then(|it| it.launch_time).map(|time| time.secs()))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await?;
        let mut all = was.tags.clone();
        all.extend(set.clone());
        let mut of_parts = part_tags(&all);
        of_parts.retain(|key, _| set.contains_key(key) || key == PART_OF);
        for part in [&was.outputs.network_interface, &was.outputs.root_volume].into_iter().flatten()
        {
            tag(aws, part, &of_parts, remove).await.absent()?;
        }
        Ok(())
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(instance) = list::one(aws, &known.id).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = list::outputs(aws, &instance)?;
        Ok(list::status(&instance))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let found = list::one(aws, &was.outputs.id).await.absent()?.flatten();
        Ok(found.is_none_or(|instance| power::state(&instance) == "terminated"))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.root.check(&self.image);
        if self.security_groups.is_empty() {
            let text = "an instance needs a security group: without one AWS takes the network's \
                        default group";
            problems.push(Problem::at("security_groups", text));
        }
        if let Some(text) = &*self.user_data
            && text.len() > 16_384
        {
            let text = format!("it has {} bytes; AWS takes 16,384", text.len());
            let help = "keep the script elsewhere, such as in a bucket, and fetch it from here";
            problems.push(Problem::at("user_data", text).help(help));
        }
        if let Some(address) = self.private_ip.as_deref()
            && !is_unknown(address)
            && address.parse::<Ipv4Addr>().is_err()
        {
            let text = format!("`{address}` is no IPv4 address such as `10.0.0.10`");
            problems.push(Problem::at("private_ip", text));
        }
        if self.credits.is_some() && !is_burstable(&self.r#type) && !is_unknown(&self.r#type) {
            let text = format!("a `{}` has no credits: only burstable machines have", self.r#type);
            problems.push(Problem::at("credits", text));
        }
        problems
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        let mut problems = Vec::new();
        for (index, (_, one)) in all.iter().enumerate() {
            let Some(address) = one.private_ip.as_ref().filter(|it| !is_unknown(it)) else {
                continue;
            };
            let same = |other: &&(&str, &Self)| {
                other.1.private_ip.as_ref() == Some(address) && other.1.subnet == one.subnet
            };
            if let Some((other, _)) = all.iter().take(index).find(same) {
                let text = format!("`{other}` has {address} in the same subnet");
                problems.push((index, Problem::at("private_ip", text)));
            }
        }
        problems
    }
}

/// Whether a type of machine has CPU credits.
fn is_burstable(r#type: &str) -> bool {
    let digit = r#type.strip_prefix('t').and_then(|rest| rest.chars().next());
    digit.is_some_and(|digit| digit.is_ascii_digit())
}

/// The tag that remembers which parameter named the image.
const IMAGE: &str = "infra:image";
/// The tag by which the parts of a machine say whose they are. They are no objects of their own, so
/// that they have none of the ownership tags: neither the sweep nor `ec2.volume` sees them.
const PART_OF: &str = "infra:part-of";

/// The tags of a machine's interface and root volume.
fn part_tags(tags: &Tags) -> Tags {
    let own = tags.iter().filter(|(key, _)| !key.starts_with(ownership::PREFIX));
    let mut parts: Tags = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    let owner = [ownership::STACK, ownership::ENVIRONMENT, ownership::ADDRESS];
    let owner: Option<Vec<&str>> =
        owner.iter().map(|key| tags.get(*key).map(String::as_str)).collect();
    parts.extend(owner.map(|owner| (PART_OF.to_owned(), owner.join("/"))));
    parts
}
