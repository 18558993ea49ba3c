//! Results of an XCCDF scan: a score, and one result for each rule.
use quick_xml::{Reader, events::Event};

/// How bad it is when a rule fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not said.
    Unknown,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Severity {
    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            _ => None,
        }
    }
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What came of one rule.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Its id.
    pub rule: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// `pass`, `fail`, `error`, `unknown`, `notapplicable`, `notselected`…
    pub result: String,
}

/// What came of a scan.
#[derive(Debug, Default, PartialEq)]
pub struct Scan {
    /// By the default scoring model, of 100.
    pub score: f64,
    /// The rules that were looked at.
    pub rules: Vec<Outcome>,
}

/// Reads a results file.
pub fn read(bytes: &[u8]) -> Result<Scan, String> {
    let mut reader = Reader::from_reader(bytes);
    let (mut scan, mut text) = (Scan::default(), String::new());
    let (mut rule, mut scored, mut seen) = (None, false, false);
    let mut buffer = Vec::new();
    loop {
        match reader
            .read_event_into(&mut buffer)
            .map_err(|e| e.to_string())?
        {
            Event::Start(start) => {
                text.clear();
                let attribute = |name: &str| {
                    let value = start.try_get_attribute(name).ok().flatten()?;
                    value
                        .unescape_value()
                        .ok()
                        .map(std::borrow::Cow::into_owned)
                };
                match start.local_name().as_ref() {
                    b"rule-result" => {
                        let severity = attribute("severity").and_then(|s| Severity::parse(&s));
                        rule = Some((
                            attribute("idref").unwrap_or_default(),
                            severity.unwrap_or(Severity::Unknown),
                        ));
                    }
                    b"score" => {
                        scored = attribute("system")
                            .is_none_or(|system| system == "urn:xccdf:scoring:default");
                    }
                    _ => {}
                }
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|e| e.to_string())?),
            Event::End(end) => match end.local_name().as_ref() {
                b"result" => {
                    if let Some((rule, severity)) = rule.take()
                        && text.trim() != "notselected"
                    {
                        scan.rules.push(Outcome {
                            rule,
                            severity,
                            result: text.trim().to_owned(),
                        });
                    }
                }
                b"score" if scored => {
                    scan.score = text
                        .trim()
                        .parse()
                        .map_err(|_| format!("`{}` is no score", text.trim()))?;
                    (seen, scored) = (true, false);
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    if seen {
        Ok(scan)
    } else {
        Err("there is no score in it".to_owned())
    }
}

/// A rule's id without the prefix that all have.
pub fn short(rule: &str) -> &str {
    rule.split_once("content_rule_")
        .map_or(rule, |(_, name)| name)
}

/// The content of the SCAP Security Guide for a system, by its `os-release`.
pub fn content_for(os_release: &str) -> Option<String> {
    let value = |name: &str| {
        let line = os_release
            .lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim_matches('"').to_owned())
    };
    let (id, version) = (value("ID")?, value("VERSION_ID")?);
    let version = if id == "ubuntu" {
        version.replace('.', "")
    } else {
        version.split('.').next()?.to_owned()
    };
    Some(format!("ssg-{id}{version}-ds.xml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_the_default_score_are_read() {
        let xml = br#"<?xml version="1.0"?><Benchmark xmlns="x"><Rule id="r"><title>t</title></Rule><TestResult>
<rule-result idref="a_content_rule_one" severity="high"><result>fail</result><check><check-content-ref/></check></rule-result>
<rule-result idref="two" severity="low"><result>notselected</result></rule-result>
<rule-result idref="three"><result>pass</result></rule-result>
<score system="urn:xccdf:scoring:flat">1</score><score system="urn:xccdf:scoring:default" maximum="100">52.50</score>
</TestResult></Benchmark>"#;
        let scan = read(xml).unwrap();
        assert!((scan.score - 52.5).abs() < 1e-9);
        let rules: Vec<_> = scan
            .rules
            .iter()
            .map(|o| (short(&o.rule), o.severity, o.result.as_str()))
            .collect();
        assert_eq!(
            rules,
            [
                ("one", Severity::High, "fail"),
                ("three", Severity::Unknown, "pass")
            ]
        );
        assert!(read(b"<a></a>").is_err() && read(b"<a").is_err());
    }

    #[test]
    fn the_content_follows_the_system() {
        let of = |text: &str| content_for(text).unwrap();
        assert_eq!(
            of("NAME=x\nID=debian\nVERSION_ID=\"11\"\n"),
            "ssg-debian11-ds.xml"
        );
        assert_eq!(
            of("ID=ubuntu\nVERSION_ID=\"22.04\"\n"),
            "ssg-ubuntu2204-ds.xml"
        );
        assert_eq!(of("ID=\"rhel\"\nVERSION_ID=\"9.3\"\n"), "ssg-rhel9-ds.xml");
        assert!(content_for("ID=x").is_none());
    }
}
