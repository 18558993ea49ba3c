//! Who runs which tool: a thread for each, used again for the next one.
use super::{
    bell::Bell,
    message::{Answer, Refusal, Spawn},
    tool,
};
use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
};

/// A tool for a thread that has nothing else to do.
type Job = (Box<Spawn>, Bell);

/// What all threads share.
pub(super) struct Desk {
    state: Mutex<State>,
    over: Condvar,
    jobs: Mutex<mpsc::Receiver<Job>>,
}

struct State {
    running: HashMap<u64, Bell>,
    give: mpsc::Sender<Job>,
    threads: usize,
    /// Nobody talks to us any more, or the machine shuts down.
    closed: bool,
    /// A tool left processes that are wanted.
    may_stay: bool,
}

impl Desk {
    pub fn new() -> Self {
        let (give, jobs) = mpsc::channel();
        Self {
            state: Mutex::new(State {
                running: HashMap::new(),
                give,
                threads: 0,
                closed: false,
                may_stay: false,
            }),
            over: Condvar::new(),
            jobs: Mutex::new(jobs),
        }
    }

    /// Starts a tool, or says why not.
    pub fn start(self: &Arc<Self>, spawn: Box<Spawn>) {
        let key = spawn.key;
        if let Err(why) = self.give(spawn) {
            say(&Answer::refused(key, why));
        }
    }

    fn give(self: &Arc<Self>, spawn: Box<Spawn>) -> Result<(), Refusal> {
        let io = |e: io::Error| Refusal::Io(e.to_string());
        let mut state = self.state();
        if state.closed {
            return Err(Refusal::Closing);
        }
        let bell = Bell::new().map_err(io)?;
        if state.running.len() >= state.threads {
            let desk = self.clone();
            std::thread::Builder::new()
                .name("tool".to_owned())
                .stack_size(256 << 10)
                .spawn(move || desk.serve())
                .map_err(io)?;
            state.threads += 1;
        }
        state.may_stay |= spawn.leaves_processes;
        state.running.insert(spawn.key, bell.clone());
        state
            .give
            .send((spawn, bell))
            .expect("the desk holds the other end");
        Ok(())
    }

    fn serve(&self) {
        loop {
            let next = lock(&self.jobs).recv();
            let Ok((spawn, bell)) = next else { return };
            let answer = tool::run(&spawn, &bell);
            // we may end as soon as nothing is running, and this has to be heard before
            say(&answer);
            self.state().running.remove(&spawn.key);
            self.over.notify_all();
        }
    }

    /// Stops a tool; one that is gone has nothing to stop.
    pub fn stop(&self, key: u64) {
        if let Some(bell) = self.state().running.get(&key) {
            bell.ring();
        }
    }

    /// Starts nothing more, and stops everything.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.running.values().for_each(Bell::ring);
        self.over.notify_all();
    }

    /// Waits until it is closed and every tool has ended. May something of them stay?
    pub fn wait_for_the_end(&self) -> bool {
        let going_on = |s: &mut State| !(s.closed && s.running.is_empty());
        let ended = self.over.wait_while(self.state(), going_on);
        ended.unwrap_or_else(PoisonError::into_inner).may_stay
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Says something to our program; when it is gone, nobody hears it.
fn say(answer: &Answer) {
    let mut line = serde_json::to_vec(answer).expect("plain data serialises");
    line.push(b'\n');
    let mut out = io::stdout().lock();
    let _ = out.write_all(&line).and_then(|()| out.flush());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
