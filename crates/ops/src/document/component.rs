//! `component.yaml`, and the same keys wherever else a component is described: one list, one merge.
use super::platform::not_yet;
use crate::{
    decode::{Fields, Problems, duration, entries, expected},
    field::{Field, FieldMap},
};
use litemap::LiteMap;
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
    spec::OutputSpec,
};
use strata_syntax::node::{Kind, Node};

/// Keys of a component, without the blocks of engines.
pub const KEYS: &[&str] = &[
    "engine",
    "source",
    "version",
    "hooks",
    "signed",
    "layer",
    "path",
    "environments",
    "enabled",
    "suspend",
    "instances",
    "after",
    "inputs",
    "files",
    "env",
    "credentials",
    "provides",
    "outputs",
    "verify",
    "monitors",
    "observe",
    "protect",
    "timeout",
    "retry",
    "reads",
    "leaves-processes",
    "description",
    "cluster",
    "inputs-as",
    "inventory",
    "isolation",
];

/// A component, decoded. Shared by all environments that do not override it.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: String,
    /// Where it is described best.
    pub at: Location,
    /// Name of its engine.
    pub engine: String,
    /// Its layer.
    pub layer: usize,
    /// Environments that have it.
    pub environments: Option<Vec<(String, Location)>>,
    /// Is it there at all?
    pub enabled: Option<Field>,
    /// Kept, skipped, still serves outputs.
    pub suspend: bool,
    /// Instances.
    pub instances: Option<Field>,
    /// Order without data.
    pub after: Vec<(String, Location)>,
    /// What its tool is given.
    pub inputs: FieldMap,
    /// Its engine's own block.
    pub options: FieldMap,
    /// Process variables.
    pub env: FieldMap,
    /// Variables with the path of a private file.
    pub files: FieldMap,
    /// The cluster that its engine speaks to.
    pub cluster: Option<Field>,
    /// Contracts: their outputs from its own.
    pub provides: LiteMap<String, (Location, FieldMap)>,
    /// Outputs that the tool cannot declare.
    pub outputs: LiteMap<String, (Location, OutputSpec)>,
    /// Verifiers.
    pub verify: Vec<Field>,
    /// A command that looks for drift.
    pub observe: Vec<String>,
    /// `destroy`, `replace`.
    pub protect: Vec<String>,
    /// Time limits in milliseconds by verb.
    pub timeout: BTreeMap<String, u64>,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// Other files that it reads.
    pub reads: Vec<(String, Location)>,
    /// Its tool leaves processes behind on purpose.
    pub leaves_processes: bool,
    /// Is the shape of its engine's block wrong, so that its engine cannot judge what it needs?
    pub misread: bool,
    /// Is every field constant, so that all its units have the same specification?
    pub constant: bool,
}

/// What is known of a component before its fields are read.
pub struct Identity<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its folder.
    pub folder: &'a str,
    /// Its engine.
    pub engine: &'a str,
    /// Keys of the engine's block.
    pub options: &'a [(&'static str, &'static str)],
    /// Its layer.
    pub layer: usize,
    /// Names of all engines.
    pub engines: &'a [&'static str],
    /// Where it is described best.
    pub at: Location,
}

