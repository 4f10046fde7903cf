//! Who may do what: every operation of `openapi.json` that needs a sign-in, tried by every role, with a browser's session and with
//! tokens of every scope, on one's own account and on another's. What must come of it is read from the document alone:
//! `x-vivier-role` and the scope in `security`. What the handlers' guards do is what is tried.

use reqwest::Method;
use serde_json::{Value, json};
use vivier_core::id::{AccountId, DeploymentId, SessionId, TokenId, UserId};
use vivier_core::wire::accounts::{MemberRole, TokenScope};
use vivier_server::auth::token;
use vivier_server::store::sessions::{NewSession, Origin};
use vivier_server::store::tokens::NewApiToken;
use vivier_server::store::{Actor, Tx, new_uuid};

use super::api::{Answer, Api, As, settings};
use super::schema::{Operation, document, example, operations};
use crate::support::store::{RULES, agent};
use crate::support::{TestStore, World};

const ROLES: [&str; 7] = ["nobody", "person", "viewer", "member", "admin", "owner", "operator"];

impl Operation {
    /// The least that a caller must be, as the document says it.
    fn role(&self) -> &str {
        self.value["x-vivier-role"].as_str().unwrap_or("(x-vivier-role is missing)")
    }

    /// No scope will do, some scope must be there, or any token will do.
    fn tokens(&self) -> Tokens {
        let needs = self.value["security"].as_array().cloned().unwrap_or_default();
        let bearer = needs.iter().find_map(|need| need["bearer"].as_array());
        match bearer.map(|scopes| scopes.first().and_then(Value::as_str)) {
            None => Tokens::None,
            Some(None) => Tokens::Any,
            Some(Some(scope)) => Tokens::With(scope.to_owned()),
        }
    }

    fn takes_sessions(&self) -> bool {
        self.value["security"].as_array().is_some_and(|needs| needs.iter().any(|need| need.get("session").is_some()))
    }
}

enum Tokens {
    None,
    Any,
    With(String),
}

/// One who tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Try {
    /// `None`: a member of no account.
    role: Option<MemberRole>,
    operator: bool,
    /// `None`: with a browser's session.
    scope: Option<TokenScope>,
}

impl std::fmt::Display for Try {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.role {
            Some(role) => write!(f, "{role}")?,
            None => f.write_str("somebody in no account")?,
        }
        if self.operator {
            f.write_str(", operator,")?;
        }
        match self.scope {
            Some(scope) => write!(f, " with a token of scope {}", scope.as_str()),
            None => f.write_str(" with a session"),
        }
    }
}

/// Everyone who tries.
fn tries() -> Vec<Try> {
    let mut all = vec![Try { role: None, operator: false, scope: None }];
    for role in MemberRole::ALL {
        for scope in std::iter::once(None).chain(TokenScope::ALL.map(Some)) {
            all.push(Try { role: Some(role), operator: false, scope });
        }
    }
    for scope in std::iter::once(None).chain(TokenScope::ALL.map(Some)) {
        all.push(Try { role: Some(MemberRole::Viewer), operator: true, scope });
    }
    all
}

/// What must come of it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The guard lets it pass; whatever the handler says then.
    Allowed,
    Refused(u16, &'static str),
}

/// Read from the document: how `who` fares with `operation`.
fn expected(operation: &Operation, who: Try) -> Outcome {
    let role = operation.role();
    // To anyone else these do not exist.
    if role == "operator" && who.role.is_none() {
        return Outcome::Refused(403, "no_account");
    }
    if role == "operator" && !who.operator {
        return Outcome::Refused(404, "not_found");
    }
    if let Some(scope) = who.scope {
        match operation.tokens() {
            Tokens::None => return Outcome::Refused(403, "session_required"),
            Tokens::With(needed) if needed != scope.as_str() => return Outcome::Refused(403, "scope_missing"),
            Tokens::With(_) | Tokens::Any => {}
        }
    }
    let Some(own) = who.role else {
        return if role == "person" { Outcome::Allowed } else { Outcome::Refused(403, "no_account") };
    };
    if who.scope.is_none() && !operation.takes_sessions() {
        return Outcome::Refused(403, "token_required");
    }
    match MemberRole::ALL.into_iter().find(|least| least.as_str() == role) {
        Some(least) if own < least => Outcome::Refused(403, "role_missing"),
        Some(_) | None => Outcome::Allowed,
    }
}

