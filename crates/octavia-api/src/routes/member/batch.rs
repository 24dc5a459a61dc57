use std::collections::{BTreeSet, HashMap, HashSet};

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use octavia_model::{Id, LoadBalancer, Member, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::payload::Payload;
use crate::provider::{MemberOrder, Order};
use crate::query::Query;
use crate::routes::tenant::Above;
use crate::rules::{change, member as rules, quota};
use crate::turn::Accepted;
use crate::wire::member::{MemberFields, MembersPut};
use crate::{Api, policy};

/// Replaces the members of a pool: by address and port they are created, overwritten, or, unless
/// `additive_only` is set, removed.
pub(super) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&["additive_only"])?;
    let additive = query.flag("additive_only");
    let pool = Pool::look(&api, &path).await?;
    let put: MembersPut = payload.decode_whole("members_")?;
    let Some(wanted) = put.members.value() else {
        return Err(Error::invalid_input(
            "members",
            "None",
            "Mandatory field missing.",
        ));
    };
    let wanted: Vec<_> = wanted.into_iter().map(|post| post.member).collect();
    caller.may(policy::MEMBER.post, pool.project_id.as_deref())?;
    caller.may(policy::MEMBER.put, pool.project_id.as_deref())?;
    if !additive {
        caller.may(policy::MEMBER.delete, pool.project_id.as_deref())?;
    }
    let subnets: BTreeSet<_> = wanted
        .iter()
        .filter_map(|fields| fields.subnet_id.as_ref().copied())
        .collect();
    rules::subnets_exist(&api, subnets).await?;
    api.in_turn(|| replace_once(&api, &pool, &wanted, additive))
        .await?;
    Ok(crate::routes::empty(StatusCode::ACCEPTED))
}

async fn replace_once(
    api: &Api,
    pool: &Pool,
    wanted: &[MemberFields],
    additive: bool,
) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("member.batch").await?;
    let (load_balancer, pool) = change::inside_pool(&mut tx, pool).await?;
    let present = tx.members_of(pool.id).await?;
    if wanted.is_empty() && (present.is_empty() || additive) {
        // The transaction, and with it the lock, is given up: nothing changes.
        return Ok(Accepted {
            load_balancer: None,
            answer: (),
        });
    }
    let owner = load_balancer.project_id.as_deref();
    let more = [(QuotaKind::Member, growth(wanted, &present, additive))];
    quota::take(api, &mut tx, owner, &more).await?;
    let written = write(api, &mut tx, (&load_balancer, &pool), wanted, &present).await?;
    let mut members = written.orders;
    if additive {
        let left_alone = present
            .into_iter()
            .filter(|member| !written.kept.contains(&member.id));
        members.extend(left_alone.map(MemberOrder::new));
    } else {
        remove_all_but(&mut tx, &present, &written.kept).await?;
    }
    let lb = load_balancer.id;
    let order = Order::Members(pool.id, &members);
    api.order(&mut tx, &load_balancer, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}

/// Returns how many members more there are afterwards: those that go make room.
fn growth(wanted: &[MemberFields], present: &[Member], additive: bool) -> usize {
    let targets: HashSet<_> = wanted.iter().filter_map(asked_target).collect();
    let stays = |member: &&Member| targets.contains(&target(member));
    let kept = present.iter().filter(stays).count();
    let new = wanted.len().saturating_sub(kept);
    let gone = if additive { 0 } else { present.len() - kept };
    new.saturating_sub(gone)
}

/// What came of the members that a caller wants.
struct Written {
    /// Which of the present ones stay.
    kept: BTreeSet<Id<Member>>,
    /// What the provider is told: first what is new, then what is overwritten.
    orders: Vec<MemberOrder>,
}

/// Creates and overwrites.
async fn write(
    api: &Api,
    tx: &mut Tx,
    (load_balancer, pool): (&LoadBalancer, &Pool),
    wanted: &[MemberFields],
    present: &[Member],
) -> Result<Written> {
    let driver = api.driver(load_balancer.provider.as_deref());
    let by_target: HashMap<_, _> = present
        .iter()
        .map(|member| (target(member), member))
        .collect();
    let mut kept = BTreeSet::new();
    let mut targets = HashSet::new();
    let mut new: Vec<Member> = Vec::new();
    let mut overwritten = Vec::new();
    for fields in wanted {
        let same = asked_target(fields).and_then(|target| by_target.get(&target));
        if let Some(member) = same {
            if !kept.insert(member.id) {
                return Err(Error::validation(
                    "Member must be updated only once in the same request.",
                ));
            }
            // A port for SR-IOV can be asked for only when a member is made.
            let asked = MemberFields {
                request_sriov: crate::wire::given::Given::Absent,
                ..fields.clone()
            };
            let wanted = rules::build(api, pool, asked)?;
            let mut member = rules::overwrite((*member).clone(), wanted, fields);
            member.provisioning_status = ProvisioningStatus::PendingUpdate;
            let untouched = untouched(fields);
            overwritten.push(MemberOrder { member, untouched });
        } else {
            rules::may_have_sriov(tx, load_balancer, fields).await?;
            let member = rules::build(api, pool, fields.clone())?;
            driver.member(&member)?;
            driver.same_family(load_balancer, pool, &member)?;
            if !targets.insert((member.ip_address_text.clone(), member.protocol_port)) {
                return Err(rules::taken(&member));
            }
            new.push(member);
        }
    }
    tx.insert_members(&new).await?;
    let changed: Vec<_> = overwritten
        .iter()
        .map(|order: &MemberOrder| order.member.clone())
        .collect();
    tx.save_members(&changed).await?;
    let new = new.into_iter().map(MemberOrder::new);
    Ok(Written {
        kept,
        orders: new.chain(overwritten).collect(),
    })
}

/// Returns the fields that an overwritten member keeps; the others get their defaults.
fn untouched(fields: &MemberFields) -> Vec<&'static str> {
    let name = fields.name.is_absent().then_some("name");
    let subnet = fields.subnet_id.is_absent().then_some("subnet_id");
    name.into_iter().chain(subnet).collect()
}

/// What tells members of a pool apart: upstream compares the texts of addresses.
fn target(member: &Member) -> (&str, u16) {
    (&member.ip_address_text, member.protocol_port)
}

fn asked_target(fields: &MemberFields) -> Option<(&str, u16)> {
    let address = fields.address.as_ref()?;
    Some((&address.text, *fields.protocol_port.as_ref()?))
}

async fn remove_all_but(
    tx: &mut Tx,
    present: &[Member],
    kept: &BTreeSet<Id<Member>>,
) -> Result<()> {
    let ids = present.iter().map(|member| member.id);
    let gone: Vec<_> = ids.filter(|id| !kept.contains(id)).collect();
    Ok(tx
        .mark_members(&gone, ProvisioningStatus::PendingDelete)
        .await?)
}
