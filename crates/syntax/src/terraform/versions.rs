//! Constraints on versions: whether several can hold at once.

/// The three numbers of a release.
type Release = (u64, u64, u64);

/// What a constraint allows of releases, each range as first one and first one after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    from: Release,
    to: Option<Release>,
    without: Vec<Release>,
}

/// Can these constraints never hold at once? Only said when it is certain: an odd one, or one that names a
/// pre-release, is taken to hold.
pub(super) fn conflict<'a>(constraints: impl IntoIterator<Item = &'a str>) -> bool {
    let mut all = Allowed {
        from: (0, 0, 0),
        to: None,
        without: Vec::new(),
    };
    for one in constraints.into_iter().flat_map(|c| c.split(',')) {
        let one = one.trim();
        if one.is_empty() {
            continue;
        }
        if !narrow(&mut all, one) {
            return false;
        }
    }
    all.is_empty()
}

/// Is it a constraint that is understood here?
#[cfg(test)]
fn is_constraint(text: &str) -> bool {
    let mut all = Allowed {
        from: (0, 0, 0),
        to: None,
        without: Vec::new(),
    };
    text.split(',').all(|one| narrow(&mut all, one.trim()))
}

impl Allowed {
    fn is_empty(&self) -> bool {
        let Some(to) = self.to else { return false };
        if self.from >= to {
            return true;
        }
        // a few releases of one line, each of them taken away
        let (from, same_line) = (self.from, (self.from.0, self.from.1) == (to.0, to.1));
        let few = same_line && to.2 - from.2 <= self.without.len() as u64;
        few && (from.2..to.2).all(|patch| self.without.contains(&(from.0, from.1, patch)))
    }
    fn at_least(&mut self, release: Release) {
        self.from = self.from.max(release);
    }
    fn below(&mut self, release: Release) {
        self.to = Some(self.to.map_or(release, |to| to.min(release)));
    }
}

/// Takes away what one constraint does not allow; false for one that is not understood.
fn narrow(all: &mut Allowed, one: &str) -> bool {
    let signs = ["~>", ">=", "<=", "!=", "=", ">", "<"];
    let sign = signs.into_iter().find(|s| one.starts_with(s));
    let Some((release, parts)) = release(one[sign.map_or(0, str::len)..].trim()) else {
        return false;
    };
    let (major, minor, patch) = release;
    let Some(next) = patch.checked_add(1).map(|p| (major, minor, p)) else {
        return false;
    };
    match sign {
        Some(">=") => all.at_least(release),
        Some(">") => all.at_least(next),
        Some("<") => all.below(release),
        Some("<=") => all.below(next),
        Some("!=") => all.without.push(release),
        Some("~>") => {
            all.at_least(release);
            match parts {
                3 => all.below((major, minor.saturating_add(1), 0)),
                2 => all.below((major.saturating_add(1), 0, 0)),
                // programs do not agree on what `~> 1` ends at
                _ => {}
            }
        }
        _ => {
            all.at_least(release);
            all.below(next);
        }
    }
    true
}

/// The numbers of a version and how many were written; nothing for a pre-release or a build.
fn release(text: &str) -> Option<(Release, usize)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers: Vec<u64> = text
        .split('.')
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let at = |i: usize| numbers.get(i).copied().unwrap_or(0);
    (1..=3)
        .contains(&numbers.len())
        .then(|| ((at(0), at(1), at(2)), numbers.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_hold_at_once_is_told() {
        for (constraints, never) in [
            (&["~> 5.0", "~> 4.0"][..], true),
            (&["~> 5.0", ">= 4.0, < 5.0"], true),
            (&["~> 5.0", "5.31.0"], false),
            (&["~> 5.30.0", "= 5.31.0"], true),
            (&["~> 5.30.1", "5.30.0"], true),
            (&["~> 5.30", "5.31"], false),
            (&[">= 5"], false),
            (&["> 1.0.0, < 1.0.1"], true),
            (&[">= 1.0.0, < 1.0.2, != 1.0.0, != 1.0.1"], true),
            (&[">= 1.0.0, < 1.0.3, != 1.0.0, != 1.0.1"], false),
            (&["1.2.3", "!= 1.2.3"], true),
            (&["<= 2.0", ">= 2.0.0"], false),
            (&["< 2.0", ">= 2.0.0"], true),
            (&["~> 1", "2.0"], false),
            (&["~> 1.0-beta", "~> 2.0"], false),
            (&["= 1.0.0-rc1", ">= 2"], false),
            (&["nonsense", "> 3, < 2"], false),
            (&["> 18446744073709551615.0"], false),
            (&["", "v1.2.0"], false),
        ] {
            assert_eq!(
                conflict(constraints.iter().copied()),
                never,
                "{constraints:?}"
            );
        }
        assert!(is_constraint("~> 1.2, != 1.2.3") && !is_constraint("latest"));
    }
}
