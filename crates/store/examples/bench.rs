//! Prints what the store costs in CPU time: `cargo run --release -p strata-store --example bench`.
use rustix::time::{ClockId, clock_gettime};
use strata_core::{
    event::Event,
    name::Address,
    store::{AppliedChange, Store, StoreError},
};
use strata_store::{
    conformance::samples::{applied, events, holder},
    sqlite::SqliteStore,
};

/// CPU time of this process in seconds.
fn cpu() -> f64 {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    #[allow(clippy::cast_precision_loss)]
    let seconds = t.tv_sec as f64 + t.tv_nsec as f64 / 1e9;
    seconds
}

fn timed<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<(T, f64), StoreError> {
    let before = cpu();
    let made = work()?;
    Ok((made, cpu() - before))
}

/// What a unit usually leaves in the journal: ten events, one with its task.
fn usual(unit: &Address) -> Vec<Event> {
    let about = |e: &Event| -> Option<Event> {
        let mut e = e.clone();
        match &mut e {
            Event::Planned { unit: u, .. }
            | Event::Applied { unit: u, .. }
            | Event::Verified { unit: u, .. }
            | Event::Recovered { unit: u, .. }
            | Event::Failed { unit: u, .. }
            | Event::CutOff { unit: u, .. }
            | Event::Held { unit: u, .. }
            | Event::Answered { unit: u, .. }
            | Event::Retry { unit: u } => *u = unit.clone(),
            Event::Intent {
                unit: u,
                handle,
                task: None,
                ..
            } => {
                handle.unit = unit.clone();
                *u = unit.clone();
            }
            _ => return None,
        }
        Some(e)
    };
    events().iter().filter_map(about).take(10).collect()
}

fn main() -> Result<(), StoreError> {
    let dir = tempfile::tempdir().expect("a folder for the store");
    let store = SqliteStore::open(dir.path())?;
    let units: Vec<Address> = (0..10_000)
        .map(|n| Address::new(format!("env{}", n / 100), format!("unit-{}", n % 100)))
        .collect();
    let one = usual(&units[0]);

    let mut lease = store.take("bench", &holder("bench"))?;
    for (batch, sync, times) in [
        (1, true, 2000),
        (1, false, 2000),
        (10, true, 1000),
        (100, true, 200),
        (1000, true, 50),
    ] {
        let events: Vec<Event> = one.iter().cycle().take(batch).cloned().collect();
        let ((), spent) = timed(|| {
            for _ in 0..times {
                store.append(&mut lease, "r1", &events, &[], sync)?;
            }
            Ok(())
        })?;
        let each = spent * 1e6 / f64::from(times);
        println!("{batch:>5} events a commit, sync {sync:<5}  {each:>8.1} µs CPU a commit");
    }

    let mut lease = store.take("puts", &holder("bench"))?;
    let ((), spent) = timed(|| {
        for unit in &units {
            let put = AppliedChange::Put(Box::new(applied(unit, "1")));
            store.append(&mut lease, "r1", &[], &[put], false)?;
        }
        Ok(())
    })?;
    println!(
        "put of an applied unit            {:>8.1} µs CPU",
        spent * 1e6 / 1e4
    );
    for turn in 0..3 {
        let (rows, spent) = timed(|| store.applied_rows(None))?;
        println!(
            "read {} rows, turn {turn}         {:>8.1} ms CPU",
            rows.len(),
            spent * 1e3
        );
    }
    let (rows, spent) = timed(|| store.applied_rows(Some("env7")))?;
    println!(
        "read {} rows of one environment  {:>8.1} ms CPU",
        rows.len(),
        spent * 1e3
    );

    let mut lease = store.take("many", &holder("bench"))?;
    for unit in &units {
        store.append(&mut lease, "r1", &usual(unit), &[], false)?;
    }
    for turn in 0..3 {
        let (read, spent) = timed(|| store.events("many", None, 0))?;
        println!(
            "read {} events, turn {turn}      {:>8.1} ms CPU",
            read.len(),
            spent * 1e3
        );
    }
    let (read, spent) = timed(|| store.events("many", Some("r1"), 99_990))?;
    println!(
        "read the last {} events           {:>8.3} ms CPU",
        read.len(),
        spent * 1e3
    );
    drop(store);
    let (store, spent) = timed(|| SqliteStore::open(dir.path()))?;
    println!(
        "open                              {:>8.2} ms CPU",
        spent * 1e3
    );
    let ((), spent) = timed(|| store.check())?;
    println!(
        "look at every page                {:>8.1} ms CPU",
        spent * 1e3
    );
    Ok(())
}
