use std::time::Duration;

/// How long a test waits for what must come.
const LIMIT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(5);

/// Waits until a condition holds.
///
/// # Panics
///
/// When it does not hold within 20 seconds; the message names `what`.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    eventually_some(what, async || condition().await.then_some(())).await;
}

/// Waits until there is a value, and returns it.
///
/// # Panics
///
/// When there is none within 20 seconds; the message names `what`.
pub async fn eventually_some<T>(what: &str, mut value: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + LIMIT;
    loop {
        if let Some(value) = value().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain for {what}"
        );
        tokio::time::sleep(STEP).await;
    }
}
