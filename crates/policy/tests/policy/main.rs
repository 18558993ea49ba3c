//! Policies as their authors write them, sound and broken.
mod broken;
mod sound;

use serde_json::{Value as Json, json};
use strata_core::diagnostic::Diagnostic;
use strata_policy::{Document, Evaluated, Input, Policies, PolicyFile, Sources};

fn sources(files: &[(&str, &str)]) -> Sources {
    let file = |(path, text): &(&str, &str)| PolicyFile {
        path: (*path).into(),
        text: (*text).into(),
    };
    Sources {
        policies: files.iter().map(file).collect(),
        data: Vec::new(),
    }
}

fn policies(text: &str) -> Policies {
    let (policies, problems) = Policies::load(sources(&[("policy/a.rego", text)]));
    assert_eq!(problems, [], "{text}");
    policies
}

fn unit(unit: Json) -> Input {
    Input::Composition {
        unit: Document::of(&unit),
        environment: Document::of(&json!({"name": "dev"})),
        platform: Document::of(&json!({"name": "shop"})),
    }
}

fn ask(text: &str, about: Json) -> Evaluated {
    policies(text).ask(&unit(about))
}

fn messages(of: &Evaluated) -> Vec<&str> {
    assert_eq!(of.problems, []);
    of.findings.iter().map(|f| f.message.as_str()).collect()
}

/// The text that a place of a file marks.
fn marked<'a>(d: &Diagnostic, text: &'a str) -> &'a str {
    let span = d.at.as_ref().expect("a place").span;
    &text[span.start as usize..span.end as usize]
}
