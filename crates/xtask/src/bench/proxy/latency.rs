//! How long requests take at a rate that both can serve.
//!
//! Each client sends at the moments of a timetable, whether or not the answer before came late, and
//! time counts from the moment in the timetable: a proxy that stalls is charged for all that should
//! have been asked meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};

use super::contender::Contender;
use super::load::{Listener, Load, SMALL, answered};
use crate::bench::process::{Core, Program, now, on_core};
use crate::shell::find;

/// Clients at once.
const CLIENTS: u32 = 32;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Returns how many requests a second are answered, at most.
pub(crate) fn top_rate(contender: &Contender, seconds: u32) -> anyhow::Result<f64> {
    let answered = Load::new(&SMALL, seconds, CLIENTS)?.run(contender)?;
    Ok(answered / f64::from(seconds))
}

/// Returns the time in milliseconds within which 99 of 100 requests are answered, at a rate.
pub(crate) fn p99(contender: &Contender, rate: f64, seconds: u32) -> anyhow::Result<f64> {
    let server = contender.listeners.http;
    let step = Duration::from_secs_f64(f64::from(CLIENTS) / rate);
    let start = now()? + Duration::from_millis(100);
    let end = start + Duration::from_secs(seconds.into());
    let play = |client: u32| follow(server, (start + step * client / CLIENTS, step, end));
    let mut times = on_core(Core::Others, || {
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| scope.spawn(move || play(client)))
                .collect();
            let mut times = Vec::new();
            for client in clients {
                let its = client.join();
                times.extend(its.map_err(|_| anyhow::anyhow!("a client panicked"))??);
            }
            anyhow::Ok(times)
        })
    })??;
    times.sort_unstable();
    quantile(&times, 99).map(|time| time.as_secs_f64() * 1e3)
}

/// Returns the time in milliseconds within which 99 of 100 short requests are answered while 64
/// clients load large files without end.
pub(crate) fn p99_beside_downloads(contender: &Contender, seconds: u32) -> anyhow::Result<f64> {
    let wrk = find("wrk").context("wrk makes the load: apt install wrk")?;
    let program = |connections: u32, seconds: u32, path: &str| {
        let mut command = Command::new(&wrk);
        command
            .args(["--threads=1", "--timeout=30s", "--latency"])
            .arg(format!("--connections={connections}"))
            .arg(format!("--duration={seconds}s"))
            .arg(Listener::Http.url(contender, path));
        command
    };
    let mut downloads = program(64, seconds + 2, "download");
    downloads.stdout(Stdio::null());
    let downloads = Program::start(downloads, Core::Others)?;
    std::thread::sleep(Duration::from_millis(500));
    let output = on_core(Core::Others, || program(8, seconds, "small").output())??;
    drop(downloads);
    let output = String::from_utf8_lossy(&output.stdout);
    answered(&output)?;
    let p99 = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("99%"));
    p99.and_then(milliseconds)
        .context("wrk did not say how long it took")
}

/// Reads a time as `wrk` writes it.
fn milliseconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

/// Asks at each moment from the first to the last; returns how long each answer took.
fn follow(
    server: SocketAddr,
    (first, step, end): (Duration, Duration, Duration),
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let request = format!("GET /small HTTP/1.1\r\nHost: {server}\r\n\r\n");
    let (mut due, mut times, mut buffer) = (first, Vec::new(), [0; 4096]);
    while due < end {
        let clock = ClockId::CLOCK_MONOTONIC;
        clock_nanosleep(clock, ClockNanosleepFlags::TIMER_ABSTIME, &due.into())?;
        stream.write_all(request.as_bytes())?;
        let count = stream.read(&mut buffer).context("wait for an answer")?;
        ensure!(
            buffer[..count].starts_with(b"HTTP/1.1 200 ") && buffer[..count].ends_with(b"xxxx"),
            "another answer came"
        );
        times.push(now()?.saturating_sub(due));
        due += step;
    }
    Ok(times)
}

/// Returns the time that so many of a hundred do not exceed.
fn quantile(sorted: &[Duration], hundredths: usize) -> anyhow::Result<Duration> {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    let found = rank.checked_sub(1).and_then(|index| sorted.get(index));
    found.copied().context("nobody was answered")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        let times = [" 850.00us", "1.25ms", "2.00s", "1.50m"].map(milliseconds);
        assert_eq!(times, [0.85, 1.25, 2000.0, 90_000.0].map(Some));
        assert_eq!(milliseconds("soon"), None);
    }

    #[test]
    fn of_a_hundred_the_ninety_ninth_counts() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 99).unwrap().as_millis(), 99);
        assert!(quantile(&[], 99).is_err());
    }
}
