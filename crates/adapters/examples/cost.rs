//! What the adapters cost: CPU per invocation (own, supervisor and tool), per session, and per look at a repo.
//!
//! `cargo run --release -p strata-adapters --example cost`. Figures are CPU time of this process and of those it
//! waited for, from the kernel's own account (in steps of 10 ms, so over many repetitions).
#![allow(missing_docs, clippy::cast_precision_loss)]
#[path = "../tests/it/bench.rs"]
mod bench;

use bench::Bench;
use std::{fs, path::Path, process::Command, time::Instant};
use strata_adapters::{source::DirectoryTree, supervisor};
use strata_core::{
    engine::{Effect, Invocation, Recovery},
    executor::{Executor, Line},
    tree::Tree,
};

const TIMES: u32 = 1000;

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, command, dir] = args.as_slice()
        && command == supervisor::COMMAND
    {
        return supervisor::main(Path::new(dir));
    }
    let dir = tempfile::tempdir().expect("a folder for this");
    let plain = measure(TIMES, || {
        for _ in 0..TIMES {
            Command::new("/bin/true").status().expect("it runs");
        }
    });
    println!("std::process alone            {plain}");
    let bench = Bench::at(
        dir.path().join("p"),
        std::env::current_exe().expect("it runs"),
    );
    tools(&bench, "an invocation that reads", false);
    tools(&bench, "an invocation that writes", true);
    sessions(&bench);
    repo(&dir.path().join("r"), &dir.path().join("cache"));
    std::process::ExitCode::SUCCESS
}

fn tools(bench: &Bench, what: &str, writes: bool) {
    let mut i = Invocation::new("test", "/bin/true", []);
    if writes {
        i.effect = Effect::Writes(Recovery::Rerun);
    }
    let cost = measure(TIMES, || {
        let executor = bench.executor();
        let mut session = bench.open(&executor);
        for n in 1..=TIMES {
            let handle = Bench::handle(u32::from(writes), n);
            session
                .run(&i, &handle, &mut |_: Line<'_>| {})
                .expect("it runs");
        }
    });
    println!("{what:<30}{cost}");
}

fn sessions(bench: &Bench) {
    let mut spec = bench.spec();
    let files: Vec<(String, String)> = (0..10)
        .map(|n| (format!("layers/a/f{n}.tf"), "x".repeat(900)))
        .collect();
    let tree =
        strata_core::tree::MemoryTree::new(files.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    spec.files = tree.files().iter().map(|f| f.path.clone()).collect();
    spec.tree = std::sync::Arc::new(tree);
    let executor = bench.executor();
    for (what, fresh) in [
        ("a first session (10 files)", true),
        ("a later session (10 files)", false),
    ] {
        let cost = measure(TIMES, || {
            for n in 0..TIMES {
                let mut spec = bench::again(&spec);
                if fresh {
                    spec.unit = strata_core::name::Address::new("dev", format!("u{n}"));
                }
                drop(executor.open(spec).expect("it opens"));
            }
        });
        println!("{what:<30}{cost}");
    }
}

fn repo(root: &Path, cache: &Path) {
    for d in 0..10_000 {
        let folder = root.join(format!("layers/l{}/c{d}", d % 10));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(
            folder.join("main.tf"),
            format!("variable \"x{d}\" {{}}\n").repeat(20),
        )
        .expect("a file");
        fs::write(
            folder.join("component.yaml"),
            format!("inputs: {{x: {d}}}\n"),
        )
        .expect("a file");
    }
    std::thread::sleep(std::time::Duration::from_millis(100));
    for what in [
        "20,000 files, cold",
        "20,000 files, warm",
        "20,000 files, warm again",
    ] {
        let mut read = 0;
        let cost = measure(1, || {
            let tree = DirectoryTree::open(root, Some(cache)).expect("it opens");
            assert_eq!(tree.files().len(), 20_000);
            read = tree.files_read();
        });
        println!("{what:<30}{cost}  ({read} read)");
    }
}

fn measure(times: u32, work: impl FnOnce()) -> String {
    let (cpu, began) = (cpu_ms(), Instant::now());
    work();
    let (cpu, wall) = (cpu_ms() - cpu, began.elapsed().as_secs_f64() * 1000.0);
    let each = f64::from(times);
    format!("{:8.3} ms CPU  {:8.3} ms wall", cpu / each, wall / each)
}

/// CPU time of this process and of the children that it waited for.
fn cpu_ms() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|t| t.parse::<u64>().expect("a number"))
        .sum();
    ticks as f64 * 10.0
}
