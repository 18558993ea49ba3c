//! Messages over standard input and output: a head with the length, then JSON. Ids are given back as they came.
//!
//! Read by hand: this program keeps the text of numbers (`arbitrary_precision`), with which the decoders that others
//! offer for "a request, an answer or a notification" do not recognise a number as an id.
use serde_json::{Value as Json, json};
use std::io::{self, BufRead, Read as _, Write};

/// What came in.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification {
        /// What happened.
        method: String,
        /// Its parameters.
        params: Json,
    },
    /// Answers something that was asked of the editor.
    Answer,
    /// Is no message.
    Malformed(String),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// A number or a text.
    pub id: Json,
    /// What is wanted.
    pub method: String,
    /// Its parameters.
    pub params: Json,
}

/// Codes of errors.
pub mod error {
    /// Not JSON.
    pub const PARSE: i32 = -32700;
    /// Not now, or not again.
    pub const INVALID_REQUEST: i32 = -32600;
    /// There is no such method.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i32 = -32602;
    /// A fault of this program.
    pub const INTERNAL: i32 = -32603;
    /// `initialize` comes first.
    pub const NOT_INITIALIZED: i32 = -32002;
    /// The editor does not want it any more.
    pub const CANCELLED: i32 = -32800;
}

/// A line of the head is short.
const LONGEST_LINE: u64 = 4096;
/// A message holds at most a whole document.
const LARGEST: u64 = 256 << 20;

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The next message; `None` at the end. After an error of the head nobody knows where the next message begins.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let Some(text) = std::str::from_utf8(&line)
            .ok()
            .filter(|l| l.ends_with('\n'))
        else {
            return Err(invalid("a head that is no text"));
        };
        let text = text.trim_end();
        if text.is_empty() {
            break;
        }
        let (name, value) = text
            .split_once(':')
            .ok_or_else(|| invalid("a head without `:`"))?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let length = length
        .filter(|l| *l <= LARGEST)
        .ok_or_else(|| invalid("no `Content-Length`, or far too much"))?;
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(decode(&body)))
}

fn decode(body: &[u8]) -> Message {
    let json: Json = match serde_json::from_slice(body) {
        Ok(json) => json,
        Err(e) => return Message::Malformed(e.to_string()),
    };
    let Json::Object(mut map) = json else {
        return Message::Malformed("a message is an object".to_owned());
    };
    let params = map.remove("params").unwrap_or_default();
    match (map.remove("method"), map.remove("id")) {
        (Some(Json::String(method)), Some(id)) => Message::Request(Request { id, method, params }),
        (Some(Json::String(method)), None) => Message::Notification { method, params },
        (None, Some(_)) => Message::Answer,
        _ => Message::Malformed("a message has a `method` or an `id`".to_owned()),
    }
}

/// Writes a message.
pub fn write(out: &mut impl Write, message: &Json) -> io::Result<()> {
    let body = message.to_string();
    write!(out, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    out.flush()
}

/// The answer to a request.
pub fn answer(id: &Json, result: Json) -> Json {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The answer that there is none.
pub fn failure(id: &Json, code: i32, message: &str) -> Json {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// Something that the editor is told.
pub fn notification(method: &str, params: Json) -> Json {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Vec<u8> {
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[test]
    fn numbers_and_texts_are_ids() {
        for id in ["1", "\"a\"", "9007199254740993"] {
            let bytes = message(&format!("{{\"id\":{id},\"method\":\"m\",\"params\":{{}}}}"));
            let Some(Message::Request(request)) = read(&mut bytes.as_slice()).unwrap() else {
                panic!("{id}");
            };
            assert_eq!(request.id.to_string(), id);
        }
    }

    #[test]
    fn what_is_no_message_is_said_and_the_next_one_is_read() {
        let mut bytes = message("{");
        bytes.extend(message("[]"));
        bytes.extend(message("{\"method\":\"exit\"}"));
        let mut input = bytes.as_slice();
        for _ in 0..2 {
            let got = read(&mut input).unwrap();
            assert!(matches!(got, Some(Message::Malformed(_))));
        }
        let got = read(&mut input).unwrap();
        assert!(matches!(got, Some(Message::Notification { method, .. }) if method == "exit"));
        assert_eq!(read(&mut input).unwrap(), None);
    }

    #[test]
    fn heads_that_make_no_sense_end_it() {
        for head in [
            "Content-Length: 99999999999999\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "hello\r\n",
            "\r\n",
            "\u{0}",
        ] {
            assert!(read(&mut head.as_bytes()).is_err(), "{head:?}");
        }
        let cut: &[u8] = b"Content-Length: 10\r\n\r\n{";
        assert_eq!(read(&mut &*cut).unwrap(), None);
    }
}
