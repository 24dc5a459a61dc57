//! Clients and members that do anything, while the configuration changes.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use octavia_amphora_api::config::Algorithm;

use crate::support::config::member;
use crate::support::{Origin, Setup, get, wait_until};

const CLIENTS: u64 = 6;
const ROUNDS: u64 = 120;

/// Numbers that look like chance, and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Answers well most often, and badly in every way otherwise; says its name when asked for `/name`.
fn moody(name: &'static str, seed: u64) -> Origin {
    Origin::serve(move |mut connection| {
        let mut chance = Chance(seed);
        while let Some(head) = connection.request() {
            let mood = if head.contains(" /name ") {
                99
            } else {
                chance.below(12)
            };
            match mood {
                0 => return,
                1 => return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
                2 => return connection.send("nonsense\r\n\r\n"),
                3 => return connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
                4 => connection.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                ),
                5 => connection.answer(&vec![b'x'; 300_000]),
                6 => {
                    connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
                }
                _ => connection.answer(name.as_bytes()),
            }
        }
    })
}

/// Asks in some way, and leaves in some way. Nothing that comes back is an error.
fn behave(address: SocketAddr, chance: &mut Chance) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    for _ in 0..chance.below(4) {
        let request = match chance.below(6) {
            0 => "GET / HTTP/1.1\r\nHost: x\r\n",
            1 => "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
            2 => {
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            }
            3 => "\0\r\n\r\n",
            4 => "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            _ => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        };
        let cut = usize::try_from(chance.below(request.len() as u64)).unwrap_or(0);
        stream.write_all(&request.as_bytes()[..cut])?;
        stream.write_all(&request.as_bytes()[cut..])?;
        if chance.below(3) > 0 {
            std::io::copy(&mut (&stream).take(30), &mut std::io::sink())?;
        }
    }
    if chance.below(2) == 0 {
        stream.shutdown(std::net::Shutdown::Write)?;
        std::io::copy(&mut stream, &mut std::io::sink())?;
    }
    Ok(())
}

#[test]
fn whatever_happens_nothing_leaks_and_everything_goes_on() {
    let origins = [moody("a", 11), moody("b", 12), moody("c", 13)];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| config.pools[0].algorithm = Algorithm::LeastConnections);
    let address = setup.address();
    let clients: Vec<_> = (1..=CLIENTS).map(|seed| chaos(address, seed)).collect();
    let mut chance = Chance(99);
    while clients.iter().any(|client| !client.is_finished()) {
        setup.change(|config| {
            let count = usize::try_from(chance.below(4)).unwrap_or(0);
            let members = (100..).zip(&origins).take(count);
            let members = members.map(|(number, origin)| member(number, origin.address));
            config.pools[0].members = members.collect();
            config.listeners[0].connection_limit = Some(2 + u32::try_from(count).unwrap_or(0));
        });
        origins[0].close_connections();
    }
    setup.change(|config| {
        let members = (100..).zip(&origins);
        let members = members.map(|(number, origin)| member(number, origin.address));
        config.pools[0].members = members.collect();
        config.listeners[0].connection_limit = None;
    });
    wait_until("all connections have ended", || {
        setup.counters().active_connections == 0
    });
    // A member whose requests were counted wrongly would get another share.
    let mut shares = BTreeMap::new();
    for _ in 0..9 {
        *shares.entry(get(address, "/name").text()).or_insert(0) += 1;
    }
    assert_eq!(
        shares,
        ["a", "b", "c"].map(|name| (name.to_owned(), 3)).into()
    );
}

fn chaos(address: SocketAddr, seed: u64) -> std::thread::JoinHandle<()> {
    let mut chance = Chance(seed);
    std::thread::spawn(move || {
        for _ in 0..ROUNDS {
            behave(address, &mut chance).ok();
        }
    })
}
