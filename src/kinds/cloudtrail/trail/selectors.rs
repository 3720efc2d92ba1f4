//! Which events a trail records: `PutEventSelectors`, `PutInsightSelectors`.

use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, InsightSelector,
    InsightType, ReadWriteType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Trail, client};
use crate::aws::{Aws, Error, Result};
use crate::kind::{Problem, Set, default, from_word, to_word};

/// Some events that are recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Whether calls that change something are recorded, those that read, or both.
    #[serde(default)]
    calls: Calls,
    /// Whether events of management are recorded: what makes, changes and describes resources.
    #[serde(default = "default::yes")]
    management: bool,
    /// Services whose management events are left out because there are so many:
    /// `kms.amazonaws.com`, `rdsdata.amazonaws.com`.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "enum": ["kms.amazonaws.com", "rdsdata.amazonaws.com"] }))]
    without: Set<String>,
    /// Events on data that are recorded, which cost extra.
    #[serde(default)]
    data: Set<Data>,
}

/// Which calls are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Calls {
    #[default]
    All,
    ReadOnly,
    WriteOnly,
}

/// Things whose use is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// What they are.
    of: DataType,
    /// Which: `arn:aws:s3:::` for the objects of all buckets, `${bucket.arn}/` for those of one,
    /// `arn:aws:lambda` for all functions, or the ARN of one.
    #[schemars(length(min = 1, max = 250))]
    arns: Set<String>,
}

/// What has events on data that a plain selector knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DataType {
    /// Objects of buckets.
    #[serde(rename = "AWS::S3::Object")]
    Object,
    /// Functions.
    #[serde(rename = "AWS::Lambda::Function")]
    Function,
    /// Tables.
    #[serde(rename = "AWS::DynamoDB::Table")]
    Table,
}

/// Some events that are recorded, said by their fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advanced {
    /// What the selector is for.
    #[schemars(length(min = 1, max = 1000))]
    name: String,
    /// What the events have to be like: all of these. One of them says `eventCategory`.
    #[schemars(length(min = 1))]
    fields: Set<Condition>,
}

/// What a field of events has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The field: `eventCategory`, `resources.type`, `resources.ARN`, `readOnly`, `eventName`, …
    field: String,
    /// One of these.
    #[serde(default)]
    equals: Set<String>,
    /// Begins with one of these.
    #[serde(default)]
    starts_with: Set<String>,
    /// Ends with one of these.
    #[serde(default)]
    ends_with: Set<String>,
    /// None of these.
    #[serde(default)]
    not_equals: Set<String>,
    /// Begins with none of these.
    #[serde(default)]
    not_starts_with: Set<String>,
    /// Ends with none of these.
    #[serde(default)]
    not_ends_with: Set<String>,
}

/// What AWS looks for in the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Insight {
    /// Unusually many calls.
    ApiCallRateInsight,
    /// Unusually many errors.
    ApiErrorRateInsight,
}

/// What a new trail records.
pub(super) fn management() -> Set<Selector> {
    let (calls, without, data) = (Calls::All, Set::default(), Set::default());
    Set::new([Selector { calls, management: true, without, data }])
}

/// What AWS would refuse.
pub(super) fn check(events: &Set<Selector>, advanced: &Set<Advanced>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !advanced.is_empty() && *events != management() {
        problems
            .push(Problem::at("events", "a trail has `events` or `advanced_events`, and not both"));
    }
    if events.iter().any(|one| !one.management && one.data.is_empty()) {
        problems.push(Problem::at("events", "a selector without `management` needs `data`"));
    }
    for one in advanced.iter() {
        if !one.fields.iter().any(|condition| condition.field == "eventCategory") {
            let message = format!("`{}` needs a condition on `eventCategory`", one.name);
            problems.push(
                Problem::at("advanced_events", message)
                    .help("such as `{ field: eventCategory, equals: [Management] }`"),
            );
        }
    }
    problems
}

pub(super) async fn put(aws: &Aws, arn: &str, trail: &Trail) -> Result<()> {
    let put = client(aws).put_event_selectors().trail_name(arn);
    let put = if trail.advanced_events.is_empty() {
        put.set_event_selectors(Some(trail.events.iter().map(Selector::write).collect()))
    } else {
        let all = trail.advanced_events.iter().map(Advanced::write).collect::<Result<_>>()?;
        put.set_advanced_event_selectors(Some(all))
    };
    put.send().await?;
    Ok(())
}

