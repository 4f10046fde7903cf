// How the mock's people sign in: second factors, passkeys, other services, and jobs for the operator. second@… is asked for a second factor.
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const codes = Array.from({ length: 10 }, (_, place) => `4xk${place}-9dmp-22qt-${place}fz8`);
const providers = [{ name: "corp", title: "Example Corp" }];
const squares = Array.from({ length: 441 }, (_, place) => ((place * 7919) % 13 < 6 ? `<rect x="${place % 21}" y="${Math.floor(place / 21)}" width="1" height="1"/>` : "")).join("");
const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 25 25"><rect x="-2" y="-2" width="25" height="25" fill="#fff"/>${squares}</svg>`;
const jobs = [
  { id: "job_01kb00000000000000000000aa", kind: "mail", state: "dead", attempts: 20, created_at: ago(86400), run_at: ago(3600), ended_at: ago(3600), error: "mail.example.com:587 does not take mail for this address: permanent error (550): 5.1.1 no such user" },
  { id: "job_01kb00000000000000000000ab", kind: "mail", state: "waiting", attempts: 3, created_at: ago(300), run_at: ago(-60), error: "mail.example.com:587 cannot be reached: Connection refused" },
];

const of = (me) =>
  (me.security ??= { app_since: null, recovery_codes_left: 0, passkeys: [{ id: "pky_01kb00000000000000000000aa", name: "Laptop", created_at: ago(86400 * 9), last_used_at: ago(3600) }], linked_at: null });

/** What anybody may ask. Answers `undefined` for what is not of this file. */
export function openly(path, body, { json, refuse, enter }) {
  if (path === "/v1/auth/options") return json(200, { passkeys: true, providers });
  if (path === "/v1/auth/login" && body.email.startsWith("second@") && body.password !== "wrong password")
    return json(202, { token: body.email, kinds: ["app", "passkey", "recovery_code"], expires_at: ago(-300) });
  if (path === "/v1/auth/second") return body.code === "000000" ? refuse(401, "wrong_code", "The code is wrong, or was used already. Wait for the app's next one, or take a recovery code.") : enter(body.token, 200);
  if (["/v1/auth/reset", "/v1/auth/reset/finish", "/v1/auth/verify", "/v1/auth/email/finish", "/v1/auth/email/undo"].includes(path))
    return body.token === "spent" ? refuse(422, "invalid_fields", "`token` does not work, or not any more: a link works once, and for a while. Ask for a new one.", [{ path: "token", message: "does not work" }]) : json(202);
  return undefined;
}

/** What someone who is signed in may ask. */
export function signedIn(path, method, body, me, { json, refuse }) {
  const state = of(me);
  const assured = () => (body.password === "wrong password" ? refuse(422, "invalid_fields", "`password` is wrong.", [{ path: "password", message: "is wrong" }]) : true);
  if (path === "/v1/auth/security")
    return json(200, {
      email: me.email, email_verified_at: null, verification_needed: true, new_email: null, has_password: true, app_since: state.app_since, recovery_codes_left: state.recovery_codes_left || 8,
      passkeys_possible: true, passkeys: state.passkeys, identities: [{ provider: "corp", title: "Example Corp", linked_at: state.linked_at, email: state.linked_at && "ada@corp.example" }],
    });
  if (path === "/v1/auth/verify/resend" || path === "/v1/auth/email") return assured() && json(202);
  if (path === "/v1/auth/app") return assured() && json(200, { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", url: "otpauth://totp/Vivier:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", picture });
  if (path === "/v1/auth/app/confirm") return (state.app_since = ago(0)), (state.recovery_codes_left = 10), json(200, { codes });
  if (path === "/v1/auth/app/disable") return assured() && ((state.app_since = null), json(204));
  if (path === "/v1/auth/recovery-codes") return assured() && json(200, { codes });
  if (path.endsWith("/remove")) return assured() && ((state.passkeys = []), json(204));
  if (path === "/v1/auth/identities/corp/unlink") return assured() && ((state.linked_at = null), json(204));
  if (path === "/v1/operator/jobs" && method === "GET") return json(200, { items: jobs });
  if (path.startsWith("/v1/operator/jobs/")) return method === "DELETE" ? json(204) : json(200, { ...jobs[0], state: "waiting" });
  return undefined;
}
