//! What projects own: lists and single objects.

use axum::extract::{Path, State};
use axum::response::Response;
use octavia_model::{L7Policy, Pool};
use octavia_store::{ListQuery, Tx};

use super::kind::Kind;
use crate::Api;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::policy::Rule;
use crate::query::Query;
use crate::wire::view::View;

/// A kind of object that a project owns.
pub(crate) trait Tenant: View + Sized + Send + Sync {
    /// What the path names above it: `()`, or the pool of members.
    type Above: Above;

    /// Its names.
    const KIND: Kind;

    /// Returns a page of a list.
    fn page(
        tx: &mut Tx,
        above: &Self::Above,
        query: &ListQuery,
    ) -> impl Future<Output = octavia_store::Result<Vec<Self>>> + Send;

    /// Returns the object that a path names.
    fn load(
        tx: &mut Tx,
        above: &Self::Above,
        id: &str,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// Returns the project that owns it.
    fn project(&self) -> Option<&str>;
}

/// What stands above a list: nothing, or the object that the path names.
pub(crate) trait Above: Sized + Send + Sync {
    /// Returns what the path names. Upstream looks for it while routing, hence the other envelope.
    fn find(tx: &mut Tx, path: &[String]) -> impl Future<Output = Result<Self>> + Send;

    /// As [`Above::find`], in a transaction of its own.
    fn look(api: &Api, path: &[String]) -> impl Future<Output = Result<Self>> + Send {
        async {
            let mut tx = api.store.read("above.get").await?;
            Self::find(&mut tx, path).await
        }
    }

    /// Checks that the caller may list what is below, and limits the list to what may be seen.
    fn may_list(&self, caller: &Caller, rule: Rule, query: &mut ListQuery) -> Result<()>;
}

impl Above for () {
    async fn find(_: &mut Tx, _: &[String]) -> Result<Self> {
        Ok(())
    }

    async fn look(_: &Api, _: &[String]) -> Result<Self> {
        Ok(())
    }

    fn may_list(&self, caller: &Caller, rule: Rule, query: &mut ListQuery) -> Result<()> {
        caller.may_list(rule, &mut query.project_id)
    }
}

impl Above for Pool {
    async fn find(tx: &mut Tx, path: &[String]) -> Result<Self> {
        let id = path.first().map_or("", String::as_str);
        let missing = || Error::no_parent("Pool", id);
        let id = id.parse().map_err(|_| missing())?;
        tx.pool(id).await?.ok_or_else(missing)
    }

    fn may_list(&self, caller: &Caller, rule: Rule, query: &mut ListQuery) -> Result<()> {
        project_is_a_filter(query);
        caller.may(rule, self.project_id.as_deref())
    }
}

impl Above for L7Policy {
    async fn find(tx: &mut Tx, path: &[String]) -> Result<Self> {
        let id = path.first().map_or("", String::as_str);
        let missing = || Error::no_parent("L7Policy", id);
        let id = id.parse().map_err(|_| missing())?;
        tx.l7_policy(id).await?.ok_or_else(missing)
    }

    fn may_list(&self, caller: &Caller, rule: Rule, query: &mut ListQuery) -> Result<()> {
        project_is_a_filter(query);
        caller.may(rule, self.project_id.as_deref())
    }
}

/// Below an object the project of the arguments says nothing of who may see what.
fn project_is_a_filter(query: &mut ListQuery) {
    let project = query.project_id.take();
    let filter = project.map(|project| ("project_id".to_owned(), project));
    query.filters.extend(filter);
}

/// Answers a list.
pub(super) async fn list<R: Tenant>(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
) -> Result<Response> {
    let kind = &R::KIND;
    let mut request = ListRequest::of_list(&query, &api.config)?;
    let mut tx = api.store.read(kind.transactions.list).await?;
    let above = R::Above::find(&mut tx, &path).await?;
    above.may_list(&caller, kind.rules.get_all, &mut request.query)?;
    let found = R::page(&mut tx, &above, &request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(request.answer(kind.plural, kind.links, &found))
}

/// Answers with one object, as it is at one moment; what is above it may be of an earlier one.
pub(super) async fn show<R: Tenant>(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
) -> Result<Response> {
    let kind = &R::KIND;
    let request = ListRequest::of_item(&query, &api.config)?;
    let mut tx = api.store.look(kind.transactions.get);
    let above = R::Above::find(&mut tx, &path).await?;
    let found = R::load(&mut tx, &above, id_of(&path)).await?;
    caller.may(kind.rules.get_one, found.project())?;
    Ok(request.answer_one(kind.root.key, &found))
}

/// Returns the id of the item that a path names.
pub(super) fn id_of(path: &[String]) -> &str {
    path.last().map_or("", String::as_str)
}
