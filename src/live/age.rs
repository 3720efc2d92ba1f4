//! When objects were made.

use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::CONCURRENCY;
use crate::aws::Session;
use crate::kind::LiveObject;
use crate::kinds;

/// When each object was made, where AWS says so. What cannot be found out is left out: nothing
/// hangs on it.
pub async fn made(session: &Session, objects: &[Arc<LiveObject>]) -> Vec<Option<Timestamp>> {
    let asked = objects.iter().map(|object| async move {
        let kind = kinds::find(&object.kind)?;
        let seconds = kind.created(&session.region(&object.region), object).await.ok()??;
        Timestamp::from_second(seconds).ok()
    });
    stream::iter(asked).buffered(CONCURRENCY).collect().await
}
