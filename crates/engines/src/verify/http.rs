//! A request over HTTP, again and again until it is answered as it should or its time is over.
use super::keys::{Bad, Keys};
use crate::outcome::{failed, last_line};
use serde::{Deserialize, Serialize};
use strata_core::{
    engine::{
        Act, Arg, Channel, Collect, Content, Exit, Finding, Generated, Got, Invocation, Millis,
        Place, Report, Turn,
    },
    value::Term,
};

const CA: &str = "ca.pem";
const BODY: &str = "body";
/// Most bytes of a body in which a text is looked for.
const MOST_BODY: u64 = 16 << 20;
/// How long an answer may take, in milliseconds.
const PATIENCE: Millis = 30_000;

/// `http: {url, status, within, ca, contains, resolve}`.
pub struct Http {
    url: String,
    status: u16,
    within: Millis,
    ca: Option<Term>,
    contains: Option<String>,
    resolve: Vec<String>,
}

/// How long it has gone on.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// Milliseconds that have passed.
    spent: Millis,
    /// Seconds of the next pause.
    pause: u64,
    /// What was wrong with the last answer; asleep when it is there.
    asleep: bool,
}

impl Http {
    /// From its entry.
    pub fn of(term: &Term) -> Result<Self, Bad> {
        let keys = Keys::of(
            "http",
            term,
            &["url", "status", "within", "ca", "contains", "resolve"],
        )?;
        let url = keys.need("url")?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Bad::invalid(format!(
                "`http.url` has to begin with `http://` or `https://`; it is `{url}`"
            )));
        }
        Ok(Self {
            url,
            status: keys.number("status")?.unwrap_or(200),
            within: keys.time("within")?.unwrap_or(0),
            ca: keys.term("ca").cloned(),
            contains: keys.text("contains")?,
            resolve: keys.texts("resolve")?,
        })
    }
    /// The certificate authority, as a private file.
    pub fn files(&self) -> Vec<Generated> {
        let content =
            |ca: &Term| Content::Term(Term::Text(vec![ca.clone(), Term::String("\n".to_owned())]));
        let file = |ca| Generated {
            at: Place::private(CA),
            content: content(ca),
            mode: 0o600,
        };
        self.ca.iter().map(file).collect()
    }
    /// The first request.
    pub fn begin(&self) -> Turn<State> {
        self.request(State {
            spent: 0,
            pause: 1,
            asleep: false,
        })
    }
    fn request(&self, state: State) -> Turn<State> {
        let left = self.within.saturating_sub(state.spent);
        let patience = PATIENCE.min(left.max(5_000)).div_ceil(1_000);
        let mut args: Vec<Arg> = vec![
            "-q".into(),
            "-sS".into(),
            "--max-time".into(),
            patience.to_string().into(),
        ];
        if left > 0 {
            // servers that do not answer yet are waited for in one start of the program
            let seconds = left.div_ceil(1_000).to_string();
            for word in [
                "--retry",
                &seconds,
                "--retry-delay",
                "1",
                "--retry-max-time",
                &seconds,
            ] {
                args.push(word.into());
            }
            args.extend(["--retry-connrefused".into(), "--retry-all-errors".into()]);
        }
        if self.status < 400 {
            args.push("--fail".into());
        }
        for place in &self.resolve {
            args.extend(["--resolve".into(), place.as_str().into()]);
        }
        if self.ca.is_some() {
            args.extend(["--cacert".into(), Arg::Path(Place::private(CA))]);
        }
        args.extend([
            "-w".into(),
            "%{http_code}".into(),
            "-o".into(),
            Arg::Path(Place::private(BODY)),
        ]);
        args.extend(["--url".into(), self.url.as_str().into()]);
        let mut run = Invocation::new("http", "curl", args);
        run.stdout = Channel::Answer(1 << 10);
        if self.contains.is_some() {
            run.args.splice(
                1..1,
                [Arg::from("--max-filesize"), MOST_BODY.to_string().into()],
            );
            run.collect = vec![Collect::Read {
                name: BODY.to_owned(),
                at: Place::private(BODY),
                max: MOST_BODY,
            }];
        }
        Turn::run(state, run)
    }
    /// An answer came, or a pause is over.
    pub fn next(&self, state: &State, got: &Got) -> Turn<State> {
        let elapsed = if let Got::Exit { elapsed, .. } = got {
            *elapsed
        } else {
            0
        };
        let State { pause, asleep, .. } = *state;
        let spent = state.spent + elapsed;
        if asleep {
            let longest = (self.within / 10_000).max(15);
            return self.request(State {
                spent,
                pause: (pause * 2).min(longest),
                asleep: false,
            });
        }
        let state = State {
            spent,
            pause,
            asleep: true,
        };
        if !matches!(
            got,
            Got::Exit {
                exit: Exit::Code(_),
                ..
            }
        ) {
            return Turn::finish(state, failed("curl", got));
        }
        let wrong = self.wrong(got);
        let may_wait = spent + pause * 1_000 <= self.within && got.code() != Some(2);
        if wrong.is_some() && may_wait {
            let mut sleep = Invocation::new("wait", "sleep", [pause.to_string().into()]);
            sleep.stdout = Channel::Answer(0);
            return Turn {
                state,
                act: Act::Run(sleep),
            };
        }
        Turn::finish(state, Finding::Verified(self.report(wrong.as_deref())))
    }
    /// What is wrong with an answer.
    fn wrong(&self, got: &Got) -> Option<String> {
        let status: u16 = String::from_utf8_lossy(got.stdout())
            .trim()
            .parse()
            .unwrap_or(0);
        if status == 0 {
            return Some(last_line(got.tail()).unwrap_or("no answer").to_owned());
        }
        if status != self.status {
            return Some(format!("answered {status}, not {}", self.status));
        }
        let text = self.contains.as_ref()?;
        let body = got
            .read(BODY)
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        (!body.contains(text.as_str())).then(|| format!("the answer does not contain `{text}`"))
    }
    fn report(&self, wrong: Option<&str>) -> Report {
        let summary = match wrong {
            None => format!("{} answers {}", self.url, self.status),
            Some(wrong) => format!("{}: {wrong}", self.url),
        };
        Report {
            verifier: "http".to_owned(),
            ok: wrong.is_none(),
            summary,
            detail: vec![],
            report: None,
        }
    }
}
