use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Change, Id, LoadBalancer, OperatingStatus, ProvisioningStatus, Statistics};
use octavia_store::{ListQuery, Resource, Tx};
use serde_json::{Value, json};

use super::kind::{Kind, transactions};
use super::tenant::{self, Tenant};
use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::openapi::{Operation, common, parameter};
use crate::payload::{Payload, Root};
use crate::provider::{ObjectKind, Order};
use crate::query::Query;
use crate::rules::references::ReadSecrets;
use crate::rules::{attachments, change, choice, distinct, load_balancer as rules, quota, vip};
use crate::tree::asked::{AskedTree, Ids};
use crate::tree::{Strictness, Tree};
use crate::turn::Accepted;
use crate::wire::load_balancer::{self, LoadBalancerPost, LoadBalancerPut};
use crate::wire::schema::{Components, Described};
use crate::wire::status;
use crate::wire::view::View;
use crate::{Api, edge, policy};

const ROOT: Root = Root {
    argument: "load_balancer",
    key: "loadbalancer",
};
const NAME: &str = "Load Balancer";

/// Returns the paths of load balancers.
pub(super) fn routes() -> Router<Api> {
    let kind = &LoadBalancer::KIND;
    let collection = get(tenant::list::<LoadBalancer>).post(create);
    let item = get(tenant::show::<LoadBalancer>).put(update).delete(delete);
    Router::new()
        .route(
            kind.path,
            super::collection_of::<LoadBalancerPut>(collection, kind),
        )
        .route("/v2.0/lbaas/loadbalancers/{id}", super::item(item, kind))
        .route("/v2.0/lbaas/loadbalancers/{id}/status", get(status))
        .route("/v2.0/lbaas/loadbalancers/{id}/statuses", get(status))
        .route("/v2.0/lbaas/loadbalancers/{id}/stats", get(stats))
        .route(
            "/v2.0/lbaas/loadbalancers/{id}/failover",
            get(unknown_part).put(failover),
        )
        .route("/v2.0/lbaas/loadbalancers/{id}/{part}", get(unknown_part))
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let kind = &LoadBalancer::KIND;
    let of_item = |method, part: &str, id: &str| {
        let path = format!("{}/{part}", kind.item_path());
        Operation::new(method, path, id, NAME)
    };
    let view = LoadBalancer::schema(components);
    let tree = load_balancer::full_schema(components);
    let made = json!({ "anyOf": [view, tree] });
    let status = common::under("loadbalancer", status::schema(components));
    let status = common::under("statuses", status);
    let statuses = |part, id| {
        of_item("get", part, id)
            .says("Shows the statuses of the load balancer and of all below it.")
            .answer(200, "Statuses.", status.clone())
    };
    let cascade = parameter::query(
        "cascade",
        "Whether all below it is deleted, too.",
        &json!({ "type": "boolean" }),
    );
    let counters = Statistics::schema(components);
    vec![
        common::list::<LoadBalancer>(kind, components),
        common::create::<LoadBalancerPost>(kind, components, made),
        common::show::<LoadBalancer>(kind, components),
        common::update::<LoadBalancerPut>(kind, components, view),
        common::delete(kind).with([cascade]),
        statuses("status", "show_loadbalancer_status"),
        statuses("statuses", "show_loadbalancer_statuses"),
        of_item("get", "stats", "show_loadbalancer_stats")
            .says("Shows what was counted.")
            .answer(200, "Counters.", common::under("stats", counters)),
        of_item("put", "failover", "failover_loadbalancer")
            .says("Replaces the amphorae.")
            .empty(202, "Accepted."),
    ]
}

