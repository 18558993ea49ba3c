//! What is demanded of a scan: a score, no failed rule of some severity, and waivers with reasons.
use super::{
    keys::{Bad, Keys},
    xccdf::{self, Outcome, Scan, Severity},
};
use strata_core::{
    engine::{Artifact, Report},
    value::Term,
};

/// What a scan has to reach.
pub struct Demands {
    min_score: Option<f64>,
    fail_on: Option<Severity>,
    waivers: Vec<Waiver>,
}

/// A rule that may fail, and why.
struct Waiver {
    rule: String,
    reason: String,
    /// `2026-12-31`: the last day on which it counts.
    expires: Option<String>,
}

impl Demands {
    /// From the keys of an entry.
    pub fn of(keys: &Keys<'_>) -> Result<Self, Bad> {
        let fail_on = match keys.text("fail-on")?.as_deref() {
            None | Some("none") => None,
            Some(name) => Some(Severity::parse(name).ok_or_else(|| {
                Bad::invalid("`openscap.fail-on` has to be `high`, `medium`, `low` or `none`")
            })?),
        };
        let min_score = keys.number("min-score")?;
        if min_score.is_none() && fail_on.is_none() {
            return Err(Bad::invalid(
                "`openscap` needs `min-score` or `fail-on`, or it could never fail",
            ));
        }
        let waivers = keys.list("waive")?.iter().map(Waiver::of);
        Ok(Self {
            min_score,
            fail_on,
            waivers: waivers.collect::<Result<_, _>>()?,
        })
    }
    /// Has anything an end, so that the day has to be known?
    pub fn expire(&self) -> bool {
        self.waivers.iter().any(|w| w.expires.is_some())
    }
    /// The verdict on a scan.
    pub fn judge(&self, scan: &Scan, today: Option<&str>, report: Option<Artifact>) -> Report {
        let mut detail = Vec::new();
        let (mut used, mut bad) = (vec![false; self.waivers.len()], 0);
        for outcome in scan.rules.iter().filter(|o| failing(o)) {
            let name = xccdf::short(&outcome.rule);
            let waived = self
                .waivers
                .iter()
                .position(|w| w.counts_for(&outcome.rule, today));
            if let Some(i) = waived {
                used[i] = true;
                detail.push(self.waivers[i].line(name));
            } else {
                bad += usize::from(self.fail_on.is_some_and(|least| outcome.severity >= least));
                detail.push(format!(
                    "{} ({}): {name}",
                    outcome.result,
                    outcome.severity.name()
                ));
            }
        }
        for (waiver, _) in self.waivers.iter().zip(used).filter(|(_, used)| !used) {
            let why = if waiver.expired(today) {
                "expired"
            } else {
                "not needed"
            };
            detail.push(format!("waiver {why}: {}", waiver.rule));
        }
        Report {
            verifier: "openscap".to_owned(),
            ok: self.met(scan, bad),
            summary: self.summary(scan, bad),
            detail,
            report,
        }
    }
    /// A scan that looked at no rule meets nothing.
    fn met(&self, scan: &Scan, bad: usize) -> bool {
        !scan.rules.is_empty() && self.min_score.is_none_or(|least| scan.score >= least) && bad == 0
    }
    fn summary(&self, scan: &Scan, bad: usize) -> String {
        let count = |result: &str| scan.rules.iter().filter(|o| o.result == result).count();
        let least = self.min_score.map(|least| format!(" of at least {least}"));
        let unwaived = self
            .fail_on
            .map(|least| format!(", {bad} of them {} or worse and not waived", least.name()));
        format!(
            "score {:.1}{}; {} rules pass, {} fail{}",
            scan.score,
            least.unwrap_or_default(),
            count("pass"),
            count("fail"),
            unwaived.unwrap_or_default()
        )
    }
}

fn failing(outcome: &Outcome) -> bool {
    ["fail", "error", "unknown"].contains(&outcome.result.as_str())
}

impl Waiver {
    fn of(term: &Term) -> Result<Self, Bad> {
        let keys = Keys::of("waive", term, &["rule", "reason", "expires"])?;
        let reason = keys.need("reason")?;
        if reason.trim().is_empty() {
            return Err(Bad::invalid("a waiver needs a reason"));
        }
        let expires = keys.text("expires")?;
        if let Some(wrong) = expires.as_ref().filter(|text| !is_date(text)) {
            return Err(Bad::invalid(format!(
                "`waive.expires` has to be a date such as `2027-01-31`; it is `{wrong}`"
            )));
        }
        Ok(Self {
            rule: keys.need("rule")?,
            reason,
            expires,
        })
    }
    fn counts_for(&self, rule: &str, today: Option<&str>) -> bool {
        (rule == self.rule || xccdf::short(rule) == self.rule) && !self.expired(today)
    }
    /// Dates in this form sort as texts. Where the day is not known, what has an end has ended.
    fn expired(&self, today: Option<&str>) -> bool {
        self.expires
            .as_deref()
            .is_some_and(|last| today.is_none_or(|today| today > last))
    }
    fn line(&self, rule: &str) -> String {
        let until = self.expires.as_ref().map(|last| format!(" until {last}"));
        format!(
            "waived{}: {rule}: {}",
            until.unwrap_or_default(),
            self.reason
        )
    }
}

fn is_date(text: &str) -> bool {
    let shaped = |(i, b): (usize, u8)| {
        if i == 4 || i == 7 {
            b == b'-'
        } else {
            b.is_ascii_digit()
        }
    };
    text.len() == 10 && text.bytes().enumerate().all(shaped)
}