impl Component {
    /// From the merged description.
    pub fn decode(id: &Identity<'_>, node: Option<&Node>, problems: &mut Problems) -> Self {
        let keys: Vec<&str> = KEYS
            .iter()
            .copied()
            .chain(id.engines.iter().copied())
            .collect();
        let f = Fields::of(node, "a component", &keys, problems);
        refuse_not_yet(&f, problems);
        for engine in id.engines.iter().filter(|e| **e != id.engine) {
            if let Some(n) = f.get(engine) {
                problems.push(
                    Diagnostic::error(
                        "component::other-engine",
                        format!("`{engine}:` in a component of engine `{}`", id.engine),
                    )
                    .at(n.location())
                    .help(format!("remove it, or write `engine: {engine}`")),
                );
            }
        }
        let mut misread = false;
        let mut component = Self {
            name: id.name.to_owned(),
            folder: id.folder.to_owned(),
            at: id.at.clone(),
            engine: id.engine.to_owned(),
            layer: id.layer,
            environments: f.texts("environments", problems),
            enabled: f.get("enabled").map(|n| Field::parse(n, problems)),
            suspend: f.flag("suspend", problems).unwrap_or(false),
            instances: f.get("instances").map(|n| Field::parse(n, problems)),
            after: f.texts("after", problems).unwrap_or_default(),
            inputs: fields(&f, "inputs", problems),
            options: options(&f, id, problems, &mut misread),
            env: fields(&f, "env", problems),
            files: fields(&f, "files", problems),
            cluster: super::cluster::cluster(&f, problems),
            provides: provides(&f, problems),
            outputs: super::outputs::outputs(&f, problems),
            verify: verify(&f, problems),
            observe: f
                .texts("observe", problems)
                .unwrap_or_default()
                .into_iter()
                .map(|(t, _)| t)
                .collect(),
            protect: protect(&f, problems),
            timeout: timeout(&f, problems),
            retries: retries(&f, problems),
            reads: f.texts("reads", problems).unwrap_or_default(),
            leaves_processes: f.flag("leaves-processes", problems).unwrap_or(false),
            misread: false,
            constant: false,
        };
        super::outputs::misplaced(&component.outputs, id.engine, problems);
        component.misread = misread;
        let constant = component.late_fields().all(|(_, f)| f.is_constant());
        component.constant = constant;
        component
    }

    /// Every field that may use outputs, with the key it stands under.
    pub fn late_fields(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        let maps = [
            ("inputs", &self.inputs),
            ("files", &self.files),
            ("env", &self.env),
        ];
        maps.into_iter()
            .flat_map(|(k, m)| m.values().map(move |f| (k, f)))
            .chain(self.cluster.iter().map(|f| ("cluster", f)))
            .chain(self.options.values().map(|f| ("options", f)))
            .chain(self.verify.iter().map(|f| ("verify", f)))
    }
}

fn refuse_not_yet(f: &Fields<'_>, problems: &mut Problems) {
    for (key, instead) in [
        ("inputs-as", "remove it"),
        ("isolation", "remove it"),
        ("inventory", "write it under `ansible:`"),
    ] {
        if let Some(n) = f.get(key) {
            problems.push(not_yet(n, key, instead));
        }
    }
    if let Some(n) = f.get("monitors")
        && !matches!(&n.kind, Kind::List(l) if l.is_empty())
    {
        problems.push(not_yet(
            n,
            "monitors",
            "look with `verify:` after an apply and `strata drift`",
        ));
    }
    if let Some(n) = f.get("credentials")
        && !matches!(&n.kind, Kind::List(l) if l.is_empty())
    {
        problems.push(not_yet(
            n,
            "credentials",
            "pass the variables with `passthrough:` in `strata.yaml`",
        ));
    }
}

fn fields(f: &Fields<'_>, key: &str, problems: &mut Problems) -> FieldMap {
    f.entries(key, problems)
        .into_iter()
        .filter(|(.., n)| !n.is_null())
        .map(|(k, _, n)| (k.to_owned(), Field::parse(n, problems)))
        .collect()
}

fn options(
    f: &Fields<'_>,
    id: &Identity<'_>,
    problems: &mut Problems,
    misread: &mut bool,
) -> FieldMap {
    let keys: Vec<&str> = id.options.iter().map(|(k, _)| *k).collect();
    let Some(node) = f.get(id.engine) else {
        return FieldMap::default();
    };
    let before = problems.len();
    Fields::of(Some(node), &format!("`{}:`", id.engine), &keys, problems);
    *misread = problems.len() > before;
    let entries = node.as_map().map_or(&[][..], |map| &map.entries);
    let given = entries
        .iter()
        .filter(|e| keys.contains(&e.key.as_str()) && !e.value.is_null());
    given
        .map(|e| (e.key.clone(), Field::parse(&e.value, problems)))
        .collect()
}

