//! Diagnostics as annotations: workflow commands of GitHub, logging commands of Azure, the Code Quality of GitLab.
use super::findings::{Finding, word};
use serde_json::json;
use strata_core::diagnostic::Severity;

/// One workflow command of GitHub Actions a line.
pub fn github(found: &[Finding<'_>]) -> String {
    let mut out = String::new();
    for f in found {
        let mut properties = Vec::new();
        if let Some(at) = &f.at {
            properties.push(("file", at.path.clone()));
            properties.push(("line", at.line.to_string()));
            // columns of more than one line are refused there
            if at.line == at.end_line {
                properties.push(("col", at.column.to_string()));
                properties.push(("endLine", at.end_line.to_string()));
                properties.push(("endColumn", at.end_column.to_string()));
            } else {
                properties.push(("endLine", at.end_line.to_string()));
            }
        }
        properties.push(("title", f.what.code.clone()));
        let list: Vec<String> = properties
            .iter()
            .map(|(key, value)| format!("{key}={}", github_property(value)))
            .collect();
        let command = match f.what.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        out.push_str(&format!(
            "::{command} {}::{}\n",
            list.join(","),
            github_text(&f.text())
        ));
    }
    out
}

fn github_text(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_text(text).replace(':', "%3A").replace(',', "%2C")
}

/// One logging command of Azure Pipelines a line. It knows errors and warnings; a note is a plain line.
pub fn azure(found: &[Finding<'_>]) -> String {
    let mut out = String::new();
    for f in found {
        let kind = match f.what.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => {
                // a plain line must not hold a command
                let text = f.text().replace("##", "# #").replace(['\r', '\n'], " ");
                out.push_str(&format!("note: {text}\n"));
                continue;
            }
        };
        out.push_str(&format!("##vso[task.logissue type={kind};"));
        if let Some(at) = &f.at {
            out.push_str(&format!(
                "sourcepath={};linenumber={};columnnumber={};",
                azure_property(&at.path),
                at.line,
                at.column
            ));
        }
        out.push_str(&format!(
            "code={};]{}\n",
            azure_property(&f.what.code),
            azure_text(&f.text())
        ));
    }
    out
}

fn azure_text(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure_text(text).replace(';', "%3B").replace(']', "%5D")
}

/// A Code Quality report of GitLab.
pub fn gitlab(found: &[Finding<'_>], prefix: &str) -> String {
    let all: Vec<_> = found
        .iter()
        .map(|f| {
            let at = f.place_or_root(prefix);
            let severity = match f.what.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            };
            json!({
                "description": format!("{}: {}", word(f.what.severity), f.text().replace('\n', " · ")),
                "check_name": f.what.code,
                "fingerprint": f.mark,
                "severity": severity,
                "location": {"path": at.path, "lines": {"begin": at.line, "end": at.end_line}},
            })
        })
        .collect();
    serde_json::to_string_pretty(&all).expect("plain data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::findings::find;
    use strata_core::{
        diagnostic::Diagnostic,
        span::{Location, Span},
        tree::MemoryTree,
    };

    #[test]
    fn what_means_something_there_is_escaped() {
        let tree = MemoryTree::new([("a,b:c;d].yaml", "x: 1\ny: 2\n")]);
        let at = |from, to| Location::new("a,b:c;d].yaml", Span::new(from, to));
        let problems = [
            Diagnostic::error("x::y", "100 %\n::error::no").at(at(0, 1)),
            Diagnostic::warning("x::z", "two lines").at(at(0, 6)),
            Diagnostic::note("x::n", "##vso[task.complete]"),
        ];
        let found = find(&problems, &tree, "");
        assert_eq!(
            github(&found),
            "::error file=a%2Cb%3Ac;d].yaml,line=1,col=1,endLine=1,endColumn=2,title=x%3A%3Ay::100 %25%0A::error::no\n\
             ::warning file=a%2Cb%3Ac;d].yaml,line=1,endLine=2,title=x%3A%3Az::two lines\n\
             ::notice title=x%3A%3An::##vso[task.complete]\n"
        );
        assert_eq!(
            azure(&found),
            "##vso[task.logissue type=error;sourcepath=a,b:c%3Bd%5D.yaml;linenumber=1;columnnumber=1;code=x::y;]100 %AZP25%0A::error::no\n\
             ##vso[task.logissue type=warning;sourcepath=a,b:c%3Bd%5D.yaml;linenumber=1;columnnumber=1;code=x::z;]two lines\n\
             note: # #vso[task.complete]\n"
        );
    }
}
