//! A scan of a file tree with OpenSCAP: of a folder, or of a packed tree that is unpacked first.
use super::{
    demands::Demands,
    keys::{Bad, Keys},
    xccdf,
};
use crate::{
    declared::ARTIFACT,
    outcome::{failed, refused, succeeded},
};
use serde::{Deserialize, Serialize};
use strata_core::{
    engine::{Arg, Artifact, Channel, Collect, EnvValue, Finding, Got, Invocation, Place, Turn},
    value::Term,
};

/// Where Debian keeps the SCAP Security Guide.
const CONTENT: &str = "/usr/share/xml/scap/ssg/content";
/// In the work folder, not in memory: an unpacked tree has hundreds of megabytes.
const UNPACKED: &str = ".strata-scan";
const RESULTS: &str = "results.xml";
const REPORT: &str = "report.html";
/// Most bytes of a results file.
const MOST_RESULTS: u64 = 512 << 20;

/// `openscap: {profile, datastream, root | archive, min-score, fail-on, waive}`.
pub struct OpenScap {
    profile: String,
    datastream: Option<String>,
    tree: Scanned,
    demands: Demands,
}

/// What is scanned.
enum Scanned {
    /// A folder: absolute, or in the component's folder.
    Root(String),
    /// A packed tree: an artifact, or the path of one.
    Archive(Term),
}

/// What is running, and what is known so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    at: At,
    today: Option<String>,
    datastream: Option<String>,
    finding: Option<Box<Finding>>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    #[default]
    Date,
    Unpack,
    Release,
    Scan,
    Remove,
}

