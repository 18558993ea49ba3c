//! Keys and certificates of a cluster, all made by openssl, and the files that clients connect with.
use super::{
    place::{Cluster, write_secret},
    task,
};
use crate::Failure;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Longer than any test lasts.
const DAYS: &str = "365";

/// The folder with all of it, and who the cluster is.
pub struct Certificates<'a> {
    cluster: &'a Cluster,
    folder: PathBuf,
}

/// One to be made.
struct Wanted<'a> {
    file: &'a str,
    signed_by: &'a str,
    /// Who it is to Kubernetes: user and group.
    common_name: &'a str,
    organization: &'a str,
    /// Names and addresses, when it is a server's.
    names: &'a str,
}

impl<'a> Certificates<'a> {
    /// Makes everything that the cluster needs.
    pub fn make(cluster: &'a Cluster) -> Result<Self, Failure> {
        let folder = cluster.folder().join("secrets");
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let me = Self { cluster, folder };
        me.authority("ca")?;
        // who speaks for users to an aggregated API is not who signs users
        me.authority("front-proxy-ca")?;
        task::finish(
            Command::new("openssl")
                .args(["genpkey", "-algorithm", "EC"])
                .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
                .arg(me.path("service-accounts", "key")),
        )?;
        task::finish(
            Command::new("openssl")
                .args(["pkey", "-pubout", "-in"])
                .arg(me.path("service-accounts", "key"))
                .arg("-out")
                .arg(me.path("service-accounts", "pub")),
        )?;
        let at = cluster.addresses;
        let server = format!(
            "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
             DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:{},IP:{}",
            at.control(),
            at.first_service(),
        );
        me.certificate(&Wanted {
            file: "apiserver",
            signed_by: "ca",
            common_name: "kube-apiserver",
            organization: "",
            names: &server,
        })?;
        let mut clients = vec![
            ("admin", "ca", "kubernetes-admin", "system:masters"),
            // no role that comes with Kubernetes lets it read all that it serves
            ("coredns", "ca", "coredns", "system:masters"),
            (
                "apiserver-kubelet",
                "ca",
                "kube-apiserver-kubelet-client",
                "system:masters",
            ),
            ("front-proxy", "front-proxy-ca", "front-proxy-client", ""),
            (
                "kube-controller-manager",
                "ca",
                "system:kube-controller-manager",
                "",
            ),
            ("kube-scheduler", "ca", "system:kube-scheduler", ""),
            ("kube-proxy", "ca", "system:kube-proxy", ""),
        ];
        let nodes: Vec<(String, String)> = (1..=cluster.nodes)
            .map(|i| (format!("node-{i}"), format!("system:node:node-{i}")))
            .collect();
        for (file, user) in &nodes {
            clients.push((file, "ca", user, "system:nodes"));
        }
        for (file, signed_by, common_name, organization) in clients {
            me.certificate(&Wanted {
                file,
                signed_by,
                common_name,
                organization,
                names: "",
            })?;
            if signed_by == "ca" {
                let config = me.kubeconfig(file)?;
                write_secret(&me.folder.join(format!("{file}.kubeconfig")), &config)?;
            }
        }
        for i in 1..=cluster.nodes {
            me.certificate(&Wanted {
                file: &format!("node-{i}-server"),
                signed_by: "ca",
                common_name: &format!("node-{i}"),
                organization: "",
                names: &format!("DNS:node-{i},IP:{}", at.node(i)),
            })?;
        }
        Ok(me)
    }

    /// What `kubectl` connects with as an administrator; it holds the key itself.
    pub fn admin(&self) -> Result<String, Failure> {
        self.kubeconfig("admin")
    }

    fn authority(&self, file: &str) -> Result<(), Failure> {
        let extensions = "basicConstraints=critical,CA:TRUE\n\
             keyUsage=critical,digitalSignature,keyCertSign\nsubjectKeyIdentifier=hash\n";
        self.request(file, None, &format!("CN={file}\n"), extensions)
    }

    fn certificate(&self, wanted: &Wanted<'_>) -> Result<(), Failure> {
        let mut subject = String::new();
        if !wanted.organization.is_empty() {
            writeln!(subject, "O={}", wanted.organization)?;
        }
        writeln!(subject, "CN={}", wanted.common_name)?;
        let mut extensions =
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
             authorityKeyIdentifier=keyid\n"
                .to_owned();
        if wanted.names.is_empty() {
            extensions.push_str("extendedKeyUsage=clientAuth\n");
        } else {
            writeln!(
                extensions,
                "extendedKeyUsage=serverAuth\nsubjectAltName={}",
                wanted.names
            )?;
        }
        self.request(wanted.file, Some(wanted.signed_by), &subject, &extensions)
    }

    fn request(
        &self,
        file: &str,
        signed_by: Option<&str>,
        subject: &str,
        extensions: &str,
    ) -> Result<(), Failure> {
        let config = self.folder.join("request.conf");
        let text = format!(
            "[req]\nprompt=no\ndistinguished_name=subject\nx509_extensions=extensions\n\
             [subject]\n{subject}[extensions]\n{extensions}"
        );
        fs::write(&config, text)?;
        let mut openssl = Command::new("openssl");
        openssl
            .args(["req", "-x509", "-nodes", "-days", DAYS])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .arg("-config")
            .arg(&config)
            .arg("-keyout")
            .arg(self.path(file, "key"))
            .arg("-out")
            .arg(self.path(file, "crt"));
        if let Some(ca) = signed_by {
            openssl.arg("-CA").arg(self.path(ca, "crt"));
            openssl.arg("-CAkey").arg(self.path(ca, "key"));
        }
        task::finish(&mut openssl)?;
        fs::remove_file(config)?;
        Ok(())
    }

    fn path(&self, file: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{file}.{kind}"))
    }

    fn kubeconfig(&self, user: &str) -> Result<String, Failure> {
        let data =
            |path: &Path| -> Result<Value, Failure> { Ok(STANDARD.encode(fs::read(path)?).into()) };
        let name = &self.cluster.name;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://{}:6443", self.cluster.addresses.control()),
                "certificate-authority-data": data(&self.path("ca", "crt"))?,
            }}],
            "users": [{"name": user, "user": {
                "client-certificate-data": data(&self.path(user, "crt"))?,
                "client-key-data": data(&self.path(user, "key"))?,
            }}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "current-context": name,
        });
        Ok(format!("{config:#}\n"))
    }
}
