//! Our end of the pipe to the supervisor. Dropping it closes the pipe and waits for the supervisor's end.
use crate::supervisor::{Answer, COMMAND, Order, Outcome, Spawn};
use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
};

/// Who waits for which answer; nothing once the supervisor is gone.
type Waiting = Arc<Mutex<Option<HashMap<u64, mpsc::Sender<Outcome>>>>>;

/// A running supervisor.
pub(super) struct Link {
    child: Child,
    pipe: Mutex<Option<ChildStdin>>,
    waiting: Waiting,
    log: PathBuf,
}

impl Link {
    /// Starts the supervisor of a run in the run's folder.
    pub fn start(program: &Path, run_dir: &Path) -> io::Result<Self> {
        let log = run_dir.join("supervisor.log");
        let errors = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&log)?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .arg(run_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()?;
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let pipe = Mutex::new(child.stdin.take());
        if let Some(answers) = child.stdout.take() {
            let waiting = waiting.clone();
            std::thread::Builder::new()
                .name("answers".to_owned())
                .spawn(move || hear(answers, &waiting))?;
        }
        Ok(Self {
            child,
            pipe,
            waiting,
            log,
        })
    }
    /// Asks for a tool. The channel closes without an answer when the supervisor dies.
    pub fn spawn(&self, spawn: Spawn) -> mpsc::Receiver<Outcome> {
        let (answer, answered) = mpsc::channel();
        let key = spawn.key;
        match &mut *lock(&self.waiting) {
            Some(waiting) => waiting.insert(key, answer),
            None => return answered,
        };
        if self.order(&Order::Spawn(Box::new(spawn))).is_err()
            && let Some(waiting) = &mut *lock(&self.waiting)
        {
            waiting.remove(&key);
        }
        answered
    }
    /// Stops every tool.
    pub fn stop_all(&self) {
        let keys: Vec<u64> = match &*lock(&self.waiting) {
            Some(waiting) => waiting.keys().copied().collect(),
            None => return,
        };
        for key in keys {
            // one that is gone has nothing to stop
            let _ = self.order(&Order::Stop(key));
        }
    }
    /// Has it not ended?
    pub fn is_alive(&self) -> bool {
        lock(&self.waiting).is_some()
    }
    /// What it said before it died.
    pub fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        said.lines().last().unwrap_or_default().to_owned()
    }

    fn order(&self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(order).expect("plain data serialises");
        line.push(b'\n');
        match &mut *lock(&self.pipe) {
            Some(pipe) => pipe.write_all(&line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(lock(&self.pipe).take());
        let _ = self.child.wait();
    }
}

/// Hands answers to whoever waits for them, until the supervisor is gone.
fn hear(answers: ChildStdout, waiting: &Waiting) {
    for line in BufReader::new(answers).lines() {
        let Ok(line) = line else { break };
        let Ok(Answer { key, outcome }) = serde_json::from_str(&line) else {
            break;
        };
        if let Some(waiting) = &mut *lock(waiting)
            && let Some(who) = waiting.remove(&key)
        {
            let _ = who.send(outcome);
        }
    }
    *lock(waiting) = None;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