impl OpenScap {
    /// From its entry.
    pub fn of(term: &Term) -> Result<Self, Bad> {
        let known = [
            "profile",
            "datastream",
            "root",
            "archive",
            "min-score",
            "fail-on",
            "waive",
        ];
        let keys = Keys::of("openscap", term, &known)?;
        let tree = match (keys.term("root"), keys.term("archive")) {
            (Some(Term::Map(map)), None) if map.contains_key(ARTIFACT) => {
                Scanned::Archive(Term::Map(map.clone()))
            }
            (Some(_), None) => Scanned::Root(keys.need("root")?),
            (None, Some(archive)) => Scanned::Archive(archive.clone()),
            _ => return Err(Bad::invalid("`openscap` needs `root` or `archive`")),
        };
        Ok(Self {
            profile: keys.need("profile")?,
            datastream: keys.text("datastream")?,
            tree,
            demands: Demands::of(&keys)?,
        })
    }
    /// The first invocation.
    pub fn begin(&self) -> Turn<State> {
        if self.demands.expire() {
            let mut date = Invocation::new("date", "date", ["+%F".into()]);
            date.stdout = Channel::Answer(64);
            return Turn::run(State::default(), date);
        }
        self.unpack(State::default())
    }
    fn unpack(&self, state: State) -> Turn<State> {
        let Scanned::Archive(archive) = &self.tree else {
            return self.release(state);
        };
        let unpack = r#"rm -rf --one-file-system "$TREE" && mkdir -p "$TREE" && exec tar --zstd --numeric-owner -xpf "$ARCHIVE" -C "$TREE""#;
        let mut run = Invocation::new("unpack", "sh", ["-c".into(), unpack.into()]);
        run.env
            .insert("ARCHIVE".to_owned(), EnvValue::Term(archive.clone()));
        run.env
            .insert("TREE".to_owned(), EnvValue::Path(unpacked("")));
        Turn::run(
            State {
                at: At::Unpack,
                ..state
            },
            run,
        )
    }
    /// Which content fits the tree, when it is not said.
    fn release(&self, state: State) -> Turn<State> {
        if self.datastream.is_some() {
            return self.scan(state);
        }
        let mut run = Invocation::new("os-release", "cat", [self.path("etc/os-release")]);
        run.stdout = Channel::Answer(64 << 10);
        Turn::run(
            State {
                at: At::Release,
                ..state
            },
            run,
        )
    }
    /// A path in the tree.
    fn path(&self, inside: &str) -> Arg {
        match &self.tree {
            Scanned::Root(root) if root.starts_with('/') => {
                Arg::Text(format!("{}/{inside}", root.trim_end_matches('/')))
            }
            Scanned::Root(root) => Arg::Path(Place::work(format!("{root}/{inside}"))),
            Scanned::Archive(_) => Arg::Path(unpacked(inside)),
        }
    }
    fn scan(&self, state: State) -> Turn<State> {
        let datastream = self
            .datastream
            .clone()
            .or_else(|| state.datastream.clone())
            .unwrap_or_default();
        let content = match datastream.as_str() {
            path if path.starts_with('/') => Arg::from(path),
            path if path.contains('/') => Arg::Path(Place::work(path.trim_start_matches("./"))),
            name => Arg::Text(format!("{CONTENT}/{}.xml", name.trim_end_matches(".xml"))),
        };
        let args: [Arg; 9] = [
            "xccdf".into(),
            "eval".into(),
            "--profile".into(),
            self.profile.as_str().into(),
            "--results".into(),
            Arg::Path(Place::private(RESULTS)),
            "--report".into(),
            Arg::Path(Place::private(REPORT)),
            content,
        ];
        let mut run = Invocation::new("oscap", "oscap", args);
        let root = match &self.tree {
            Scanned::Root(root) if root.starts_with('/') => EnvValue::Text(root.clone()),
            Scanned::Root(root) => EnvValue::Path(Place::work(root)),
            Scanned::Archive(_) => EnvValue::Path(unpacked("")),
        };
        run.env.insert("OSCAP_PROBE_ROOT".to_owned(), root);
        run.collect = vec![
            Collect::Read {
                name: RESULTS.to_owned(),
                at: Place::private(RESULTS),
                max: MOST_RESULTS,
            },
            Collect::Keep {
                name: REPORT.to_owned(),
                at: Place::private(REPORT),
                sensitive: false,
            },
        ];
        Turn::run(
            State {
                at: At::Scan,
                ..state
            },
            run,
        )
    }
    /// An invocation ended.
    pub fn next(&self, state: State, got: &Got) -> Turn<State> {
        match state.at {
            At::Date if succeeded(got) => {
                let today = String::from_utf8_lossy(got.stdout()).trim().to_owned();
                self.unpack(State {
                    today: Some(today),
                    ..state
                })
            }
            At::Date => self.end(state, failed("date", got)),
            At::Unpack if succeeded(got) => self.release(state),
            At::Unpack => self.end(state, failed("unpacking the archive", got)),
            At::Release => match succeeded(got)
                .then(|| xccdf::content_for(&String::from_utf8_lossy(got.stdout())))
            {
                Some(Some(name)) => self.scan(State {
                    datastream: Some(name),
                    ..state
                }),
                _ => self.end(
                    state,
                    refused("the tree does not say which system it is; say `openscap.datastream`"),
                ),
            },
            // 2: some rule failed
            At::Scan if matches!(got.code(), Some(0 | 2)) => {
                let finding = self.judge(state.today.as_deref(), got);
                self.end(state, finding)
            }
            At::Scan => self.end(state, failed("oscap", got)),
            At::Remove => {
                let finding = state
                    .finding
                    .clone()
                    .map_or_else(|| refused("the scan found nothing"), |f| *f);
                Turn::finish(state, finding)
            }
        }
    }
    /// Removes an unpacked tree, then says what was found.
    fn end(&self, state: State, finding: Finding) -> Turn<State> {
        if matches!(self.tree, Scanned::Root(_)) {
            return Turn::finish(state, finding);
        }
        let args = [
            "-rf".into(),
            "--one-file-system".into(),
            Arg::Path(Place::work(UNPACKED)),
        ];
        let state = State {
            at: At::Remove,
            finding: Some(Box::new(finding)),
            ..state
        };
        Turn::run(state, Invocation::new("remove", "rm", args))
    }
    fn judge(&self, today: Option<&str>, got: &Got) -> Finding {
        let Some(bytes) = got.read(RESULTS) else {
            return refused("oscap left no results");
        };
        match xccdf::read(bytes) {
            Ok(scan) => Finding::Verified(self.demands.judge(&scan, today, kept_report(got))),
            Err(why) => refused(format!("the results of oscap can't be read: {why}")),
        }
    }
}

fn unpacked(inside: &str) -> Place {
    Place::work(format!("{UNPACKED}/root/{inside}").trim_end_matches('/'))
}

fn kept_report(got: &Got) -> Option<Artifact> {
    match got {
        Got::Exit { kept, .. } => kept.get(REPORT).cloned(),
        _ => None,
    }
}
