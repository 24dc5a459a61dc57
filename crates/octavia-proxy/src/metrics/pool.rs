//! Metrics of pools and their members.

use std::time::Duration;

use octavia_amphora_api::report::MemberStatus;

use super::page::{Kind, Label, Page, seconds};
use crate::config::snapshot::Member;
use crate::config::{Pool, Snapshot};
use crate::report::{member_status, users};
use crate::runtime::clock::Time;
use crate::tally::{CLASSES, Counter, Latency, Tallies, Tally};

/// What never happens.
const NEVER: [&str; 7] = [
    "current_queue",
    "max_queue",
    "queue_time_average_seconds",
    "max_queue_time_seconds",
    "requests_denied_total",
    "responses_denied_total",
    "failed_header_rewriting_total",
];

/// What pools never do beside.
const NEVER_OF_POOLS: [&str; 6] = [
    "http_cache_lookups_total",
    "http_cache_hits_total",
    "http_comp_bytes_in_total",
    "http_comp_bytes_out_total",
    "http_comp_bytes_bypassed_total",
    "http_comp_responses_total",
];

/// What of members is not limited.
const NEVER_OF_MEMBERS: [&str; 2] = ["limit_sessions", "queue_limit"];

const STATES: [(&str, MemberStatus); 5] = [
    ("DOWN", MemberStatus::Down),
    ("UP", MemberStatus::Up),
    ("MAINT", MemberStatus::Maint),
    ("DRAIN", MemberStatus::Drain),
    ("NOLB", MemberStatus::NoCheck),
];

type Count = fn(&Tally) -> &Counter;
type Took = fn(&Tally) -> &Latency;

const COUNTS: [(&str, &str, Count); 11] = [
    (
        "sessions_total",
        "Requests, connections or flows.",
        |tally| &tally.sessions,
    ),
    (
        "loadbalanced_total",
        "Requests, connections or flows that were balanced.",
        |tally| &tally.sessions,
    ),
    ("bytes_in_total", "Bytes from clients.", |tally| {
        &tally.bytes_in
    }),
    ("bytes_out_total", "Bytes to clients.", |tally| {
        &tally.bytes_out
    }),
    ("http_requests_total", "HTTP requests.", |tally| {
        &tally.requests
    }),
    (
        "connection_attempts_total",
        "Attempts to connect.",
        |tally| &tally.attempts,
    ),
    (
        "connection_reuses_total",
        "Connections that were used again.",
        |tally| &tally.reuses,
    ),
    (
        "connection_errors_total",
        "Connections that failed.",
        |tally| &tally.connection_errors,
    ),
    (
        "response_errors_total",
        "Answers that were none.",
        |tally| &tally.response_errors,
    ),
    (
        "retry_warnings_total",
        "Attempts to connect to the same member once more.",
        |tally| &tally.retries,
    ),
    (
        "redispatch_warnings_total",
        "Attempts to connect to another member.",
        |tally| &tally.redispatches,
    ),
];

const LATENCIES: [(&str, &str, Took); 3] = [
    ("connect", "until a connection stood", |tally| {
        &tally.connect
    }),
    (
        "response",
        "from there to the first byte of the answer",
        |tally| &tally.response,
    ),
    ("total", "from the start to the last byte", |tally| {
        &tally.total
    }),
];

/// Something that has tallies, and what names it.
struct Owner<'a> {
    labels: Vec<Label<'a>>,
    tallies: &'a Tallies,
}

/// Adds the metrics of every pool and member.
pub(super) fn add(snapshot: &Snapshot, now: Time, page: &mut Page) {
    let pools: Vec<_> = snapshot
        .pools
        .iter()
        .map(|pool| (name(snapshot, pool), &**pool))
        .collect();
    let owners: Vec<_> = pools
        .iter()
        .map(|(name, pool)| Owner {
            labels: vec![("pool", name)],
            tallies: &pool.tallies,
        })
        .collect();
    statuses_of_pools(&pools, now, page);
    counts("octavia_pool", "member_aborts_total", &owners, (now, page));
    zeros("octavia_pool", &NEVER_OF_POOLS, &owners, page);
    let members: Vec<_> = pools
        .iter()
        .flat_map(|(name, pool)| pool.members.iter().map(move |member| (name, *pool, member)))
        .map(|(name, pool, member)| (name, member.state.id.to_string(), pool, member))
        .collect();
    let owners: Vec<_> = members
        .iter()
        .map(|(pool, id, _, member)| Owner {
            labels: vec![("pool", pool), ("member", id)],
            tallies: &member.state.tallies,
        })
        .collect();
    page.family(
        "octavia_member_status",
        Kind::Gauge,
        "Current status of the member.",
    );
    for (owner, (_, _, pool, member)) in owners.iter().zip(&members) {
        let status = member_status(pool, member, now);
        for (state, meant) in STATES {
            let labels = [&owner.labels[..], &[("state", state)]].concat();
            page.sample(&labels, u8::from(status == meant));
        }
    }
    counts(
        "octavia_member",
        "server_aborts_total",
        &owners,
        (now, page),
    );
    zeros("octavia_member", &NEVER_OF_MEMBERS, &owners, page);
    let known: Vec<_> = members.iter().map(|(_, _, _, member)| *member).collect();
    facts(&owners, &known, now, page);
    page.family(
        "octavia_member_current_throttle",
        Kind::Gauge,
        "Its present share in percent of the whole, while it begins slowly.",
    );
    for (owner, (_, _, pool, member)) in owners.iter().zip(&members) {
        page.sample(&owner.labels, pool.grown_percent(member, now));
    }
}

