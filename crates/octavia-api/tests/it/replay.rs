//! Calls that were recorded against upstream, made again: status and body must be the same. Headers
//! say who calls, as when they were recorded, and the default rules are in force.
//!
//! What is left out stands in a table of its scenario, with the reason; a record of the table that
//! passes all the same fails the test, so the tables stay honest.

pub(crate) mod administration;
pub(crate) mod matching;
pub(crate) mod record;
mod scenarios;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use octavia_api::Auth;
use octavia_api::policy::{Policy, PolicySettings};
use octavia_model::{AmphoraRole, AmphoraStatus, Statistics, SystemClock};
use octavia_testing::TestDatabase;
use serde_json::Value;

use crate::openapi::{Document, canonical};
use crate::world::{Answer, World, impatient, request, send};
use matching::Bindings;
use record::Record;
use scenarios::Scenario;
pub(crate) use scenarios::break_it;

#[test]
fn every_recorded_call_is_here() {
    let folder = format!("{}/tests/it/observed", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap();
    let count = files.map(|file| {
        let path = file.unwrap().path();
        record::read(path.file_stem().unwrap().to_str().unwrap()).len()
    });
    assert_eq!(count.sum::<usize>(), 1262);
}

/// What came of a scenario.
#[derive(Default)]
struct Tally {
    passed: usize,
    left_out: usize,
    failures: String,
}

/// Makes the calls again over SQLite, and over MariaDB where there is one.
async fn replay(scenario: Scenario) {
    replay_on(&scenario, TestDatabase::sqlite().await).await;
    if let Some(database) = TestDatabase::mysql().await {
        replay_on(&scenario, database).await;
    }
}

async fn replay_on(scenario: &Scenario, database: TestDatabase) {
    let kind = if database.is_mysql() {
        "MariaDB"
    } else {
        "SQLite"
    };
    let world = World::on(database, impatient()).await;
    let mut names = Bindings::default();
    for step in scenario.setup {
        prepare(&world, &mut names, step).await;
    }
    let document = Document::of(&world).await.widened();
    let mut tally = Tally::default();
    let mut held = false;
    for record in record::read(scenario.file) {
        world.tick();
        for (_, step) in scenario
            .before
            .iter()
            .filter(|(name, _)| *name == record.name)
        {
            prepare(&world, &mut names, step).await;
        }
        if held && scenario.release.contains(&record.name.as_str()) {
            held = false;
            world.settle().await;
        }
        let answer = call(&world, &names, &record).await;
        keeps_to(&document, &names, &record, &answer, &mut tally);
        judge(scenario, &mut names, &mut tally, &record, &answer);
        held |= scenario.hold.contains(&record.name.as_str());
        if !held {
            world.tick();
            world.settle().await;
        }
        let ours = answer.status.is_success() && record.method == "POST";
        if ours && (scenario.removed)(&record) {
            remove(&world, &record, &answer).await;
        }
    }
    println!(
        "{} on {kind}: {} passed, {} left out",
        scenario.file, tally.passed, tally.left_out
    );
    assert!(tally.failures.is_empty(), "{}", tally.failures);
}

/// Sees that a call, where it is accepted, and every answer are as the document describes them.
fn keeps_to(
    document: &Document,
    names: &Bindings,
    record: &Record,
    answer: &Answer,
    tally: &mut Tally,
) {
    let name = record.name.as_str();
    if record.path.contains('<') && names.fill(&record.path).contains('<') {
        return;
    }
    let path = canonical(&names.fill(&record.path));
    let body = record.body().map(|body| names.fill(&body));
    let said = document.check((&record.method, &path), body.as_deref(), answer);
    if let Err(said) = said {
        let method = &record.method;
        writeln!(tally.failures, "{name}: {method} {path}: {said}\n").unwrap();
    }
}

fn judge(
    scenario: &Scenario,
    names: &mut Bindings,
    tally: &mut Tally,
    record: &Record,
    answer: &Answer,
) {
    let verdict = compare(scenario, names, record, answer);
    let left_out: BTreeMap<_, _> = scenario.left_out.iter().copied().collect();
    match (verdict, left_out.get(record.name.as_str())) {
        (Ok(bound), None) => {
            *names = bound;
            tally.passed += 1;
        }
        (Err(_), Some(_)) => tally.left_out += 1,
        (Ok(_), Some(reason)) => {
            writeln!(
                tally.failures,
                "{}: passes, but is left out: {reason}",
                record.name
            )
            .unwrap();
        }
        (Err(difference), None) => {
            let Record {
                name, method, path, ..
            } = record;
            writeln!(tally.failures, "{name}: {method} {path}: {difference}\n").unwrap();
        }
    }
}

/// Compares an answer with the record. Where upstream fails with 500, the input is refused with 400
/// or the work is done.
fn compare(
    scenario: &Scenario,
    names: &Bindings,
    record: &Record,
    answer: &Answer,
) -> Result<Bindings, String> {
    let status = answer.status.as_u16();
    if record.status == 500 {
        let fine = status < 500;
        return fine
            .then(|| names.clone())
            .ok_or(format!("{status}: {}", answer.body));
    }
    if status != record.status {
        return Err(format!(
            "{status} instead of {}: {}",
            record.status, answer.body
        ));
    }
    if scenario.other_text.contains(&record.name.as_str()) {
        return Ok(names.clone());
    }
    let mut bound = names.clone();
    let order = if scenario.any_order.contains(&record.name.as_str()) {
        matching::Order::Any
    } else {
        matching::Order::Same
    };
    matching::matches(&record.response, &answer.body, &mut bound, order)
        .map_err(|difference| format!("{difference}\n  in {}", answer.body))?;
    Ok(bound)
}

async fn call(world: &World, names: &Bindings, record: &Record) -> Answer {
    let path = names.fill(&record.path).replace(' ', "%20");
    if path.contains('<') {
        // It names something that an earlier record, which is left out, would have made.
        return Answer::none();
    }
    let mut request = request(&record.method, &path);
    let headers = request.headers_mut().unwrap();
    match &record.project {
        Some(project) => headers.insert("x-project-id", project.parse().unwrap()),
        None => headers.remove("x-project-id"),
    };
    if let Some(roles) = &record.roles {
        headers.insert("x-roles", roles.parse().unwrap());
    }
    for (name, value) in record.headers() {
        headers.insert(name, value.parse().unwrap());
    }
    let body = record
        .body()
        .map_or_else(Body::empty, |body| Body::from(names.fill(&body)));
    let config = record.configure(impatient());
    let router = world.router_asking_with(config, default_rules());
    send(&router, request.body(body).unwrap()).await
}

/// The rules that hold where no file says otherwise.
fn default_rules() -> Auth {
    let policy = Policy::load(PolicySettings::default(), Arc::new(SystemClock)).unwrap();
    Auth::Headers(Arc::new(policy))
}

/// Something that stood there before the recording, or was done beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Made by POST: kind (the path without its plural), body, and the name under which the record knows its id (or nothing).
    Make(&'static str, &'static str, &'static str),
    /// Put into ERROR: kind and name.
    Break(&'static str, &'static str),
    /// A project that has had something.
    Known(&'static str),
    /// A load balancer that a worker changes for a long time.
    Lock(&'static str),
    /// An amphora made by a worker: its load balancer, role and address.
    Amphora(&'static str, AmphoraRole, &'static str),
    /// What became of an amphora.
    Became(&'static str, AmphoraStatus),
    /// What an amphora counted for a listener: amphora, listener, counters.
    Counted(&'static str, &'static str, Statistics),
}

async fn prepare(world: &World, names: &mut Bindings, step: &Step) {
    world.tick();
    match step {
        Step::Make(kind, body, name) => {
            let body: Value = serde_json::from_str(&names.fill(body)).unwrap();
            let id = world.make(&names.fill(kind), body).await;
            if !name.is_empty() {
                names.bind(name, &id).unwrap();
            }
        }
        Step::Break(kind, name) => break_it(world, kind, &names.fill(name)).await,
        Step::Known(project) => administration::know(world, project).await,
        Step::Lock(id) => administration::lock(world, &names.fill(id)).await,
        Step::Amphora(owner, role, address) => {
            administration::make_amphora(world, &names.fill(owner), *role, address).await;
        }
        Step::Became(amphora, status) => {
            administration::change_amphora(world, &names.fill(amphora), *status).await;
        }
        Step::Counted(amphora, listener, counters) => {
            let (amphora, listener) = (names.fill(amphora), names.fill(listener));
            administration::count(world, &amphora, &listener, *counters).await;
        }
    }
}

async fn remove(world: &World, record: &Record, answer: &Answer) {
    let (_, item) = answer.body.as_object().unwrap().iter().next().unwrap();
    let path = format!("{}/{}", record.path, item["id"].as_str().unwrap());
    let answer = world.call("DELETE", &path, Value::Null).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    world.settle().await;
}
