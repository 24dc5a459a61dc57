//! What two readers could understand differently is refused, or reaches the member as one thing.
//!
//! Every request of a corpus goes through our proxy, and in the same run through HAProxy and nginx,
//! to a server that records what it gets. The bytes that it got are then counted by readers of many
//! habits: all must find as many requests as the proxy gave answers of the member for.

mod corpus;
mod front;
mod reader;
mod recorder;
mod table;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use corpus::Case;
use front::{Front, Verdict};
use reader::Habit;

/// How many cases are under way at once.
const LANES: usize = 12;

/// A case and what became of it: by us, and by the peers that this machine has.
struct Judged<'a> {
    case: &'a Case,
    ours: Verdict,
    peers: Vec<(&'static str, Verdict)>,
}

#[test]
fn no_request_means_one_thing_to_us_and_another_to_the_member() {
    let cases = corpus::cases();
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    let ours = front::ours(LANES);
    let peers: Vec<_> = [front::haproxy(LANES), front::nginx(LANES)]
        .into_iter()
        .flatten()
        .collect();
    let judged = judge_all(&cases, &ours, &peers);
    let mut out = std::io::stderr();
    write!(out, "{}", table::render(&judged)).expect("print the table");
    let wrong: Vec<_> = judged.iter().flat_map(complaints).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn habits_are_told_apart_by_what_is_ambiguous() {
    let post = "POST / HTTP/1.1\r\nHost: x\r\n";
    let next = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let count = |habit: Habit, fields: &str, body: &str| {
        habit.count(format!("{post}{fields}\r\n\r\n{body}{next}").as_bytes())
    };
    let both = "Content-Length: 0\r\nTransfer-Encoding: chunked";
    let hidden = "2f\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n0\r\n\r\n";
    assert_eq!(count(Habit::Strict, "X: y", ""), 2);
    assert_ne!(
        count(Habit::LengthFirst, both, hidden),
        count(Habit::Strict, both, hidden)
    );
    let folded = "X: y\nContent-Length: 30";
    assert_ne!(
        count(Habit::LoneLf, folded, ""),
        count(Habit::Strict, folded, "")
    );
    let spaced = "Content-Length : 30";
    assert_ne!(
        count(Habit::TrimsNames, spaced, ""),
        count(Habit::Strict, spaced, "")
    );
}

fn judge_all<'a>(cases: &'a [Case], ours: &Front, peers: &[Front]) -> Vec<Judged<'a>> {
    let next = AtomicUsize::new(0);
    let work = |lane: usize| {
        let mut judged = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            judged.push(Judged {
                case,
                ours: ours.ask(lane, &case.bytes, case.expected.len()),
                peers: peers
                    .iter()
                    .map(|peer| (peer.name, peer.ask(lane, &case.bytes, usize::MAX)))
                    .collect(),
            });
        }
        judged
    };
    let mut judged: Vec<_> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| scope.spawn(move || work(lane)))
            .collect();
        let done = lanes.into_iter().map(|lane| lane.join().expect("a lane"));
        done.flatten().collect()
    });
    judged.sort_by_key(|judged| judged.case.line);
    judged
}

/// Returns what is wrong with our verdict.
fn complaints(judged: &Judged<'_>) -> Vec<String> {
    let Judged { case, ours, peers } = judged;
    let mut wrong = Vec::new();
    if ours.answers != case.expected {
        wrong.push(format!(
            "{}: answered {:?} and not {:?}",
            case.name, ours.answers, case.expected
        ));
    }
    if let Some(disagreement) = ours.disagreement() {
        wrong.push(format!("{}: {disagreement}", case.name));
    }
    for (peer, verdict) in peers {
        if verdict.refused_earlier_than(ours) && case.lenient.is_none() {
            wrong.push(format!(
                "{}: {peer} refuses it ({:?}), and nothing says why we do not ({:?})",
                case.name, verdict.answers, ours.answers
            ));
        }
    }
    wrong
}
