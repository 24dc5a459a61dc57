//! Callers whom a real Keystone knows, at the door of a real API process.

mod accounts;
mod api;
mod curl;

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::{Value, json};

use crate::guide;
use crate::keystone::{Keystone, PASSWORD};
use accounts::Accounts;
use api::{Api, Memory};
use curl::Answer;

/// The path that callers ask for.
const LIST: &str = "/v2.0/lbaas/loadbalancers";

/// Nothing to choose.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Starts Keystone and an API, and walks through what happens to tokens.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    let binary = guide::build()?;
    let folder = tempfile::tempdir().context("make a temporary directory")?;
    let mut keystone = Keystone::start(folder.path())?;
    let asking = Api::start(&binary, &keystone, Memory::None)?;
    let remembering = Api::start(&binary, &keystone, Memory::Long)?;
    let accounts = Accounts::at(keystone.url());
    walk(&asking, &accounts)
        .and_then(|()| outage(&asking, &remembering, &accounts, &mut keystone))
        .map_err(|error| error.context(keystone.log()))
}

fn walk(api: &Api, accounts: &Accounts) -> anyhow::Result<()> {
    let people = People::arrive(accounts)?;
    strangers(api, accounts)?;
    members(api, accounts, &people)?;
    records(api, accounts)?;
    services(api, accounts, &people)?;
    credentials_with_rules(api, accounts, &people)?;
    ends(api, accounts, &people)
}

/// Who has an account.
struct People {
    project: String,
    user: String,
}

impl People {
    /// Gives alice an account, a project and the role of a member.
    fn arrive(keystone: &Accounts) -> anyhow::Result<Self> {
        let project = json!({ "project": { "name": "demo", "domain_id": "default" } });
        let project = keystone.make("projects", &project)?;
        let user = json!({ "user": {
            "name": "alice", "password": PASSWORD, "domain_id": "default",
        } });
        let user = keystone.make("users", &user)?;
        keystone.grant(&user, &project, "member")?;
        Ok(Self { project, user })
    }
}

fn strangers(api: &Api, keystone: &Accounts) -> anyhow::Result<()> {
    for token in [None, Some("forged"), Some("gAAAAABforged")] {
        let answer = api.get(LIST, token)?;
        expect(&answer, 401, "a stranger")?;
        let uri = format!("Keystone uri=\"{}\"", keystone.url());
        ensure!(
            answer.header("www-authenticate") == Some(&uri),
            "strangers are told where to get a token: {answer:?}"
        );
    }
    println!("strangers are refused, and told where to get a token");
    Ok(())
}

fn members(api: &Api, keystone: &Accounts, people: &People) -> anyhow::Result<()> {
    let token = keystone.token("alice", Some("demo"))?;
    expect(&api.get(LIST, Some(&token))?, 200, "a member")?;
    let subnet = "11111111-1111-1111-1111-111111111111";
    let body = json!({ "loadbalancer": { "vip_subnet_id": subnet } });
    let made = api.post(LIST, &token, &body)?;
    expect(&made, 201, "a member who creates")?;
    let project = &made.body["loadbalancer"]["project_id"];
    ensure!(
        *project == people.project.as_str(),
        "the project is the token's: {made:?}"
    );
    let unscoped = keystone.token("alice", None)?;
    expect(
        &api.get(LIST, Some(&unscoped))?,
        403,
        "a token for no project",
    )?;
    println!(
        "a member sees and makes what is the project's; a token for no project is for nothing"
    );
    Ok(())
}

/// Audit records name the service that the caller's catalogue has.
fn records(api: &Api, keystone: &Accounts) -> anyhow::Result<()> {
    let service = json!({ "service": { "type": "load-balancer", "name": "octavia" } });
    let service = keystone.make("services", &service)?;
    let url = "http://lb.example/load-balancer";
    let endpoint = json!({ "endpoint": {
        "service_id": service, "interface": "public", "url": url, "region_id": "RegionOne",
    } });
    keystone.make("endpoints", &endpoint)?;
    let token = keystone.token("alice", Some("demo"))?;
    expect(&api.get(LIST, Some(&token))?, 200, "a member")?;
    let targets = api.audited_targets()?;
    let last = targets.last().context("there are no audit records")?;
    let expected = json!({
        "typeURI": "service/load-balancer/loadbalancers",
        "id": "octavia",
        "name": "octavia",
        "addresses": [
            { "url": "unknown", "name": "admin" },
            { "url": "unknown", "name": "private" },
            { "url": url, "name": "public" },
        ],
    });
    ensure!(*last == expected, "an audit record's target is {last}");
    println!("audit records name the service as the caller's catalogue has it");
    Ok(())
}

