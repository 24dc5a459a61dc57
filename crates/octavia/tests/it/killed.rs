//! An API process that is killed at any moment of a POST under an `Idempotency-Key`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;

use octavia_testing::{MortalServer, TestDatabase};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cutter::Cutter;
use crate::octavia::{Home, PATIENCE, until};

/// A process of the role `api`.
struct Api {
    child: Child,
    endpoint: String,
    http: reqwest::Client,
}

impl Api {
    async fn start(home: &Home, log: PathBuf) -> Self {
        let output = File::create(&log).unwrap();
        let mut command = home.role("api");
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap();
        let endpoint = until("the API to listen", async || {
            let text = fs::read_to_string(&log).unwrap();
            let (_, behind) = text.split_once("listens on ")?;
            let (endpoint, _) = behind.split_once('"')?;
            Some(endpoint.to_owned())
        });
        Self {
            child,
            endpoint: endpoint.await,
            http: reqwest::Client::builder()
                .timeout(PATIENCE)
                .build()
                .unwrap(),
        }
    }

    /// Makes the load balancer of a name under a key of that name. Tells its id, and whether this is
    /// the answer to an earlier call.
    async fn make(&self, name: &str) -> (String, bool) {
        let subnet = "11111111-1111-1111-1111-111111111111";
        let body = json!({ "loadbalancer": { "vip_subnet_id": subnet, "name": name } });
        let url = format!("{}/v2.0/lbaas/loadbalancers", self.endpoint);
        let call = self.http.post(url).header("Idempotency-Key", name);
        let answer = call.json(&body).send().await.unwrap();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert_eq!(status, StatusCode::CREATED, "{name}: {body}");
        let id = body["loadbalancer"]["id"].as_str().unwrap();
        (id.to_owned(), replayed)
    }

    async fn named(&self, name: &str) -> Vec<String> {
        let url = format!("{}/v2.0/lbaas/loadbalancers?name={name}", self.endpoint);
        let answer = self.http.get(url).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        let found = body["loadbalancers"].as_array().unwrap().iter();
        found
            .map(|lb| lb["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Kills it with SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a process that was killed had done.
#[derive(Debug, PartialEq)]
struct Left {
    keys: i64,
    load_balancers: i64,
    answers: i64,
}

impl Left {
    const NOTHING: Self = Self::of(0, 0, 0);
    const CLAIM: Self = Self::of(1, 0, 0);
    const ALL: Self = Self::of(1, 1, 1);
    const ANY: [Self; 3] = [Self::NOTHING, Self::CLAIM, Self::ALL];

    const fn of(keys: i64, load_balancers: i64, answers: i64) -> Self {
        Self {
            keys,
            load_balancers,
            answers,
        }
    }

    /// Looks what is there beside what `before` calls left.
    async fn beside(before: i64, database: &TestDatabase) -> Self {
        let count = async |rows: &str| {
            let sql = format!("SELECT COUNT(*) AS value FROM {rows}");
            database.numbers(&sql).await[0] - before
        };
        Self {
            keys: count("rs_idempotency_keys").await,
            load_balancers: count("load_balancer").await,
            answers: count("rs_idempotency_keys WHERE status = 201").await,
        }
    }
}

fn configuration(wire: &Cutter) -> String {
    format!(
        "[database]\nconnection = mysql://root@localhost/octavia?socket={}\n\
         [api_settings]\nauth_strategy = noauth\ndefault_project_id = default\nimmutable_wait = 25\n\
         default_provider_driver = noop_driver\nenabled_provider_drivers = noop_driver:none\n\
         [controller_worker]\nnetwork_driver = network_noop_driver\n",
        wire.socket().display(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_api_is_killed_the_next_call_under_the_key_makes_or_tells_of_exactly_one() {
    let Some(server) = MortalServer::start() else {
        return;
    };
    let database = TestDatabase::on(&server).await;
    let home = Home::new();
    let folder = home.config().parent().unwrap().to_owned();
    let wire = Cutter::start(&folder, &server.socket());
    home.configure(&configuration(&wire));
    let mut api = Api::start(&home, folder.join("api.log")).await;
    let mut seen = Vec::new();
    loop {
        let messages = seen.len();
        let name = format!("lb-{messages}");
        // What is said only once, at the beginning, would be counted now and then.
        api.make(&format!("before-{messages}")).await;
        wire.cut_after(messages);
        let answered = tokio::select! {
            made = api.make(&name) => Some(made),
            () = wire.reached() => None,
        };
        api.kill();
        wire.mend();
        let before = 2 * i64::try_from(messages).unwrap() + 1;
        let left = Left::beside(before, &database).await;
        api = Api::start(&home, folder.join("api.log")).await;
        // The first claim that is left behind is waited for; the others are made old.
        if left == Left::CLAIM && seen.contains(&Left::CLAIM) {
            let old =
                "UPDATE rs_idempotency_keys SET claimed_until = created_at WHERE status IS NULL";
            database.execute(old).await;
        }
        let (id, replayed) = api.make(&name).await;
        assert_eq!(replayed, left == Left::ALL, "{messages}: {left:?}");
        assert_eq!(
            api.named(&name).await,
            std::slice::from_ref(&id),
            "{messages}: {left:?}"
        );
        if let Some((told, _)) = answered {
            assert_eq!(told, id);
            break;
        }
        seen.push(left);
    }
    // It was killed before the claim, between claim and commit, and between commit and answer; and what
    // is half done is nowhere.
    for left in &Left::ANY {
        assert!(seen.contains(left), "{left:?} in {seen:?}");
    }
    assert!(seen.iter().all(|left| Left::ANY.contains(left)), "{seen:?}");
}
