//! A repo of modules that read files and call each other, and changes of it. Who reads what is known because it was
//! made so: nothing is parsed here.
use crate::{Failure, random::Random};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::Path,
};

/// Addresses, `ENV/NAME`.
pub(super) type Touched = BTreeSet<String>;

const TEXTS: usize = 60;
const LINKS: usize = 10;
const GLOBS: usize = 12;
const TEMPLATES: usize = 20;
const LEAVES: usize = 30;
const MIDDLES: usize = 30;
const ROOTS: usize = 100;
const SCRIPTS: usize = 40;
const FACTS: usize = 8;
/// `base` is extended by all others.
const ENVS: [&str; 6] = ["base", "dev", "qa", "stage", "prod", "dr"];
/// The one that has a value of its own in the place of what it extends.
const OVERRIDES: &str = "stage";

/// What a component or a module stands on: other files of the repo and folders of which it takes every JSON file.
#[derive(Clone, Default)]
struct Reads {
    files: BTreeSet<String>,
    globs: BTreeSet<usize>,
}

impl Reads {
    fn take(&mut self, other: &Self) {
        self.files.extend(other.files.iter().cloned());
        self.globs.extend(&other.globs);
    }
}

struct Component {
    folder: String,
    /// The file whose edit changes it.
    main: String,
    reads: Reads,
    fact: usize,
    /// It takes the value that environments inherit from `base`.
    inherits: bool,
}

/// The repo as it is at its base.
pub(super) struct Repo {
    random: Random,
    files: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    components: Vec<Component>,
}

impl Repo {
    pub(super) fn new(seed: u64) -> Self {
        let mut repo = Self {
            random: Random(seed),
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            components: Vec::new(),
        };
        repo.put(
            "strata.yaml",
            "platform: generated\nid: 6368616e676564\nlayers: osi\n",
        );
        repo.put(".gitignore", ".strata/\n");
        repo.put("README.md", "nobody reads this\n");
        for env in ENVS {
            repo.put(&environment_file(env), &environment(env, None));
        }
        for i in 0..TEXTS {
            repo.put(&text(i), &format!("text {i}\n"));
        }
        for i in 0..LINKS {
            repo.links.insert(link(i), format!("../{}", name(i)));
        }
        for i in 0..GLOBS {
            for k in 0..3 {
                repo.put(&format!("data/g{i}/n{k}/x.json"), "{}\n");
            }
            repo.put(&format!("data/g{i}/notes.md"), "nobody reads this\n");
        }
        for i in 0..TEMPLATES {
            repo.put(&template(i), "hello ${who}\n");
        }
        repo.modules();
        repo
    }

    fn put(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
    }

    /// Text and truth of the leaves, of the modules that call leaves, and of the roots that call both.
    fn modules(&mut self) {
        let mut made: Vec<(String, Reads)> = Vec::new();
        for i in 0..LEAVES {
            let path = format!("modules/leaf{i}");
            let own = self.module(&path, "../..", &[], 2);
            made.push((path, own));
        }
        for i in 0..MIDDLES {
            let path = format!("modules/middle{i}");
            let called = self.pick(&made[..LEAVES], 3);
            let own = self.module(&path, "../..", &called, 1);
            made.push((path, own));
        }
        for i in 0..ROOTS {
            let folder = format!("layers/compute/r{i:03}");
            let called = self.pick(&made, 3);
            let reads = self.module(&folder, "../../..", &called, 2);
            let fact = self.random.below(FACTS);
            let inherits = self.random.below(4) == 0;
            let main = format!("{folder}/main.tf");
            if let Some(t) = self.files.get_mut(&main) {
                t.push_str("variable \"fact\" {\n  type = string\n}\noutput \"fact\" {\n  value = var.fact\n}\n");
            }
            self.component(folder, main, reads, fact, inherits);
        }
        for i in 0..SCRIPTS {
            let folder = format!("layers/application/s{i:03}");
            let main = format!("{folder}/run.sh");
            self.put(&main, "#!/bin/sh\n");
            let mut reads = Reads::default();
            reads.globs.insert(self.random.below(GLOBS));
            reads.files.insert(text(self.random.below(TEXTS)));
            let fact = self.random.below(FACTS);
            self.component(folder, main, reads, fact, i % 4 == 0);
        }
    }

