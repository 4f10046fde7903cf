//! `login`, `logout`, `whoami`.

use reqwest::StatusCode;
use serde::Serialize;
use serde_json::json;
use url::Url;
use vivier_core::id::AccountId;
use vivier_core::name::{DisplayName, Email};
use vivier_core::secret::Secret;
use vivier_core::wire::accounts::{Login, MeOut, NewToken, TokenCreated, TokenScope};
use vivier_core::wire::members::Switch;
use vivier_core::wire::security::{FactorKind, SecondFactor, SecondStep};

use crate::api::Api;
use crate::cli::{Global, LoginArgs, LogoutArgs, PersonArgs};
use crate::failure::{Exit, Failure};
use crate::http::{Call, Http};
use crate::output::Output;
use crate::settings::{Access, Server, Settings};
use crate::{dns, prompt, text};

/// What works without a second step here.
const INSTEAD: &str = "Make an API token in the dashboard, under Account, and give it with --token on stdin.";

pub async fn login(global: &Global, args: &LoginArgs, output: &Output) -> Result<(), Failure> {
    let url = Access::find(global)?.url;
    warn_about_plain_http(&url, output);
    let (server, me) = if args.token { with_token(&url).await? } else { with_password(&url, args, output).await? };
    let mut settings = Settings::load()?;
    settings.servers.insert(url.to_string(), server);
    settings.default = Some(url.to_string());
    let path = settings.save()?;
    output.done(&signed_in_as(&url, &me), format!("Signed in to {url} as {}. The token is in {}.", place(&me), path.display()))
}

async fn with_token(url: &Url) -> Result<(Server, MeOut), Failure> {
    let token = prompt::secret_from_stdin("The token on stdin")?;
    let api = Api { http: Http::new(&Access { url: url.clone(), token: Some(token.clone()) })? };
    let me = api.me().await?;
    Ok((Server { token, token_id: None, email: me.user.email.to_string() }, me))
}

async fn with_password(url: &Url, args: &LoginArgs, output: &Output) -> Result<(Server, MeOut), Failure> {
    let may_ask = output.may_ask();
    let email: Email = match &args.email {
        Some(email) => email.clone(),
        None if may_ask && !args.password_stdin => prompt::parsed("E-mail:", None)?,
        None => {
            return Err(Failure::usage("There is no terminal to ask for the e-mail address.")
                .next("Give --email and --password-stdin, or --token with a token on stdin."));
        }
    };
    let password = if args.password_stdin {
        prompt::secret_from_stdin("The password on stdin")?
    } else if may_ask {
        prompt::secret("Password:")?
    } else {
        return Err(Failure::usage("There is no terminal to ask for the password.").next("Give --password-stdin, or --token with a token on stdin."));
    };
    let session = sign_in(url, email, password, output).await?;
    let session = match &args.account {
        Some(account) => switch(&session, account).await?,
        None => session,
    };
    let made = make_token(&session).await;
    // The session has done its work; the token that was made with it is not lost by a session that cannot be ended.
    sign_out(&session, output).await;
    let (me, TokenCreated { token, secret }) = made?;
    Ok((Server { token: secret, token_id: Some(token.id), email: me.user.email.to_string() }, me))
}

/// A browser's kind of session.
async fn sign_in(url: &Url, email: Email, password: Secret, output: &Output) -> Result<Api, Failure> {
    let http = Http::new(&Access { url: url.clone(), token: None })?;
    let mut response = http.send(&Call::post(&["v1", "auth", "login"]).body(&Login { email, password })?).await.map_err(wrong_password)?;
    if response.status() == StatusCode::ACCEPTED {
        let step = response.json::<SecondStep>().await.map_err(|error| http.lost(&error))?;
        response = second_step(&http, step, output).await?;
    }
    let cookie = session_cookie(&response)
        .ok_or_else(|| Failure::failed(format!("{url} accepted the password but gave no session.")).next("Is it a Vivier server of this version?"))?;
    Ok(Api { http: http.with_cookie(cookie) })
}

