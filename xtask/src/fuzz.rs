//! Hostile input for every parser: `cargo xtask fuzz`. Mutated samples, repeatable by their seed.
//!
//! No coverage guidance and no nightly compiler: what it finds, a test can be made of at once. A panic, an answer that
//! takes long, and memory beyond the bound are failures; the input is kept in `target/fuzz`.
use crate::{Failure, random::Random};
use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use strata_core::{engine::DynEngine, plan::Plan, tree::MemoryTree};
use strata_syntax::node::Origin;

/// The longest that one input of at most [`LARGEST`] bytes may take.
const SLOW: Duration = Duration::from_secs(5);
/// Mutated inputs do not grow beyond this.
const LARGEST: usize = 64 << 10;
/// The most memory that a run may use, in MB.
const MEMORY: u64 = 1024;

/// What is asked for.
pub struct Options {
    /// Only this target.
    pub target: Option<String>,
    /// Inputs per target.
    pub rounds: u64,
    /// Where the numbers begin.
    pub seed: u64,
}

/// Takes a text and must come back.
type Target = fn(&str);

/// Every parser of something that a user or another program wrote.
const TARGETS: &[(&str, &[&str], Target)] = &[
    ("yaml", &["yaml", "yml"], |t| {
        let _ = strata_syntax::yaml::parse(&origin("f.yaml"), t);
    }),
    ("yaml-documents", &["yaml", "yml"], |t| {
        let tree = MemoryTree::new([("f.yaml", t)]);
        let _ = strata_syntax::kept::documents(&tree, "f.yaml");
    }),
    ("json", &["json"], |t| {
        let _ = strata_syntax::json::parse(&origin("f.json"), t);
    }),
    ("expression", &["yaml"], |t| {
        let text = format!(
            "a: '${{{{ {} }}}}'",
            t.replace('\'', "''").replace('\n', " ")
        );
        if let (Some(node), _) = strata_syntax::yaml::parse(&origin("f.yaml"), &text)
            && let Some(a) = node.get("a")
        {
            let _ = strata_syntax::expr::parse_template(a);
        }
    }),
    ("type", &["tf", "yaml"], |t| {
        let _ = strata_syntax::ty::parse(t);
    }),
    ("terraform", &["tf", "tfvars", "hcl"], |t| {
        folder("terraform", &[("m/main.tf", t), ("m/terraform.tfvars", t)]);
    }),
    ("terraform-json", &["json"], |t| {
        folder("terraform", &[("m/main.tf.json", t)]);
    }),
    ("packer", &["hcl", "tf"], |t| {
        folder("packer", &[("m/image.pkr.hcl", t)]);
    }),
    ("ansible", &["yaml", "yml"], |t| {
        folder(
            "ansible",
            &[("m/site.yml", t), ("m/roles/a/defaults/main.yml", t)],
        );
    }),
    ("helm", &["yaml", "json"], |t| {
        folder(
            "helm",
            &[
                ("m/Chart.yaml", t),
                ("m/values.yaml", t),
                ("m/values.schema.json", t),
                ("m/templates/a.yaml", t),
            ],
        );
    }),
    ("kustomize", &["yaml"], |t| {
        folder("kustomize", &[("m/kustomization.yaml", t), ("m/a.yaml", t)]);
    }),
    ("flux", &["yaml"], |t| {
        folder("flux", &[("m/a.yaml", t)]);
    }),
    ("argocd", &["yaml"], |t| {
        folder("argocd", &[("m/a.yaml", t)]);
    }),
    ("cloudformation", &["yaml", "json"], |t| {
        folder("cloudformation", &[("m/template.yaml", t)]);
    }),
    ("platform", &["yaml"], |t| {
        check(&[
            ("strata.yaml", t),
            ("environments/dev.yaml", "values: {}\n"),
        ]);
        check(&[
            ("strata.yaml", "platform: p\nid: p\nlayers: [{name: a}]\n"),
            ("environments/dev.yaml", t),
            ("contracts/c.yaml", t),
            ("layers/a/b/component.yaml", t),
            ("layers/a/b/main.tf", "output \"x\" { value = 1 }\n"),
        ]);
    }),
    ("plan", &["json"], |t| {
        if let Ok(plan) = serde_json::from_str::<Plan>(t) {
            let _ = plan.is_sound();
        }
    }),
];

fn origin(path: &str) -> Origin {
    Origin::from(path)
}

fn engines() -> Vec<Arc<dyn DynEngine>> {
    strata_engines::all().into_iter().map(Arc::from).collect()
}

fn folder(engine: &str, files: &[(&str, &str)]) {
    let tree = MemoryTree::new(files.iter().copied());
    let spec = strata_core::spec::UnitSpec {
        engine: engine.to_owned(),
        folder: "m".to_owned(),
        ..strata_core::spec::UnitSpec::default()
    };
    if let Some(engine) = strata_engines::by_name(engine) {
        let _ = engine.recognise(&tree, "m");
        let _ = engine.interface(&tree, &spec);
    }
}

fn check(files: &[(&str, &str)]) {
    let tree = Arc::new(MemoryTree::new(files.iter().copied()));
    let _ = strata_ops::read(tree, &engines());
}