/// What the guards alone answer with.
const GUARDS: [&str; 6] = ["unauthorized", "no_account", "role_missing", "scope_missing", "session_required", "token_required"];

/// An account of this try's own, with something of every kind in it.
struct Scene {
    account: AccountId,
    user: UserId,
    email: String,
    deployment: Option<DeploymentId>,
    other: UserId,
    invitation: String,
    session: SessionId,
    token: TokenId,
}

async fn insert(tx: &mut Tx, sql: &'static str, values: &[&str]) {
    let mut query = sqlx::query(sql);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(tx.conn()).await.expect("a row");
}

async fn user(tx: &mut Tx, operator: bool) -> (UserId, String) {
    let id = UserId::from_uuid(new_uuid());
    let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let sql = if operator {
        "INSERT INTO users (id, email, operator, created_at) VALUES ($1, $2, 1, 1)"
    } else {
        "INSERT INTO users (id, email, created_at) VALUES ($1, $2, 1)"
    };
    insert(tx, sql, &[&id.to_string(), &email]).await;
    (id, email)
}

async fn member(tx: &mut Tx, account: AccountId, user: UserId, role: MemberRole) {
    let sql = "INSERT INTO members (account_id, user_id, role, created_at, used_at) VALUES ($1, $2, $3, 1, 1)";
    insert(tx, sql, &[&account.to_string(), &user.to_string(), role.as_str()]).await;
}

impl Scene {
    async fn new(api: &Api, who: Try, with_deployment: bool) -> Self {
        let store = &api.world.app.store;
        let mut tx = store.begin().await.expect("a transaction");
        let account = AccountId::from_uuid(new_uuid());
        insert(&mut tx, "INSERT INTO accounts (id, name, created_at) VALUES ($1, 'Scene', 1)", &[&account.to_string()]).await;
        let ((user_id, email), (other, _)) = (user(&mut tx, who.operator).await, user(&mut tx, false).await);
        if let Some(role) = who.role {
            member(&mut tx, account, user_id, role).await;
        }
        // An account has an owner; when it is the one who tries, the other is a member.
        member(&mut tx, account, other, if who.role == Some(MemberRole::Owner) { MemberRole::Member } else { MemberRole::Owner }).await;
        let invitation = vivier_core::id::InvitationId::from_uuid(new_uuid()).to_string();
        let sql = "INSERT INTO invitations (id, account_id, email, role, token_hash, invited_by, created_at, sent_at, expires_at) \
            VALUES ($1, $2, 'invited@example.com', 'viewer', CAST($1 AS BLOB), 'x', 1, 1, 1)";
        insert(&mut tx, sql, &[&invitation, &account.to_string()]).await;
        tx.commit_quietly().await.expect("kept");
        let actor = Actor::user(account, user_id, email.as_str());
        let deployment =
            if with_deployment { Some(store.create_deployment(&actor, account, agent("Scene"), &RULES).await.expect("a deployment").id) } else { None };
        let mut scene = Self {
            account,
            user: user_id,
            email,
            deployment,
            other,
            invitation,
            session: SessionId::from_uuid(new_uuid()),
            token: TokenId::from_uuid(new_uuid()),
        };
        scene.session = scene.open(api, who, "another browser").await.1;
        scene.token = scene.make_token(api, TokenScope::Read).await.1;
        scene
    }

    async fn open(&self, api: &Api, who: Try, name: &str) -> (As, SessionId) {
        let text = format!("{name} {}", self.user);
        let (email, account) = (self.email.parse().expect("an address"), who.role.map(|_| self.account));
        let new = NewSession {
            user: self.user,
            email: &email,
            account,
            token_hash: token::digest(&text),
            idle_days: 30,
            replaces: None,
            since: None,
            origin: Origin::default(),
        };
        let (id, _) = api.world.app.store.open_session(new).await.expect("opened");
        (As::Cookie(format!("vivier_session={text}")), id)
    }

