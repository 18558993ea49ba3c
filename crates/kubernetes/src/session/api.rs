//! Requests to an API server: counted, and tried again while a refusal may pass.
use crate::fault::Refusal;
use http::{Method, Request};
use kube::Client;
use serde_json::Value as Json;
use std::{cell::Cell, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(5);
/// How long a single answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// An API server.
pub(super) struct Api {
    client: Client,
    /// How long a request is tried again whose refusal may pass.
    patience: Cell<Duration>,
    /// Are fields refused that the server does not know?
    strict: bool,
    calls: Cell<u64>,
    single: Cell<u64>,
    /// When it was last said that something is tried again.
    said: Cell<Option<Instant>>,
}

/// How often it is said that something is tried again.
const SAY: Duration = Duration::from_secs(15);

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Objects.
    pub items: Vec<Json>,
    /// Where the next page begins; empty at the end.
    pub next: String,
    /// How many more there are, as far as the server says.
    pub left: u64,
}

impl Api {
    pub(super) fn new(client: Client, patience: Duration, strict: bool) -> Self {
        Self {
            client,
            strict,
            patience: Cell::new(patience),
            calls: Cell::new(0),
            single: Cell::new(0),
            said: Cell::new(None),
        }
    }
    /// Requests so far, and of them those for one object.
    pub(super) fn cost(&self) -> strata_core::cluster::Cost {
        strata_core::cluster::Cost {
            calls: self.calls.get(),
            single: self.single.get(),
        }
    }
    pub(super) fn patience(&self) -> Duration {
        self.patience.get()
    }
    /// One object.
    pub(super) async fn get(&self, path: &str) -> Result<Json, Refusal> {
        self.single.set(self.single.get() + 1);
        self.ask(&Method::GET, path, "", None).await
    }
    /// What is no single object: discovery, versions.
    pub(super) async fn look(&self, path: &str, accept: &str) -> Result<Json, Refusal> {
        self.ask(&Method::GET, path, accept, None).await
    }
    /// A page of a list.
    pub(super) async fn list(&self, path: &str, query: &str, next: &str) -> Result<Page, Refusal> {
        let mut path = format!("{path}?limit=500");
        for (key, value) in [("", query), ("continue=", next)] {
            if !value.is_empty() {
                path.push_str(&format!("&{key}{value}"));
            }
        }
        let mut json = self.ask(&Method::GET, &path, "", None).await?;
        let about = |key: &str| json["metadata"][key].clone();
        let mut page = Page {
            next: encode(about("continue").as_str().unwrap_or_default()),
            left: about("remainingItemCount").as_u64().unwrap_or(0),
            items: Vec::new(),
        };
        let api = json["apiVersion"].clone();
        let kind = json["kind"].as_str().and_then(|k| k.strip_suffix("List"));
        let kind = kind.map(Json::from);
        if let Json::Array(items) = json["items"].take() {
            page.items = items;
        }
        // items of a list leave out what the list says for all
        for item in &mut page.items {
            if item["kind"].is_null() {
                item["apiVersion"] = api.clone();
                item["kind"] = kind.clone().unwrap_or(Json::Null);
            }
        }
        Ok(page)
    }
    /// Server-side apply.
    pub(super) async fn apply(
        &self,
        path: &str,
        query: &str,
        object: &Json,
    ) -> Result<Json, Refusal> {
        self.single.set(self.single.get() + 1);
        let validation = if self.strict { "Strict" } else { "Ignore" };
        let path = format!(
            "{path}?fieldManager={}&fieldValidation={validation}{query}",
            super::MANAGER
        );
        let body = object.to_string().into_bytes();
        self.ask(
            &Method::PATCH,
            &path,
            "application/apply-patch+yaml",
            Some(body),
        )
        .await
    }
    /// A few fields of an object, in nobody's name.
    pub(super) async fn merge(&self, path: &str, fields: &Json) -> Result<Json, Refusal> {
        self.single.set(self.single.get() + 1);
        let body = fields.to_string().into_bytes();
        let kind = "application/merge-patch+json";
        self.ask(&Method::PATCH, path, kind, Some(body)).await
    }
    /// Removal of exactly this object.
    pub(super) async fn delete(
        &self,
        path: &str,
        uid: &str,
        policy: &str,
    ) -> Result<Json, Refusal> {
        self.single.set(self.single.get() + 1);
        let body = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "propagationPolicy": policy, "preconditions": {"uid": uid},
        });
        let body = body.to_string().into_bytes();
        self.ask(&Method::DELETE, path, "application/json", Some(body))
            .await
    }
    /// Text, once: logs of a container.
    pub(super) async fn text(&self, path: &str) -> Result<String, Refusal> {
        self.once(&Method::GET, path, "", None).await
    }

    async fn ask(
        &self,
        method: &Method,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Json, Refusal> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            let refusal = match self.once(method, path, kind, body.clone()).await {
                Ok(text) => match serde_json::from_str(&text) {
                    Ok(json) => return Ok(json),
                    Err(e) => Refusal {
                        code: 200,
                        message: format!("the answer is not JSON: {e}"),
                        ..Refusal::default()
                    },
                },
                Err(refusal) => refusal,
            };
            if !refusal.may_pass() || began.elapsed() + pause > self.patience() {
                if refusal.code == 0 {
                    // it was waited for once: what comes now is tried and not waited for
                    self.patience.set(Duration::ZERO);
                }
                return Err(refusal);
            }
            let quiet = self.said.get().is_none_or(|said| said.elapsed() > SAY);
            if quiet && began.elapsed() > Duration::from_secs(2) {
                self.said.set(Some(Instant::now()));
                let what = refusal.message.lines().next().unwrap_or_default();
                eprintln!("trying again: {what}");
            }
            sleep(
                refusal
                    .retry_after
                    .map_or(pause, Duration::from_secs)
                    .min(LONGEST),
            )
            .await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
    ) -> Result<String, Refusal> {
        self.calls.set(self.calls.get() + 1);
        let mut request = Request::builder().method(method).uri(path);
        if !kind.is_empty() {
            let header = if body.is_some() {
                http::header::CONTENT_TYPE
            } else {
                http::header::ACCEPT
            };
            request = request.header(header, kind);
        }
        let request = request
            .body(body.unwrap_or_default())
            .map_err(|e| Refusal {
                code: 400,
                message: format!("`{path}` is no path: {e}"),
                ..Refusal::default()
            })?;
        match timeout(ANSWER, self.client.request_text(request)).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(e)) => Err(refusal(e)),
            Err(_) => Err(Refusal::unreachable("no answer in time")),
        }
    }
}

/// What an error of the client means.
fn refusal(error: kube::Error) -> Refusal {
    match error {
        kube::Error::Api(status) => {
            let json = serde_json::to_value(&*status).unwrap_or(Json::Null);
            Refusal::from_json(status.code, &json)
        }
        kube::Error::Auth(e) => Refusal {
            code: 401,
            message: super::connect::auth(&e),
            ..Refusal::default()
        },
        kube::Error::Service(e) => {
            // credentials are made when the first request goes out, several layers down
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*e);
            while let Some(e) = cause {
                if let Some(auth) = e.downcast_ref::<kube::client::AuthError>() {
                    return Refusal {
                        code: 401,
                        message: super::connect::auth(auth),
                        ..Refusal::default()
                    };
                }
                cause = e.source();
            }
            unreachable(&*e)
        }
        other => unreachable(&other),
    }
}

/// Nobody answers, or somebody who is not trusted: which does not pass by itself.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let why = super::connect::chain(error);
    let code = if why.contains("certificate") { 495 } else { 0 };
    Refusal {
        code,
        message: why,
        ..Refusal::default()
    }
}

/// A text as a part of a path or query.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(b as char);
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
