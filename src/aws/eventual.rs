//! Calls about what a call just before has made: AWS does not always know of it yet.

use std::time::Duration;

use super::{Error, Result};

/// The waits before further tries: about a minute in all.
const WAITS: [u64; 9] = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/// Makes the call until its answer is another than one of the `passing` errors (a code, and a
/// part of the message or ""), for about a minute.
///
/// A create of several calls uses it for all but the first: were the whole create tried again, it
/// would find its own object in the way.
pub async fn eventually<T, F>(passing: &[(&str, &str)], call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    for wait in WAITS {
        match call().await {
            Err(error) if error.is_one_of(passing) => {
                tracing::debug!(%error, "not yet");
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            other => return other,
        }
    }
    call().await
}
