//! Brings a cluster up: the folder, the certificates, the first process, and then it waits as any user would, with
//! kubectl. The cluster goes on when this ends; when this is killed before, `down` removes what there is.
use super::{
    certificates::Certificates,
    cgroups, machine, network,
    place::{self, Cluster, MARK, write_secret},
    program::{self, Built},
    task,
};
use crate::Failure;
use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a node may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(180);

/// `cluster up NAME --kubernetes-nodes N`.
pub fn run(name: &str, nodes: u8) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err("clusters need namespaces, links and mounts: run this as root".into());
    }
    place::check(name, nodes)?;
    let built = program::all()?;
    let (cluster, lock) = Cluster::claim(name, nodes)?;
    if let Err(e) = make(&cluster, &built) {
        return Err(format!(
            "{e}\nlogs are in {}; `cargo xtask cluster down {name}` removes what there is",
            cluster.folder().join("log").display()
        )
        .into());
    }
    println!("{}", cluster.kubeconfig().display());
    drop(lock);
    Ok(())
}

fn make(cluster: &Cluster, built: &Built) -> Result<(), Failure> {
    let folder = cluster.folder();
    fs::create_dir(folder.join("log"))?;
    let admin = Certificates::make(cluster)?.admin()?;
    cgroups::make(cluster)?;
    let mut machine = begin(cluster, built)?;
    let mut said = BufReader::new(machine.stdout.take().ok_or("no output")?);
    let mut tell = machine.stdin.take().ok_or("no input")?;
    let mut next = |word: &str| -> Result<(), Failure> {
        let mut line = String::new();
        said.read_line(&mut line)?;
        if line.trim_end() == word {
            return Ok(());
        }
        Err(why(&folder).into())
    };
    next("network")?;
    network::host(cluster, machine.id())?;
    tell.write_all(b"go\n")?;
    next("ready")?;
    wait_for_nodes(cluster, built, &mut machine)?;
    // there when the cluster is: who sees it may use it
    write_secret(&cluster.kubeconfig(), &admin)
}

/// Starts the first process in namespaces of its own. `unshare` stays outside and ends with it.
fn begin(cluster: &Cluster, built: &Built) -> Result<Child, Failure> {
    let folder = cluster.folder();
    let log = fs::File::create(folder.join("log/machine.log"))?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--net", "--pid"])
        .args(["--fork", "--kill-child", "--mount-proc"])
        .arg(std::env::current_exe()?)
        .args([OsStr::new(machine::MACHINE), folder.as_os_str()]);
    for (name, file) in machine::given(built)? {
        command.arg(name).arg(file);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        // an interrupt at the terminal is for `up`
        .process_group(0)
        .current_dir("/")
        .env_clear()
        .env("PATH", path)
        .env("HOME", "/tmp")
        .env(MARK, &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|e| format!("unshare: {e}").into())
}

/// Until all nodes are ready and a pod can be created: that needs the account that pods get when they name none.
fn wait_for_nodes(cluster: &Cluster, built: &Built, machine: &mut Child) -> Result<(), Failure> {
    let admin = cluster.folder().join("secrets/admin.kubeconfig");
    let mut things = vec![("serviceaccount/default".to_owned(), vec!["create"])];
    for i in 1..=cluster.nodes {
        things.push((format!("node/node-{i}"), vec!["create", "condition=Ready"]));
    }
    let until = Instant::now() + PATIENCE;
    for (thing, states) in things {
        for state in states {
            loop {
                let mut kubectl = Command::new(&built.program);
                kubectl
                    .args(["kubectl", "wait", "--timeout=5s", &thing])
                    .arg(format!("--for={state}"))
                    .env("KUBECONFIG", &admin);
                let out = task::output(&mut kubectl)?;
                if out.status.success() {
                    break;
                }
                if machine.try_wait()?.is_some() {
                    return Err(why(&cluster.folder()).into());
                }
                if Instant::now() > until {
                    let said = String::from_utf8_lossy(&out.stderr);
                    return Err(format!("{thing}: {}", said.trim_end()).into());
                }
            }
        }
    }
    Ok(())
}

/// The last words of the first process, and of the part that it names.
fn why(folder: &Path) -> String {
    let log = |name: &str| {
        let path = folder.join("log").join(format!("{name}.log"));
        fs::read_to_string(path).unwrap_or_default()
    };
    let mut text = "the cluster did not come up".to_owned();
    let mut name = "machine".to_owned();
    // from the machine to a node, and from there to its part
    for _ in 0..3 {
        let all = log(&name);
        let lines: Vec<&str> = all.lines().collect();
        for line in &lines[lines.len().saturating_sub(8)..] {
            text.push_str(&format!("\n  {name}: {line}"));
        }
        let Some((next, _)) = lines.last().and_then(|l| l.split_once(" ended")) else {
            break;
        };
        next.clone_into(&mut name);
    }
    text
}