/// Returns what upstream calls a pool: itself, and the listener that uses it.
fn name(snapshot: &Snapshot, pool: &Pool) -> String {
    match users(pool, snapshot).first() {
        Some(listener) => format!("{}:{listener}", pool.id),
        None => pool.id.to_string(),
    }
}

fn statuses_of_pools(pools: &[(String, &Pool)], now: Time, page: &mut Page) {
    page.family(
        "octavia_pool_status",
        Kind::Gauge,
        "Current status of the pool.",
    );
    for (name, pool) in pools {
        let is_up = pool
            .members
            .iter()
            .any(|member| pool.takes_traffic(member, now));
        page.sample(&[("pool", name), ("state", "DOWN")], u8::from(!is_up));
        page.sample(&[("pool", name), ("state", "UP")], u8::from(is_up));
    }
    for (family, is_backup) in [("active", false), ("backup", true)] {
        let help = "Members that take traffic.";
        page.family(&format!("octavia_pool_{family}_members"), Kind::Gauge, help);
        for (name, pool) in pools {
            let serving = pool
                .members
                .iter()
                .filter(|member| pool.takes_traffic(member, now));
            let count = serving.filter(|member| member.backup == is_backup).count();
            page.sample(&[("pool", name)], count);
        }
    }
    page.family(
        "octavia_pool_current_sessions",
        Kind::Gauge,
        "Requests, connections or flows now.",
    );
    for (name, pool) in pools {
        let active = pool
            .members
            .iter()
            .map(|member| u64::from(member.state.active()));
        page.sample(&[("pool", name)], active.sum::<u64>());
    }
    limits(pools, now, page);
    page.family(
        "octavia_pool_max_sessions",
        Kind::Gauge,
        "Requests, connections or flows at most, looked at once a second.",
    );
    for (name, pool) in pools {
        page.sample(&[("pool", name)], pool.tallies.paces.active.most());
    }
}

/// What is looked at once a second, while somebody may ask, and what is not limited.
fn limits(pools: &[(String, &Pool)], now: Time, page: &mut Page) {
    type Fact = fn(&Tallies, Time) -> u64;
    let facts: [(&str, Kind, &str, Fact); 4] = [
        (
            "check_up_down_total",
            Kind::Counter,
            "How often its last member went down.",
            |tallies, _| tallies.standing.falls(),
        ),
        (
            "check_last_change_seconds",
            Kind::Gauge,
            "How long ago it went up or down.",
            |tallies, now| tallies.standing.age(now).as_secs(),
        ),
        (
            "downtime_seconds_total",
            Kind::Counter,
            "How long it was down in all.",
            |tallies, now| tallies.standing.downtime(now).as_secs(),
        ),
        (
            "limit_sessions",
            Kind::Gauge,
            "0: only listeners are limited.",
            |_, _| 0,
        ),
    ];
    for (name, kind, help, fact) in facts {
        page.family(&format!("octavia_pool_{name}"), kind, help);
        for (name, pool) in pools {
            page.sample(&[("pool", name)], fact(&pool.tallies, now));
        }
    }
}