type Provides = LiteMap<String, (Location, FieldMap)>;

fn provides(f: &Fields<'_>, problems: &mut Problems) -> Provides {
    f.entries("provides", problems)
        .into_iter()
        .map(|(contract, at, node)| {
            let fields = entries(node, "a contract that a component provides", problems)
                .into_iter()
                .map(|(k, _, n)| (k.to_owned(), Field::parse(n, problems)))
                .collect();
            (contract.to_owned(), (at, fields))
        })
        .collect()
}

/// Kinds of verifiers.
pub const VERIFIERS: &[&str] = &["openscap", "command", "http"];

fn verify(f: &Fields<'_>, problems: &mut Problems) -> Vec<Field> {
    let mut out = Vec::new();
    for item in f.items("verify", problems) {
        let Kind::Map(map) = &item.kind else {
            problems.push(expected(
                item,
                "an entry of `verify`",
                "a map such as `{command: [./test.sh]}`",
            ));
            continue;
        };
        let before = problems.len();
        for e in &map.entries {
            if !VERIFIERS.contains(&e.key.as_str()) {
                problems.push(
                    Diagnostic::error(
                        "component::unknown-verifier",
                        format!("there is no verifier `{}`", e.key),
                    )
                    .at(Location::new(item.origin.clone(), e.key_span))
                    .help(
                        suggest(&e.key, VERIFIERS.iter().copied())
                            .unwrap_or_else(|| format!("verifiers are: {}", VERIFIERS.join(", "))),
                    ),
                );
            }
        }
        if problems.len() == before {
            out.push(Field::parse(item, problems));
        }
    }
    out
}

fn protect(f: &Fields<'_>, problems: &mut Problems) -> Vec<String> {
    let mut out = Vec::new();
    for (word, at) in f.texts("protect", problems).unwrap_or_default() {
        if word == "destroy" || word == "replace" {
            out.push(word);
        } else {
            problems.push(
                Diagnostic::error(
                    "file::wrong-kind",
                    format!("`protect` knows `destroy` and `replace`, not `{word}`"),
                )
                .at(at),
            );
        }
    }
    out
}

fn timeout(f: &Fields<'_>, problems: &mut Problems) -> BTreeMap<String, u64> {
    const VERBS: &[&str] = &["plan", "apply", "destroy", "verify", "observe"];
    let Some(node) = f.get("timeout") else {
        return BTreeMap::new();
    };
    let t = Fields::of(Some(node), "`timeout`", VERBS, problems);
    let mut out = BTreeMap::new();
    for verb in VERBS {
        if let Some(text) = t.text(verb, problems) {
            match duration(&text) {
                Some(ms) => drop(out.insert((*verb).to_owned(), ms)),
                None => problems.push(expected(
                    t.get(verb).expect("just read"),
                    &format!("`timeout.{verb}`"),
                    "a duration such as `90s`, `15m` or `2h`",
                )),
            }
        }
    }
    out
}

fn retries(f: &Fields<'_>, problems: &mut Problems) -> u32 {
    let Some(node) = f.get("retry") else { return 1 };
    let r = Fields::of(Some(node), "`retry`", &["attempts", "on"], problems);
    for (word, at) in r.texts("on", problems).unwrap_or_default() {
        if word != "transient" {
            problems.push(
                Diagnostic::error(
                    "file::wrong-kind",
                    format!("`retry.on` knows `transient`, not `{word}`"),
                )
                .at(at),
            );
        }
    }
    let Some(text) = r.text("attempts", problems) else {
        return 1;
    };
    match text.parse::<u32>() {
        Ok(n) if n > 0 => n - 1,
        _ => {
            let node = r.get("attempts").expect("just read");
            problems.push(expected(
                node,
                "`retry.attempts`",
                "a number of one or more",
            ));
            1
        }
    }
}
