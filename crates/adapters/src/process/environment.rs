//! The variables of a tool: a clean environment with the few of ours that every tool needs.
use crate::redact::Known;
use std::collections::BTreeMap;
use strata_core::need::Passed;

/// Variables of ours that every tool gets. Part of the format of an operations repo (FORMAT.md, rule 6).
pub const ALWAYS: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "TF_CLI_CONFIG_FILE",
];

/// The entry of `passthrough` that stands for all variables of ours, but those that are for strata itself.
const EVERYTHING: &str = "*";

/// Shorter values of such variables are more likely words than secrets.
const SHORTEST: usize = 8;

/// Our own environment, as far as it is text.
pub fn ours() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect()
}

/// What a tool gets of our environment. Credentials among it become known secrets.
pub(super) fn passed(
    ours: &BTreeMap<String, String>,
    more: &[Passed],
    known: &mut Known,
) -> BTreeMap<String, String> {
    let everything = more.iter().any(|p| p.name == EVERYTHING);
    let all = ours
        .keys()
        .filter(|name| everything && !name.starts_with("STRATA_"));
    let all = all.map(|name| (name.as_str(), strata_core::secret::is_telling(name)));
    let always = ALWAYS.iter().map(|name| (*name, false)).chain(all);
    let more = more.iter().map(|p| (p.name.as_str(), p.sensitive));
    let mut env = BTreeMap::new();
    for (name, sensitive) in always.chain(more) {
        let Some(value) = ours.get(name) else {
            continue;
        };
        if sensitive && value.len() >= SHORTEST {
            known.add(value.as_bytes());
        }
        if let Some(password) = password_of(value) {
            known.add(password.as_bytes());
        }
        env.insert(name.to_owned(), value.clone());
    }
    env
}

/// The password of a URL such as `http://user:password@proxy:3128`.
fn password_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(user.split_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_passes_everything_but_what_is_for_strata() {
        let ours = [
            ("A", "1"),
            ("STRATA_KEY_FILE", "/k"),
            ("MY_TOKEN", "long-enough-a-token"),
        ];
        let ours = ours.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let mut known = Known::new();
        let env = passed(&ours, &[Passed::named("*")], &mut known);
        assert_eq!(env.keys().collect::<Vec<_>>(), ["A", "MY_TOKEN"]);
    }

    #[test]
    fn only_what_is_named_passes_and_credentials_are_known() {
        let ours: BTreeMap<String, String> = [
            ("PATH", "/bin"),
            ("EDITOR", "vi"),
            ("HTTPS_PROXY", "http://me:pr0xypass@proxy:3128/"),
            ("AWS_SECRET_ACCESS_KEY", "abcdefghijkl"),
            ("AWS_REGION", "eu-west-1"),
            ("OTHER_TOKEN", "not-passed-on"),
            ("DD_APP_KEY", "known-by-data"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let mut known = Known::new();
        let mut more = ["AWS_SECRET_ACCESS_KEY", "AWS_REGION", "NOT_SET"]
            .map(Passed::named)
            .to_vec();
        more.push(Passed {
            name: "DD_APP_KEY".to_owned(),
            sensitive: true,
        });
        let env = passed(&ours, &more, &mut known);
        let names: Vec<&str> = env.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "AWS_REGION",
                "AWS_SECRET_ACCESS_KEY",
                "DD_APP_KEY",
                "HTTPS_PROXY",
                "PATH"
            ]
        );
        let text = known
            .redactor()
            .text(b"abcdefghijkl pr0xypass eu-west-1 not-passed-on known-by-data");
        assert_eq!(text, "(secret) (secret) eu-west-1 not-passed-on (secret)");
    }
}