/// The password was right, and a second factor is asked for: a code, of a person at a terminal.
async fn second_step(http: &Http, step: SecondStep, output: &Output) -> Result<reqwest::Response, Failure> {
    let SecondStep { token, kinds, expires_at: _ } = step;
    let question = match (kinds.contains(&FactorKind::App), kinds.contains(&FactorKind::RecoveryCode)) {
        (true, _) => "Code of the authenticator app, or a recovery code:",
        (false, true) => "Recovery code (a passkey works in the browser only):",
        (false, false) => return Err(Failure::usage("Signing in asks for a passkey, which works in the browser only.").next(INSTEAD)),
    };
    if !output.may_ask() {
        return Err(Failure::usage("Signing in asks for a second factor, and there is no terminal to ask for it.").next(INSTEAD));
    }
    loop {
        let code = prompt::secret(question)?;
        match http.send(&Call::post(&["v1", "auth", "second"]).body(&SecondFactor { token: token.clone(), code })?).await {
            Err(failure) if failure.code() == Some("wrong_code") => eprintln!("  {}", failure.human()),
            Err(failure) if failure.exit() == Exit::NotSignedIn => return Err(failure.next("Run `vivier login` again.")),
            done => return done,
        }
    }
}

async fn sign_out(session: &Api, output: &Output) {
    if let Err(failure) = session.http.done(Call::post(&["v1", "auth", "logout"])).await {
        output.aside(format!("warning: the session of this sign-in could not be ended; it ends by itself. {}", failure.human()));
    }
}

/// Does what the server lets only a person do, such as making tokens: with the token first, and where that is not enough with a
/// session for a moment, for which the password is asked.
pub async fn as_person<T>(api: &Api, person: &PersonArgs, output: &Output, job: impl AsyncFn(&Api) -> Result<T, Failure>) -> Result<T, Failure> {
    match job(api).await {
        Err(failure) if failure.code() == Some("session_required") => {
            let me = api.me().await?;
            let password = ask_password(&me, person, output).map_err(|unasked| unasked.unwrap_or_else(|| failure.next(IN_THE_DASHBOARD)))?;
            let session = sign_in_where(api, &me, password, output).await?;
            let done = job(&session).await;
            sign_out(&session, output).await;
            done
        }
        done => done,
    }
}

const IN_THE_DASHBOARD: &str = "Give --password-stdin, or do it in the dashboard, under Account.";

/// Does what a person confirms with their password, although they are signed in.
pub async fn with_password_of<T>(api: &Api, person: &PersonArgs, output: &Output, job: impl AsyncFn(&Api, Secret) -> Result<T, Failure>) -> Result<T, Failure> {
    let me = api.me().await?;
    let unasked = || Failure::usage("There is no terminal to ask for the password.").next(IN_THE_DASHBOARD);
    let password = ask_password(&me, person, output).map_err(|failed| failed.unwrap_or_else(unasked))?;
    let session = sign_in_where(api, &me, password.clone(), output).await?;
    let done = job(&session, password).await;
    sign_out(&session, output).await;
    done
}

/// # Errors
/// `None`: nobody can be asked.
fn ask_password(me: &MeOut, person: &PersonArgs, output: &Output) -> Result<Secret, Option<Failure>> {
    if person.password_stdin {
        return prompt::secret_from_stdin("The password on stdin").map_err(Some);
    }
    if output.may_ask() { prompt::secret(&format!("Password of {}:", me.user.email)).map_err(Some) } else { Err(None) }
}

/// A session in the account that the token works in, whichever was worked in last.
async fn sign_in_where(api: &Api, me: &MeOut, password: Secret, output: &Output) -> Result<Api, Failure> {
    let session = sign_in(api.http.base(), me.user.email.clone(), password, output).await?;
    match &me.account {
        Some(account) if session.me().await?.account.is_none_or(|there| there.id != account.id) => enter(&session, account.id).await,
        Some(_) | None => Ok(session),
    }
}

