//! How busy the amphora is, in percent.

use super::page::{Kind, Page};

/// Adds what the host tells; what it does not tell is left out.
pub(super) fn add(page: &mut Page) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if let Some(load) = load_average() {
        let name = "octavia_loadbalancer_cpu";
        page.family(
            name,
            Kind::Gauge,
            "Load of the last minute, in percent of the cores.",
        );
        let percent = load * 100.0 / f64::from(u32::try_from(cores).unwrap_or(1));
        page.sample(&[], format_args!("{percent:.1}"));
    }
    if let Some(percent) = memory_in_use() {
        let name = "octavia_loadbalancer_memory";
        page.family(name, Kind::Gauge, "Memory in use, in percent.");
        page.sample(&[], format_args!("{percent:.1}"));
    }
}

/// Adds the memory of this process, under the names that HAProxy's pools of memory have upstream.
pub(super) fn add_memory(page: &mut Page) {
    let Some(bytes) = resident() else { return };
    for name in ["allocated_bytes", "used_bytes"] {
        let name = format!("octavia_memory_pool_{name}");
        page.family(&name, Kind::Gauge, "Memory of the process, in bytes.");
        page.sample(&[], bytes);
    }
    let name = "octavia_memory_pool_failures_total";
    page.family(name, Kind::Counter, "Without memory the process ends.");
    page.sample(&[], 0);
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn load_average() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

fn memory_in_use() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_end_matches("kB").trim().parse().ok()
    };
    let total = field("MemTotal:")?;
    Some(100.0 * (total - field("MemAvailable:")?) / total)
}
