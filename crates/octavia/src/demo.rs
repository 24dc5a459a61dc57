//! `octavia demo`: a load balancer at work, from nothing to a failure and back.

mod client;
mod site;
mod story;
mod visitor;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use clap::Args;
use rand::RngExt;
use tokio::time::Instant;

use crate::all_in_one::{self, Everything, IsolationChoice};
use crate::cli::Common;
use crate::config::Sources;
use crate::failure::Failure;
use client::{Client, LoadBalancer};
use site::Site;
use story::Story;
use visitor::Visitor;

/// What `octavia demo` is told.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Ends when the story is told, and leaves nothing behind.
    #[arg(long)]
    pub(crate) exit: bool,
}

/// How many requests show who answers.
const REQUESTS: usize = 10;

/// The addresses of one demonstration, which nobody else uses: a piece of 127.0.0.0/8 drawn by chance.
pub(crate) struct Ground {
    /// The second number of every address.
    piece: u8,
}

impl Ground {
    /// Draws a piece.
    pub(crate) fn draw() -> Self {
        Self {
            piece: rand::rng().random_range(100..250),
        }
    }

    /// Returns the address of a web server.
    fn site(&self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.piece, 1, number)
    }

    /// Returns the configuration: processes on this ground, and free ports.
    pub(crate) fn sources(&self, common: &Common, folder: &Path) -> Sources {
        let arguments = all_in_one::Arguments {
            bind_port: Some(0),
            isolation: Some(IsolationChoice::Process),
            ..all_in_one::Arguments::default()
        };
        let mut sources = arguments.sources(common, folder);
        let subnet = format!("demo-subnet demo 127.{}.0.0/24", self.piece);
        let management = format!("127.{}.128.0/17", self.piece);
        sources.command_line.extend([
            ("demo", "local_cloud", "subnet", subnet),
            ("demo", "local_cloud", "management_cidr", management),
        ]);
        sources
    }
}

/// Tells the story, and then waits to be stopped, unless it is to end.
pub(crate) async fn run(
    arguments: Arguments,
    ground: Ground,
    configuration: crate::config::Configuration,
    folder: &Path,
) -> Result<(), Failure> {
    let story = Story::new();
    story::say("\n  Octavia in Rust: a load balancer at work\n");
    let mut sites = [
        Site::start("red", ground.site(11)).await?,
        Site::start("blue", ground.site(12)).await?,
    ];
    let begun = Instant::now();
    let everything = Everything::start(configuration, folder).await?;
    let endpoint = everything.endpoint();
    story.step("all-in-one", &format!("every role runs, {endpoint}"), begun);
    let subnet = everything.default_subnet().await?;
    let client = Client::new(&endpoint)?;
    let stop = everything.stopping();
    let telling = async {
        let told = stop
            .run_until_cancelled(tell(&story, &client, &subnet, &mut sites))
            .await
            .transpose();
        match &told {
            Ok(Some(load_balancer)) if !arguments.exit => {
                story::say(&farewell(&endpoint, load_balancer));
            }
            Ok(_) | Err(_) => stop.cancel(),
        }
        told.map(drop)
    };
    let (told, ran) = tokio::join!(telling, everything.run());
    told.and(ran)
}

async fn tell(
    story: &Story,
    client: &Client,
    subnet: &str,
    sites: &mut [Site; 2],
) -> Result<LoadBalancer, Failure> {
    let load_balancer = create(story, client, subnet, sites).await?;
    ten_requests(story, client, &load_balancer).await?;
    leave_and_return(story, client, &load_balancer, &mut sites[0]).await?;
    ten_requests(story, client, &load_balancer).await?;
    Ok(load_balancer)
}

async fn create(
    story: &Story,
    client: &Client,
    subnet: &str,
    sites: &[Site],
) -> Result<LoadBalancer, Failure> {
    let begun = Instant::now();
    let load_balancer = client.create(subnet, free_port()?, sites).await?;
    story.step(
        "created",
        "listener, pool, 2 members, monitor: one call",
        begun,
    );
    client.until_active(&load_balancer.id).await?;
    story.step("ACTIVE", "from the call to an amphora that serves", begun);
    let sent = Instant::now();
    client.visit(&load_balancer.url).await?;
    let answered = story::duration(sent.elapsed());
    story.step(
        "first byte",
        &format!("{} answered in {answered}", load_balancer.url),
        begun,
    );
    Ok(load_balancer)
}

async fn ten_requests(
    story: &Story,
    client: &Client,
    load_balancer: &LoadBalancer,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut answers = Vec::new();
    for _ in 0..REQUESTS {
        answers.push(client.visit(&load_balancer.url).await?);
    }
    story.step("ten requests", &answers.join(" "), begun);
    Ok(())
}

/// Breaks a web server and mends it, under requests that never cease.
async fn leave_and_return(
    story: &Story,
    client: &Client,
    load_balancer: &LoadBalancer,
    site: &mut Site,
) -> Result<(), Failure> {
    let visitor = Visitor::start(&load_balancer.url)?;
    let (pool, name) = (&load_balancer.pool_id, site.name());
    let broken = Instant::now();
    site.close().await;
    story.broken(name, "stopped, as a crash would, while requests go on");
    client.until_member_is(pool, name, "ERROR").await?;
    story.step(
        "noticed",
        &format!("{name} is out of the pool: operating status ERROR"),
        broken,
    );
    let mended = Instant::now();
    site.open().await?;
    client.until_member_is(pool, name, "ONLINE").await?;
    story.step(
        "returned",
        &format!("{name} was started and serves again: ONLINE"),
        mended,
    );
    story.step("meanwhile", &visitor.stop().await.to_string(), broken);
    Ok(())
}

fn farewell(endpoint: &str, load_balancer: &LoadBalancer) -> String {
    format!(
        "
  It goes on. Try, in another terminal:

    curl {}
    curl {endpoint}/v2.0/lbaas/loadbalancers/{}/status

  Ctrl-C ends it and leaves nothing behind.
",
        load_balancer.url, load_balancer.id
    )
}

fn free_port() -> Result<u16, Failure> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Failure::Other(error.into()))
}