/// The account of this name or id, among those of whoever is signed in.
async fn switch(session: &Api, account: &str) -> Result<Api, Failure> {
    let accounts = session.own_accounts().await?;
    let mut found = accounts.iter().filter(|one| one.id.to_string() == account || one.name == account);
    match (found.next(), found.next()) {
        (Some(one), None) => enter(session, one.id).await,
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("Several of your accounts are called {account}.")).next("Name one by its id: `vivier accounts ls` shows them."))
        }
        (None, _) => {
            let names: Vec<&str> = accounts.iter().map(|one| one.name.as_str()).collect();
            Err(Failure::not_found(format!("You have no account {account}.")).next(format!("Yours: {}.", text::harmless(&names.join(", "), false))))
        }
    }
}

/// The same person, at work in another account.
async fn enter(session: &Api, account: AccountId) -> Result<Api, Failure> {
    let response = session.http.send(&Call::post(&["v1", "auth", "switch"]).body(&Switch { account })?).await?;
    let cookie = session_cookie(&response).ok_or_else(|| Failure::failed("The server switched the account but gave no session."))?;
    Ok(Api { http: session.http.with_cookie(cookie) })
}

/// `accounts use`: keeps a token of another account, and revokes the one before.
pub async fn use_account(api: &Api, global: &Global, account: &str, person: &PersonArgs, output: &Output) -> Result<(), Failure> {
    let mut settings = Settings::load()?;
    let url = Access::find(global)?.url;
    if !settings.servers.contains_key(url.as_str()) {
        return Err(Failure::usage("The token of this machine is not kept by `vivier login`, so there is none to change.")
            .next("Make a token of that account, and set VIVIER_TOKEN to it."));
    }
    let me = api.me().await?;
    let unasked = || Failure::usage("There is no terminal to ask for the password.").next(IN_THE_DASHBOARD);
    let password = ask_password(&me, person, output).map_err(|failed| failed.unwrap_or_else(unasked))?;
    let session = switch(&sign_in(&url, me.user.email, password, output).await?, account).await?;
    let made = make_token(&session).await;
    sign_out(&session, output).await;
    let (me, TokenCreated { token, secret }) = made?;
    let server = Server { token: secret, token_id: Some(token.id), email: me.user.email.to_string() };
    let before = settings.servers.insert(url.to_string(), server);
    settings.save()?;
    if let Some(Server { token, token_id: Some(_), .. }) = before
        && let Revoked::No(failure) = revoke(&url, token).await?
    {
        output.aside(format!("warning: the token of before could not be revoked; delete it in the dashboard, under Account. {}", failure.human()));
    }
    output.done(&signed_in_as(&url, &me), format!("You work as {} now.", place(&me)))
}

async fn make_token(session: &Api) -> Result<(MeOut, TokenCreated), Failure> {
    let me = session.me().await?;
    let token = NewToken { name: token_name(), scopes: TokenScope::ALL.to_vec(), expires_in_days: None };
    Ok((me, session.create_token(&token).await?))
}

/// A wrong password is no missing sign-in: "sign in first" would be no help.
fn wrong_password(failure: Failure) -> Failure {
    if failure.exit() == Exit::NotSignedIn { failure.next("Check the address and the password, or sign up in the browser first.") } else { failure }
}

/// `name=value` of the session's cookie, to be given back.
fn session_cookie(response: &reqwest::Response) -> Option<Secret> {
    let pairs: Vec<&str> = response
        .headers()
        .get_all(reqwest::header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim)
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect();
    (!pairs.is_empty()).then(|| Secret::new(pairs.join("; ")))
}

