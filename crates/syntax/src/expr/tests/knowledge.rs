//! What is not known, foretold or secret.
use super::*;

#[test]
fn what_is_not_known_yet_makes_the_result_not_known_yet() {
    assert_eq!(value("open.ip"), hole(Type::String, &["host", "ip"]));
    assert_eq!(
        value("open.list[0].x"),
        hole(Type::Any, &["host", "list", "0", "x"])
    );
    assert_eq!(
        value("open.ip + \"/32\""),
        hole(Type::String, &["host", "ip"])
    );
    assert_eq!(value("open.ip == \"x\""), hole(Type::Bool, &["host", "ip"]));
    assert_eq!(value("open.n + 1"), hole(Type::Number, &["host", "n"]));
    assert_eq!(value("open.on ? 1 : 2"), hole(Type::Any, &["host", "on"]));
    assert_eq!(
        value("open.zones.map(z, z)"),
        hole(Type::List(Box::new(Type::Any)), &["host", "zones"])
    );
    assert_eq!(
        value("open.ip.upperAscii()"),
        hole(Type::String, &["host", "ip"])
    );
    assert_eq!(
        value("values.regions[open.ip]"),
        hole(Type::Any, &["host", "ip"])
    );
    assert_eq!(
        value("json({\"a\": open.ip})"),
        hole(Type::String, &["host", "ip"])
    );
    // what doesn't look at it is known all the same
    assert_eq!(value("size([open.ip, 1])"), json("2"));
    assert_eq!(value("open.on && false"), json("false"));
    assert_eq!(value("true || open.on"), json("true"));
    assert_eq!(
        value("{\"k\": open.ip}.k"),
        hole(Type::String, &["host", "ip"])
    );
    assert_eq!(value("\"k\" in {\"k\": open.ip}"), json("true"));
    assert_eq!(
        filled("x-${{ open.ip }}-${{ pw }}").unwrap(),
        hole(Type::String, &["host", "ip"])
    );
}

#[test]
fn what_is_foretold_makes_the_result_foretold() {
    let Term::Predicted {
        value: ip,
        by: source,
    } = value("guess.ip")
    else {
        panic!()
    };
    assert_eq!((*ip, source), (json("\"10.0.0.1\""), by(&["ip", "ip"])));
    for (text, result) in [
        ("guess.n + 1", "3"),
        ("!guess.on", "false"),
        ("guess.on ? 1 : 2", "1"),
        ("guess.ip + \"/32\"", "\"10.0.0.1/32\""),
        ("guess.ip.startsWith(\"10\")", "true"),
        ("guess.n == 2 && true", "true"),
        ("[1, 2].filter(x, x == guess.n)", "[2]"),
    ] {
        let Term::Predicted { value, .. } = value(text) else {
            panic!("{text}")
        };
        assert_eq!(*value, json(result), "{text}");
    }
    let Term::Predicted { value, .. } = filled("http://${{ guess.ip }}/").unwrap() else {
        panic!()
    };
    assert_eq!(*value, json("\"http://10.0.0.1/\""));
}

#[test]
fn a_secret_is_passed_on_and_never_looked_at() {
    assert_eq!(value("secret(\"env:PW\")"), secret("PW", &[]));
    assert_eq!(value("pw.user.name"), secret("PW", &["user", "name"]));
    let text = |parts: Vec<Term>| Term::Text(parts);
    let s = |t: &str| Term::String(t.into());
    assert_eq!(
        filled("p=${{ pw }};n=${{ values.n }}").unwrap(),
        text(vec![s("p="), secret("PW", &[]), s(";n=3")])
    );
    assert_eq!(value("\"p=\" + pw"), text(vec![s("p="), secret("PW", &[])]));
    assert_eq!(value("string(pw)"), secret("PW", &[]));
    assert_eq!(
        value("[\"x\", pw].join(\",\")"),
        text(vec![s("x,"), secret("PW", &[])])
    );
    assert_eq!(value("keys({\"a\": pw})"), json("[\"a\"]"));
    assert_eq!(value("merge({\"a\": pw}, {}).a"), secret("PW", &[]));
    for text in [
        "pw == \"x\"",
        "pw in [\"x\"]",
        "pw + 1",
        "size(pw)",
        "pw.trim()",
        "base64(pw)",
        "sha256(\"x\" + pw)",
        "pw ? 1 : 2",
        "!pw",
        "pw < 1",
    ] {
        assert!(
            fault(text).message.contains("secret"),
            "{text}: {:?}",
            fault(text)
        );
    }
}

#[test]
fn json_with_a_secret_inside_is_right_when_the_secret_is_read() {
    let term = value("json({\"user\": \"me\", \"password\": pw})");
    let read = term
        .resolve(&mut |_| Ok::<_, ()>(Value::from("a\"b")))
        .unwrap();
    assert_eq!(read, Value::from(r#"{"password":"a\"b","user":"me"}"#));
}