    fn component(
        &mut self,
        folder: String,
        main: String,
        mut reads: Reads,
        fact: usize,
        inherits: bool,
    ) {
        let value = if inherits {
            "values.inherited".to_owned()
        } else {
            format!("values.f{fact}")
        };
        let mut yaml = format!("inputs: {{fact: '${{{{ {value} }}}}'}}\n");
        if main.ends_with("run.sh") {
            yaml.push_str("engine: script\nscript: {apply: [sh, run.sh]}\nreads:\n");
            for g in &reads.globs {
                let _ = writeln!(yaml, "  - ../../../data/g{g}/**/*.json");
            }
            for f in &reads.files {
                let _ = writeln!(yaml, "  - ../../../{f}");
            }
        }
        self.put(&format!("{folder}/component.yaml"), &yaml);
        reads.files.insert(main.clone());
        self.components.push(Component {
            folder,
            main,
            reads,
            fact,
            inherits,
        });
    }

    /// A folder of Terraform: what it reads itself and what it calls.
    fn module(&mut self, path: &str, top: &str, called: &[(String, Reads)], texts: usize) -> Reads {
        let mut reads = Reads::default();
        let mut main = String::new();
        for (n, (source, theirs)) in called.iter().enumerate() {
            let _ = writeln!(
                main,
                "module \"m{n}\" {{\n  source = \"{top}/{source}\"\n}}"
            );
            reads.take(theirs);
        }
        main.push_str("locals {\n");
        let file = |p: &str| format!("\"${{path.module}}/{top}/{p}\"");
        for n in 0..self.random.below(texts + 1) {
            let i = self.random.below(TEXTS);
            let _ = writeln!(main, "  text{n} = file({})", file(&text(i)));
            reads.files.insert(text(i));
        }
        if self.random.below(4) == 0 {
            let i = self.random.below(LINKS);
            let _ = writeln!(main, "  link = file({})", file(&link(i)));
            reads.files.extend([link(i), text(i)]);
        }
        if self.random.below(4) == 0 {
            let i = self.random.below(GLOBS);
            let _ = writeln!(
                main,
                "  all = fileset({}, \"**/*.json\")",
                file(&format!("data/g{i}"))
            );
            reads.globs.insert(i);
        }
        if self.random.below(3) == 0 {
            let i = self.random.below(TEMPLATES);
            let _ = writeln!(
                main,
                "  hello = templatefile({}, {{ who = \"you\" }})",
                file(&template(i))
            );
            reads.files.insert(template(i));
        }
        main.push_str("}\n");
        let main_path = format!("{path}/main.tf");
        self.put(&main_path, &main);
        reads.files.insert(main_path);
        reads
    }

    fn pick(&mut self, from: &[(String, Reads)], most: usize) -> Vec<(String, Reads)> {
        (0..self.random.below(most + 1))
            .map(|_| from[self.random.below(from.len())].clone())
            .collect()
    }