/// What the list of tokens shows for this machine.
fn token_name() -> DisplayName {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname")).unwrap_or_default();
    let host: String = host.trim().chars().filter(char::is_ascii_graphic).take(40).collect();
    let text = if host.is_empty() { "vivier".to_owned() } else { format!("vivier on {host}") };
    text.parse().expect("printable characters, short, no space at either end")
}

fn warn_about_plain_http(url: &Url, output: &Output) {
    if url.scheme() == "http" && !url.host_str().is_some_and(dns::is_loopback) {
        output.aside(format!("warning: {url} is not encrypted: whoever is on the way can read the password and the token."));
    }
}

/// What became of the token at its server.
enum Revoked {
    Now,
    /// It was worth nothing any more: expired, revoked elsewhere, or its account is gone.
    Before,
    /// It was made elsewhere, perhaps for others as well: it is only forgotten here.
    NotOurs,
    /// The server could not be asked, or did not do it.
    No(Failure),
}

pub async fn logout(global: &Global, args: &LogoutArgs, output: &Output) -> Result<(), Failure> {
    let mut settings = Settings::load()?;
    let url = Access::find(global)?.url;
    let Some(server) = settings.servers.remove(url.as_str()) else {
        return output.done(&json!({ "url": url.as_str(), "signed_out": false, "revoked": false }), format!("You are not signed in to {url}."));
    };
    let Server { token, token_id, email } = server;
    let revoked = if token_id.is_some() { revoke(&url, token).await? } else { Revoked::NotOurs };
    let (gone, rest) = match revoked {
        Revoked::Now => (true, "its token is revoked".to_owned()),
        Revoked::Before => (true, "its token was not valid any more".to_owned()),
        Revoked::NotOurs => (false, "the token was given with --token, so it was forgotten here but not revoked".to_owned()),
        Revoked::No(failure) if args.force => {
            output.aside(format!("warning: the token could not be revoked. {}", failure.human()));
            (false, format!("its token is forgotten here, but works until {email} deletes it in the dashboard, under Account"))
        }
        // Forgetting a token that still works would leave one that nobody knows of.
        Revoked::No(failure) => {
            let next = "Try again later; or `vivier logout --force` forgets it here, and you delete it in the dashboard, under Account.";
            return Err(failure.note("The token was not revoked, so it was kept: you are still signed in.").next(next));
        }
    };
    if settings.default.as_deref() == Some(url.as_str()) {
        settings.default = settings.servers.keys().next().cloned();
    }
    settings.save()?;
    output.done(&json!({ "url": url.as_str(), "signed_out": true, "revoked": gone }), format!("Signed out of {url}; {rest}."))
}

async fn revoke(url: &Url, token: Secret) -> Result<Revoked, Failure> {
    let api = Api { http: Http::new(&Access { url: url.clone(), token: Some(token) })? };
    Ok(match api.revoke_own_token().await {
        Ok(()) => Revoked::Now,
        Err(failure) if failure.exit() == Exit::NotSignedIn => Revoked::Before,
        Err(failure) => Revoked::No(failure),
    })
}

#[derive(Serialize)]
struct SignedInAs<'a> {
    url: &'a str,
    #[serde(flatten)]
    me: &'a MeOut,
}

fn signed_in_as<'a>(url: &'a Url, me: &'a MeOut) -> SignedInAs<'a> {
    SignedInAs { url: url.as_str(), me }
}

/// Who it is, and in which account.
fn place(me: &MeOut) -> String {
    let operator = if me.user.operator { " (an operator)" } else { "" };
    match &me.account {
        Some(account) => format!("{}{operator}, {} of the account {} ({})", me.user.email, account.role, account.name, account.id),
        None => format!("{}{operator}, a member of no account", me.user.email),
    }
}

pub async fn whoami(api: &Api, output: &Output) -> Result<(), Failure> {
    let me = api.me().await?;
    output.done(&signed_in_as(api.http.base(), &me), format!("{} at {}", place(&me), api.http.base()))
}
