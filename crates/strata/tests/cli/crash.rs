//! Torture: the program is killed at random moments of an apply, resumed, and the platform has to be the same as if
//! nothing had happened, with no process left.
use crate::sandbox::{Sandbox, terraform_here};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    thread::{scope, sleep},
    time::{Duration, Instant},
};

/// Times that an apply is killed.
const KILLS: u32 = 50;
/// Units of a platform.
const UNITS: usize = 30;
/// Of these, real ones of Terraform, in every round whose number this divides.
const REAL: usize = 2;
const REAL_EVERY: u32 = 10;
/// More tries than this to get a run to its end are a bug.
const TRIES: u32 = 4;

/// A script with an effect in the middle: before and after it there is time to be killed.
const STEP: &str = r#"#!/bin/sh
set -eu
sleep "$STRATA_INPUT_NAP"
echo "$STRATA_UNIT" >> "$LEDGER"
printf '%s' "$STRATA_INPUT_FROM" > "$WORLD/${STRATA_UNIT##*/}.new"
mv "$WORLD/${STRATA_UNIT##*/}.new" "$WORLD/${STRATA_UNIT##*/}"
sleep "$STRATA_INPUT_NAP"
printf '{"is": "%s"}' "$(printf '%s%s' "$STRATA_UNIT" "$STRATA_INPUT_FROM" | cksum)" > "$STRATA_OUTPUTS"
"#;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// A platform of [`UNITS`] units in three layers; every unit above the first layer reads two of the layer below.
fn platform(real: bool) -> Sandbox {
    let s = Sandbox::new(&[]);
    let mut dice = Dice(0x5eed_1e55);
    let reals = if real { REAL } else { 0 };
    let each = UNITS / 3;
    for n in 0..UNITS - reals {
        let (layer, place) = (n / each, n % each);
        let name = format!("u{n:02}");
        let folder = format!("layers/{}/{name}", ["base", "middle", "top"][layer]);
        let mut from = format!("'of {name}'");
        if layer > 0 {
            let below = |k: usize| format!("u{:02}", (layer - 1) * each + (place + k) % each);
            from = format!(
                "'${{{{ {}.outputs.is }}}} ${{{{ {}.outputs.is }}}}'",
                below(0),
                below(3)
            );
        }
        let nap = [0, 0, 0, 20, 50][dice.roll(5) as usize];
        s.write(
            &format!("{folder}/component.yaml"),
            &format!(
                "engine: script\ninputs: {{nap: '0.0{nap:02}', from: {from}}}\noutputs: {{is: string}}\nscript: {{apply: [./step.sh]}}\n"
            ),
        );
        s.write(&format!("{folder}/step.sh"), STEP);
    }
    for n in 0..reals {
        let folder = format!("layers/middle/real{n}");
        s.write(
            &format!("{folder}/main.tf"),
            "variable \"from\" { type = string }\nresource \"terraform_data\" \"it\" { input = var.from }\noutput \"is\" { value = terraform_data.it.output }\n",
        );
        s.write(
            &format!("{folder}/component.yaml"),
            &format!("inputs: {{from: '${{{{ u0{n}.outputs.is }}}}'}}\n"),
        );
    }
    s
}

/// How a platform ended: outputs, states, and what scripts made.
#[derive(PartialEq, Debug)]
struct End {
    outputs: Json,
    states: Vec<(String, String)>,
    world: BTreeMap<String, String>,
}

fn end(s: &Sandbox) -> End {
    let world = fs::read_dir(s.beside("world")).expect("what scripts made");
    let world = world.map(|e| {
        let e = e.expect("an entry");
        let text = fs::read_to_string(e.path()).expect("a file that a script made");
        (e.file_name().to_string_lossy().into_owned(), text)
    });
    End {
        outputs: s.outputs("dev"),
        states: s.states(),
        world: world.collect(),
    }
}

/// What the rounds came to.
#[derive(Default, Debug)]
struct Tally {
    kills: u32,
    ended_before: u32,
    hit_a_tool: u32,
    nothing_begun: u32,
    resumes: u32,
    killed_again: u32,
    repeated: usize,
    by_code: BTreeMap<i32, u32>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.ended_before += other.ended_before;
        self.hit_a_tool += other.hit_a_tool;
        self.nothing_begun += other.nothing_begun;
        self.resumes += other.resumes;
        self.killed_again += other.killed_again;
        self.repeated += other.repeated;
        for (code, n) in other.by_code {
            *self.by_code.entry(code).or_default() += n;
        }
    }
}

/// When to kill.
enum Moment {
    /// So long after so many effects.
    Effects(usize, Duration),
    /// So long after the start.
    After(Duration),
}

