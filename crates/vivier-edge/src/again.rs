//! A request that was sent and not answered, read back from its own bytes so that it can be sent again.

use http::header::{CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Method, Request};

use crate::body::RequestBody;

/// The request of which hyper wrote `bytes`; `None` unless it is a whole GET or HEAD without a body. Any other may have changed
/// something at the other side, or its body is gone.
pub fn parse(bytes: &[u8]) -> Option<Request<RequestBody>> {
    let head = bytes.strip_suffix(b"\r\n\r\n")?;
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next()?.split(|&byte| byte == b' ');
    let method = Method::from_bytes(words.next()?).ok().filter(|method| method == Method::GET || method == Method::HEAD)?;
    let mut request = Request::builder().method(method).uri(words.next()?);
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT, UPGRADE].contains(&name) {
            return None;
        }
        request = request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    request.body(RequestBody::empty()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_get_is_read_back_with_every_header() {
        let bytes = b"GET /a?b=c HTTP/1.1\r\nhost: ada.localhost:8080\r\naccept: */*\r\nx-a: 1\r\nx-a: \xe9:2\r\n\r\n";
        let request = parse(bytes).expect("a request");
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::GET, "/a?b=c"));
        assert_eq!(request.headers()["host"], "ada.localhost:8080");
        let all: Vec<&[u8]> = request.headers().get_all("x-a").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(all, [b"1".as_slice(), b"\xe9:2"]);
        assert!(parse(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").is_some());
    }

    #[test]
    fn what_may_have_changed_something_or_is_not_whole_is_never_repeated() {
        for bytes in [
            b"POST / HTTP/1.1\r\nhost: a\r\n\r\n".as_slice(),
            b"DELETE /x HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\ncontent-length: 1\r\n\r\nx",
            b"GET / HTTP/1.1\r\ncontent-length: 4\r\n\r\n\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\n",
            b"GET /",
            b"",
        ] {
            assert!(parse(bytes).is_none(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
