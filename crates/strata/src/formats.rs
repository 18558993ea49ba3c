//! How results can be written, and which command can write which.
use crate::{
    args::{Command, Env, HandOff, Import},
    problem::Problem,
};
use clap::ValueEnum;

/// How results are written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people
    Human,
    /// For programs; for a run, one event per line
    Json,
    /// For a comment on a pull or merge request
    Markdown,
    /// One page that needs nothing else
    Html,
    /// Annotations of GitHub Actions
    Github,
    /// Code Quality of GitLab
    Gitlab,
    /// Issues of Azure Pipelines
    Azure,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl Format {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Azure => "azure",
            Self::Sarif => "sarif",
        }
    }
}

/// A command as it is typed, and the formats that it can give.
pub fn of(command: &Command) -> (&'static str, &'static [Format]) {
    use Format::{Azure, Github, Gitlab, Html, Human, Json, Markdown, Sarif};
    const PEOPLE: &[Format] = &[Human];
    const DATA: &[Format] = &[Human, Json];
    match command {
        Command::Check { .. } => (
            "check",
            &[Human, Json, Markdown, Github, Gitlab, Azure, Sarif],
        ),
        Command::Plan { .. } => ("plan", &[Human, Json, Markdown, Html]),
        Command::History { of: Some(_), .. } => ("history", &[Human, Json, Html]),
        Command::History { of: None, .. } => ("history", DATA),
        Command::Variables(_) => ("variables", &[Human, Json, Markdown]),
        Command::Apply { .. } => ("apply", DATA),
        Command::Destroy { .. } => ("destroy", DATA),
        Command::Resume { .. } => ("resume", DATA),
        Command::Verify { .. } => ("verify", DATA),
        Command::Status { .. } => ("status", DATA),
        Command::Outputs { .. } => ("outputs", DATA),
        Command::Graph { .. } => ("graph", DATA),
        Command::Import(what) => (
            match what {
                Import::Lock => "import lock",
                Import::Update { .. } => "import update",
                Import::Outdated => "import outdated",
                Import::Vendor { .. } => "import vendor",
                Import::Verify => "import verify",
            },
            DATA,
        ),
        Command::Policy(_) => ("policy", DATA),
        Command::Diff { .. } => ("diff", DATA),
        Command::Render { .. } => ("render", DATA),
        Command::Explain { .. } => ("explain", DATA),
        Command::Drift { .. } => ("drift", DATA),
        Command::Adopt { .. } => ("adopt", DATA),
        Command::HandOff(HandOff::List { .. }) => ("hand-off list", DATA),
        Command::Env(Env::List) => ("env list", DATA),
        Command::Schema { .. } => ("schema", DATA),
        Command::HandOff(HandOff::Done { .. }) => ("hand-off done", PEOPLE),
        Command::Env(Env::New { .. }) => ("env new", PEOPLE),
        Command::Init { .. } => ("init", PEOPLE),
        Command::Add(_) => ("add", PEOPLE),
        Command::Bitops(_) => ("bitops deploy", PEOPLE),
        Command::Exec { .. } => ("exec", PEOPLE),
        Command::Forget { .. } => ("forget", PEOPLE),
        Command::Unlock { .. } => ("unlock", PEOPLE),
        Command::Lsp => ("lsp", PEOPLE),
        Command::Completions { .. } => ("completions", PEOPLE),
        Command::Man { .. } => ("man", PEOPLE),
    }
}

/// A format that the command cannot give is an error of the command line.
pub fn check(command: &Command, wanted: Format) -> Result<(), Problem> {
    let (name, formats) = of(command);
    if formats.contains(&wanted) {
        return Ok(());
    }
    let list: Vec<&str> = formats.iter().map(|f| f.name()).collect();
    let problem = Problem::usage(format!(
        "`strata {name}` has no format `{}`; it has: {}",
        wanted.name(),
        list.join(", ")
    ));
    Err(match (command, wanted) {
        (Command::History { of: None, .. }, Format::Html) => {
            problem.hint("a page shows one run: strata history RUN --format html")
        }
        _ => problem,
    })
}
