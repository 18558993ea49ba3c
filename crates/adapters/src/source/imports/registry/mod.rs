//! A registry of OCI artifacts, asked as its protocol says (OCI distribution specification 1.1): which manifest a tag
//! is, which tags there are, and the files of one manifest.
//!
//! A manifest is what a commit is to git: its SHA-256 names it, and everything below it. What comes is believed only
//! when it has the digest that was asked for. It keeps nothing.
mod login;
mod unpack;

use super::{Filled, ImportError};
use login::Login;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, time::Duration};
use strata_core::repo::{Reach, Repo};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// No manifest or list of tags is larger; the specification asks registries for 4 MB.
const MOST_TEXT: u64 = 8 << 20;
/// No layer is larger.
const MOST_LAYER: u64 = 1 << 30;
/// No list of tags has more pages.
const MOST_PAGES: usize = 100;
/// What an artifact may be described by.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// A repository of a registry.
pub(super) struct Registry<'a> {
    repo: &'a Repo,
    /// `https://HOST`.
    base: String,
    /// The path in it.
    name: String,
    agent: Agent,
    login: Login,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
    #[serde(default)]
    manifests: Vec<serde_json::Value>,
}

/// One archive or file of an artifact.
#[derive(Deserialize)]
struct Layer {
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// An answer.
struct Answer {
    status: u16,
    body: Vec<u8>,
    /// The page that follows.
    next: Option<String>,
}

impl<'a> Registry<'a> {
    /// The registry of an address; none when it is no registry's.
    pub fn of(repo: &'a Repo) -> Option<Self> {
        let Reach::Registry { host } = repo.reach() else {
            return None;
        };
        // this machine alone may be asked without encryption
        let open = super::remote::own(host);
        let scheme = if open { "http" } else { "https" };
        let name = repo.text().strip_prefix(&format!("oci://{host}/"))?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(!open)
            .http_status_as_error(false)
            .max_redirects(5)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_global(Some(Duration::from_secs(15 * 60)))
            .user_agent(concat!("strata/", env!("CARGO_PKG_VERSION")))
            .build();
        Some(Self {
            repo,
            base: format!("{scheme}://{host}"),
            name: name.to_owned(),
            agent: config.into(),
            login: Login::of(host),
        })
    }

    /// The SHA-256 of the manifest that a tag is; none when there is no such tag.
    pub fn find(&self, tag: &str) -> Result<Option<String>, ImportError> {
        let url = format!("{}/v2/{}/manifests/{tag}", self.base, self.name);
        let answer = self.get(&url, MANIFESTS, MOST_TEXT)?;
        match answer.status {
            200 => Ok(Some(hex(&answer.body))),
            404 => Ok(None),
            status => Err(self.refused(status, &answer.body)),
        }
    }

    /// All tags.
    pub fn tags(&self) -> Result<Vec<String>, ImportError> {
        let mut out = Vec::new();
        let mut next = Some(format!("{}/v2/{}/tags/list", self.base, self.name));
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { break };
            let answer = self.get(&url, "application/json", MOST_TEXT)?;
            match answer.status {
                200 => {}
                404 => break,
                status => return Err(self.refused(status, &answer.body)),
            }
            let page: Tags = serde_json::from_slice(&answer.body)
                .map_err(|e| self.unreachable(format!("its list of tags is no list: {e}")))?;
            out.extend(page.tags.unwrap_or_default());
            next = answer.next;
        }
        Ok(out)
    }

    /// The files of a manifest, sorted by path.
    pub fn contents(&self, manifest: &str) -> Result<Vec<Filled>, ImportError> {
        let url = format!("{}/v2/{}/manifests/sha256:{manifest}", self.base, self.name);
        let bytes = self.whole(&url, MANIFESTS, MOST_TEXT, manifest)?;
        let content = |why: String| {
            let short = &manifest[..12];
            ImportError::Content(format!("{} at {short} is refused: {why}", self.repo))
        };
        let found: Manifest = serde_json::from_slice(&bytes)
            .map_err(|e| content(format!("its manifest cannot be read: {e}")))?;
        if !found.manifests.is_empty() {
            let why = "it is a list of images, one for each kind of machine, and holds no files";
            return Err(content(why.to_owned()));
        }
        let mut files = unpack::Unpacked::default();
        for layer in &found.layers {
            let Some(digest) = layer.digest.strip_prefix("sha256:") else {
                return Err(content(format!("`{}` is no SHA-256", layer.digest)));
            };
            if layer.size > MOST_LAYER {
                return Err(content(format!("a layer of it has {} bytes", layer.size)));
            }
            let url = format!("{}/v2/{}/blobs/{}", self.base, self.name, layer.digest);
            let bytes = self.whole(&url, "*/*", layer.size, digest)?;
            let title = layer.annotations.get("org.opencontainers.image.title");
            files
                .layer(&bytes, title.map(String::as_str))
                .map_err(content)?;
        }
        files.finish().map_err(content)
    }

