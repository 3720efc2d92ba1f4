//! Which costs a budget counts: `Expression`.

use std::collections::BTreeMap;

use aws_sdk_budgets::types::{
    Dimension, Expression, ExpressionDimensionValues, MatchOption, TagValues,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::{Problem, Set};

/// Which costs count: those that fit everything that is given here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Cost allocation tags, each with the values that count: `{ Project: [shop] }`. A tag has to be
    /// activated for cost allocation in the account's billing console first.
    #[serde(default)]
    tags: BTreeMap<String, Set<String>>,
    /// AWS's dimensions, each with the values that count: `{ SERVICE: [Amazon Relational Database
    /// Service], REGION: [eu-west-3] }`. Others are `LINKED_ACCOUNT`, `RECORD_TYPE`, `USAGE_TYPE`.
    #[serde(default)]
    dimensions: BTreeMap<String, Set<String>>,
}

impl Filter {
    /// What AWS would refuse.
    pub(super) fn check(&self) -> Vec<Problem> {
        let dimensions = self.dimensions.iter().map(|entry| ("dimensions", entry));
        let tags = self.tags.iter().map(|entry| ("tags", entry));
        let mut problems: Vec<Problem> = dimensions
            .chain(tags)
            .filter(|(_, (_, values))| values.is_empty())
            .map(|(field, (key, _))| {
                Problem::at(format!("filter.{field}"), format!("`{key}` needs at least one value"))
            })
            .collect();
        for name in self.dimensions.keys() {
            if Dimension::try_parse(name).is_err() {
                let message = format!("`{name}` is none of AWS's dimensions");
                problems.push(
                    Problem::at("filter.dimensions", message)
                        .help("such as SERVICE, REGION, LINKED_ACCOUNT, RECORD_TYPE, USAGE_TYPE"),
                );
            }
        }
        problems
    }

    /// As AWS takes it: nothing, one condition, or the conjunction of some.
    pub(super) fn write(&self) -> Result<Option<Expression>> {
        let mut all = Vec::new();
        for (key, values) in &self.dimensions {
            let values = ExpressionDimensionValues::builder()
                .key(Dimension::from(key.as_str()))
                .set_values(Some(values.to_vec()))
                .match_options(MatchOption::Equals)
                .build()?;
            all.push(Expression::builder().dimensions(values).build());
        }
        for (key, values) in &self.tags {
            let values = TagValues::builder()
                .key(key)
                .set_values(Some(values.to_vec()))
                .match_options(MatchOption::Equals)
                .build();
            all.push(Expression::builder().tags(values).build());
        }
        Ok(match all.len() {
            0 | 1 => all.pop(),
            _ => Some(Expression::builder().set_and(Some(all)).build()),
        })
    }

    pub(super) fn read(expression: Option<&Expression>) -> Self {
        let mut filter = Self::default();
        if let Some(expression) = expression {
            filter.add(expression);
        }
        filter
    }

    fn add(&mut self, expression: &Expression) {
        for one in expression.and() {
            self.add(one);
        }
        let values = |values: &[String]| values.iter().cloned().collect();
        if let Some(found) = expression.dimensions() {
            self.dimensions.insert(found.key().as_str().to_owned(), values(found.values()));
        }
        if let Some(found) = expression.tags() {
            let key = found.key().unwrap_or_default().to_owned();
            self.tags.insert(key, values(found.values()));
        }
        // What stack files cannot say shows as a difference.
        let others = [
            ("OR", !expression.or().is_empty()),
            ("NOT", expression.not().is_some()),
            ("COST_CATEGORY", expression.cost_categories().is_some()),
        ];
        for (name, is_there) in others {
            if is_there {
                self.dimensions.insert(name.to_owned(), Set::default());
            }
        }
    }
}