    async fn make_token(&self, api: &Api, scope: TokenScope) -> (As, TokenId) {
        let text = format!("viv_{}", uuid::Uuid::new_v4().simple());
        let (name, actor) = ("matrix".parse().expect("a name"), Actor::user(self.account, self.user, self.email.as_str()));
        let new = NewApiToken { name: &name, token_hash: token::digest(&text), hint: "viv_", scopes: &[scope], expires_in_days: None };
        let made = api.world.app.store.create_token(&actor, self.account, self.user, &new).await.expect("made");
        (As::Token(text), made.id)
    }

    /// How `who` shows themselves.
    async fn credentials(&self, api: &Api, who: Try) -> As {
        match who.scope {
            Some(scope) => self.make_token(api, scope).await.0,
            None => self.open(api, who, "this browser").await.0,
        }
    }

    /// The operation's address, with something of this scene in it. The second value: whether it is really there.
    fn path(&self, operation: &Operation, release: &str) -> (String, bool) {
        let path = operation.path.replace("{n}", "1").replace("{name}", "custom.NAME").replace("{provider}", "example");
        let named = !operation.path.contains("{n}") && !operation.path.contains("{name}");
        let id = match path.as_str() {
            path if !path.contains("{id}") => return (path.to_owned(), false),
            path if path.starts_with("/v1/deployments") || path.starts_with("/v1/operator/deployments") => self.deployment.map(|id| id.to_string()),
            path if path.starts_with("/v1/members") => Some(self.other.to_string()),
            path if path.starts_with("/v1/invitations") => Some(self.invitation.clone()),
            path if path.starts_with("/v1/sessions") => Some(self.session.to_string()),
            path if path.starts_with("/v1/tokens") => Some(self.token.to_string()),
            path if path.starts_with("/v1/releases") || path.starts_with("/v1/operator/releases") => Some(release.to_owned()),
            _ => None,
        };
        // The fake host's releases come without papers.
        let papers = path.ends_with("/sbom") || path.ends_with("/provenance");
        let there = id.is_some() && named && !papers;
        (path.replace("{id}", &id.unwrap_or_else(|| nothing_of(operation))), there)
    }

    fn body(&self, operation: &Operation, document: &Value) -> Value {
        let mut body = operation.body_schema().map_or(Value::Null, |schema| example(document, schema, ""));
        match operation.id.as_str() {
            "switch_account" => body["account"] = json!(self.account),
            "hand_over" => body["user"] = json!(self.other),
            "delete_account" => body["name"] = json!("Scene"),
            "delete_user" => body["email"] = json!(self.email),
            _ => {}
        }
        body
    }
}

/// An id of the kind that the operation wants, which nothing has.
fn nothing_of(operation: &Operation) -> String {
    let document = document();
    let parameter = operation.parameters("path").into_iter().find(|parameter| parameter["name"] == "id").cloned().unwrap_or_default();
    let schema = super::schema::resolve(&document, &parameter["schema"]);
    let prefix = schema["pattern"].as_str().and_then(|pattern| pattern.strip_prefix('^')?.split('_').next()).unwrap_or("dep");
    format!("{prefix}_01kb00000000000000000000zz")
}

fn of_deployments(operation: &Operation) -> bool {
    operation.path.starts_with("/v1/deployments/{id}") || operation.path.starts_with("/v1/operator/deployments/{id}")
}

/// Without a worker: what is wanted is written down, and nothing moves under the tries.
async fn api() -> (Api, String) {
    let api = Api::over(World::over(TestStore::sqlite().await, settings()).await).await;
    let release = api.world.app.store.releases().await.expect("a catalogue")[0].id.to_string();
    (api, release)
}

async fn send(api: &Api, who: &As, operation: &Operation, path: &str, body: &Value) -> Answer {
    api.with_body(who, operation.method.parse::<Method>().expect("a method"), path, body).await
}

#[test]
fn every_operation_names_the_least_role_that_may_do_it() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let (role, public) = (operation.role().to_owned(), operation.is_public());
        if !ROLES.contains(&role.as_str()) || public != (role == "nobody") {
            wrong.push(format!("{} {} ({}): {role}", operation.method, operation.path, operation.id));
        }
    }
    assert!(wrong.is_empty(), "give these `extensions((\"x-vivier-role\" = json!(\"…\")))`, one of {ROLES:?}:\n{}", wrong.join("\n"));
}