    /// What must have this digest.
    fn whole(
        &self,
        url: &str,
        accept: &str,
        most: u64,
        digest: &str,
    ) -> Result<Vec<u8>, ImportError> {
        let answer = self.get(url, accept, most)?;
        match answer.status {
            200 if hex(&answer.body) == digest => Ok(answer.body),
            200 => Err(ImportError::Content(format!(
                "{} sent something else for sha256:{digest}",
                self.repo
            ))),
            404 => Err(self.unreachable(format!("it has no sha256:{digest}"))),
            status => Err(self.refused(status, &answer.body)),
        }
    }

    /// Asks, and once more with what the registry wants to be shown.
    fn get(&self, url: &str, accept: &str, most: u64) -> Result<Answer, ImportError> {
        let first = self.ask(url, accept, most)?;
        let Err(challenge) = first else {
            return first.map_err(|_| unreachable!("it is an answer"));
        };
        self.login
            .answer(&self.agent, &challenge)
            .map_err(|why| self.unreachable(why))?;
        self.ask(url, accept, most)?
            .map_err(|_| self.unreachable(self.login.refused()))
    }

    /// The inner error is the registry's challenge to log in.
    fn ask(
        &self,
        url: &str,
        accept: &str,
        most: u64,
    ) -> Result<Result<Answer, String>, ImportError> {
        let mut request = self.agent.get(url).header("Accept", accept);
        if let Some(shown) = self.login.header() {
            request = request.header("Authorization", shown);
        }
        let failed = |e: ureq::Error| self.unreachable(e.to_string());
        let mut response = request.call().map_err(failed)?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        if response.status().as_u16() == 401 {
            return Ok(Err(header("www-authenticate").unwrap_or_default()));
        }
        let next = header("link").and_then(|l| self.following(&l));
        let status = response.status().as_u16();
        // the limit itself is over it
        let body = response.body_mut().with_config().limit(most + 1);
        Ok(Ok(Answer {
            status,
            body: body.read_to_vec().map_err(failed)?,
            next,
        }))
    }

    /// The page that a `Link` leads to: `</v2/…>; rel="next"`. Never another host.
    fn following(&self, link: &str) -> Option<String> {
        let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
        let path = target.strip_prefix(&self.base).unwrap_or(target);
        let ours = path.starts_with("/v2/") && rest.contains("next");
        ours.then(|| format!("{}{path}", self.base))
    }

    fn unreachable(&self, why: String) -> ImportError {
        ImportError::Unreachable {
            repo: self.repo.to_string(),
            why,
        }
    }

    /// What a registry says of an error, in few words.
    fn refused(&self, status: u16, body: &[u8]) -> ImportError {
        let said: Option<String> = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .and_then(|v| v["errors"][0]["message"].as_str().map(str::to_owned));
        let said = said.map(|s| format!(": {}", s.chars().take(200).collect::<String>()));
        self.unreachable(format!(
            "the registry answers {status}{}",
            said.unwrap_or_default()
        ))
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
    };

    const MANIFEST: &str = r#"{"schemaVersion": 2, "layers": []}"#;

    /// A registry that lets in who shows the token, and gives it to everybody: as large registries do for what is public.
    fn serve() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let own = host.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let asked = lines.next().unwrap().unwrap();
                let mut headers = lines.map_while(Result::ok).take_while(|l| !l.is_empty());
                let shown = headers.any(|l| l.eq_ignore_ascii_case("authorization: bearer t0ken"));
                let path = asked.split(' ').nth(1).unwrap();
                let (status, more, body) = match path {
                    "/token?service=s&scope=repository%3Aa%2Fb%3Apull"
                    | "/token?service=s&scope=repository:a/b:pull" => {
                        ("200 OK", String::new(), r#"{"token": "t0ken"}"#)
                    }
                    _ if !shown => {
                        let realm = format!(
                            "WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"s\",scope=\"repository:a/b:pull\"\r\n"
                        );
                        ("401 Unauthorized", realm, "{}")
                    }
                    "/v2/a/b/tags/list" => {
                        let next = "Link: </v2/a/b/tags/list?last=1>; rel=\"next\"\r\n";
                        ("200 OK", next.to_owned(), r#"{"tags": ["1"]}"#)
                    }
                    "/v2/a/b/tags/list?last=1" => ("200 OK", String::new(), r#"{"tags": ["2"]}"#),
                    "/v2/a/b/manifests/1" => ("200 OK", String::new(), MANIFEST),
                    p if p.contains("sha256") => ("200 OK", String::new(), "another"),
                    _ => ("404 Not Found", String::new(), "{}"),
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        host
    }

    #[test]
    fn a_token_is_fetched_where_the_registry_says_and_content_is_believed_by_its_digest() {
        let repo = Repo::parse(&format!("oci://{}/a/b", serve())).unwrap();
        let registry = Registry::of(&repo).unwrap();
        let found = registry.find("1").unwrap().unwrap();
        assert_eq!(found, hex(MANIFEST.as_bytes()));
        assert_eq!(registry.find("3").unwrap(), None);
        assert_eq!(registry.tags().unwrap(), ["1", "2"]);
        let why = registry.contents(&found).err().unwrap().to_string();
        assert!(why.contains("sent something else"), "{why}");
    }
}
