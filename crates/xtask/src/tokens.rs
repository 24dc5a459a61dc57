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
use api::Api;
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
    let keystone = Keystone::start(folder.path())?;
    let api = Api::start(&binary, &keystone)?;
    let accounts = Accounts::at(keystone.url());
    walk(&api, &accounts).map_err(|error| error.context(keystone.log()))?;
    outage(&api, &accounts, keystone)
}

fn walk(api: &Api, accounts: &Accounts) -> anyhow::Result<()> {
    let people = People::arrive(accounts)?;
    strangers(api, accounts)?;
    members(api, accounts, &people)?;
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

fn outage(api: &Api, accounts: &Accounts, keystone: Keystone) -> anyhow::Result<()> {
    let token = accounts.token("admin", Some("admin"))?;
    drop(keystone);
    let answer = api.get(LIST, Some(&token))?;
    expect(&answer, 503, "while Keystone is away")?;
    ensure!(answer.header("retry-after").is_some(), "{answer:?}");
    println!("without Keystone nobody is let in, and 503 says when to come again");
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
