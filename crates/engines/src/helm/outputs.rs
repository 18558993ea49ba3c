//! What a release gives: its name, namespace and revision, a digest of its objects, its notes, and declared outputs.
use super::{manifest, options, planned, release};
use crate::{cluster, declared, outcome::refused};
use release::Release;
use std::collections::BTreeMap;
use strata_core::{
    cluster::{Answer, Noted},
    engine::{Failure, Finding, Got, Task},
    ty::Type,
    value::{Number, Output, Term, Value},
};

/// From what `status` printed.
pub fn finding(task: &Task, noted: Option<Noted>, got: &Got) -> Finding {
    let release = match release::read::<Release>("status", got.stdout()) {
        Ok(release) => release,
        Err(why) => return refused(why),
    };
    match outputs(task, &release, got) {
        Ok(mut outputs) => {
            let answer = Answer {
                cluster: noted,
                ..Answer::default()
            };
            outputs.extend(cluster::note(&answer));
            Finding::Applied { outputs }
        }
        Err(failure) => Finding::Failed(failure),
    }
}

fn outputs(task: &Task, release: &Release, got: &Got) -> Result<BTreeMap<String, Output>, Failure> {
    let secrets = planned::secrets(task, &[&release.config]);
    let objects = manifest::objects(&release.manifest).map_err(Failure::permanent)?;
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
    let mut outputs = declared::settle(&task.spec, declared::from_files(&task.spec, got)?)?;
    for (name, (value, ty)) in own {
        outputs.entry(name.to_owned()).or_insert(Output {
            value,
            // a chart may tell people the password that it was given
            sensitive: name == "notes" && has_secrets,
            ty: Some(ty),
        });
    }
    Ok(outputs)
}
