//! Patterns of paths: which files of a tree `*`, `**`, `?`, `[abc]` and `{one,other}` name. Nothing else knows how.
use crate::tree::{Tree, TreeFile, join};

/// What makes a path a pattern.
const SIGNS: [char; 4] = ['*', '?', '[', '{'];

/// Files that a pattern names: a file, a folder with everything below, or what fits. `*`, `?` and `[abc]` stay within a
/// folder, `**` stands for any folders. `None` when it leaves the tree.
pub fn matching<'a>(tree: &'a dyn Tree, folder: &str, pattern: &str) -> Option<Vec<&'a TreeFile>> {
    let split = pattern
        .find(SIGNS)
        .map(|i| pattern[..i].rfind('/').map_or(0, |s| s + 1));
    let (fixed, rest) = match split {
        Some(at) => (pattern[..at].trim_end_matches('/'), &pattern[at..]),
        None => (pattern.trim_end_matches('/'), ""),
    };
    let base = join(folder, fixed)?;
    let below = tree.below(&base).iter();
    if rest.is_empty() {
        return Some(tree.file(&base).into_iter().chain(below).collect());
    }
    let skip = if base.is_empty() { 0 } else { base.len() + 1 };
    Some(below.filter(|f| fits(rest, &f.path[skip..])).collect())
}

/// Does a path fit a pattern?
fn fits(pattern: &str, path: &str) -> bool {
    // a leading `!` would turn the meaning around; here it is part of a name
    !pattern.starts_with('!') && fast_glob::glob_match(pattern, path)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_follow_folders() {
        for (pattern, path) in [
            ("**", "a/b"),
            ("*.tf", "x.tf"),
            ("**/*.tf", "a/b/x.tf"),
            ("**/*.tf", "x.tf"),
            ("a?c", "abc"),
            ("*.{yml,yaml}", "x.yml"),
            ("[ab].txt", "b.txt"),
            ("*", ".hidden"),
        ] {
            assert!(fits(pattern, path), "{pattern} fits {path}");
        }
        for (pattern, path) in [
            ("*.tf", "a/x.tf"),
            ("?", "/"),
            ("*.{yml,yaml}", "x.json"),
            ("[ab].txt", "c.txt"),
            ("!*.tf", "x.txt"),
        ] {
            assert!(!fits(pattern, path), "{pattern} does not fit {path}");
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let path = "a".repeat(4000);
        assert!(!fits(&format!("{}b", "*a".repeat(200)), &path));
        assert!(!fits(
            &format!("{}b", "**/".repeat(200)),
            &"a/".repeat(2000)
        ));
    }
}
