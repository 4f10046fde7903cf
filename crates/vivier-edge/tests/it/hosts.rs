//! Which host leads where, and what travels on.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use vivier_core::lifecycle::State;

use crate::world::{Town, route};

#[tokio::test]
async fn the_dashboards_host_leads_to_serve_with_honest_headers() {
    let town = Town::new().await;
    let request = town.request("POST", "LOCALHOST:8080", "/v1/auth/login?x=1");
    let request = request
        .header("x-forwarded-for", "6.6.6.6")
        .header("forwarded", "for=6.6.6.6")
        .header("x-forwarded-host", "evil.example")
        .header("cookie", "vivier_session=s; a=b");
    let answer = town.ask(request.body(Full::new(Bytes::from("{}"))).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let seen = town.dashboard.last();
    assert_eq!((seen.method.as_str(), seen.target.as_str(), &seen.body[..]), ("POST", "/v1/auth/login?x=1", &b"{}"[..]));
    assert_eq!(seen.headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen.headers["x-forwarded-proto"], "http");
    assert_eq!(seen.headers["x-forwarded-host"], "localhost:8080");
    assert_eq!(seen.headers["cookie"], "vivier_session=s; a=b");
    assert!(!seen.headers.contains_key("forwarded") && !seen.headers.contains_key("x-openclaw-user"));
}

#[tokio::test]
async fn an_agent_gets_the_identity_from_the_edge_alone() {
    let town = Town::new().await;
    let mut request = town.request("GET", "ada.localhost:8080", "/chat?session=main").header("cookie", format!("theme=dark; {}; other=1", town.cookie(1)));
    for (name, value) in [
        ("x-openclaw-user", "owner2"),
        ("x-openclaw-scopes", "operator.admin"),
        ("x_openclaw_user", "owner2"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "ftp"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-user", "root"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("tailscale-user-login", "root@x"),
        ("proxy-authorization", "Basic x"),
        ("te", "trailers"),
        ("x-hop", "1"),
        ("connection", "x-hop, x-forwarded-for, x-openclaw-user"),
        ("x-custom", "kept"),
    ] {
        request = request.header(name, value);
    }
    let answer = town.ask(request.body(Full::default()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let seen = town.agent.last();
    assert_eq!(seen.target, "/chat?session=main");
    let all = |name: &str| seen.headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect::<Vec<_>>();
    assert_eq!(all("x-openclaw-user"), ["owner"]);
    // Loopback is refused by OpenClaw: a documented address stands for it.
    assert_eq!(all("x-forwarded-for"), ["192.0.2.1"]);
    assert_eq!(all("x-forwarded-proto"), ["http"]);
    assert_eq!(all("x-forwarded-host"), ["ada.localhost:8080"]);
    assert_eq!(all("host"), ["ada.localhost:8080"]);
    assert_eq!(all("cookie"), ["theme=dark; other=1"]);
    assert_eq!(all("x-custom"), ["kept"]);
    for name in
        ["x-openclaw-scopes", "x_openclaw_user", "x-forwarded-user", "forwarded", "x-real-ip", "tailscale-user-login", "proxy-authorization", "te", "x-hop"]
    {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_proxy_that_the_operator_trusts_tells_the_visitor() {
    let town = Town::with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")]).await;
    let request = town.request("GET", "ada.localhost", "/").header("cookie", town.cookie(1)).header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 127.0.0.7");
    town.ask(request.body(Full::default()).expect("a request")).await;
    assert_eq!(town.agent.last().headers["x-forwarded-for"], "203.0.113.9");
}

#[tokio::test]
async fn names_that_are_nobodys_get_404_and_hosts_that_are_not_ours_421() {
    let town = Town::new().await;
    for (host, status) in [
        ("nobody.localhost", StatusCode::NOT_FOUND),
        ("x.localhost", StatusCode::NOT_FOUND),
        ("no_slug.localhost", StatusCode::NOT_FOUND),
        ("127.0.0.1", StatusCode::MISDIRECTED_REQUEST),
        ("[::1]:8080", StatusCode::MISDIRECTED_REQUEST),
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("ada.localhost.evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("a.ada.localhost", StatusCode::MISDIRECTED_REQUEST),
        ("ada.localhost:99999", StatusCode::BAD_REQUEST),
        ("ada..localhost", StatusCode::BAD_REQUEST),
        ("ada.localhost/x", StatusCode::BAD_REQUEST),
        ("ada.localhost, eve.localhost", StatusCode::BAD_REQUEST),
    ] {
        let answer = town.ask(town.request("GET", host, "/").body(Full::default()).expect("a request")).await;
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{host}");
        assert_eq!(answer.json()["status"], status.as_u16());
    }
    assert_eq!(town.agent.count(), 0);
    let page = town.ask(town.request("GET", "nobody.localhost", "/").header("accept", "text/html").body(Full::default()).expect("a request")).await;
    assert!(page.body.contains("No agent has this name") && page.header("content-type").starts_with("text/html"), "{}", page.body);
}

#[tokio::test]
async fn spellings_of_a_host_lead_to_the_same_agent() {
    let town = Town::new().await;
    for host in ["ADA.LocalHost", "ada.localhost.", "Ada.localhost.:8080"] {
        let answer = town.ask(town.request("GET", host, "/").header("cookie", town.cookie(1)).body(Full::default()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
        assert!(town.agent.last().headers["host"].to_str().expect("text").starts_with("ada.localhost"), "{host}");
        assert!(!town.agent.last().headers["host"].to_str().expect("text").contains("localhost."), "{host}");
    }
}

#[tokio::test]
async fn trace_and_connect_are_refused() {
    let town = Town::new().await;
    let answer = town.ask(town.request("TRACE", "ada.localhost", "/").header("cookie", town.cookie(1)).body(Full::default()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = town.ask(town.request("CONNECT", "ada.localhost:443", "ada.localhost:443").body(Full::default()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(town.agent.count(), 0);
}

#[tokio::test]
async fn an_agent_cannot_lead_a_browser_away_or_set_cookies_for_others() {
    let town = Town::new().await;
    let set = |name: &str, values: &[&str]| {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append(http::HeaderName::try_from(name).expect("a name"), value.parse().expect("a value"));
        }
        *town.agent.answer.lock().expect("no panic") = headers;
    };
    for (location, kept) in [
        ("/chat", "/chat"),
        ("http://ada.localhost:8080/chat", "/chat"),
        ("https://evil.example/", ""),
        ("//evil.example/", ""),
        ("http://eve.localhost:8080/", ""),
    ] {
        set("location", &[location]);
        let answer = town.open("/redirect").await;
        assert_eq!(answer.status, StatusCode::FOUND, "a redirect is passed on, not followed");
        assert_eq!(answer.header("location"), kept, "{location}");
    }
    set("location", &[&format!("http://{}/inner", town.upstream)]);
    assert_eq!(town.open("/redirect").await.header("location"), "/inner");
    set("set-cookie", &["a=1; Path=/", "b=2; Domain=localhost", "vivier_agent=x; Path=/", "c=3; domain=.localhost; HttpOnly"]);
    let answer = town.open("/headers").await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1; Path=/"]);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn while_an_agent_is_away_its_owner_reads_why_and_nobody_else() {
    let town = Town::with(|config| config.limits.hold_seconds = 0).await;
    for (state, code, words, refreshes) in [
        (State::Starting, "agent_starting", "is starting", true),
        (State::Restarting, "agent_restarting", "is restarting", true),
        (State::Suspended, "agent_suspended", "is suspended", true),
        (State::Failed, "agent_failed", "could not be started", true),
    ] {
        town.change(|table| {
            let mut ada = route("ada", 1, None);
            ada.state = state;
            ada.reason = Some("<script>alert(1)</script> exit 78".to_owned());
            table.routes[0] = ada;
        })
        .await;
        let page = town.open("/").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.body.contains(words), "{}", page.body);
        assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt; exit 78") && !page.body.contains("<script"), "{}", page.body);
        assert_eq!(page.body.contains("http-equiv=\"refresh\""), refreshes);
        assert!(!page.header("retry-after").is_empty() && page.header("content-security-policy").contains("default-src 'none'"));
        assert!(!page.body.contains("src=") && !page.body.contains("<link"), "no outside assets");
        let problem = town.ask(town.request("GET", "ada.localhost", "/api/x").header("cookie", town.cookie(1)).body(Full::default()).expect("a request")).await;
        assert_eq!(problem.json()["code"], code);
        let stranger =
            town.ask(town.request("GET", "ada.localhost", "/api/x").header("cookie", town.cookie(2)).body(Full::default()).expect("a request")).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "a stranger learns nothing of the state");
    }
}

#[tokio::test]
async fn an_agent_whose_address_is_dead_gives_a_page_that_tries_again() {
    let town = Town::new().await;
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    town.change(|table| table.routes[0] = route("ada", 1, Some(dead))).await;
    let page = town.open("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("http-equiv=\"refresh\"") && page.body.contains("not reachable"), "{}", page.body);
}

#[tokio::test]
async fn requests_to_one_agent_at_once_are_bounded() {
    let town = Town::with(|config| config.limits.requests_per_agent = 1).await;
    let sender = town.agent.stream();
    let request = town.request("GET", "ada.localhost", "/stream").header("cookie", town.cookie(1)).body(Full::default()).expect("a request");
    let stream = tokio::net::TcpStream::connect(town.address).await.expect("connects");
    let open = crate::world::begin(stream, request).await;
    let answer = town.open("/").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    drop((open, sender));
    crate::world::eventually("the place is free again", || async { town.open("/").await.status == StatusCode::OK }).await;
}