/// Runs all targets; did every input come back?
pub fn run(options: &Options) -> Result<bool, Failure> {
    let samples = samples()?;
    let mut good = true;
    for (name, kinds, target) in TARGETS {
        if options.target.as_deref().is_some_and(|t| t != *name) {
            continue;
        }
        let fitting: Vec<&[u8]> = samples
            .iter()
            .filter(|(kind, _)| kinds.contains(&kind.as_str()))
            .map(|(_, text)| text.as_slice())
            .collect();
        good &= one(name, *target, &fitting, options)?;
    }
    let peak = peak();
    println!("peak memory {peak} MB (at most {MEMORY})");
    Ok(good && peak <= MEMORY)
}

fn one(name: &str, target: Target, samples: &[&[u8]], options: &Options) -> Result<bool, Failure> {
    let mut slowest = Duration::ZERO;
    for round in 0..options.rounds {
        let mut random = Random(
            options
                .seed
                .wrapping_add(round)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                | 1,
        );
        let bytes = mutated(samples, &mut random);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let begun = Instant::now();
        let ended = catch_unwind(|| target(&text));
        let took = begun.elapsed();
        slowest = slowest.max(took);
        if ended.is_err() || took > SLOW {
            let kept = keep(name, &text)?;
            let what = if ended.is_err() {
                "panics"
            } else {
                "takes too long"
            };
            println!(
                "{name}: {what}; seed {}, input in {}",
                options.seed.wrapping_add(round),
                kept.display()
            );
            return Ok(false);
        }
    }
    println!(
        "{name}: {} inputs from {} samples, slowest {:.0} ms",
        options.rounds,
        samples.len(),
        slowest.as_secs_f64() * 1e3
    );
    Ok(true)
}

fn keep(name: &str, text: &str) -> Result<PathBuf, Failure> {
    let dir = Path::new("target/fuzz");
    fs::create_dir_all(dir)?;
    let path = dir.join(name);
    fs::write(&path, text)?;
    Ok(path)
}

/// Files of the examples and of the corpus, by ending.
fn samples() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut out = Vec::new();
    let mut open = vec![
        root.join("examples"),
        root.join("docs/schemas"),
        root.join("crates/strata/tests/corpus"),
    ];
    while let Some(dir) = open.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&dir)?.flatten().map(|e| e.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                if !path.ends_with(".strata") {
                    open.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                out.extend(parts(&path, &text));
            }
        }
    }
    Ok(out)
}

/// A file, or the files inside of a case of the corpus.
fn parts(path: &Path, text: &str) -> Vec<(String, Vec<u8>)> {
    let ending = |p: &Path| p.extension().map(|e| e.to_string_lossy().into_owned());
    if ending(path).as_deref() != Some("txt") {
        return ending(path)
            .map(|e| (e, text.as_bytes().to_vec()))
            .into_iter()
            .collect();
    }
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let mark = line
            .trim_end()
            .strip_prefix("-- ")
            .and_then(|l| l.strip_suffix(" --"));
        match mark {
            Some(name) => out.push((ending(Path::new(name)).unwrap_or_default(), Vec::new())),
            None => {
                if let Some((_, body)) = out.last_mut() {
                    body.extend_from_slice(line.as_bytes());
                }
            }
        }
    }
    out
}

/// What parsers trip over.
const TOKENS: &[&str] = &[
    "${{",
    "}}",
    "${",
    "}",
    "{",
    "[",
    "]",
    "\"",
    "'",
    "\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "&a ",
    "*a",
    "<<: ",
    "!Ref ",
    "|",
    ">",
    "---\n",
    "%{",
    "<<EOT\n",
    "EOT\n",
    "/*",
    "*/",
    "//",
    "#",
    "=",
    "==",
    "?",
    ":",
    ",",
    ".",
    "*",
    "(",
    ")",
    "null",
    "~",
    "0x1F",
    "1e999",
    "-",
    "\u{feff}",
    "\u{0}",
    "é",
    "😀",
    "each.key",
    "self.",
    "env(\"dev\").",
    "[\"*\"]",
    "optional(",
    "object({",
    "{{ .Values.",
    "{{-",
    "-}}",
];

fn mutated(samples: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let pick = |random: &mut Random| match samples {
        [] => Vec::new(),
        some => some[random.below(some.len())].to_vec(),
    };
    let mut bytes = pick(random);
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() + 1);
        match random.below(8) {
            0 if !bytes.is_empty() => {
                let i = random.below(bytes.len());
                bytes[i] ^= 1 << random.below(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let other = pick(random);
                let from = random.below(other.len() + 1);
                let end = (from + random.below(400)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            4 => {
                // the same again and again: deep nesting, long chains
                let token = TOKENS[random.below(TOKENS.len())];
                let many = token.repeat(1 << random.below(13));
                bytes.splice(at..at, many.bytes());
            }
            5 => {
                let end = (at + random.below(100)).min(bytes.len());
                let again: Vec<u8> = bytes[at..end].repeat(1 + random.below(50));
                bytes.splice(at..at, again);
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.bytes());
            }
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

/// The most memory that this process used, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_hundred_inputs_come_back_from_every_parser() {
        let options = Options {
            target: None,
            rounds: 150,
            seed: 7,
        };
        assert!(run(&options).expect("the samples are there"));
    }
}