/// Starts a command and kills it at a moment. Was it still running then, and was a tool?
fn kill_at(s: &Sandbox, args: &[&str], moment: &Moment) -> (bool, bool) {
    use std::process::Stdio;
    let mut child = s
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("strata starts");
    match moment {
        Moment::After(time) => sleep(*time),
        Moment::Effects(n, more) => {
            let before = s.ledger().len();
            while s.ledger().len() < before + n && child.try_wait().expect("its state").is_none() {
                sleep(Duration::from_millis(2));
            }
            sleep(*more);
        }
    }
    let tool = s.processes().iter().any(|(_, env)| {
        env.split(|b| *b == 0)
            .any(|v| v.starts_with(b"STRATA_HANDLE="))
    });
    let running = child.try_wait().expect("its state").is_none();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    (running, tool && running)
}

fn round(n: u32, real: bool, usual: Duration, expected: &End) -> Tally {
    let mut tally = Tally::default();
    let mut dice =
        Dice(0x9e37_79b9_7f4a_7c15 ^ (u64::from(n) + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    for _ in 0..8 {
        dice.roll(2);
    }
    let s = platform(real);
    let moment = if n.is_multiple_of(2) {
        let effects = dice.roll(UNITS as u64 - 3) as usize;
        Moment::Effects(effects, Duration::from_millis(dice.roll(60)))
    } else {
        Moment::After(usual.mul_f64(0.02 + 0.009 * dice.roll(100) as f64))
    };
    let (running, tool) = kill_at(&s, &["apply", "dev", "--yes"], &moment);
    tally.kills += u32::from(running);
    tally.ended_before += u32::from(!running);
    tally.hit_a_tool += u32::from(tool);
    if n % 5 == 4 && s.root().join(".strata/store.db").exists() {
        let soon = Moment::After(usual.mul_f64(0.01 + 0.004 * dice.roll(100) as f64));
        let (running, tool) = kill_at(&s, &["resume"], &soon);
        tally.killed_again += u32::from(running);
        tally.hit_a_tool += u32::from(tool);
    }
    // go on until it is done; a run that was never begun is begun
    let mut said = String::new();
    for attempt in 0.. {
        assert!(
            attempt < TRIES,
            "round {n} does not come to its end:\n{said}"
        );
        let done = s.run(&["resume"]);
        tally.resumes += 1;
        *tally.by_code.entry(done.code).or_default() += 1;
        said = done.all();
        if done.code == 0 || said.contains("nothing was ever applied") {
            break;
        }
    }
    let begun =
        !said.contains("nothing to go on with") && !said.contains("nothing was ever applied");
    tally.nothing_begun += u32::from(!begun && running);
    let again = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(
        again.is_empty() || !begun,
        "round {n}: after a resume that ended well an apply ran {again:?}"
    );
    s.assert_no_process();
    assert_eq!(&end(&s), expected, "round {n} ended in another platform");
    let ledger = s.ledger();
    tally.repeated = ledger.len() - ledger.iter().collect::<BTreeSet<_>>().len();
    tally
}

#[test]
fn fifty_kills_at_random_moments_end_in_the_same_platform() {
    let real = terraform_here();
    let uninterrupted = |real: bool| {
        let s = platform(real);
        let begun = Instant::now();
        s.ends(0, &["apply", "dev", "--yes"]);
        (begun.elapsed(), end(&s))
    };
    let plain = uninterrupted(false);
    let with_real = real.then(|| uninterrupted(true));
    assert_eq!(plain.1.states.len(), UNITS);
    assert!(plain.1.states.iter().all(|(_, state)| state == "applied"));

    let begun = Instant::now();
    let one = |n: u32| match &with_real {
        Some((usual, expected)) if n.is_multiple_of(REAL_EVERY) => round(n, true, *usual, expected),
        _ => round(n, false, plain.0, &plain.1),
    };
    // two at a time: the scripts mostly sleep
    let mut tally = Tally::default();
    let mut next = 0;
    while tally.kills < KILLS && next < 3 * KILLS {
        let until = next + (KILLS - tally.kills);
        let rounds: Vec<u32> = (next..until).collect();
        next = until;
        scope(|threads| {
            let half = |odd: bool| {
                let mine = rounds.iter().filter(move |n| (**n % 2 == 1) == odd);
                let one = &one;
                threads.spawn(move || mine.map(|n| one(*n)).collect::<Vec<_>>())
            };
            for thread in [half(false), half(true)] {
                match thread.join() {
                    Ok(tallies) => tallies.into_iter().for_each(|t| tally.add(t)),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "{} kills in {:.0?} ({UNITS} units; uninterrupted {:.1?}): {} hit a running tool, {} came before anything \
         was begun, {} applies had ended before; {} resumes (exit codes {:?}), {} of them killed too; {} effects repeated",
        tally.kills,
        begun.elapsed(),
        plain.0,
        tally.hit_a_tool,
        tally.nothing_begun,
        tally.ended_before,
        tally.resumes,
        tally.by_code,
        tally.killed_again,
        tally.repeated
    );
    eprintln!("{text}");
    assert!(tally.kills >= KILLS, "{text}");
    assert!(tally.hit_a_tool > 0, "{text}");
}
