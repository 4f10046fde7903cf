//! Server-sent events: the parser, and a stream that finds its way back after a lost connection.
//!
//! Source of the format: the HTML standard, section 9.2.6 "Interpreting an event stream".

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::HeaderValue;

use crate::failure::Failure;
use crate::http::{Call, Http};

/// A message longer than this is no line of a log or a timeline: the stream is broken or hostile.
const LONGEST: usize = 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The server says that it lives every 15 s; silence for longer is a connection that died without a word.
const SILENCE: Duration = Duration::from_secs(45);
/// Connections lost in a row, without a message between them, before giving up.
const PATIENCE: u32 = 8;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `message` where the server gave no name.
    pub event: String,
    pub data: String,
}

/// Bytes in, messages out.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_return: bool,
    event: String,
    data: Option<String>,
    pub last_id: Option<String>,
    /// What the server asked for.
    pub retry: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message is longer than 1 MiB")]
pub struct TooLong;

impl Parser {
    /// # Errors
    /// When a message grows past any reasonable size.
    pub fn feed(&mut self, bytes: &[u8], messages: &mut Vec<Message>) -> Result<(), TooLong> {
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    messages.extend(self.take_line(&String::from_utf8_lossy(&line)));
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let data = self.data.take()?;
            return Some(Message { event: if event.is_empty() { "message".to_owned() } else { event }, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis),
            // A comment (an empty field name) or something from the future.
            _ => {}
        }
        None
    }
}

/// An endless stream of messages. Lost connections are made again from where they were lost.
pub struct Stream<'a> {
    http: &'a Http,
    /// Makes the request; `true` when some of it has been read before, so that nothing is asked for twice.
    call: Box<dyn Fn(bool) -> Call + 'a>,
    parser: Parser,
    waiting: std::collections::VecDeque<Message>,
    body: Option<reqwest::Response>,
    connected_before: bool,
    losses: u32,
}

impl<'a> Stream<'a> {
    pub fn new(http: &'a Http, call: impl Fn(bool) -> Call + 'a) -> Self {
        Self {
            http,
            call: Box::new(call),
            parser: Parser::default(),
            waiting: std::collections::VecDeque::new(),
            body: None,
            connected_before: false,
            losses: 0,
        }
    }

    /// The next message. Waits for as long as it takes; `None` when the server has said that nothing will follow (204).
    ///
    /// # Errors
    /// When the server refuses, or cannot be reached for too long. It may be asked again all the same: it then connects anew.
    pub async fn next(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                self.losses = 0;
                match message.event.as_str() {
                    "end" if message.data.contains("signed_out") => {
                        return Err(Failure::not_signed_in("The server has ended the stream: the token is not valid any more."));
                    }
                    // The server lets go, as when it is being replaced: the way back is the same as after a lost connection.
                    "end" => self.let_go(),
                    _ => return Ok(Some(message)),
                }
                continue;
            }
            let Some(body) = &mut self.body else {
                if !self.connect().await? {
                    return Ok(None);
                }
                continue;
            };
            match tokio::time::timeout(SILENCE, body.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    let mut messages = Vec::new();
                    self.parser.feed(&bytes, &mut messages).map_err(|error| Failure::failed("The stream cannot be read.").note(error))?;
                    self.waiting.extend(messages);
                }
                Ok(Ok(None) | Err(_)) | Err(_) => self.let_go(),
            }
        }
    }

    fn let_go(&mut self) {
        self.body = None;
        self.waiting.clear();
        // Half a message from before must not run into the first one of the next connection.
        self.parser = Parser { last_id: self.parser.last_id.take(), retry: self.parser.retry, ..Parser::default() };
    }

    async fn connect(&mut self) -> Result<bool, Failure> {
        if self.connected_before || self.losses > 0 {
            let asked = self.parser.retry.unwrap_or(FIRST_PAUSE);
            let pause = asked.saturating_mul(1 << self.losses.min(5)).min(LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
        }
        let mut call = (self.call)(self.connected_before).limit(None);
        if let Some(id) = self.parser.last_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok()) {
            call = call.header("last-event-id", id);
        }
        match self.http.once(&call, None).await {
            Ok(response) if response.status().as_u16() == 204 => Ok(false),
            Ok(response) if matches!(response.status().as_u16(), 502..=504 | 429) && self.losses < PATIENCE => {
                self.losses += 1;
                Ok(true)
            }
            Ok(response) => {
                self.body = Some(self.http.checked(response).await?);
                self.connected_before = true;
                self.losses += 1;
                Ok(true)
            }
            Err(error) if self.losses >= PATIENCE || (!self.connected_before && self.losses >= 3) => Err(self.http.lost(&error)),
            Err(_) => {
                self.losses += 1;
                Ok(true)
            }
        }
    }
}

/// Reads one answer of server-sent events to its end, as a model's streamed answer is: no way back after a loss.
pub async fn read_once(http: &Http, response: reqwest::Response, mut each: impl FnMut(Message) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut parser = Parser::default();
    let mut body = response.bytes_stream();
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| http.lost(&error))?;
        let mut messages = Vec::new();
        parser.feed(&bytes, &mut messages).map_err(|error| Failure::failed("The answer cannot be read.").note(error))?;
        messages.into_iter().try_for_each(&mut each)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&str]) -> (Vec<Message>, Parser) {
        let (mut parser, mut messages) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece.as_bytes(), &mut messages).expect("short");
        }
        (messages, parser)
    }

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn messages_arrive_whole_however_they_are_cut() {
        let text = ": hello\r\nid: 7\r\nevent: log\r\ndata: {\"a\":1}\r\ndata:b\r\n\r\nretry: 250\ndata\n\nevent: lost\n\ndata: x";
        let expected = vec![message("log", "{\"a\":1}\nb"), message("message", "")];
        let (messages, parser) = parse(&[text]);
        assert_eq!(messages, expected);
        assert_eq!((parser.last_id.as_deref(), parser.retry), (Some("7"), Some(Duration::from_millis(250))));
        for cut in 0..text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(parse(&[head, tail]).0, expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_message_without_an_end_is_given_up() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(&vec![b'x'; LONGEST + 1], &mut Vec::new()), Err(TooLong));
    }
}