fn services(api: &Api, keystone: &Accounts, people: &People) -> anyhow::Result<()> {
    let user = json!({ "user": { "name": "heat", "password": PASSWORD, "domain_id": "default" } });
    let heat = keystone.make("users", &user)?;
    keystone.grant(&heat, &people.project, "service")?;
    let service = keystone.token("heat", Some("demo"))?;
    let member = keystone.token("alice", Some("demo"))?;
    expect(&api.get_for(LIST, &member, &service)?, 200, "a service")?;
    expect(&api.get_for(LIST, &member, &member)?, 401, "no service")?;
    println!("a service passes on what a member asks, and nobody else does");
    Ok(())
}

fn credentials_with_rules(api: &Api, keystone: &Accounts, people: &People) -> anyhow::Result<()> {
    let member = keystone.token("alice", Some("demo"))?;
    let rule = json!({ "service": "load-balancer", "method": "GET", "path": LIST });
    let credential = json!({ "application_credential": {
        "name": "looks", "secret": "secret", "access_rules": [rule],
    } });
    let path = format!("users/{}/application_credentials", people.user);
    let id = keystone.make_as(&member, &path, &credential)?;
    let token = keystone.token_of_credential(&id)?;
    expect(&api.get(LIST, Some(&token))?, 200, "what a rule allows")?;
    expect(
        &api.get("/v2.0/lbaas/pools", Some(&token))?,
        401,
        "what no rule allows",
    )?;
    println!("a credential with rules is good for what they allow");
    Ok(())
}

fn ends(api: &Api, keystone: &Accounts, people: &People) -> anyhow::Result<()> {
    let token = keystone.token("alice", Some("demo"))?;
    expect(&api.get(LIST, Some(&token))?, 200, "a token")?;
    keystone.revoke(&token)?;
    expect(&api.get(LIST, Some(&token))?, 401, "a revoked token")?;
    let token = keystone.token("alice", Some("demo"))?;
    expect(&api.get(LIST, Some(&token))?, 200, "a token")?;
    keystone.disable(&people.project)?;
    expect(&api.get(LIST, Some(&token))?, 401, "a disabled project")?;
    println!("revoked tokens, and those of a disabled project, are refused");
    Ok(())
}

/// Keystone goes, and comes back; nobody restarts an API.
fn outage(
    asking: &Api,
    remembering: &Api,
    accounts: &Accounts,
    keystone: &mut Keystone,
) -> anyhow::Result<()> {
    let known = accounts.token("admin", Some("admin"))?;
    let unknown = accounts.token("admin", Some("admin"))?;
    for api in [asking, remembering] {
        expect(&api.get(LIST, Some(&known))?, 200, "a token")?;
    }
    keystone.stop();
    for (api, token) in [(asking, &known), (remembering, &unknown)] {
        let answer = api.get(LIST, Some(token))?;
        expect(&answer, 503, "while Keystone is away")?;
        ensure!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    let remembered = remembering.get(LIST, Some(&known))?;
    expect(&remembered, 200, "a token that is remembered")?;
    println!("without Keystone only remembered tokens are good, and 503 says when to come again");
    keystone.resume()?;
    let new = accounts.token("admin", Some("admin"))?;
    for api in [asking, remembering] {
        for token in [&known, &unknown, &new] {
            expect(&api.get(LIST, Some(token))?, 200, "Keystone is back")?;
        }
        expect(&api.get(LIST, Some("forged"))?, 401, "a stranger")?;
    }
    println!("with Keystone back all is as before, and no API was started again");
    Ok(())
}

fn expect(answer: &Answer, status: u16, what: &str) -> anyhow::Result<()> {
    ensure!(
        answer.status == status,
        "{what}: {status} was expected, and this came: {answer:?}"
    );
    Ok(())
}

/// Returns the id in the one object of a body.
fn id_of(body: &Value) -> Option<String> {
    let object = body.as_object()?.values().next()?;
    Some(object["id"].as_str()?.to_owned())
}