#[test]
fn what_moves_money_or_ends_the_account_is_the_owners_and_what_changes_people_is_the_admins() {
    let operations = operations();
    let role = |id: &str| operations.iter().find(|operation| operation.id == id).map_or("(gone)", Operation::role);
    for id in ["delete_account", "hand_over", "export_account"] {
        assert_eq!(role(id), "owner", "{id}");
    }
    for id in ["invite", "resend_invitation", "revoke_invitation", "list_invitations", "change_member", "remove_member", "edit_account"] {
        assert_eq!(role(id), "admin", "{id}");
    }
    for id in ["create_deployment", "change_config", "set_secret", "restart_deployment", "delete_deployment", "open_deployment"] {
        assert_eq!(role(id), "member", "{id}");
    }
    // And nothing that changes something of an account is a mere viewer's, but what is one's own: one's place in it, one's tokens, and an
    // operator's look at it.
    let own = ["leave_account", "create_token", "delete_token", "delete_current_token", "end_look"];
    for operation in &operations {
        assert!(operation.method == "GET" || operation.role() != "viewer" || own.contains(&operation.id.as_str()), "{}", operation.id);
    }
}

#[tokio::test]
async fn every_role_and_scope_does_what_the_document_says_and_nothing_else() {
    let ((api, release), document) = (api().await, document());
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for operation in operations().into_iter().filter(|operation| !operation.is_public()) {
        for who in tries() {
            let scene = Scene::new(&api, who, of_deployments(&operation)).await;
            let (path, there) = scene.path(&operation, &release);
            let credentials = scene.credentials(&api, who).await;
            let answer = send(&api, &credentials, &operation, &path, &scene.body(&operation, &document)).await;
            tried += 1;
            let status = answer.status.as_u16();
            let problem = if answer.status.is_success() { Value::Null } else { answer.any_problem() };
            let code = problem["code"].as_str().unwrap_or_default();
            // The router's word, which is also the operators' guard's.
            let does_not_exist = problem["detail"] == "There is nothing at this address.";
            let right = match expected(&operation, who) {
                Outcome::Refused(404, _) => does_not_exist,
                Outcome::Refused(expected, named) => (status, code) == (expected, named),
                Outcome::Allowed => {
                    let hidden = there && who.role.is_some() && code == "not_found";
                    status < 500 && !GUARDS.contains(&code) && !does_not_exist && !hidden
                }
            };
            if !right {
                wrong.push(format!("{} {} as {who}: {:?} expected, {status} {code}", operation.method, operation.path, expected(&operation, who)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 1_000, "{tried}");
}

#[tokio::test]
async fn nothing_of_one_account_exists_for_whoever_works_in_another_whatever_they_are_there() {
    let ((api, release), document) = (api().await, document());
    let (mut wrong, mut tried) = (Vec::new(), 0);
    let of_an_account = |operation: &Operation| {
        operation.path.contains("{id}") && !operation.is_public() && operation.role() != "operator" && !operation.path.starts_with("/v1/releases")
    };
    for operation in operations().into_iter().filter(of_an_account) {
        let scope = match operation.tokens() {
            Tokens::With(scope) => TokenScope::ALL.into_iter().find(|known| known.as_str() == scope),
            Tokens::None | Tokens::Any => None,
        };
        let owner = Try { role: Some(MemberRole::Owner), operator: false, scope: None };
        for stranger in [owner, Try { operator: true, ..owner }].into_iter().chain(scope.map(|scope| Try { scope: Some(scope), ..owner })) {
            let theirs = Scene::new(&api, owner, of_deployments(&operation)).await;
            let (path, _) = theirs.path(&operation, &release);
            let own = Scene::new(&api, stranger, false).await;
            let credentials = own.credentials(&api, stranger).await;
            let answer = send(&api, &credentials, &operation, &path, &theirs.body(&operation, &document)).await;
            tried += 1;
            if answer.status != 404 || answer.any_problem()["code"] != "not_found" {
                wrong.push(format!("{} {} as another account's {stranger}: {} {}", operation.method, operation.path, answer.status, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 60, "{tried}");
}
