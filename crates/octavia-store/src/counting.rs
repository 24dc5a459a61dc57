use std::cell::Cell;

tokio::task_local! {
    static SENT: Cell<u32>;
}

/// Does `work`, and returns with its outcome how many statements it sent to the database. What it
/// hands to other tasks is not counted.
pub async fn counting<F: Future>(work: F) -> (F::Output, u32) {
    let counted = async move {
        let outcome = work.await;
        (outcome, SENT.with(Cell::get))
    };
    let (outcome, sent) = SENT.scope(Cell::new(0), counted).await;
    // Whoever counts around this counts these, too.
    count(sent);
    (outcome, sent)
}

/// Counts statements, if anybody does.
pub(crate) fn count(more: u32) {
    // There is nobody outside of `counting`.
    SENT.try_with(|sent| sent.set(sent.get() + more)).ok();
}