/// What pools and members count alike.
fn counts(prefix: &str, member_aborts: &str, owners: &[Owner<'_>], (now, page): (Time, &mut Page)) {
    let aborts: [(&str, &str, Count); 2] = [
        (
            "client_aborts_total",
            "Broken off by the client.",
            |tally| &tally.client_aborts,
        ),
        (member_aborts, "Broken off by the member.", |tally| {
            &tally.member_aborts
        }),
    ];
    for (name, help, count) in COUNTS.into_iter().chain(aborts) {
        page.family(&format!("{prefix}_{name}"), Kind::Counter, help);
        for owner in owners {
            page.sample(&owner.labels, owner.tallies.sum(count));
        }
    }
    page.family(
        &format!("{prefix}_http_responses_total"),
        Kind::Counter,
        "HTTP responses by class.",
    );
    for owner in owners {
        for (class, code) in CLASSES.into_iter().enumerate() {
            let labels = [&owner.labels[..], &[("code", code)]].concat();
            page.sample(&labels, owner.tallies.sum(|tally| &tally.responses[class]));
        }
    }
    for (name, help, took) in LATENCIES {
        let help_average = format!("Average of the latest 1024, {help}.");
        page.family(
            &format!("{prefix}_{name}_time_average_seconds"),
            Kind::Gauge,
            &help_average,
        );
        for owner in owners {
            let nanos = owner.tallies.latencies(took).recent;
            page.sample(&owner.labels, Duration::from_nanos(nanos).as_secs_f64());
        }
        page.family(
            &format!("{prefix}_max_{name}_time_seconds"),
            Kind::Gauge,
            &format!("Longest, {help}."),
        );
        for owner in owners {
            page.sample(
                &owner.labels,
                seconds(owner.tallies.latencies(took).longest),
            );
        }
    }
    by_time(prefix, owners, now, page);
    zeros(prefix, &NEVER, owners, page);
}

/// What depends on the present moment.
fn by_time(prefix: &str, owners: &[Owner<'_>], now: Time, page: &mut Page) {
    type Fact = fn(&Tallies, Time) -> String;
    let facts: [(&str, &str, Fact); 3] = [
        (
            "current_session_rate",
            "Requests, connections or flows in the last second.",
            |tallies, _| tallies.paces.sessions.current().to_string(),
        ),
        (
            "max_session_rate",
            "Requests, connections or flows in a second, at most.",
            |tallies, _| tallies.paces.sessions.most().to_string(),
        ),
        (
            "last_session_seconds",
            "How long ago the last one ended; -1 where there was none.",
            |tallies, now| match tallies.last() {
                Some(last) => now.since(last).as_secs().to_string(),
                None => "-1".to_owned(),
            },
        ),
    ];
    for (name, help, fact) in facts {
        page.family(&format!("{prefix}_{name}"), Kind::Gauge, help);
        for owner in owners {
            page.sample(&owner.labels, fact(owner.tallies, now));
        }
    }
}

fn zeros(prefix: &str, names: &[&str], owners: &[Owner<'_>], page: &mut Page) {
    for name in names {
        let help = "Nothing of the kind is done.";
        page.family(&format!("{prefix}_{name}"), Kind::Gauge, help);
        for owner in owners {
            page.sample(&owner.labels, 0);
        }
    }
}

/// What only members have.
fn facts(owners: &[Owner<'_>], members: &[&Member], now: Time, page: &mut Page) {
    type Fact = fn(&Member, Time) -> String;
    let facts: [(&str, Kind, &str, Fact); 8] = [
        (
            "current_sessions",
            Kind::Gauge,
            "Requests, connections or flows now.",
            |member, _| member.state.active().to_string(),
        ),
        (
            "max_sessions",
            Kind::Gauge,
            "Requests, connections or flows at most.",
            |member, _| member.state.peak().to_string(),
        ),
        ("weight", Kind::Gauge, "Its weight.", |member, _| {
            member.weight.to_string()
        }),
        (
            "check_failures_total",
            Kind::Counter,
            "Checks that failed.",
            |member, _| member.state.last_check().failures.to_string(),
        ),
        (
            "check_up_down_total",
            Kind::Counter,
            "How often it went down.",
            |member, _| member.state.last_check().falls.to_string(),
        ),
        (
            "downtime_seconds_total",
            Kind::Counter,
            "How long it was down in all.",
            |member, now| {
                let check = member.state.last_check();
                let present = check.changed_at.filter(|_| member.state.is_down());
                let present = present.map_or(Duration::ZERO, |at| now.since(at));
                (check.downtime + present).as_secs().to_string()
            },
        ),
        (
            "check_last_change_seconds",
            Kind::Gauge,
            "How long ago it went up or down.",
            |member, now| {
                let changed_at = member.state.last_check().changed_at;
                changed_at
                    .map_or(0, |at| now.since(at).as_secs())
                    .to_string()
            },
        ),
        (
            "check_duration_seconds",
            Kind::Gauge,
            "How long the last check took.",
            |member, _| {
                let took = member.state.last_check().duration.unwrap_or_default();
                took.as_secs_f64().to_string()
            },
        ),
    ];
    for (name, kind, help, fact) in facts {
        page.family(&format!("octavia_member_{name}"), kind, help);
        for (owner, member) in owners.iter().zip(members) {
            page.sample(&owner.labels, fact(member, now));
        }
    }
}
