//! Runs the data plane alone: `proxy CONFIG.json [THREADS [SYSLOG]]` serves until standard input
//! closes, and logs traffic to a syslog server over UDP, if its address is given.
//!
//! The file is an `AmphoraConfig`. Each line on standard input makes it read the file again; `report`
//! prints the state of the data plane as JSON. For measuring, and for trying things out.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;

use octavia_amphora_api::AmphoraConfig;
use octavia_proxy::{LogOptions, Proxy, ProxyOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: proxy CONFIG.json [THREADS [SYSLOG]]")?;
    let threads = arguments.next().map_or(Ok(1), |threads| threads.parse())?;
    let syslog = arguments.next().map(|address| address.parse());
    let proxy = Proxy::start(ProxyOptions {
        threads,
        log: LogOptions {
            targets: syslog.transpose()?.into_iter().collect(),
            ..LogOptions::default()
        },
        ..ProxyOptions::default()
    })?;
    serve(&proxy, Path::new(&file))?;
    for line in io::stdin().lock().lines() {
        if line? == "report" {
            writeln!(io::stdout(), "{}", serde_json::to_string(&proxy.report())?)?;
        } else {
            serve(&proxy, Path::new(&file))?;
        }
    }
    proxy.shutdown(std::time::Duration::from_secs(1));
    Ok(())
}

fn serve(proxy: &Proxy, file: &Path) -> Result<(), Box<dyn Error>> {
    let config: AmphoraConfig = serde_json::from_slice(&std::fs::read(file)?)?;
    proxy.apply(&config)?;
    writeln!(io::stdout(), "serving generation {}", config.generation)?;
    Ok(())
}
