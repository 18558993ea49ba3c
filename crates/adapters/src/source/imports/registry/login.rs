//! Who we are to a registry: what `docker login` and its kin wrote down, shown to that registry alone.
//!
//! `STRATA_OCI_TOKEN_HOST` (for pipelines), else `auths` and the credential helpers of `$DOCKER_CONFIG/config.json`,
//! `~/.docker/config.json` and `$REGISTRY_AUTH_FILE`. Who is not known there comes as nobody. Nothing of it is ever part
//! of a message.
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};
use ureq::Agent;

/// No answer of a server of tokens is longer.
const MOST: u64 = 1 << 20;

/// What is shown to one registry.
pub(super) struct Login {
    host: String,
    /// User and password.
    known: Option<(String, String)>,
    /// The header that is sent.
    header: Mutex<Option<String>>,
}

impl Login {
    pub fn of(host: &str) -> Self {
        Self {
            known: token(host).or_else(|| configured(host)),
            host: host.to_owned(),
            header: Mutex::default(),
        }
    }

    pub fn header(&self) -> Option<String> {
        let header = self.header.lock();
        header.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what a registry asks for before it answers: `Basic`, or `Bearer` with a token from where it says.
    pub fn answer(&self, agent: &Agent, challenge: &str) -> Result<(), String> {
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        let header = if scheme.eq_ignore_ascii_case("bearer") {
            format!("Bearer {}", self.token(agent, &parameters(rest))?)
        } else if scheme.eq_ignore_ascii_case("basic") {
            self.basic().ok_or_else(|| self.refused())?
        } else {
            return Err(format!("it wants a login that is not known: `{scheme}`"));
        };
        *self.header.lock().unwrap_or_else(PoisonError::into_inner) = Some(header);
        Ok(())
    }

    fn basic(&self) -> Option<String> {
        let (user, password) = self.known.as_ref()?;
        Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        ))
    }

    fn token(&self, agent: &Agent, wanted: &BTreeMap<String, String>) -> Result<String, String> {
        let realm = wanted
            .get("realm")
            .ok_or("it does not say who gives tokens")?;
        let host = realm.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let open = super::super::remote::own(host);
        if !(realm.starts_with("https://") || open && realm.starts_with("http://")) {
            return Err("it sends us for a token to where nothing is encrypted".to_owned());
        }
        let mut request = agent.get(realm.as_str());
        for key in ["service", "scope"] {
            if let Some(value) = wanted.get(key) {
                request = request.query(key, value);
            }
        }
        if let Some(basic) = self.basic() {
            request = request.header("Authorization", basic);
        }
        let mut response = request
            .call()
            .map_err(|e| format!("no token is to be had: {e}"))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(match self.known {
                Some(_) if matches!(status, 401 | 403) => self.refused(),
                _ => format!("no token is to be had: {host} answers {status}"),
            });
        }
        let body = response.body_mut().with_config().limit(MOST).read_to_vec();
        let body: Value = body
            .ok()
            .and_then(|b| serde_json::from_slice(&b).ok())
            .unwrap_or_default();
        let token = body["token"].as_str().or(body["access_token"].as_str());
        token
            .map(str::to_owned)
            .ok_or_else(|| format!("{host} gives no token"))
    }

    /// What to say when it lets nobody in.
    pub fn refused(&self) -> String {
        match self.known {
            Some(_) => format!("{} does not accept the login that is known", self.host),
            None => format!(
                "it needs a login: run `docker login {}`, or set `{}`",
                self.host,
                variable(&self.host)
            ),
        }
    }
}

fn variable(host: &str) -> String {
    super::super::remote::token_variable(host).replacen("_GIT_", "_OCI_", 1)
}

