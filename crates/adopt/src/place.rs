//! What a folder's path says: its environment, its region, and what is left for a name.
use crate::words;
use std::collections::BTreeSet;
use strata_core::tree::Tree;

/// What a path says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The environment.
    pub env: Option<String>,
    /// Does it stand beside environments and serve them all?
    pub shared: bool,
    /// The region.
    pub region: Option<String>,
    /// The segments that are left, numbers taken off.
    pub rest: Vec<String>,
}

/// Reads paths of one tree.
pub struct Places {
    /// Folders that hold an environment beyond doubt.
    parents: BTreeSet<String>,
}

impl Places {
    /// Of a tree.
    pub fn of(tree: &dyn Tree) -> Self {
        let mut parents = BTreeSet::new();
        for file in tree.files() {
            let mut at = 0;
            while let Some(end) = file.path[at..].find('/').map(|i| at + i) {
                let name = &file.path[at..end];
                if words::environment_in(name) == Some(name) {
                    parents.insert(file.path[..at].trim_end_matches('/').to_owned());
                }
                at = end + 1;
            }
        }
        Self { parents }
    }

    /// Is a folder an environment by its name and by what stands beside it?
    fn is_environment(&self, parent: &str, name: &str) -> bool {
        words::environment_in(name) == Some(name)
            || (words::beside_others(name) && self.parents.contains(parent))
    }

    /// Is a folder left out by its name? Among environments a `test` is one.
    pub fn skipped(&self, parent: &str, name: &str) -> Option<&'static str> {
        let holder = parent.rsplit('/').next().unwrap_or(parent);
        let among = self.is_environment(parent, name) || words::holds_environments(holder);
        words::skipped(name).filter(|_| !among || name.starts_with('.'))
    }

    /// What a folder's path says.
    pub fn read(&self, folder: &str) -> Place {
        let segments: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
        let parent = |i: usize| segments[..i].join("/");
        let known = |i: usize| self.is_environment(&parent(i), segments[i]);
        let sure = (0..segments.len()).find(|i| known(*i));
        let mut place = Place::default();
        let mut env_at = sure;
        for (i, segment) in segments.iter().enumerate().skip(1) {
            if env_at.is_some_and(|at| at <= i) {
                break;
            }
            let holder = segments[i - 1];
            let fits = !words::is_none(segment) && !words::is_region(segment);
            // an environment beyond doubt further down counts more than one by its place
            let by_place = words::holds_environments(holder) && fits && sure.is_none();
            let by_part = (words::may_hold(holder) || words::holds_environments(holder))
                && words::is_environment(segment);
            if by_place || by_part {
                env_at = Some(i);
            }
        }
        if let Some(at) = env_at {
            place.shared = words::is_shared(segments[at]);
            place.env = words::name(segments[at]);
        } else if let Some(at) = (1..segments.len())
            .find(|i| words::is_shared(segments[*i]) && self.parents.contains(&parent(*i)))
        {
            env_at = Some(at);
            place.shared = true;
            place.env = words::name(segments[at]);
        }
        for (i, segment) in segments.iter().enumerate() {
            if Some(i) == env_at {
                continue;
            }
            if words::is_region(segment) && place.region.is_none() {
                place.region = words::name(segment);
            } else {
                place.rest.push(words::unnumbered(segment).0.to_owned());
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn read(files: &[&str], folder: &str) -> (Option<String>, bool, Option<String>, String) {
        let tree = MemoryTree::new(files.iter().map(|f| (*f, "")));
        let p = Places::of(&tree).read(folder);
        (p.env, p.shared, p.region, p.rest.join("/"))
    }

    #[test]
    fn paths_say_environment_and_region() {
        let is = |e: &str, r: &str, rest: &str| {
            let some = |s: &str| Some(s.to_owned()).filter(|s| !s.is_empty());
            (some(e), false, some(r), rest.to_owned())
        };
        assert_eq!(
            read(&[], "environments/dev/vpc"),
            is("dev", "", "environments/vpc")
        );
        assert_eq!(
            read(&[], "live/prod/eu-west-1/vpc"),
            is("prod", "eu-west-1", "live/vpc")
        );
        assert_eq!(read(&[], "0-net/envs/blue"), is("blue", "", "net/envs"));
        assert_eq!(
            read(&[], "apps/web/overlays/ha"),
            is("", "", "apps/web/overlays/ha")
        );
        assert_eq!(read(&[], "modules/vpc"), is("", "", "modules/vpc"));
        // beside others, a weaker word counts
        assert_eq!(read(&["x/prod/a.tf"], "x/test"), is("test", "", "x"));
        assert_eq!(read(&[], "x/test"), is("", "", "x/test"));
    }

    #[test]
    fn what_serves_all_environments_is_shared() {
        let (env, shared, ..) = read(&["live/prod/a.tf"], "live/_global/iam");
        assert_eq!((env.as_deref(), shared), (Some("global"), true));
    }

    #[test]
    fn a_test_folder_is_left_out_unless_it_is_an_environment() {
        let tree = MemoryTree::new([("envs/prod/a.tf", ""), ("test/a.tf", "")]);
        let places = Places::of(&tree);
        assert!(places.skipped("envs", "test").is_none());
        assert_eq!(places.skipped("", "test"), Some("tests"));
    }
}
