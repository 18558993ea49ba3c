//! What a release gives: its name, namespace and revision, a digest of its objects, its notes; and declared outputs.
use super::{manifest, options, planned, release::Release};
use crate::cluster;
use std::collections::BTreeMap;
use strata_core::{
    cluster::Answer,
    engine::{Failure, Got, Task},
    spec::OutputFrom,
    ty::Type,
    value::{Number, Output, Term, Value},
};

/// Outputs by name.
pub type Outputs = BTreeMap<String, Output>;

/// Does the component declare outputs that are parts of objects?
pub fn are_looked_up(task: &Task) -> bool {
    let looked_up = |from: &OutputFrom| matches!(from, OutputFrom::Lookup(..));
    task.spec.outputs.values().any(|o| looked_up(&o.from))
}

/// What every release gives.
pub fn own(task: &Task, release: &Release) -> Result<Outputs, String> {
    let secrets = planned::secrets(task, &[&release.config]);
    let objects = manifest::objects(&release.manifest)?;
    let digest = manifest::digest(&objects, &secrets);
    let text = |text: String| (Value::String(text), Type::String);
    let revision = Number(release.version.to_string());
    let own = [
        ("release", text(options::release(task))),
        ("namespace", text(release.namespace.clone())),
        ("revision", (Value::Number(revision), Type::Number)),
        ("manifest", text(digest.to_string())),
        ("notes", text(release.info.notes.trim_end().to_owned())),
    ];
    let has_secrets = task.inputs.values().any(Term::is_secret);
    let output = |(name, (value, ty)): (&str, (Value, Type))| {
        let output = Output {
            value,
            // a chart may tell people the password that it was given
            sensitive: name == "notes" && has_secrets,
            ty: Some(ty),
        };
        (name.to_owned(), output)
    };
    Ok(own.into_iter().map(output).collect())
}

/// Those and the declared ones, which win.
pub fn all(task: &Task, own: Outputs, answer: &Answer, got: &Got) -> Result<Outputs, Failure> {
    let mut outputs = own;
    outputs.extend(cluster::outputs(task, answer, got)?);
    Ok(outputs)
}
