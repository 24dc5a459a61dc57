//! How much a project may have.

use octavia_model::QuotaKind;
use octavia_store::Tx;

use crate::error::{Error, Result};
use crate::{Api, Auth};

/// Takes so many more of each kind for a project, before they are written, and refuses when that is
/// more than it may have. The project's quota stays locked until the end of the transaction, so
/// nobody else counts meanwhile; what is taken counts until its deletion is settled.
///
/// Without Keystone nothing is enforced, as upstream has it.
pub(crate) async fn take(
    api: &Api,
    tx: &mut Tx,
    project: Option<&str>,
    more: &[(QuotaKind, usize)],
) -> Result<()> {
    let Some(project) = project.filter(|_| !matches!(api.auth, Auth::Nobody)) else {
        return Ok(());
    };
    let quota = tx.lock_quota(project).await?;
    let limits = quota.limits.or(api.config.quotas);
    let mut counts = Vec::with_capacity(more.len());
    for (kind, more) in more.iter().filter(|(_, more)| *more > 0) {
        let count = tx.count(project, *kind).await? + *more as u64;
        if limits.of(*kind).is_some_and(|limit| count > limit) {
            return Err(Error::QuotaMet(*kind));
        }
        counts.push((*kind, count));
    }
    Ok(tx.save_counts(project, &counts).await?)
}
