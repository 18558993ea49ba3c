#!/usr/bin/env python3
"""Keys and certificates of a cluster, all made by openssl on one machine. Who asks for them stands in a JSON text on
standard input: {"api_host", "first_service", "machines": {NAME: {"address", "control_plane", "node"}}}.

What there is and still fits is left alone. Says `changed` when something was made. Each machine's files are in machines/NAME:
a machine never gets a key that is not its own, but for what all control planes share.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

DAYS, RENEW = 365, 30  # a certificate is made anew when it ends within so many days, at the next apply
os.umask(0o077)
asked = json.load(sys.stdin)
top = pathlib.Path("/etc/kubernetes/authority")
changed = []


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("openssl %s: %s" % (words[0], done.stdout))
    return done.stdout


def fresh(crt):
    return crt.exists() and subprocess.run(
        ["openssl", "x509", "-noout", "-checkend", str(RENEW * 86400), "-in", str(crt)], stdout=subprocess.DEVNULL).returncode == 0


def make(path, config, days, ca=None):
    """The pair PATH.key and PATH.crt, unless it is there as asked. The key counts only when its certificate is there."""
    spec = path.with_suffix(".conf")
    if spec.exists() and spec.read_text() == config and fresh(path.with_suffix(".crt")):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(config)
    signed = ["-CA", "%s.crt" % ca, "-CAkey", "%s.key" % ca] if ca else []
    openssl("req", "-x509", "-nodes", "-days", days, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-config", new,
            "-keyout", path.with_suffix(".key"), "-out", path.with_suffix(".crt"), *signed)
    new.rename(spec)
    changed.append(path.name)


def config(subject, *extensions):
    return "[req]\nprompt=no\ndistinguished_name=subject\nx509_extensions=extensions\n[subject]\n%s[extensions]\n%s" % (
        "".join("%s=%s\n" % pair for pair in subject), "".join(line + "\n" for line in extensions))


def authority(name):
    make(top / name, config([("CN", "%s of %s" % (name, asked["cluster"]))], "basicConstraints=critical,CA:TRUE",
                            "keyUsage=critical,digitalSignature,keyCertSign", "subjectKeyIdentifier=hash"), 3650)


def certificate(machine, file, ca, name, group=None, names=(), usage=None):
    subject = ([("O", group)] if group else []) + [("CN", name)]
    extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "authorityKeyIdentifier=keyid",
                  "extendedKeyUsage=" + (usage or ("serverAuth" if names else "clientAuth"))]
    if names:
        extensions.append("subjectAltName=" + ",".join(names))
    make(top / "machines" / machine / file, config(subject, *extensions), DAYS, top / ca)


def share(machine, *files):
    """Copies of files that all control planes, or all machines, have."""
    for file in files:
        source, copy = top / file, top / "machines" / machine / file
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def is_address(text):
    return all(part.isdigit() for part in text.split(".")) or ":" in text


def san(text):
    return ("IP:" if is_address(text) else "DNS:") + text


for name in ["ca", "etcd-ca", "front-proxy-ca"]:
    authority(name)
if not (top / "service-accounts.pub").exists():
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", top / "service-accounts.key")
    openssl("pkey", "-pubout", "-in", top / "service-accounts.key", "-out", top / "service-accounts.new")
    (top / "service-accounts.new").rename(top / "service-accounts.pub")
    changed.append("service-accounts")

for machine, what in asked["machines"].items():
    address = what["address"]
    share(machine, "ca.crt")
    if what["control_plane"]:
        share(machine, "ca.key", "etcd-ca.crt", "front-proxy-ca.crt", "service-accounts.key", "service-accounts.pub")
        api = ["DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc", "DNS:kubernetes.default.svc.cluster.local",
               "DNS:localhost", "IP:127.0.0.1", san(asked["first_service"]), san(address), san(asked["api_host"])]
        certificate(machine, "apiserver", "ca", "kube-apiserver", names=list(dict.fromkeys(api)))
        certificate(machine, "apiserver-kubelet", "ca", "kube-apiserver-kubelet-client", "system:masters")
        certificate(machine, "front-proxy", "front-proxy-ca", "front-proxy-client")
        certificate(machine, "etcd", "etcd-ca", machine, names=["DNS:localhost", "IP:127.0.0.1", san(address)], usage="serverAuth,clientAuth")
        certificate(machine, "apiserver-etcd", "etcd-ca", "kube-apiserver-etcd-client")
        certificate(machine, "admin", "ca", "kubernetes-admin", "system:masters")
        for user in ["kube-controller-manager", "kube-scheduler", "coredns"]:
            certificate(machine, user, "ca", "system:" + user)
    if what["node"]:
        certificate(machine, "kubelet", "ca", "system:node:" + machine, "system:nodes")
        certificate(machine, "kubelet-server", "ca", machine, names=["DNS:" + machine, san(address)])
        certificate(machine, "kube-proxy", "ca", "system:kube-proxy")

for folder in (top / "machines").iterdir():
    if folder.name not in asked["machines"]:
        shutil.rmtree(folder)
        changed.append(folder.name)
print("changed: " + ", ".join(changed) if changed else "as it was")
