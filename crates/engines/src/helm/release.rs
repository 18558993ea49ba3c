//! What helm says of a release as JSON: `status`, `history`, and `upgrade --dry-run`.
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A release at one of its revisions.
#[derive(Debug, Default, Deserialize)]
pub struct Release {
    /// Its status and its notes.
    #[serde(default)]
    pub info: Info,
    /// The values that it was given, beside the chart's own.
    #[serde(default)]
    pub config: Json,
    /// Its objects, as YAML.
    #[serde(default)]
    pub manifest: String,
    /// Objects that are made at certain moments.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// The revision.
    #[serde(default)]
    pub version: u64,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
}

/// What helm notes about a revision.
#[derive(Debug, Default, Deserialize)]
pub struct Info {
    /// `deployed`, `failed`, `pending-upgrade` …
    #[serde(default)]
    pub status: String,
    /// What the chart tells people.
    #[serde(default)]
    pub notes: String,
}

/// A hook: an object that is made at certain moments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// `pre-install`, `test` …
    #[serde(default)]
    pub events: Vec<String>,
    /// How it ended.
    #[serde(default)]
    pub last_run: LastRun,
}

/// How a hook ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LastRun {
    /// `Succeeded`, `Failed`; empty when it never ran.
    #[serde(default)]
    pub phase: String,
}

/// A line of the history.
#[derive(Clone, Debug, Deserialize)]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// Its status.
    pub status: String,
}

/// A JSON document of helm; what stands there may be a secret, so only the place of a mistake is said.
pub fn read<'a, T: Deserialize<'a>>(what: &str, stdout: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(stdout).map_err(|e| {
        format!(
            "helm {what} printed no JSON (line {}, column {})",
            e.line(),
            e.column()
        )
    })
}

/// The status of a release that goes.
const UNINSTALLING: &str = "uninstalling";

/// Is an operation on the release under way, or was one cut off?
pub fn is_pending(status: &str) -> bool {
    status.starts_with("pending-") || status == UNINSTALLING
}

/// What to do about the last revision before anything else can be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restore {
    /// Nothing.
    #[default]
    Nothing,
    /// Back to this revision.
    Rollback(u64),
    /// There is nothing to go back to.
    Uninstall,
}

/// How to get rid of a last revision that was cut off or that failed. `history` is as helm prints it, oldest first.
pub fn restore(history: &[Revision]) -> Restore {
    let Some((last, before)) = history.split_last() else {
        return Restore::Nothing;
    };
    if !is_pending(&last.status) && last.status != "failed" {
        return Restore::Nothing;
    }
    if last.status == UNINSTALLING {
        return Restore::Uninstall;
    }
    let find = |status: &str| before.iter().rfind(|r| r.status == status);
    match find("deployed").or_else(|| find("superseded")) {
        Some(good) => Restore::Rollback(good.revision),
        None if before.iter().all(|r| r.status == "uninstalled") => Restore::Uninstall,
        // nothing was ever good: helm goes back to what it likes, and the release can be used again
        None if is_pending(&last.status) => {
            find("failed").map_or(Restore::Uninstall, |r| Restore::Rollback(r.revision))
        }
        None => Restore::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(statuses: &[&str]) -> Restore {
        let history: Vec<Revision> = (1..)
            .zip(statuses)
            .map(|(revision, status)| Revision {
                revision,
                status: (*status).to_owned(),
            })
            .collect();
        restore(&history)
    }

    #[test]
    fn what_was_cut_off_goes_back_to_the_last_good_revision() {
        assert_eq!(restored(&[]), Restore::Nothing);
        assert_eq!(restored(&["deployed"]), Restore::Nothing);
        assert_eq!(restored(&["pending-install"]), Restore::Uninstall);
        assert_eq!(restored(&["failed"]), Restore::Uninstall);
        assert_eq!(
            restored(&["uninstalled", "pending-install"]),
            Restore::Uninstall
        );
        assert_eq!(
            restored(&["superseded", "deployed", "pending-upgrade"]),
            Restore::Rollback(2)
        );
        assert_eq!(
            restored(&["superseded", "failed", "pending-rollback"]),
            Restore::Rollback(1)
        );
        assert_eq!(restored(&["deployed", "uninstalling"]), Restore::Uninstall);
        assert_eq!(restored(&["failed", "failed"]), Restore::Nothing);
        assert_eq!(
            restored(&["failed", "pending-upgrade"]),
            Restore::Rollback(1)
        );
    }

    #[test]
    fn what_is_no_json_is_not_repeated() {
        let why = read::<Release>("status", b"{\"manifest\": s3cret").unwrap_err();
        assert_eq!(why, "helm status printed no JSON (line 1, column 14)");
    }
}
