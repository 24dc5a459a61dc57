use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::checks::CheckResult;

/// What all checks found, to be written as clients want it.
pub(super) struct Report<'a> {
    pub(super) results: &'a [CheckResult],
    pub(super) detailed: bool,
    pub(super) now: DateTime<Utc>,
}

impl Report<'_> {
    /// One line a check.
    pub(super) fn text(&self) -> String {
        let reasons: Vec<_> = self.results.iter().map(|result| result.reason).collect();
        reasons.join("\n")
    }

    /// Where upstream tells of its interpreter, the fields are there, and say that there is none.
    pub(super) fn json(&self) -> Value {
        if !self.detailed {
            let reasons: Vec<_> = self.results.iter().map(|result| result.reason).collect();
            return json!({ "detailed": false, "reasons": reasons });
        }
        let reasons: Vec<_> = self
            .results
            .iter()
            .map(|result| {
                json!({
                    "class": "HealthcheckResult",
                    "details": result.details,
                    "reason": result.reason,
                })
            })
            .collect();
        json!({
            "detailed": true,
            "gc": { "counts": [0, 0, 0], "threshold": [0, 0, 0] },
            "greenthreads": [],
            "now": self.now.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
            "platform": platform(),
            "python_version": "none",
            "reasons": reasons,
            "threads": [],
        })
    }

    /// A page for people.
    pub(super) fn html(&self) -> String {
        let mut rows = String::new();
        for result in self.results {
            let (reason, details) = (result.reason, escape(&result.details));
            let row = if self.detailed {
                format!("<TR><TD>HealthcheckResult</TD><TD>{reason}</TD><TD>{details}</TD></TR>")
            } else {
                format!("<TR><TD>{reason}</TD></TR>")
            };
            writeln!(rows, "{row}").expect("a String takes all that is written");
        }
        let (server, titles) = if self.detailed {
            let head = format!(
                "<H1>Server status</H1>\n<B>Current time:</B><PRE>{}</PRE>\n\
                 <B>Platform:</B><PRE>{}</PRE>\n<HR></HR>\n\
                 <H2>Garbage collector:</H2>\n<PRE>none</PRE>\n<HR></HR>\n",
                self.now,
                platform()
            );
            (head, "<TH>Kind</TH><TH>Reason</TH><TH>Details</TH>")
        } else {
            (String::new(), "<TH>Reason</TH>")
        };
        format!(
            "<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n{server}\
             <H2>Result of {} checks:</H2>\n<TABLE bgcolor=\"#ffffff\" border=\"1\">\n<TBODY>\n\
             <TR>{titles}</TR>\n{rows}</TBODY>\n</TABLE>\n<HR></HR>\n</BODY>\n</HTML>",
            self.results.len()
        )
    }
}

const fn platform() -> &'static str {
    std::env::consts::OS
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
