use super::*;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_stops_the_others_softly() {
    let mut lifecycle = Lifecycle::new(LIMIT);
    let stopping = lifecycle.stopping();
    let (said, heard) = tokio::sync::oneshot::channel();
    lifecycle.start("quiet", async move {
        stopping.cancelled().await;
        said.send("stopped softly").unwrap();
        Ok(())
    });
    lifecycle.start("loud", async { Err(Failure::text("the database is gone")) });
    let failure = lifecycle.run().await.unwrap_err();
    assert_eq!(failure.to_string(), "the database is gone");
    assert_eq!(heard.await.unwrap(), "stopped softly");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_ends_the_process_with_an_error() {
    let mut lifecycle = Lifecycle::new(LIMIT);
    lifecycle.start("broken", async { panic!("on purpose") });
    let failure = lifecycle.run().await.unwrap_err();
    assert!(failure.to_string().contains("on purpose"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_unasked_is_an_error() {
    let mut lifecycle = Lifecycle::new(LIMIT);
    lifecycle.start("short", async { Ok(()) });
    let failure = lifecycle.run().await.unwrap_err();
    insta::assert_snapshot!(failure, @"the task `short` ended without being asked to");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_stop_is_given_up_after_the_limit() {
    let mut lifecycle = Lifecycle::new(LIMIT);
    lifecycle.start("deaf", std::future::pending());
    lifecycle.stopping().cancel();
    let begun = tokio::time::Instant::now();
    assert!(lifecycle.run().await.is_err());
    assert_eq!(begun.elapsed(), LIMIT);
}
