//! `guardduty.detector`: `CreateDetector`, `UpdateDetector`.

mod charges;
mod feature;

use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{
    DetectorAdditionalConfiguration, DetectorFeature, DetectorFeatureConfiguration,
    DetectorFeatureConfigurationResult, DetectorStatus, FeatureAdditionalConfiguration,
    FeatureStatus, FindingPublishingFrequency,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::feature::{AGENTS, Agent, Feature, usual};
use super::{client, map, tag};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{
    Charges, Kind, Live, Look, Problem, Scope, Set, Status, Tags, UsageName, default, from_word,
    to_word,
};

/// Looks through a region's logs and traffic for signs of attacks.
///
/// An account has one detector in a region. Where there is one already, which another stack or nobody
/// declares, the plan says so: it is taken over with `--adopt`, or left alone by not declaring it here.
/// When it is deleted, its findings go with it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Whether it looks; one that does not keeps its findings and costs nothing.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// How often findings that occurred again go to EventBridge; new ones go within five minutes.
    #[serde(default)]
    finding_frequency: Frequency,
    /// What is looked at beyond CloudTrail, DNS and flow logs, each for its own price.
    /// `RUNTIME_MONITORING` has to be asked for; all others are on when this is left out. AWS refuses
    /// what a region does not have.
    #[serde(default = "usual")]
    features: Set<Feature>,
    /// Where AWS installs and updates the agents of `RUNTIME_MONITORING` itself.
    #[serde(default)]
    agents: Set<Agent>,
}

/// How often findings that occurred again are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frequency {
    FifteenMinutes,
    OneHour,
    #[default]
    SixHours,
}

/// What AWS decides about a detector.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The detector's id.
    id: String,
    /// The detector's ARN.
    arn: String,
}

impl Kind for Detector {
    const NAME: &'static str = "guardduty.detector";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("guardduty:detector/");
    const SINGLETON: bool = true;
    const USAGE: &'static [UsageName] = charges::USAGE;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(self.charged())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let ids = all_pages(client(aws).list_detectors().into_paginator().items().send()).await?;
        let mut found = Vec::new();
        for id in ids {
            let answer = client(aws).get_detector().detector_id(&id).send().await;
            let Some(answer) = answer.map_err(Error::from).absent()? else { continue };
            let tags: Tags =
                answer.tags.iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
            if scope.declared > 0 || scope.owns(&tags) {
                found.push(read(aws, id, tags, &answer)?);
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_detector()
            .enable(new.enabled)
            .finding_publishing_frequency(new.frequency())
            .set_features(Some(new.changes(&usual(), &Set::default())))
            .set_tags(Some(map(tags)))
            .send()
            .await?;
        let id = answer.detector_id.ok_or_else(|| Error::missing("DetectorId"))?;
        Ok(Outputs { arn: arn(aws, &id), id })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let changes = now.changes(&was.spec.features, &was.spec.agents);
        client(aws)
            .update_detector()
            .detector_id(&was.outputs.id)
            .enable(now.enabled)
            .finding_publishing_frequency(now.frequency())
            .set_features((!changes.is_empty()).then_some(changes))
            .send()
            .await?;
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_detector().detector_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let needs = !self.agents.is_empty() && !self.features.contains(&Feature::RuntimeMonitoring);
        let problem = || {
            Problem::at("agents", "agents serve the feature `RUNTIME_MONITORING`, which is not on")
                .help("name it in `features`, beside the others that are wanted")
        };
        needs.then(problem).into_iter().collect()
    }
}

impl Detector {
    fn frequency(&self) -> FindingPublishingFrequency {
        FindingPublishingFrequency::from(to_word(&self.finding_frequency).as_str())
    }

    /// What differs from those features and agents: AWS leaves what is not named as it is.
    fn changes(
        &self,
        was: &Set<Feature>,
        agents: &Set<Agent>,
    ) -> Vec<DetectorFeatureConfiguration> {
        let on = self.features.minus(was).map(|feature| (feature, FeatureStatus::Enabled));
        let off = was.minus(&self.features).map(|feature| (feature, FeatureStatus::Disabled));
        let mut changes: Vec<_> = on.chain(off).map(|(one, status)| (*one, status)).collect();
        let runtime = Feature::RuntimeMonitoring;
        let is_named = changes.iter().any(|(feature, _)| *feature == runtime);
        if self.agents != *agents && !is_named {
            changes.push((runtime, status(self.features.contains(&runtime))));
        }
        let write = |(feature, status): (Feature, FeatureStatus)| {
            DetectorFeatureConfiguration::builder()
                .name(DetectorFeature::from(to_word(&feature).as_str()))
                .status(status)
                .set_additional_configuration((feature == runtime).then(|| self.managed()))
                .build()
        };
        changes.into_iter().map(write).collect()
    }

    fn managed(&self) -> Vec<DetectorAdditionalConfiguration> {
        let one = |agent: Agent| {
            DetectorAdditionalConfiguration::builder()
                .name(FeatureAdditionalConfiguration::from(to_word(&agent).as_str()))
                .status(status(self.agents.contains(&agent)))
                .build()
        };
        AGENTS.into_iter().map(one).collect()
    }
}

fn status(on: bool) -> FeatureStatus {
    if on { FeatureStatus::Enabled } else { FeatureStatus::Disabled }
}

fn arn(aws: &Aws, id: &str) -> String {
    aws.arn("guardduty", &format!("detector/{id}"))
}

/// Features that we do not know, and those that cannot be turned off, are left out.
fn read(aws: &Aws, id: String, tags: Tags, detector: &GetDetectorOutput) -> Result<Live<Detector>> {
    let is_on = |status: Option<&FeatureStatus>| status == Some(&FeatureStatus::Enabled);
    let on = detector.features().iter().filter(|one| is_on(one.status()));
    let features = on.clone().filter_map(|one| from_word(one.name()?.as_str()).ok()).collect();
    let agents = on.flat_map(DetectorFeatureConfigurationResult::additional_configuration);
    let agents = agents.filter(|one| is_on(one.status()));
    let frequency = detector.finding_publishing_frequency();
    Ok(Live {
        spec: Detector {
            enabled: detector.status() == Some(&DetectorStatus::Enabled),
            finding_frequency: from_word(frequency.map_or("SIX_HOURS", |one| one.as_str()))?,
            features,
            agents: agents.filter_map(|one| from_word(one.name()?.as_str()).ok()).collect(),
        },
        outputs: Outputs { arn: arn(aws, &id), id },
        tags,
        status: Status::Usable,
    })
}
