//! What is wrong with an entry once its commit is known: circles, two commits, an environment that is not there.
use super::{Gatherer, Here, Step};
use crate::layout;
use strata_core::diagnostic::{Diagnostic, suggest};
use strata_ops::imports::Wish;
use strata_syntax::node::Node;

impl Gatherer<'_> {
    pub(super) fn no_circle(&mut self, chain: &[Step], step: &Step, wish: &Wish) -> Option<()> {
        let Some(first) = chain.iter().position(|s| s == step) else {
            return Some(());
        };
        let name = |(repo, _, env): &Step| format!("{repo} {env}").trim_start().to_owned();
        let mut names: Vec<String> = chain[first..].iter().map(name).collect();
        names.push(name(step));
        self.problems.push(
            Diagnostic::error(
                "import::cycle",
                format!("environments import each other: {}", names.join(" → ")),
            )
            .at(wish.at.clone())
            .help("take one of these imports away"),
        );
        None
    }

    /// Is it met for the first time? The same commit lies at its lowest place; another one cannot lie there too.
    pub(super) fn once(&mut self, step: &Step, wish: &Wish, name: &str) -> bool {
        let key = (step.0.clone(), step.2.clone());
        let Some((commit, other, at)) = self.met.get(&key) else {
            let met = (step.1.clone(), name.to_owned(), wish.at.clone());
            self.met.insert(key, met);
            return true;
        };
        if *commit != step.1 {
            let short = |commit: &str| commit[..12.min(commit.len())].to_owned();
            let (a, b) = (short(commit), short(&step.1));
            self.problems.push(
                Diagnostic::error(
                    "import::two-commits",
                    format!(
                        "`{}` of {} is imported at two commits: {a} as `{other}`, {b} as `{name}`",
                        step.2, step.0
                    ),
                )
                .at(wish.at.clone())
                .related(at.clone(), "the other one")
                .help("give both the same version, or list it in this environment: what it lists itself counts"),
            );
        }
        false
    }

    /// Is there such an environment?
    pub(super) fn known(&mut self, there: &Here, wish: &Wish) -> Option<()> {
        let env = &wish.environment;
        if !there
            .tree
            .below(&format!("{}{env}", there.folder))
            .is_empty()
        {
            return Some(());
        }
        let names = layout::inside(there.tree.as_ref(), &there.folder);
        let help = suggest(env, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
            [] => {
                "it has none: an environment is a folder of the root, with folders of tools in it"
                    .to_owned()
            }
            names => format!("it has: {}", names.join(", ")),
        });
        let whose = there.repo.as_ref().map_or_else(
            || "this repository".to_owned(),
            |r| match &wish.version {
                Some(version) => format!("{r} at {version}"),
                None => r.to_string(),
            },
        );
        self.problems.push(
            Diagnostic::error(
                "import::environment",
                format!("{whose} has no environment `{env}`"),
            )
            .at(wish.at.clone())
            .help(help),
        );
        None
    }

    /// How another repo runs is no affair of ours.
    pub(super) fn ignored(&mut self, said: Option<&Node>) {
        let said = said.and_then(|n| n.get("bitops"));
        for key in ["plugins", "fail_fast", "run_mode", "default_folder"] {
            if let Some(node) = said.and_then(|n| n.get(key)) {
                self.problems.push(
                    Diagnostic::note(
                        "import::ignored",
                        format!("`{key}` of an import is not obeyed: what stands here counts"),
                    )
                    .at(node.location()),
                );
            }
        }
    }
}