pub(super) async fn get(aws: &Aws, arn: &str) -> Result<(Set<Selector>, Set<Advanced>)> {
    let answer = client(aws).get_event_selectors().trail_name(arn).send().await?;
    let advanced: Set<_> = answer.advanced_event_selectors().iter().map(Advanced::read).collect();
    let events = answer.event_selectors().iter().map(Selector::read).collect::<Result<Set<_>>>()?;
    // Where advanced ones are, the others do not count.
    let events = if advanced.is_empty() { events } else { management() };
    Ok((events, advanced))
}

/// None turns them off.
pub(super) async fn put_insights(aws: &Aws, arn: &str, trail: &Trail) -> Result<()> {
    let one = |insight: &Insight| {
        let kind = InsightType::from(to_word(insight).as_str());
        InsightSelector::builder().insight_type(kind).build()
    };
    let all = Some(trail.insights.iter().map(one).collect());
    client(aws).put_insight_selectors().trail_name(arn).set_insight_selectors(all).send().await?;
    Ok(())
}

pub(super) async fn get_insights(aws: &Aws, arn: &str) -> Result<Set<Insight>> {
    let answer = client(aws).get_insight_selectors().trail_name(arn).send().await;
    let found = match answer.map_err(Error::from) {
        Err(error) if error.code == "InsightNotEnabledException" => return Ok(Set::default()),
        answer => answer?.insight_selectors.unwrap_or_default(),
    };
    let kinds = found.iter().filter_map(|one| one.insight_type());
    kinds.map(|kind| from_word(kind.as_str())).collect()
}

impl Selector {
    fn write(&self) -> EventSelector {
        let data = self.data.iter().map(|data| {
            let data = DataResource::builder()
                .r#type(to_word(&data.of))
                .set_values(Some(data.arns.to_vec()));
            data.build()
        });
        EventSelector::builder()
            .read_write_type(ReadWriteType::from(to_word(&self.calls).as_str()))
            .include_management_events(self.management)
            .set_data_resources(Some(data.collect()))
            .set_exclude_management_event_sources(Some(self.without.to_vec()))
            .build()
    }

    fn read(selector: &EventSelector) -> Result<Self> {
        let data = selector.data_resources().iter().map(|data| {
            Ok(Data {
                of: from_word(data.r#type().unwrap_or_default())?,
                arns: data.values().iter().cloned().collect(),
            })
        });
        let calls = selector.read_write_type().map_or("All", ReadWriteType::as_str);
        Ok(Self {
            calls: from_word(calls)?,
            management: selector.include_management_events().unwrap_or(true),
            without: selector.exclude_management_event_sources().iter().cloned().collect(),
            data: data.collect::<Result<_>>()?,
        })
    }
}

impl Advanced {
    fn write(&self) -> Result<AdvancedEventSelector> {
        let texts = |texts: &Set<String>| (!texts.is_empty()).then(|| texts.to_vec());
        let condition = |one: &Condition| {
            Ok(AdvancedFieldSelector::builder()
                .field(&one.field)
                .set_equals(texts(&one.equals))
                .set_starts_with(texts(&one.starts_with))
                .set_ends_with(texts(&one.ends_with))
                .set_not_equals(texts(&one.not_equals))
                .set_not_starts_with(texts(&one.not_starts_with))
                .set_not_ends_with(texts(&one.not_ends_with))
                .build()?)
        };
        let fields = self.fields.iter().map(condition).collect::<Result<_>>()?;
        let selector = AdvancedEventSelector::builder().name(&self.name);
        Ok(selector.set_field_selectors(Some(fields)).build()?)
    }

    fn read(selector: &AdvancedEventSelector) -> Self {
        let texts = |texts: &[String]| texts.iter().cloned().collect();
        let condition = |one: &AdvancedFieldSelector| Condition {
            field: one.field().to_owned(),
            equals: texts(one.equals()),
            starts_with: texts(one.starts_with()),
            ends_with: texts(one.ends_with()),
            not_equals: texts(one.not_equals()),
            not_starts_with: texts(one.not_starts_with()),
            not_ends_with: texts(one.not_ends_with()),
        };
        Self {
            name: selector.name().unwrap_or_default().to_owned(),
            fields: selector.field_selectors().iter().map(condition).collect(),
        }
    }
}
