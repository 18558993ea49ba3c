//! From `cluster:` to a client: a kubeconfig, or an address with a CA and a token or a program that gives one.
use crate::fault::Fault;
use kube::{
    Client, Config,
    client::AuthError,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How a cluster is reached.
pub(super) struct Connection {
    /// The client.
    pub client: Client,
    /// Its address, without credentials.
    pub endpoint: String,
    /// Where objects go that name no namespace.
    pub namespace: String,
    /// For other tools.
    pub kubeconfig: Kubeconfig,
}

/// Connects. Nothing is asked yet.
pub(super) async fn connect(cluster: &Json) -> Result<Connection, Fault> {
    let (kubeconfig, context) = kubeconfig(cluster)?;
    let names: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let options = KubeConfigOptions {
        context: context.clone(),
        ..KubeConfigOptions::default()
    };
    let mut resolved = kubeconfig.clone();
    if let Some(context) = &context {
        if !names.contains(context) {
            return Err(Fault::permanent(format!(
                "the kubeconfig of `cluster:` has no context `{context}`"
            ))
            .more(format!("it has: {}", names.join(", "))));
        }
        resolved.current_context = Some(context.clone());
    }
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|e| {
            Fault::permanent(format!(
                "the kubeconfig of `cluster:` cannot be used: {}",
                chain(&e)
            ))
        })?;
    config.connect_timeout = Some(CONNECT);
    let endpoint = config
        .cluster_url
        .to_string()
        .trim_end_matches('/')
        .to_owned();
    let namespace = config.default_namespace.clone();
    let client = Client::try_from(config).map_err(|e| match e {
        kube::Error::Auth(e) => crate::fault::refused_account(&auth(&e)),
        e => Fault::permanent(format!(
            "the kubeconfig of `cluster:` cannot be used: {}",
            chain(&e)
        )),
    })?;
    Ok(Connection {
        client,
        endpoint,
        namespace,
        kubeconfig: resolved,
    })
}

fn kubeconfig(cluster: &Json) -> Result<(Kubeconfig, Option<String>), Fault> {
    let of = |text: &str| {
        // what stands there may be a secret, so no part of it is shown
        Kubeconfig::from_yaml(text)
            .ok()
            .filter(|k| !k.clusters.is_empty())
            .ok_or_else(|| {
                Fault::permanent("`cluster:` holds no kubeconfig")
                    .more("it has to be the text of a kubeconfig, not its path: write `'${{ secret(\"file:PATH\") }}'` to read a file")
            })
    };
    let text = |key: &str| cluster[key].as_str().filter(|t| !t.is_empty());
    match cluster {
        Json::Null => Err(Fault::permanent("nothing says which cluster this is for")
            .more("add `cluster:` to the component, or to `defaults` in `strata.yaml`")),
        Json::String(text) => Ok((of(text)?, None)),
        Json::Object(_) => {
            let context = text("context").map(str::to_owned);
            if let Some(kubeconfig) = text("kubeconfig") {
                return Ok((of(kubeconfig)?, context));
            }
            let Some(endpoint) = text("endpoint") else {
                return Err(Fault::permanent(
                    "`cluster:` has neither `kubeconfig` nor `endpoint`",
                ));
            };
            let made = made(endpoint, cluster).map_err(Fault::permanent)?;
            let kubeconfig: Kubeconfig = serde_json::from_value(made).map_err(|e| {
                Fault::permanent(format!("`cluster:` cannot be used: line {}", e.line()))
            })?;
            Ok((kubeconfig, None))
        }
        _ => Err(Fault::permanent("`cluster:` is neither a text nor a map")),
    }
}

/// A kubeconfig of an address.
fn made(endpoint: &str, cluster: &Json) -> Result<Json, String> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut server = json!({"server": endpoint});
    if let Some(ca) = cluster["ca"].as_str().filter(|t| !t.is_empty()) {
        // as PEM, or as a cloud gives it: in base64 already
        let data = if ca.contains("-----BEGIN") {
            STANDARD.encode(ca)
        } else {
            ca.trim().to_owned()
        };
        server["certificate-authority-data"] = Json::from(data);
    }
    let mut user = json!({});
    if let Some(token) = cluster["token"].as_str().filter(|t| !t.is_empty()) {
        user["token"] = Json::from(token.trim());
    }
    if let Some(exec) = cluster["exec"].as_array().filter(|l| !l.is_empty()) {
        let argv: Option<Vec<&str>> = exec.iter().map(Json::as_str).collect();
        let Some((program, args)) = argv.as_deref().and_then(|l| l.split_first()) else {
            return Err(
                "`exec` of `cluster:` must be a list of a program and its arguments".to_owned(),
            );
        };
        user["exec"] = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": program, "args": args, "interactiveMode": "Never",
        });
    }
    Ok(json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "cluster",
        "clusters": [{"name": "cluster", "cluster": server}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": "user"}}],
    }))
}

/// Why credentials could not be made. What a helper program printed may be a token: it is not shown.
pub(super) fn auth(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, status, out } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said
                .lines()
                .rfind(|l| !l.trim().is_empty())
                .unwrap_or_default();
            // variables that it is given stand before it
            let bare = cmd
                .rsplit_once("}\" \"")
                .map_or(cmd.trim_start_matches('"'), |(_, rest)| rest);
            let program = bare.split('"').next().unwrap_or(bare);
            format!("the program `{program}` of `exec` ended with {status}: {last}")
        }
        other => chain(other),
    }
}

/// An error with its causes, each once.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !out.contains(&text) {
            out.push_str(": ");
            out.push_str(&text);
        }
        next = cause.source();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(cluster: Json) -> String {
        kubeconfig(&cluster)
            .err()
            .map(|f| f.lines.join("|"))
            .unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_a_cluster_is_said_and_not_shown() {
        assert!(why(Json::Null).contains("add `cluster:`"));
        assert!(why(json!({"context": "a"})).contains("neither"));
        let secret = why(json!("/root/.kube/config s3cret"));
        assert!(secret.contains("no kubeconfig") && !secret.contains("s3cret"));
        assert!(why(json!({"endpoint": "https://a", "exec": [1]})).contains("must be a list"));
    }

    #[test]
    fn an_address_becomes_a_kubeconfig_and_what_a_contract_has_besides_is_ignored() {
        let cluster = json!({"kubeconfig": "", "endpoint": "https://a:6443", "ca": "QUJD", "exec": ["aws", "eks"], "version": "1.34"});
        let (k, context) = kubeconfig(&cluster).unwrap();
        let server = k.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(server.server.as_deref(), Some("https://a:6443"));
        assert_eq!(server.certificate_authority_data.as_deref(), Some("QUJD"));
        let user = k.auth_infos[0].auth_info.as_ref().unwrap();
        assert_eq!(user.exec.as_ref().unwrap().command.as_deref(), Some("aws"));
        assert_eq!(context, None);
    }
}