/// `USER:PASSWORD`, or a token alone.
fn token(host: &str) -> Option<(String, String)> {
    let said = std::env::var(variable(host)).ok()?;
    let said = said.trim();
    let (user, password) = said.split_once(':').unwrap_or(("token", said));
    (!password.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}

fn configured(host: &str) -> Option<(String, String)> {
    let under = |variable: &str, rest: &str| {
        let folder = std::env::var_os(variable).filter(|v| !v.is_empty())?;
        Some(PathBuf::from(folder).join(rest))
    };
    let docker = under("DOCKER_CONFIG", "config.json");
    let files = [
        docker.or_else(|| under("HOME", ".docker/config.json")),
        under("REGISTRY_AUTH_FILE", ""),
        under("XDG_RUNTIME_DIR", "containers/auth.json"),
    ];
    files.into_iter().flatten().find_map(|path| {
        let text = std::fs::read(path).ok()?;
        let config: Value = serde_json::from_slice(&text).ok()?;
        of(&config, host, &helped)
    })
}

/// The login for a host, as Docker's file of settings says it.
fn of(
    config: &Value,
    host: &str,
    helped: &dyn Fn(&str, &str) -> Option<(String, String)>,
) -> Option<(String, String)> {
    let helper = config["credHelpers"][host]
        .as_str()
        .or(config["credsStore"].as_str());
    if let Some(found) = helper.and_then(|h| helped(h, host)) {
        return Some(found);
    }
    let auths = config["auths"].as_object()?;
    let same = |key: &str| {
        let key = key.strip_prefix("https://").unwrap_or(key);
        key.split('/').next() == Some(host)
    };
    let entry = auths.iter().find(|(key, _)| same(key))?.1;
    let decoded = STANDARD.decode(entry["auth"].as_str()?).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Asks `docker-credential-NAME`, as Docker does: the host goes in, a user and a secret come out.
fn helped(name: &str, host: &str) -> Option<(String, String)> {
    if name.contains('/') {
        return None;
    }
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(host.as_bytes()).ok()?;
    let done = child.wait_with_output().ok()?;
    let said: Value = serde_json::from_slice(&done.stdout).ok()?;
    let text = |key: &str| said[key].as_str().map(str::to_owned);
    Some((text("Username")?, text("Secret")?))
}

/// `key="value",key="value"` of a challenge.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        out.insert(key.trim().to_ascii_lowercase(), value.to_owned());
        rest = after.trim_start_matches([',', ' ']);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_challenge_says_who_gives_tokens() {
        let p = parameters(
            r#"realm="https://auth.example/token",service="reg, one",scope="repository:a/b:pull""#,
        );
        assert_eq!(p["realm"], "https://auth.example/token");
        assert_eq!(p["service"], "reg, one");
        assert_eq!(p["scope"], "repository:a/b:pull");
        assert_eq!(parameters("realm=x, service=y")["service"], "y");
        assert!(parameters("").is_empty());
    }

    #[test]
    fn a_login_is_for_its_host_alone() {
        let config = json!({
            "auths": {"https://reg.example/v1/": {"auth": STANDARD.encode("me:pw:x")}},
            "credHelpers": {"other.example": "vault"},
        });
        let helped = |name: &str, host: &str| {
            (name == "vault").then(|| (host.to_owned(), "helped".to_owned()))
        };
        let of = |host: &str| of(&config, host, &helped);
        assert_eq!(of("reg.example"), Some(("me".into(), "pw:x".into())));
        assert_eq!(
            of("other.example"),
            Some(("other.example".into(), "helped".into()))
        );
        assert_eq!(of("reg.example.evil"), None);
        assert_eq!(
            variable("reg.example:5000"),
            "STRATA_OCI_TOKEN_REG_EXAMPLE_5000"
        );
    }

    #[test]
    fn no_password_goes_where_nothing_is_encrypted() {
        let login = Login {
            host: "reg.example".to_owned(),
            known: Some(("me".to_owned(), "pw".to_owned())),
            header: Mutex::default(),
        };
        let agent = Agent::new_with_defaults();
        let why = login
            .answer(&agent, r#"Bearer realm="http://auth.example/token""#)
            .unwrap_err();
        assert!(why.contains("encrypted"), "{why}");
        assert!(login.header().is_none());
    }
}
