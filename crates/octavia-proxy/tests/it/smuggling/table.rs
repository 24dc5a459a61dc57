//! What is printed: every verdict, and where they differ.

use std::fmt::Write as _;

use super::Judged;
use super::front::Verdict;

/// Renders the verdicts of all cases, then the reasons for the differences.
pub(super) fn render(judged: &[Judged<'_>]) -> String {
    let mut out = String::new();
    let rows = judged.iter().map(|judged| (judged, differs(judged)));
    let (mut same, mut open) = (0, 0);
    for (judged, differs) in rows {
        row(judged, differs, &mut out);
        same += usize::from(!differs);
        let disagrees = |peer: &(&str, Verdict)| peer.1.disagreement().is_some();
        open += judged.peers.iter().filter(|peer| disagrees(peer)).count();
    }
    let (all, differing) = (judged.len(), judged.len() - same);
    writeln!(
        out,
        "{all} requests: {same} with the same answers by all, {differing} with a difference (`*`). \
         What peers passed on could be counted otherwise {open} times (`!`)."
    )
    .expect("a string grows");
    out
}

fn differs(judged: &Judged<'_>) -> bool {
    let mut peers = judged.peers.iter();
    peers.any(|(_, verdict)| verdict.answers != judged.ours.answers)
}

fn row(judged: &Judged<'_>, differs: bool, out: &mut String) {
    let star = if differs { '*' } else { ' ' };
    write!(
        out,
        "{star} {:32} ours {:16}",
        judged.case.name,
        codes(&judged.ours)
    )
    .expect("a string grows");
    for (peer, verdict) in &judged.peers {
        write!(out, " {peer} {:16}", codes(verdict)).expect("a string grows");
    }
    let line = out.trim_end().len();
    out.truncate(line);
    out.push('\n');
    if differs {
        let why = judged.case.lenient.as_ref().unwrap_or(&judged.case.why);
        writeln!(out, "    {why}").expect("a string grows");
    }
    for (peer, verdict) in &judged.peers {
        if let Some(disagreement) = verdict.disagreement() {
            writeln!(out, "    {peer}: {disagreement}").expect("a string grows");
        }
    }
}

fn codes(verdict: &Verdict) -> String {
    let codes: Vec<_> = verdict.answers.iter().map(u16::to_string).collect();
    let codes = if codes.is_empty() {
        "-".to_owned()
    } else {
        codes.join(" ")
    };
    let mark = if verdict.disagreement().is_some() {
        "!"
    } else {
        ""
    };
    codes + mark
}