impl Tenant for LoadBalancer {
    type Above = ();

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/loadbalancers",
        name: NAME,
        noun: "load balancer",
        root: ROOT,
        plural: "loadbalancers",
        links: "loadbalancers_links",
        argument: "id",
        post_type: "LoadBalancerRootPOST",
        resource: Resource::LoadBalancer,
        rules: policy::LOAD_BALANCER,
        transactions: transactions!("load_balancer"),
    };

    async fn page(tx: &mut Tx, (): &(), query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.load_balancers(query).await
    }

    async fn load(tx: &mut Tx, (): &(), id: &str) -> Result<Self> {
        let id = parse_id(id, NAME)?;
        let found = tx.load_balancer(id).await?;
        found.ok_or_else(|| Error::not_found(NAME, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

async fn load(api: &Api, id: &str) -> Result<LoadBalancer> {
    let mut tx = api.store.read("load_balancer.get").await?;
    LoadBalancer::load(&mut tx, &(), id).await
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let post: LoadBalancerPost = payload.decode(ROOT)?;
    let project_id = project(&caller, &post)?;
    caller.may(policy::LOAD_BALANCER.post, Some(&project_id))?;
    if !post.vip_sg_ids.is_absent() {
        caller.may(policy::LOAD_BALANCER_POST_VIP_SG_IDS, Some(&project_id))?;
    }
    let place = vip::place(&api, &post).await?;
    attachments::of_new(&api, &post).await?;
    let choice = choice::choose(&api, &post).await?;
    let additional = post.additional_vips.as_ref().map_or(&[][..], Vec::as_slice);
    let groups = post.vip_sg_ids.as_ref().map_or(&[][..], Vec::as_slice);
    let driver = choice.driver;
    driver.vip(post.vip_qos_policy_id.as_ref(), groups, additional)?;
    place.allowed(&api.config.networking, choice.vip_networks.as_deref())?;
    distinct_lists(&post)?;

    let id = api.id();
    let of_port = place.qos_policy();
    let (vip, additional_vips) =
        vip::reserve(&api, &choice.chosen, place, (id, Some(project_id.clone()))).await?;
    let mut load_balancer = LoadBalancer {
        id,
        project_id: Some(project_id),
        name: post.name.value(),
        description: post.description.value(),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: post.admin_state_up.or_default(true).unwrap_or(false),
        topology: Some(choice.topology),
        server_group_id: None,
        provider: Some(choice.provider),
        flavor_id: choice.flavor_id,
        availability_zone: choice.availability_zone,
        created_at: Some(api.clock.now()),
        updated_at: None,
        tags: post.tags.value().unwrap_or_default(),
        vip,
        additional_vips,
        listeners: Vec::new(),
        pools: Vec::new(),
    };
    load_balancer.vip.vnic_type = choice.vnic_type;
    load_balancer.vip.qos_policy_id = post.vip_qos_policy_id.value().or(of_port);
    load_balancer.vip.sg_ids = post.vip_sg_ids.value().unwrap_or_default();

    let asked = AskedTree::of(post.listeners, post.pools, &Ids::new());
    let tree = Tree::build(&api, &load_balancer, asked, Strictness::Tree);
    // Upstream does not say where in the tree.
    let tree = tree.map_err(Error::without_path);
    let made = match tree {
        Ok(tree) => write(&api, &caller, &load_balancer, &tree).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(body) => Ok((StatusCode::CREATED, Json(body)).into_response()),
        // The row may have been written; if it was not, housekeeping finds the port.
        Err(error @ Error::Store(octavia_store::Error::Unavailable { .. })) => Err(error),
        Err(error) => {
            vip::give_back(&api, &load_balancer).await;
            Err(error)
        }
    }
}

async fn write(
    api: &Api,
    caller: &Caller,
    load_balancer: &LoadBalancer,
    tree: &Tree,
) -> Result<Value> {
    ReadSecrets::by(caller)
        .read_and_check(&*api.secrets, &tree.references())
        .await?;
    api.in_turn(|| insert(api, load_balancer, tree)).await
}

async fn insert(api: &Api, load_balancer: &LoadBalancer, tree: &Tree) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("load_balancer.create").await?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &tree.counts()).await?;
    tx.insert_load_balancer(load_balancer).await?;
    tree.insert(&mut tx).await?;
    let id = load_balancer.id;
    let order = Order::Create(ObjectKind::LoadBalancer, &id.to_string());
    api.order(&mut tx, load_balancer, order).await?;
    let body = json!({ "loadbalancer": tree.view(load_balancer) });
    edge::commit_created(tx, &body).await?;
    Ok(Accepted::new(id, body))
}

fn project(caller: &Caller, post: &LoadBalancerPost) -> Result<String> {
    let named = post.project_id.as_ref().or(post.tenant_id.as_ref());
    named.or(caller.project_id.as_ref()).cloned().ok_or_else(|| {
        Error::validation(
            "Missing project ID in request where one is required. An administrator should check \
             the keystone settings in the Octavia configuration.",
        )
    })
}

fn distinct_lists(post: &LoadBalancerPost) -> Result<()> {
    post.tags.as_ref().map_or(Ok(()), |tags| distinct(tags))?;
    post.vip_sg_ids.as_ref().map_or(Ok(()), |ids| distinct(ids))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: LoadBalancerPut = match payload.decode(ROOT) {
        Ok(put) => put,
        Err(error) if payload.lacks(ROOT) => {
            load(&api, &id).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    if attachments::are_named(&put) {
        let present = load(&api, &id).await?;
        may_change(&caller, &present, &put)?;
        attachments::of_changed(&api, &put).await?;
    }
    let id = parse_id(&id, NAME)?;
    let body = api.in_turn(|| update_once(&api, &caller, id, &put)).await?;
    Ok(Json(json!({ "loadbalancer": body })))
}

/// Checks that the caller may change the fields of a load balancer that an update names.
pub(super) fn may_change(
    caller: &Caller,
    present: &LoadBalancer,
    put: &LoadBalancerPut,
) -> Result<()> {
    let owner = present.project_id.as_deref();
    caller.may(policy::LOAD_BALANCER.put, owner)?;
    if !put.vip_sg_ids.is_absent() {
        caller.may(policy::LOAD_BALANCER_PUT_VIP_SG_IDS, owner)?;
    }
    Ok(())
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: Id<LoadBalancer>,
    put: &LoadBalancerPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("load_balancer.update").await?;
    let present = tx
        .load_balancer(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    may_change(caller, &present, put)?;
    // As upstream: what the provider cannot do is refused whatever the state, and before the lock.
    rules::update(api, present, put.clone())?;
    let locked = change::of_load_balancer(&mut tx, id, Change::Update).await?;
    let load_balancer = rules::update(api, locked, put.clone())?;
    tx.save_load_balancer(&load_balancer).await?;
    let shown = tx.load_balancer(id).await?.unwrap_or(load_balancer);
    let order = Order::Update(ObjectKind::LoadBalancer, &id.to_string());
    api.order(&mut tx, &shown, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, shown.view()))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&["cascade"])?;
    let cascade = query.flag("cascade");
    let id = parse_id(&id, NAME)?;
    api.in_turn(|| delete_once(&api, &caller, id, cascade))
        .await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

async fn delete_once(
    api: &Api,
    caller: &Caller,
    id: Id<LoadBalancer>,
    cascade: bool,
) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("load_balancer.delete").await?;
    let present = tx
        .load_balancer(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    caller.may(policy::LOAD_BALANCER.delete, present.project_id.as_deref())?;
    let load_balancer = change::of_load_balancer(&mut tx, id, Change::Delete).await?;
    let has_children = !load_balancer.listeners.is_empty() || !load_balancer.pools.is_empty();
    if has_children && !cascade {
        let text = format!("Cannot delete Load Balancer {id} - it has children");
        return Err(Error::validation(text));
    }
    tx.save_load_balancer(&load_balancer).await?;
    let name = id.to_string();
    let order = if cascade {
        Order::CascadeDelete
    } else {
        Order::Delete(ObjectKind::LoadBalancer, &name)
    };
    api.order(&mut tx, &load_balancer, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, ()))
}

async fn failover(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    let id = parse_id(&id, NAME)?;
    api.in_turn(|| failover_once(&api, &caller, id)).await?;
    Ok(super::empty(StatusCode::ACCEPTED))
}

async fn failover_once(api: &Api, caller: &Caller, id: Id<LoadBalancer>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("load_balancer.failover").await?;
    let present = tx
        .load_balancer(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    caller.may(
        policy::LOAD_BALANCER_PUT_FAILOVER,
        present.project_id.as_deref(),
    )?;
    let load_balancer = change::of_load_balancer(&mut tx, id, Change::Failover).await?;
    tx.save_load_balancer(&load_balancer).await?;
    api.order(&mut tx, &load_balancer, Order::Failover).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, ()))
}

async fn stats(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let load_balancer = load(&api, &id).await?;
    caller.may(
        policy::LOAD_BALANCER_GET_STATS,
        load_balancer.project_id.as_deref(),
    )?;
    let mut tx = api.store.read("load_balancer.stats").await?;
    let counters = tx.load_balancer_statistics(load_balancer.id).await?;
    Ok(Json(json!({ "stats": counters.view() })))
}

async fn status(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let id = parse_id(&id, NAME)?;
    let mut tx = api.store.read("load_balancer.status").await?;
    let tree = tx
        .tree(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    caller.may(
        policy::LOAD_BALANCER_GET_STATUS,
        tree.load_balancer.project_id.as_deref(),
    )?;
    Ok(Json(
        json!({ "statuses": { "loadbalancer": status::view(&tree) } }),
    ))
}

/// Below an item there is nothing of this name; a missing item is said first.
async fn unknown_part(State(api): State<Api>, Path(parts): Path<Vec<String>>) -> Error {
    let id = parts.first().cloned().unwrap_or_default();
    load(&api, &id).await.err().unwrap_or(Error::no_such_path())
}
