//! What holds for every call: it ends, and its answer is one that clients read to the end.

use domain::{Error, Reason};
use mcp::{ResourceContents, ToolOutput};

/// The outcome, or an error when the deadline has passed. What the call was waiting for is aborted then.
pub(crate) async fn in_time<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    edge::deadline::within(edge::deadline::CALL, call).await.unwrap_or_else(|| Err(late()))
}

fn late() -> Error {
    let seconds = edge::deadline::CALL.as_secs();
    Error::new(
        Reason::UpstreamTimeout,
        format!(
            "TastyTrade did not answer within {seconds} seconds. Try again in a moment, or ask for less at a time."
        ),
    )
}

/// The output where it is not too large. `narrow_by` names the arguments that make it smaller.
pub(crate) fn bounded(output: ToolOutput, narrow_by: &[&str]) -> Result<ToolOutput, Error> {
    output.within(mcp::MAX_RESULT, narrow_by)
}

/// The contents where they are not too large. `narrower` says what to read in their place.
pub(crate) fn bounded_contents(
    contents: Vec<ResourceContents>,
    narrower: &str,
) -> Result<Vec<ResourceContents>, Error> {
    let size = contents.iter().map(|part| part.text.as_ref().or(part.blob.as_ref()).map_or(0, String::len)).sum();
    if size <= mcp::MAX_RESULT {
        return Ok(contents);
    }
    let error = mcp::too_large(size, mcp::MAX_RESULT, &[]);
    Err(Error { message: format!("{} {narrower}", error.message).into(), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_large_says_how_to_narrow_it() {
        let small = bounded(ToolOutput::text("a"), &["symbols"]);
        assert!(small.is_ok());
        let error = bounded(ToolOutput::text("a".repeat(200_000)), &["symbols"]).unwrap_err();
        assert_eq!(error.message, "The answer would be 200 kB; at most 130 kB are sent. Narrow it by `symbols`.");
        let contents = |length| vec![ResourceContents::text("a://b", "text/plain", "a".repeat(length))];
        assert!(bounded_contents(contents(130_000), "").is_ok());
        let error = bounded_contents(contents(130_001), "Read one underlying.").unwrap_err();
        assert!(error.message.ends_with("Ask for less at a time. Read one underlying."), "{}", error.message);
    }

    #[test]
    fn a_late_call_may_be_made_again() {
        let error = late();
        assert!(error.reason.retryable());
        assert_eq!(error.reason, Reason::UpstreamTimeout);
    }
}
