//! Ownership of what has no tags, written into a tag of the object that it belongs to: the address,
//! with `;retain` behind it where it is to stay.

use serde_json::{Value, json};

use super::api::tags::{Tag, changed, from_atlas};
use super::api::{Api, read};
use crate::aws::{Absent, Result};
use crate::kind::{Tags, ownership};

const RETAINED: &str = ";retain";

/// Where a marker is.
pub struct Marker {
    /// The tag's key.
    pub key: &'static str,
    /// The object that has it.
    pub path: String,
    /// The call that reads the object.
    pub read: &'static str,
    /// The call that changes it.
    pub write: &'static str,
}

impl Marker {
    /// Writes whose it is; answers the object as it was.
    pub async fn set(&self, api: &Api, tags: &Tags, remove: &[String]) -> Result<Value> {
        let key = |key: &str| tags.get(key).filter(|_| !remove.iter().any(|gone| gone == key));
        let mut value = key(ownership::ADDRESS).cloned().unwrap_or_default();
        if key(ownership::RETAIN).is_some() {
            value.push_str(RETAINED);
        }
        let object: Value = api.get(self.read, &self.path).await?;
        let now = tags_of(&object);
        if from_atlas(&now).get(self.key) != Some(&value) {
            let set = Tags::from([(self.key.to_owned(), value)]);
            let body = json!({ "tags": changed(&now, &set, &[]) });
            api.patch(self.write, &self.path, &body).await?;
        }
        Ok(object)
    }

    /// Takes it away. Where the object is gone, it is gone with it.
    pub async fn clear(&self, api: &Api) -> Result<()> {
        let Some(object) = api.get::<Value>(self.read, &self.path).await.absent()? else {
            return Ok(());
        };
        let now = tags_of(&object);
        if from_atlas(&now).contains_key(self.key) {
            let body = json!({ "tags": changed(&now, &Tags::new(), &[self.key.to_owned()]) });
            api.patch(self.write, &self.path, &body).await?;
        }
        Ok(())
    }
}

fn tags_of(object: &Value) -> Vec<Tag> {
    read("tags", object["tags"].clone()).unwrap_or_default()
}

/// The tags of what an object's marker stands for, if there is one. `owner` are the tags of the
/// project.
pub fn marked(owner: &Tags, object: &Value, key: &str) -> Option<Tags> {
    let value = from_atlas(&tags_of(object)).remove(key)?;
    let (address, retained) = match value.strip_suffix(RETAINED) {
        Some(address) => (address.to_owned(), true),
        None => (value, false),
    };
    let mut tags = Tags::from([(ownership::ADDRESS.to_owned(), address)]);
    for key in [ownership::STACK, ownership::ENVIRONMENT] {
        tags.extend(owner.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    if retained {
        tags.insert(ownership::RETAIN.to_owned(), "true".to_owned());
    }
    Some(tags)
}