    /// Writes all of it.
    pub(super) fn write(&self, dir: &Path) -> Result<(), Failure> {
        for (path, text) in &self.files {
            put(dir, path, text)?;
        }
        for (path, to) in &self.links {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap_or(dir))?;
            symlink(to, path)?;
        }
        Ok(())
    }

    /// One to five changes of the files of the base, each of another file: the units that they touch, and what they
    /// were.
    pub(super) fn change(&mut self, dir: &Path) -> Result<(Touched, Vec<String>), Failure> {
        let mut touched = Touched::new();
        let mut changed = BTreeSet::new();
        for _ in 0..=self.random.below(5) {
            let change = self.draw();
            // what is in a folder that goes cannot be changed too
            let again = |p: &String| {
                let (p, new) = (Path::new(p), Path::new(&change.path));
                p.starts_with(new) || new.starts_with(p)
            };
            if !changed.iter().any(again) {
                changed.insert(change.path.clone());
                change.make(dir)?;
                for c in &self.components {
                    let envs = ENVS.into_iter().filter(|e| self.touches(&change, c, e));
                    touched.extend(envs.map(|e| c.unit(e)));
                }
            }
        }
        Ok((touched, changed.into_iter().collect()))
    }

    fn draw(&mut self) -> Change {
        let kind = self.random.below(13);
        let n = self.random.below(1 << 16);
        let part = self.random.below(3);
        let glob = n % GLOBS;
        let component = &self.components[n % self.components.len()];
        let leaf = format!("modules/leaf{}", n % LEAVES);
        let edit = |path: String| Change {
            to: self.files.get(&path).map(|t| format!("{t}# edited\n")),
            whose: Whose::Readers(path.clone()),
            path,
        };
        let of_glob = |path: String, to: Option<&str>| Change {
            path: format!("data/g{glob}/{path}"),
            to: to.map(str::to_owned),
            whose: Whose::Glob(glob),
        };
        match kind {
            0 => edit(text(n % TEXTS)),
            1 => edit(template(n % TEMPLATES)),
            2 => edit(format!("{leaf}/main.tf")),
            3 => edit(format!("modules/middle{}/main.tf", n % MIDDLES)),
            4 => edit(component.main.clone()),
            5 => of_glob(format!("deep/er/{part}.json"), Some("[]\n")),
            6 => of_glob(format!("n{part}/x.json"), None),
            7 => of_glob(format!("n{part}/x.json"), Some("[1]\n")),
            8 => {
                let env = ENVS[1 + n % (ENVS.len() - 1)];
                let fact = n % FACTS;
                Change {
                    path: environment_file(env),
                    to: Some(environment(env, Some(fact))),
                    whose: Whose::Fact(fact, env),
                }
            }
            9 => Change {
                path: environment_file("base"),
                to: Some(environment("base", None).replace("inherited: 1", "inherited: 2")),
                whose: Whose::Inherited,
            },
            10 => Change {
                path: component.folder.clone(),
                to: None,
                whose: Whose::Readers(component.main.clone()),
            },
            11 => Change {
                path: format!("{leaf}/more.tf"),
                to: Some("locals {}\n".to_owned()),
                whose: Whose::Readers(format!("{leaf}/main.tf")),
            },
            _ => Change {
                path: ["README.md", "data/unread/new.json", "data/g3/notes.md"][part].to_owned(),
                to: Some("changed\n".to_owned()),
                whose: Whose::Nobody,
            },
        }
    }

    /// Is this component's unit in an environment another one after the change?
    fn touches(&self, change: &Change, c: &Component, env: &str) -> bool {
        match &change.whose {
            Whose::Readers(path) => c.reads.files.contains(path),
            Whose::Glob(i) => c.reads.globs.contains(i),
            Whose::Fact(fact, of) => *of == env && !c.inherits && c.fact == *fact,
            Whose::Inherited => c.inherits && env != OVERRIDES,
            Whose::Nobody => false,
        }
    }
}

/// One change of the base.
struct Change {
    /// The file, or the folder that goes.
    path: String,
    /// What is there afterwards.
    to: Option<String>,
    whose: Whose,
}

/// Who is touched.
enum Whose {
    /// All that read this file.
    Readers(String),
    /// All that take the JSON files of this folder.
    Glob(usize),
    /// All that take this value, in one environment.
    Fact(usize, &'static str),
    /// All that take the value that environments inherit.
    Inherited,
    Nobody,
}

impl Change {
    fn make(&self, dir: &Path) -> Result<(), Failure> {
        let path = dir.join(&self.path);
        match &self.to {
            Some(text) => put(dir, &self.path, text),
            None if path.is_dir() => Ok(fs::remove_dir_all(path)?),
            // it may lie in a folder that went before
            None => match fs::remove_file(path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
                _ => Ok(()),
            },
        }
    }
}

impl Component {
    fn unit(&self, env: &str) -> String {
        let name = self.folder.rsplit('/').next().unwrap_or_default();
        format!("{env}/{name}")
    }
}

fn name(i: usize) -> String {
    format!("t{i}.txt")
}
fn text(i: usize) -> String {
    format!("data/{}", name(i))
}
fn link(i: usize) -> String {
    format!("data/links/l{i}.txt")
}
fn template(i: usize) -> String {
    format!("templates/t{i}.tftpl")
}
fn environment_file(env: &str) -> String {
    format!("environments/{env}.yaml")
}

/// An environment, with one of its facts another when that is said.
fn environment(env: &str, changed: Option<usize>) -> String {
    let mut out = String::new();
    if env != "base" {
        out.push_str("extends: [base]\n");
    }
    out.push_str("values:\n");
    if env == "base" {
        out.push_str("  inherited: 1\n");
    }
    if env == OVERRIDES {
        out.push_str("  inherited: 7\n");
    }
    for f in 0..FACTS {
        let more = if changed == Some(f) { "-changed" } else { "" };
        let _ = writeln!(out, "  f{f}: {env}-{f}{more}");
    }
    out
}

fn put(dir: &Path, path: &str, text: &str) -> Result<(), Failure> {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap_or(dir))?;
    Ok(fs::write(path, text)?)
}
