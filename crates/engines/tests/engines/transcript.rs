//! What the real tools said, replayed: the engine must ask the same and find the same.
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, path::Path};
use strata_core::engine::{Act, Artifact, Exit, Finding, Got, Invocation, Task};

/// One dialogue.
#[derive(Serialize, Deserialize)]
pub struct Transcript {
    engine: String,
    task: Task,
    kept: Vec<String>,
    turns: Vec<(Invocation, Answer)>,
    finding: Option<Finding>,
}

/// What a tool said.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answer {
    exit: Exit,
    stdout: String,
    read: BTreeMap<String, String>,
    kept: BTreeMap<String, Artifact>,
    tail: String,
    elapsed: u64,
}

impl Answer {
    /// As it may be kept: without the paths of the machine.
    pub fn of(got: &Got, root: &Path) -> Self {
        let Got::Exit {
            exit,
            stdout,
            read,
            kept,
            tail,
            elapsed,
        } = got
        else {
            panic!("no exit")
        };
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).replace(root.to_str().unwrap(), "/strata")
        };
        Self {
            exit: exit.clone(),
            stdout: text(stdout),
            read: read
                .iter()
                .map(|(name, bytes)| (name.clone(), text(bytes)))
                .collect(),
            kept: kept.clone(),
            tail: text(tail.as_bytes()),
            elapsed: *elapsed,
        }
    }
    fn got(self) -> Got {
        let read = self
            .read
            .into_iter()
            .map(|(name, text)| (name, text.into_bytes()))
            .collect();
        Got::Exit {
            exit: self.exit,
            stdout: self.stdout.into_bytes(),
            read,
            kept: self.kept,
            tail: self.tail,
            elapsed: self.elapsed,
        }
    }
}

impl Transcript {
    pub fn new(engine: &str, task: &Task, kept: &[String]) -> Self {
        Self {
            engine: engine.to_owned(),
            task: task.clone(),
            kept: kept.to_vec(),
            turns: vec![],
            finding: None,
        }
    }
    pub fn turn(&mut self, invocation: &Invocation, answer: &Answer) {
        self.turns.push((invocation.clone(), answer.clone()));
    }
    /// Writes it when that is asked for.
    pub fn end(mut self, name: &str, finding: &Finding) {
        self.finding = Some(finding.clone());
        if std::env::var_os("STRATA_RECORD").is_some() && !name.is_empty() {
            let file = folder().join(format!("{name}.json"));
            fs::create_dir_all(folder()).unwrap();
            fs::write(file, serde_json::to_string_pretty(&self).unwrap() + "\n").unwrap();
        }
    }
    fn replay(self) {
        let engine = strata_engines::by_name(&self.engine).unwrap();
        let (mut state, mut act) = engine.begin(&self.task, &Got::Open { kept: self.kept });
        for (invocation, answer) in self.turns {
            assert_eq!(act, Act::Run(invocation));
            (state, act) = engine.next(&self.task, &state, &answer.got()).unwrap();
        }
        assert_eq!(act, Act::Finish(Box::new(self.finding.unwrap())));
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/transcripts")
}

#[test]
fn engines_ask_and_find_what_they_did_with_the_real_tools() {
    if std::env::var_os("STRATA_RECORD").is_some() {
        return;
    }
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "transcripts are missing");
    for file in files {
        let transcript: Transcript =
            serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        eprintln!("{}", file.display());
        transcript.replay();
    }
}
