// Written by `npm run generate` from openapi.json. Do not edit.
export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Alive */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers, in Prometheus' text format
         * @description For whoever reaches the socket itself (a request without `X-Forwarded-For`: it did not come through the edge), and for
         *     operators. To anyone else it does not exist.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description The database answers. A host that does not is no reason to send nobody here: the dashboard says so.
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** The account that one works in */
        patch: operations["edit_account"];
        trace?: never;
    };
    "/v1/account/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete the account
         * @description Its agents are ended and their data purged after the retention; nobody works in it from this moment, and its tokens are worth
         *     nothing. What is personal is erased after the retention. Rows of money and of the audit log stay, without names.
         */
        post: operations["delete_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is the account's, as one JSON document
         * @description Members, invitations, agents with their configurations, revisions and events, tokens and secrets by name (never their text), what was
         *     done by whom, and what was paid.
         */
        get: operations["export_account"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Leave the account
         * @description Ends this session, and everything else that the caller had of the account. Its owner hands it over first.
         */
        post: operations["leave_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account/owner": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand the account over to another member
         * @description The owner of before becomes an admin. There is never none, and never two.
         */
        post: operations["hand_over"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's accounts */
        get: operations["list_own_accounts"];
        put?: never;
        /**
         * Make another account
         * @description Its maker owns it. Switch to it with `POST /v1/auth/switch`.
         */
        post: operations["create_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was done to your account's things
         * @description By whom, from where, and with what outcome: newest first. Operators who looked at the account are in it.
         */
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All of it, as a file
         * @description Oldest first, as it is written: nothing is held back in memory, so it may be long.
         */
        get: operations["export_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set up an authenticator app
         * @description It counts once a code of it has been confirmed.
         */
        post: operations["enrol_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/app/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm the authenticator app with its first code
         * @description From now on signing in asks for it. With the first second factor come recovery codes, shown this one time.
         */
        post: operations["confirm_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/app/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Turn the authenticator app off
         * @description Needs the password and a code: of the app, or a recovery code.
         */
        post: operations["disable_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change the address of mail
         * @description It changes when the link in the mail to the new address has been opened. The old address is told then, and can take it back for a week.
         */
        post: operations["change_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/email/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm the new address */
        post: operations["finish_email_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/email/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a change of address back
         * @description With what the link to the old address carries. Everybody is signed out, what was added to the sign-in since is taken away, and a mail
         *     with a link that sets a new password is on its way.
         */
        post: operations["undo_email_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/identities/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Link an identity to who is signed in */
        post: operations["link_identity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/identities/{provider}/unlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Unlink an identity */
        post: operations["unlink_identity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What an invitation is to
         * @description For whoever holds its link. It does not say whether anyone signs in with its address.
         */
        post: operations["show_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/invitation/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept an invitation
         * @description As who is signed in, who must be whom it was sent to. Who has not signed up yet sends the token with `POST /v1/auth/signup`.
         *     Switch to the account with `POST /v1/auth/switch`.
         */
        post: operations["accept_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign out
         * @description Ends the session, here and at every agent that was opened with it.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/look": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End the look
         * @description This session works in its own account again.
         */
        delete: operations["end_look"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in, and where they work */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/oidc/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign in with an identity provider
         * @description For browsers: leads to the provider, and back.
         */
        get: operations["begin_oidc"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/oidc/{provider}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The way back from an identity provider
         * @description For browsers: signs in and goes on, or leads to the sign-in page, which says why not.
         */
        get: operations["finish_oidc"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ways to sign in beside the password */
        get: operations["sign_in_options"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a passkey
         * @description From now on it signs in by itself, and signing in with the password asks for a second factor. With the first second factor come
         *     recovery codes, shown this one time.
         */
        post: operations["add_passkey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/passkeys/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask for a new passkey */
        post: operations["new_passkey_options"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/passkeys/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in with a passkey
         * @description Alone, or as the second factor. Its authenticator has verified its user: that is two factors.
         */
        post: operations["passkey_sign_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/passkeys/sign-in/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a passkey, to sign in
         * @description With `second` as the second factor of that sign-in; without it whoever has a passkey for this place.
         */
        post: operations["passkey_options"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/passkeys/{id}/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remove a passkey */
        post: operations["remove_passkey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change the password
         * @description Every other session of the user ends; API tokens stay.
         */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make new recovery codes
         * @description The old ones work no more.
         */
        post: operations["new_recovery_codes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a link that sets a new password
         * @description The answer is the same whether somebody has this address or not.
         */
        post: operations["request_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/reset/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a new password
         * @description With what the link in the mail carries. Every session ends, and a mail tells of it. A second factor stays.
         */
        post: operations["finish_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/second": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give the second factor
         * @description After a sign-in that was answered with 202. A few tries, within a few minutes; a code of the app works once.
         */
        post: operations["second_step"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/security": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How you sign in */
        get: operations["get_security"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a user with an account of their own, and sign in
         * @description Whoever presents the operator's one-time `setup_token` becomes an operator. Whoever presents an `invitation` becomes a member of its
         *     account, with no account of their own; the address must be the one that it was sent to.
         */
        post: operations["signup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Work in another account
         * @description The session ends, and another begins in that account: the cookie is a new one, and agents that are open are closed.
         */
        post: operations["switch_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/user/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete the person who is signed in
         * @description They must be in no account any more: leave those of others, delete or hand over one's own. The address is free again at once.
         */
        post: operations["delete_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm an address of mail
         * @description With what the link in the mail carries.
         */
        post: operations["verify_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/verify/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send the link that confirms the address again
         * @description The one before works no more.
         */
        post: operations["resend_verification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The account's bill
         * @description What is paid for which agent, and what is to be done about it.
         */
        get: operations["get_billing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a subscription
         * @description With its period, or at once; or take a cancellation back. The agent's data is kept: subscribe again, and it runs again.
         */
        post: operations["cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/card": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show a card
         * @description Makes a page that takes a card, and no money. Later invoices are charged to it.
         */
        post: operations["show_card"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/checkout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pay for an agent
         * @description Makes a payment page for a deployment and a plan; the agent runs as soon as it is paid. Asked again, it is the same page as long as
         *     that is open.
         */
        post: operations["checkout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invoices */
        get: operations["list_invoices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The payment provider's own pages
         * @description Where a card is changed, and invoices are paid.
         */
        post: operations["portal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the bill again
         * @description At the payment provider, in a moment: for whoever comes back from a payment page. Changes nothing.
         */
        post: operations["refresh_billing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/billing/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Events of the payment provider
         * @description The body is one event, signed by the provider: the header `Stripe-Signature` over its bytes. Each event is kept once, however often it is sent.
         */
        post: operations["webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/catalogue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Plans, templates, providers and channels
         * @description Public: the landing page and the forms are made from it.
         */
        get: operations["catalogue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your account's credits
         * @description One credit is one US cent. What ends soonest is taken first; nobody can hand them on.
         */
        get: operations["get_credits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credits/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The lines of your account's ledger
         * @description Newest first: what was granted, what was taken for which invoice, and what was given back.
         */
        get: operations["credits_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credits/referral": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Your account's referral code
         * @description Made at the first time. Both sides get credits when the first invoice of whoever came by it is paid.
         */
        post: operations["referral_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credits/referral/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say who brought your account here
         * @description Once, within two weeks of its making.
         */
        post: operations["claim_referral"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The account's deployments
         * @description Newest first. With `state` a page may hold fewer than `limit` although more follow: go on while there is a `next_cursor`.
         */
        get: operations["list_deployments"];
        put?: never;
        /**
         * Deploy an agent
         * @description Answers at once; the agent is on its way. Watch `state`, the events, or the stream of events.
         */
        post: operations["create_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment */
        get: operations["get_deployment"];
        put?: never;
        post?: never;
        /**
         * Delete a deployment
         * @description Its container goes at once, its data after the retention window (`purge_at`); until then it can be restored.
         */
        delete: operations["delete_deployment"];
        options?: never;
        head?: never;
        /**
         * Rename a deployment, or move it to another plan
         * @description Another plan restarts the agent with the plan's limits.
         */
        patch: operations["edit_deployment"];
        trace?: never;
    };
    "/v1/deployments/{id}/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The wanted configuration
         * @description `effective` is what OpenClaw is given: the document under the platform's overlay. Secrets are references.
         */
        get: operations["get_config"];
        put?: never;
        /**
         * Change the configuration
         * @description Document, provider and channels: what is absent stays as it is. Everything is checked before anything is touched; a change
         *     that OpenClaw can take while it runs does not restart the agent, and one that does not work is taken back. With `dry_run` it
         *     is only checked, and the answer is 200 whether or not it is valid.
         */
        post: operations["change_config"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/config/versions/{n}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version of the configuration */
        get: operations["get_config_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The timeline
         * @description Newest first. With `follow=true` a stream: messages named `event` with an event each, `id` is the event's; then `end`.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Follow a channel, or stay on a release
         * @description A follower gets the channel's releases by itself, in waves, within its window; each comes back by itself when it does not work.
         *     It is not moved at once, but by the next promotion of the channel. Choosing a release by hand, or going back to another one, ends
         *     the following.
         */
        put: operations["follow_channel"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The agent's log
         * @description Oldest first. With `follow=true` a stream: messages named `line` with a line each; `problem` when the log cannot be read on;
         *     then `end`. A slow reader slows its own stream and nothing else.
         */
        get: operations["get_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A link into the agent
         * @description It signs its holder in to the agent, once, within a minute: open it at once, and give it to nobody.
         */
        post: operations["open_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The evidence of the agent's seal
         * @description Hardening, limits and isolation as they were read back from the running container before anyone was let to it.
         */
        get: operations["get_proof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run another release
         * @description A new revision: the data is copied before the agent stops, and when the release does not work, the old one comes back by itself,
         *     with the data from before.
         */
        post: operations["change_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/restart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restart the agent */
        post: operations["restart_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take a deletion back, while the data is kept */
        post: operations["restore_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a suspended agent again */
        post: operations["resume_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try again after a failure */
        post: operations["retry_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The deployment's revisions
         * @description Newest first, at most 100.
         */
        get: operations["list_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What going back to an earlier revision would do
         * @description With what would be lost. Changes nothing.
         */
        get: operations["plan_rollback"];
        put?: never;
        /**
         * Go back to an earlier revision
         * @description To the last one that is known to work, when the body names none.
         */
        post: operations["rollback_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The names of the deployment's secrets */
        get: operations["list_secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set or replace a secret
         * @description Where OpenClaw takes another text while it runs (channels and model providers), the agent is handed it without a restart;
         *     otherwise, and for a name that is new, its container is replaced.
         */
        put: operations["set_secret"];
        post?: never;
        /**
         * Delete a secret
         * @description A channel's tokens go with the channel, not alone. One that the configuration refers to is refused, with the path.
         */
        delete: operations["delete_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/secrets/{name}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The versions of a secret
         * @description Newest first: who set each, whether it is in use and which revisions hold it. Never a text.
         */
        get: operations["list_secret_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/secrets/{name}/versions/{n}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a version of a secret
         * @description Its text is destroyed. The version in use is refused: set a new text first. A revision that holds a revoked version can still be
         *     gone back to, with the text of that day's current version in its place.
         */
        post: operations["revoke_secret_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** CPU and memory now */
        get: operations["get_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/support-snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What an operator would see of an agent
         * @description Configuration, last events and the end of the log, with every secret taken out. Nothing is sent: look at it, and open a ticket with
         *     its id within the hour if you agree.
         */
        post: operations["take_support_snapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop the agent and keep its data */
        post: operations["suspend_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Open invitations */
        get: operations["list_invitations"];
        put?: never;
        /**
         * Invite someone by mail
         * @description The answer is the same whether or not anyone signs in with this address. The link works once, for seven days, for that address.
         */
        post: operations["invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take an invitation back */
        delete: operations["revoke_invitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invitations/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an invitation again
         * @description With another link; the one of before works no more. For another seven days.
         */
        post: operations["resend_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your account's limits
         * @description How much of what it may have, how much is used, and when some frees; and how often costly requests may be sent.
         */
        get: operations["get_limits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/looks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who looked at your account
         * @description Operators of this installation, each with the time and the reason. They saw what an admin sees, no secret, and changed nothing.
         */
        get: operations["list_looks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who works in the account */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/members/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a member
         * @description At once: their sessions in this account, the tokens they made for it, and the agents they have open end with their place.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        /**
         * Change what a member may do
         * @description At once. Whoever becomes a viewer is signed out of the account, so that agents they have open are closed.
         */
        patch: operations["change_member"];
        trace?: never;
    };
    "/v1/operator/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Accounts */
        get: operations["list_accounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One account
         * @description Its people, its agents, and who looked at it.
         */
        get: operations["get_any_account"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/billing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bill of any account */
        get: operations["operator_billing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An account's credits */
        get: operations["account_credits"];
        put?: never;
        /**
         * Give an account credits
         * @description Given whole or not at all; the account sees the reason beside them.
         */
        post: operations["give_credits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An account's limits */
        get: operations["account_limits"];
        /** Allow an account something else than the settings do */
        put: operations["set_limit"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/look": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look at an account
         * @description For a while this session sees what an admin of the account sees, and can change nothing anywhere. The account sees who looked,
         *     when, and why. It ends by itself, or with `DELETE /v1/auth/look`.
         */
        post: operations["begin_look"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let go of everything that an account runs
         * @description Lifts the operator's hold of each agent: what its owner wants holds again.
         */
        post: operations["resume_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/accounts/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspend everything that an account runs
         * @description Each agent gets an operator's hold, which its owner cannot lift. What they want is kept.
         */
        post: operations["suspend_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log of the whole installation */
        get: operations["list_all_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log of the whole installation, as a file */
        get: operations["export_all_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/audit/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the audit log is what was written
         * @description Reads the whole log now: every row against the one before it, and the end against its seal. One at a time.
         */
        get: operations["verify_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Channels of releases
         * @description What each has, who follows it, and the wave that is moving its followers.
         */
        get: operations["list_channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Deployments of every account
         * @description `q` also finds parts of the owner's address.
         */
        get: operations["list_all_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/deployments/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lift an operator's suspension
         * @description What its owner wants holds again, unless it is not paid for.
         */
        post: operations["operator_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/deployments/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspend anyone's deployment
         * @description Its owner cannot lift this; what they want is kept, and holds again when it is lifted.
         */
        post: operations["operator_suspend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/hosts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hosts */
        get: operations["list_hosts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Jobs
         * @description Mails to send and the like, without what they carry. One that is `dead` was given up, and stays until somebody decides.
         */
        get: operations["list_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Throw a job away
         * @description It is not done, now or ever.
         */
        delete: operations["discard_job"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a job again at once
         * @description One that is dead, or one that waits for its next try.
         */
        post: operations["retry_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/margins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Revenue, cost and margin of each account
         * @description Revenue is what was paid on invoices, cost what was used by the price list of the settings (`server.costs`), in its currency.
         */
        get: operations["list_margins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Containers that no deployment owns */
        get: operations["list_quarantine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Comparisons of ledger, payment provider and runtime */
        get: operations["list_reconciliations"];
        put?: never;
        /**
         * Compare now
         * @description Nothing is repaired: each difference is named, counted and mailed to the operators.
         */
        post: operations["reconcile_now"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/referrals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Referrals
         * @description With the reasons of those that were refused.
         */
        get: operations["list_referrals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Releases of the agent image */
        get: operations["list_releases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/releases/{id}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What promoting a release would do
         * @description How many would be moved, and in which stages. Changes nothing.
         */
        get: operations["plan_promotion"];
        put?: never;
        /**
         * Promote a release to a channel
         * @description Begins a wave over the channel's followers that run something else. The channel has the release when the wave has finished; at
         *     once, when nobody has to be moved. One wave at a time moves a channel's followers.
         */
        post: operations["promote_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/releases/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a release back
         * @description The host starts it no more, from this moment and whoever asks; agents that run it go on. It is not offered, cannot be chosen or
         *     gone back to, and new deployments get the newest of the others.
         */
        post: operations["withdraw_release"];
        /** Let a release that was taken back be started again */
        delete: operations["reinstate_release"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody's tickets */
        get: operations["list_all_tickets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/tickets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Anybody's ticket */
        get: operations["get_any_ticket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/tickets/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close anybody's ticket */
        post: operations["operator_close_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/tickets/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answer a ticket
         * @description It then waits for the tenant, who gets a mail; or it is solved with it; or it is a note that only operators see.
         */
        post: operations["answer_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/tickets/{id}/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open anybody's ticket again */
        post: operations["operator_reopen_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Waves */
        get: operations["list_waves"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One wave, with everybody in it */
        get: operations["get_wave"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a wave where it is
         * @description Those that were moved stay; those on their way come to their own end. The channel keeps the release that it has.
         */
        post: operations["abort_wave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a wave
         * @description It begins with nobody else; those on their way come to their own end.
         */
        post: operations["pause_wave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a wave go on
         * @description After a halt: what has failed so far counts no more, and another agent takes its place in the stage.
         */
        post: operations["resume_wave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operator/waves/{id}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What reverting a wave would do
         * @description With what each agent would lose. Changes nothing.
         */
        get: operations["plan_revert"];
        put?: never;
        /**
         * Bring back everybody that a wave has moved
         * @description Also after it has finished; then the channel goes back to what it had as well. An agent that its owner has changed since stays.
         */
        post: operations["revert_wave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Releases that an agent may run
         * @description Newest first. A new deployment gets the default one.
         */
        get: operations["choose_release"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/releases/{id}/provenance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How a release was made
         * @description A DSSE envelope with the operator's signature over an in-toto statement (SLSA provenance).
         */
        get: operations["get_release_provenance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/releases/{id}/sbom": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is in a release
         * @description A CycloneDX document (JSON), made from the image's own files and signed with the release.
         */
        get: operations["get_release_sbom"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is signed in */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        /** End every other session */
        delete: operations["end_other_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one session
         * @description There, and at every agent that was opened with it. One's own ends like any other.
         */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your account's tickets */
        get: operations["list_tickets"];
        put?: never;
        /** Open a ticket */
        post: operations["open_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One ticket */
        get: operations["get_ticket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a ticket */
        post: operations["close_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Write in a ticket
         * @description It is open again with it, unless it is closed.
         */
        post: operations["write_in_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{id}/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open a ticket again */
        post: operations["reopen_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The account's API tokens
         * @description Newest first, without their text: one's own, and for admins everyone's.
         */
        get: operations["list_tokens"];
        put?: never;
        /**
         * Make an API token
         * @description Its text is shown this one time. It works in this account, and never may do more than its maker may at the time.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete the API token of this very request
         * @description With any scope: a program that signs out takes its own token back. A browser's session signs out with `POST /v1/auth/logout`.
         */
        delete: operations["delete_current_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an API token
         * @description One's own; as an admin anyone's.
         */
        delete: operations["delete_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What your account used
         * @description Running time, processor, memory, storage and bytes of the network, for each hour or day in UTC and for each deployment.
         */
        get: operations["get_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What your account used, as a table
         * @description One line for each deployment and hour or day.
         */
        get: operations["export_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What becomes of a deleted account. */
        AccountDeleted: {
            /**
             * Format: int64
             * @description Agents that were running, suspended or failed; they are being ended now.
             */
            deployments: number;
            /** @description From when on what is personal in it is erased. */
            erase_at: components["schemas"]["Timestamp"];
        };
        /** @description Deletes the account that the session works in. */
        AccountDeletion: {
            /** @description The account's name, typed as it stands: nobody deletes the wrong one. */
            name: string;
            /** @description One's own. Absent for who has none: then the sign-in must be younger than 15 minutes. */
            password?: string | null;
        };
        /** @description What was done to each of an account's agents. */
        AccountHold: {
            /**
             * Format: int64
             * @description Agents that were so already.
             */
            already: number;
            /**
             * Format: int64
             * @description Agents that were changed.
             */
            changed: number;
        };
        AccountId: string;
        /** @description An account, as one of its members sees it. */
        AccountOut: {
            created_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["AccountId"];
            name: string;
            /** @description What the caller may do in it. */
            role: components["schemas"]["MemberRole"];
        };
        AccountPatch: {
            name: components["schemas"]["DisplayName"];
        };
        /**
         * @description The one thing to do now. Each is safe to repeat.
         * @enum {string}
         */
        Action: "rest" | "watch" | "allocate" | "prepare" | "rehearse" | "snapshot" | "restore" | "configure" | "start" | "reload" | "prove" | "route" | "unroute" | "count_exit" | "count_failure" | "fall_back" | "stop" | "remove" | "purge";
        Alive: {
            ok: boolean;
        };
        AppConfirmation: {
            /** @description Six digits. */
            code: string;
        };
        /** @description An authenticator app to set up; it counts once a code of it has been confirmed. */
        AppEnrolment: {
            /** @description A QR code, as SVG. */
            picture: string;
            /** @description To type in, base 32. */
            secret: string;
            /** @description `otpauth://…`, what the picture says. */
            url: string;
        };
        /** @description One line of the audit log. */
        AuditEntryOut: {
            account?: components["schemas"]["AccountId"] | null;
            /** @description Such as `token.create`. */
            action: string;
            /** @description An address of mail, `operator` and an address, or the name of a part of Vivier; absent when it was made unreadable. */
            actor?: string | null;
            at: components["schemas"]["Timestamp"];
            /** @description What was changed. Never a secret. */
            detail: Record<string, never>;
            /** @description The address that it came from; absent for this machine. */
            from?: string | null;
            /** @description SHA-256 over this line and the one before it, in hexadecimal. */
            hash: string;
            outcome: components["schemas"]["AuditOutcome"];
            /**
             * Format: int64
             * @description Its place in the chain of the whole installation, from 1.
             */
            seq: number;
            /** @description The id of what it was done to. */
            subject: string;
            user?: components["schemas"]["UserId"] | null;
        };
        AuditFinding: {
            /** @description What was found, in words. */
            message: string;
            /**
             * Format: int64
             * @description The number of the row; absent where it is about none.
             */
            place?: number | null;
            trouble: components["schemas"]["AuditTrouble"];
        };
        /** @description Where the chain ends. Keep it elsewhere: with it the end can be shown to be complete. */
        AuditHead: {
            /** @description Names the chain. */
            chain: string;
            /** @description Its hash, in hexadecimal. */
            hash: string;
            /**
             * Format: int64
             * @description The number of the last row.
             */
            place: number;
        };
        /**
         * @description What came of what was asked for.
         * @enum {string}
         */
        AuditOutcome: "done" | "refused" | "failed";
        /** @description What a verification of the whole log has found. */
        AuditReport: {
            /**
             * Format: int64
             * @description All of them; 0: the log is what was written.
             */
            count: number;
            /** @description The first fifty. */
            findings: components["schemas"]["AuditFinding"][];
            /**
             * Format: int64
             * @description Of these, those whose names were made unreadable with their account.
             */
            forgotten: number;
            head?: components["schemas"]["AuditHead"] | null;
            /**
             * Format: int64
             * @description Rows that were read.
             */
            rows: number;
        };
        /**
         * @description What is wrong with a row, in a word.
         * @enum {string}
         */
        AuditTrouble: "altered" | "missing" | "truncated" | "stray" | "unexplained" | "end" | "kept" | "noticed";
        /** @description Why an operator does something to somebody's account. */
        Because: {
            /** @description 1 to 500 characters; the tenant is shown it. */
            reason: string;
        };
        /** @description Where one goes to pay, or to change how. */
        BillingLink: {
            expires_at?: components["schemas"]["Timestamp"] | null;
            url: string;
        };
        /** @description The bill of an account. */
        BillingOut: {
            account: components["schemas"]["AccountId"];
            card?: components["schemas"]["CardOut"] | null;
            /** @description One for each agent that is, was or is to be paid for; newest first. */
            subscriptions: components["schemas"]["SubscriptionOut"][];
        };
        Cancel: {
            deployment: components["schemas"]["DeploymentId"];
            when: components["schemas"]["CancelWhen"];
        };
        /**
         * @description When a subscription is to end.
         * @enum {string}
         */
        CancelWhen: "period_end" | "now" | "never";
        /** @description What a host has and has left. */
        Capacity: {
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Of this installation.
             */
            containers_running: number;
            /** Format: int64 */
            cpus: number;
            /** Format: int64 */
            disk_available_bytes: number;
            /** Format: int64 */
            disk_total_bytes: number;
            /** @description `docker`, `fake`, … */
            driver: string;
            engine_version: string;
            /** Format: int64 */
            memory_available_bytes: number;
            /** Format: int64 */
            memory_total_bytes: number;
            /** @description What the host cannot enforce, in sentences, such as a missing disk quota. */
            warnings: string[];
        };
        CardOut: {
            brand: string;
            /** Format: int32 */
            exp_month: number;
            /** Format: int32 */
            exp_year: number;
            last4: string;
        };
        /** @description Public: needs no session. */
        Catalogue: {
            /** @description Agents are reached at `<slug>.<base_domain>`. */
            base_domain: string;
            /** @description Whether plans with a price are paid for; else every plan is free to choose. */
            billing: boolean;
            channels: components["schemas"]["ChannelOut"][];
            /** @description The release that a new deployment gets; absent while no image has been built. */
            openclaw_version?: string | null;
            plans: components["schemas"]["PlanOut"][];
            providers: components["schemas"]["ProviderOut"][];
            /** @description `open` or `closed`: whether anyone may sign up. */
            signup: components["schemas"]["SignupMode"];
            templates: components["schemas"]["TemplateOut"][];
            /** @description The version of Vivier. */
            version: string;
        };
        /**
         * @description The channels that the agent image carries.
         * @enum {string}
         */
        ChannelKind: "telegram" | "discord" | "slack";
        ChannelOut: {
            kind: components["schemas"]["ChannelKind"];
            title: string;
            tokens: components["schemas"]["TokenFieldOut"][];
        };
        /** @description A channel of one deployment, without its tokens (those are secrets). */
        ChannelSettings: {
            /** @description Who may write to the agent, by the channel's own user ids. Empty: a stranger is asked to pair first. */
            allow_from?: string[];
            /** @description Telegram only: another Bot API server than Telegram's own (an `http://` or `https://` address). */
            api_root?: string | null;
            kind: components["schemas"]["ChannelKind"];
        };
        /** @description One thing that was compared. */
        Check: {
            expected: string;
            found: string;
            holds: boolean;
            /** @description What was compared, such as `capabilities`. */
            name: string;
        };
        /** @description What a check of a configuration says. */
        ConfigCheck: {
            issues: components["schemas"]["ConfigIssue"][];
            valid: boolean;
        };
        /** @description What is wrong with a document, and where. */
        ConfigIssue: {
            /**
             * Format: int32
             * @description The line in the tenant's text (from 1), where it is known.
             */
            line?: number | null;
            message: string;
            /** @description The dotted path in the document; empty for the document as a whole. */
            path: string;
        };
        /** @description A deployment's configuration. */
        ConfigOut: {
            /** @description Who wrote it. */
            author: string;
            channels: components["schemas"]["ChannelSettings"][];
            created_at: components["schemas"]["Timestamp"];
            /** @description What OpenClaw is given: the document under the platform's overlay. Secrets are references. */
            effective: Record<string, never>;
            /** @description Whether an agent has run with it. */
            outcome: components["schemas"]["RevisionOutcome"];
            provider?: components["schemas"]["ProviderSettings"] | null;
            /** @description The tenant's own document, as written. */
            text: string;
            /**
             * Format: int64
             * @description The number of the version.
             */
            version: number;
        };
        /** @description All that an operator sees of one account. */
        ConsoleAccountDetail: components["schemas"]["ConsoleAccountOut"] & {
            /** @description Newest first; the first hundred. */
            agents: components["schemas"]["DeploymentOut"][];
            /** @description What it can pay with beside money. */
            credits: components["schemas"]["Credits"];
            limits: components["schemas"]["LimitOut"][];
            /** @description Newest first; the last fifty. */
            looks: components["schemas"]["LookOut"][];
            people: components["schemas"]["ConsoleMemberOut"][];
        };
        /** @description An account in a list. */
        ConsoleAccountOut: {
            closed_at?: components["schemas"]["Timestamp"] | null;
            created_at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Those that are not deleted.
             */
            deployments: number;
            /**
             * Format: int64
             * @description Of these, those that an operator or billing holds.
             */
            held: number;
            id: components["schemas"]["AccountId"];
            /** Format: int64 */
            members: number;
            name: string;
            /** Format: int64 */
            open_tickets: number;
            owner?: components["schemas"]["Email"] | null;
        };
        ConsoleMemberOut: {
            email: components["schemas"]["Email"];
            email_verified_at?: components["schemas"]["Timestamp"] | null;
            operator: boolean;
            role: components["schemas"]["MemberRole"];
            since: components["schemas"]["Timestamp"];
            user: components["schemas"]["UserId"];
        };
        /** @enum {string} */
        CopyMethod: "reflink" | "copy";
        /** @enum {string} */
        CreditEntryKind: "granted" | "redeemed" | "returned";
        /** @description One line of the ledger. */
        CreditEntryOut: {
            amount: components["schemas"]["Credits"];
            at: components["schemas"]["Timestamp"];
            expires_at?: components["schemas"]["Timestamp"] | null;
            grant?: components["schemas"]["CreditId"] | null;
            /** @description `crd_…` of a grant, `rdm_…` of what was taken or given back. */
            id: string;
            /** @description The invoice that it was taken for, or given back from. */
            invoice?: string | null;
            kind: components["schemas"]["CreditEntryKind"];
            source?: components["schemas"]["CreditSource"] | null;
        };
        /** @description One grant of which something is left. */
        CreditGrantOut: {
            amount: components["schemas"]["Credits"];
            created_at: components["schemas"]["Timestamp"];
            expires_at?: components["schemas"]["Timestamp"] | null;
            id: components["schemas"]["CreditId"];
            left: components["schemas"]["Credits"];
            /** @description What an operator wrote beside it. */
            note?: string | null;
            source: components["schemas"]["CreditSource"];
        };
        CreditId: string;
        /**
         * @description Why credits were granted.
         * @enum {string}
         */
        CreditSource: "trial" | "referral" | "operator";
        /**
         * Format: int64
         * @description A number of credits, never below zero.
         */
        Credits: number;
        /** @description What an account can pay with. */
        CreditsOut: {
            /** @description What can be redeemed now. Derived from the ledger at every reading. */
            balance: components["schemas"]["Credits"];
            /** @description What ended before it was taken. */
            expired: components["schemas"]["Credits"];
            /** @description All that was ever granted. */
            granted: components["schemas"]["Credits"];
            /** @description What is left, soonest ending first: the order in which it is taken. */
            grants: components["schemas"]["CreditGrantOut"][];
            /** @description No grant raises the balance above this. */
            most: components["schemas"]["Credits"];
            /** @description Taken for invoices, without what was given back. */
            redeemed: components["schemas"]["Credits"];
            /** @description What the balance is worth. */
            worth: components["schemas"]["Money"];
        };
        Currency: string;
        /** @description Something that does not work although the agent runs. */
        Degradation: {
            /** @description What OpenClaw calls it, such as `telegram`. */
            part: string;
            reason: string;
            remedy: string;
        };
        DeploymentId: string;
        /** @description A deployment, as it was last seen. */
        DeploymentOut: {
            account: components["schemas"]["AccountId"];
            channels: components["schemas"]["ChannelSettings"][];
            created_at: components["schemas"]["Timestamp"];
            /** @description What does not work although it runs. */
            degraded?: components["schemas"]["Degradation"][];
            doing?: components["schemas"]["Action"] | null;
            expires_at?: components["schemas"]["Timestamp"] | null;
            follows?: components["schemas"]["ReleaseChannel"] | null;
            /** @description Who keeps it suspended whatever its owner wants; absent when nobody does. */
            holds?: components["schemas"]["Hold"][];
            id: components["schemas"]["DeploymentId"];
            image: components["schemas"]["Digest"];
            /** Format: int64 */
            last_known_good_revision?: number | null;
            limits: components["schemas"]["Limits"];
            name: components["schemas"]["DisplayName"];
            observed_at?: components["schemas"]["Timestamp"] | null;
            openclaw_version: string;
            plan: components["schemas"]["PlanName"];
            provider?: components["schemas"]["ProviderSettings"] | null;
            purge_at?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int32
             * @description Its place among those that wait for their turn, from 1; absent when it waits for nothing.
             */
            queue_position?: number | null;
            /** @description Why it is in this state, in a sentence, where there is something to say; with the next step for a failure. */
            reason?: string | null;
            /** Format: int64 */
            revision: number;
            slug: components["schemas"]["Slug"];
            state: components["schemas"]["State"];
            template: components["schemas"]["TemplateName"];
            /** @description Where it is reached. */
            url: string;
            window?: components["schemas"]["Window"] | null;
        };
        DeploymentPatch: {
            name?: components["schemas"]["DisplayName"] | null;
            plan?: components["schemas"]["PlanName"] | null;
        };
        /** @description What one deployment used. */
        DeploymentUsage: components["schemas"]["UsageAmounts"] & {
            deployment: components["schemas"]["DeploymentId"];
            /** @description `deleted` for one whose data is gone. */
            name: components["schemas"]["DisplayName"];
        };
        Difference: {
            account?: components["schemas"]["AccountId"] | null;
            deployment?: components["schemas"]["DeploymentId"] | null;
            /** @description Of the payment provider. */
            invoice?: string | null;
            kind: components["schemas"]["DifferenceKind"];
            /** @description What was found, with the next step. */
            message: string;
        };
        /**
         * @description In what ledger, payment provider and runtime do not agree.
         * @enum {string}
         */
        DifferenceKind: "runs_unpaid" | "paid_not_running" | "invoice_credits" | "unknown_invoice" | "broken_grant" | "not_read" | "unowned_container";
        Digest: string;
        DisplayName: string;
        /** Format: email */
        Email: string;
        EmailChange: {
            email: components["schemas"]["Email"];
            /** @description See `Reassurance`. */
            password?: string | null;
        };
        EventId: string;
        /** @enum {string} */
        EventKind: "ask" | "step" | "state" | "sight";
        /** @description One line of the timeline. */
        EventOut: {
            action?: components["schemas"]["Action"] | null;
            /** @description Who asked: an address of mail, `system`, or `operator`. */
            actor?: string | null;
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description How long a step took.
             */
            duration_ms?: number | null;
            id: components["schemas"]["EventId"];
            kind: components["schemas"]["EventKind"];
            message: string;
            outcome: components["schemas"]["Outcome"];
        };
        /** @enum {string} */
        FactorKind: "app" | "recovery_code" | "passkey";
        /** @description One field that is wrong. */
        FieldProblem: {
            /**
             * Format: int32
             * @description The line of a configuration document, where the field is one.
             */
            line?: number | null;
            /** @description What it must be. */
            message: string;
            /** @description Its path in the body, such as `channels[0].tokens.bot_token`. */
            path: string;
        };
        /** @description Which releases a deployment gets without being asked, and when. Both are replaced. */
        Follow: {
            channel?: components["schemas"]["ReleaseChannel"] | null;
            window?: components["schemas"]["Window"] | null;
        };
        /**
         * @description Who keeps a deployment suspended.
         * @enum {string}
         */
        Hold: "billing" | "operator";
        HostOut: {
            /** @description Whether a new deployment would be admitted, and why not. */
            admits: boolean;
            capacity?: components["schemas"]["Capacity"] | null;
            /** Format: int64 */
            deployments: number;
            /**
             * Format: double
             * @description New work is refused above this share of memory, 0 to 1.
             */
            memory_ceiling: number;
            name: string;
            observed_at?: components["schemas"]["Timestamp"] | null;
            /** Format: int64 */
            queue_length: number;
            /** @description Whether it answered the last look, and when that was. */
            reachable: boolean;
            reason?: string | null;
            /** Format: int64 */
            reserved_cpu_millis: number;
            /**
             * Format: int64
             * @description What plans have promised, in bytes and thousandths of a core.
             */
            reserved_memory_bytes: number;
        };
        /** @description An identity provider, and who it knows the caller as. */
        IdentityOut: {
            /** @description As the provider last said. */
            email?: string | null;
            linked_at?: components["schemas"]["Timestamp"] | null;
            /** @description Its name in the settings. */
            provider: string;
            title: string;
        };
        InvitationId: string;
        /** @description An invitation that is neither accepted nor revoked. */
        InvitationOut: {
            created_at: components["schemas"]["Timestamp"];
            email: components["schemas"]["Email"];
            /** @description Its link works no more; send it again. */
            expired: boolean;
            expires_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["InvitationId"];
            /** @description The address of who invited. */
            invited_by: string;
            role: components["schemas"]["MemberRole"];
            /** @description When the mail was last sent. */
            sent_at: components["schemas"]["Timestamp"];
        };
        /** @description An invitation, as its link's holder sees it. */
        InvitationShown: {
            /** @description The account's name. */
            account: string;
            /** @description Whom it is for. */
            email: components["schemas"]["Email"];
            expires_at: components["schemas"]["Timestamp"];
            invited_by: string;
            role: components["schemas"]["MemberRole"];
        };
        /** @description What the link of an invitation's mail carries. */
        InvitationToken: {
            token: string;
        };
        InvoiceOut: {
            created_at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Credits of the account that were taken off.
             */
            credits: number;
            deployment?: components["schemas"]["DeploymentId"] | null;
            due: components["schemas"]["Money"];
            /** @description Stripe's name for it. */
            id: string;
            not_billed?: components["schemas"]["NotBilledOut"] | null;
            /** @description As it stands on the paper; absent for a draft. */
            number?: string | null;
            paid_at?: components["schemas"]["Timestamp"] | null;
            pdf?: string | null;
            /** @description `draft`, `open`, `paid`, `uncollectible` or `void`. */
            status: string;
            total: components["schemas"]["Money"];
            /** @description Where it is read, and paid while it is open. */
            url?: string | null;
        };
        JobId: string;
        /**
         * @description What a job does.
         * @enum {string}
         */
        JobKind: "mail" | "password_reset";
        /** @description A job, without what it carries: that may be somebody's one-time link. */
        JobOut: {
            account?: components["schemas"]["AccountId"] | null;
            /**
             * Format: int64
             * @description How often it has been begun.
             */
            attempts: number;
            created_at: components["schemas"]["Timestamp"];
            ended_at?: components["schemas"]["Timestamp"] | null;
            /** @description Why it did not work the last time. */
            error?: string | null;
            id: components["schemas"]["JobId"];
            kind: components["schemas"]["JobKind"];
            /** @description When it is due, or was. */
            run_at: components["schemas"]["Timestamp"];
            /** @description Jobs of one serial key are done one after the other. */
            serial?: string | null;
            state: components["schemas"]["JobState"];
        };
        /** @enum {string} */
        JobState: "waiting" | "done" | "dead";
        /** @description One limit of the account. */
        LimitOut: {
            /** Format: int64 */
            allowed: number;
            frees_at?: components["schemas"]["Timestamp"] | null;
            limit: components["schemas"]["QuotaKind"];
            /** @description Whether an operator has set it for this account. */
            own: boolean;
            /** @description What is counted, in words. */
            title: string;
            /**
             * Format: int64
             * @description Absent where each thing has a count of its own, as the changes of each deployment have.
             */
            used?: number | null;
        };
        /** @description Which limit was met. */
        LimitProblem: {
            /** Format: int64 */
            allowed: number;
            frees_at?: components["schemas"]["Timestamp"] | null;
            limit: string;
            /** Format: int64 */
            used: number;
        };
        /** @description The size of one deployment. */
        Limits: {
            /**
             * Format: int32
             * @description Thousandths of a core.
             */
            cpu_millis: number;
            /** Format: int64 */
            memory_bytes: number;
            /**
             * Format: int32
             * @description Processes and threads.
             */
            pids: number;
            /** Format: int64 */
            storage_bytes: number;
        };
        LimitsOut: {
            limits: components["schemas"]["LimitOut"][];
            rates: components["schemas"]["RateOut"][];
        };
        /** @description Where the browser goes to link an identity. */
        LinkAddress: {
            url: string;
        };
        /** @description One line of an agent's log. */
        LogLine: {
            at: components["schemas"]["Timestamp"];
            /** @description `trace`, `debug`, `info`, `warn`, `error` or `fatal`, where the line says. */
            level?: string | null;
            subsystem?: string | null;
            /** @description At most 16 KiB; what was longer ends in `…`. */
            text: string;
        };
        Login: {
            email: components["schemas"]["Email"];
            password: string;
        };
        LookId: string;
        /** @description One time that an operator looked at an account. */
        LookOut: {
            account: components["schemas"]["AccountId"];
            account_name: string;
            from: components["schemas"]["Timestamp"];
            id: components["schemas"]["LookId"];
            /** @description Whether it goes on at this moment. */
            now: boolean;
            /** @description Who looked. */
            operator: string;
            reason: string;
            /** @description When it ended, or will at the latest. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description What a link in a mail carries. */
        MailLink: {
            token: string;
        };
        /** @description What an account has brought and cost within a time. */
        MarginOut: {
            account: components["schemas"]["AccountId"];
            /** @description By the price list of the settings. */
            cost: components["schemas"]["Money"];
            /** @description Revenue without cost; below zero when it costs more. */
            margin: components["schemas"]["Money"];
            name: string;
            /** @description Paid on invoices. */
            revenue: components["schemas"]["Money"];
        };
        /** @description Who is signed in, and the account that they work in. */
        MeOut: {
            account?: components["schemas"]["AccountOut"] | null;
            look?: components["schemas"]["LookOut"] | null;
            user: components["schemas"]["UserOut"];
        };
        /** @description How many members are in which state. */
        MemberCounts: {
            /** Format: int64 */
            failed: number;
            /** Format: int64 */
            good: number;
            /** Format: int64 */
            moving: number;
            /** Format: int64 */
            returned: number;
            /** Format: int64 */
            returning: number;
            /** Format: int64 */
            skipped: number;
            /** Format: int64 */
            stuck: number;
            /** Format: int64 */
            waiting: number;
        };
        /** @description One who works in the account. */
        MemberOut: {
            /** @description Since when they are a member. */
            created_at: components["schemas"]["Timestamp"];
            email: components["schemas"]["Email"];
            last_seen_at?: components["schemas"]["Timestamp"] | null;
            role: components["schemas"]["MemberRole"];
            user: components["schemas"]["UserId"];
        };
        MemberPatch: {
            /** @description `admin`, `member` or `viewer`. An owner is made by `POST /v1/account/owner`. */
            role: components["schemas"]["MemberRole"];
        };
        /**
         * @description What a member may do in an account. Each may do what those before it may.
         * @enum {string}
         */
        MemberRole: "viewer" | "member" | "admin" | "owner";
        /**
         * @description What has become of one deployment in a wave.
         * @enum {string}
         */
        MemberState: "waiting" | "moving" | "good" | "failed" | "skipped" | "returning" | "returned" | "stuck";
        /** @description An amount: `{"amount": 900, "currency": "usd"}` is nine dollars. May be negative: what is given back. */
        Money: {
            /**
             * Format: int64
             * @description In the smallest unit of the currency, such as cents.
             */
            amount: number;
            currency: components["schemas"]["Currency"];
        };
        NewAccount: {
            name: components["schemas"]["DisplayName"];
        };
        /** @description Another limit for one account. */
        NewAccountLimit: {
            /**
             * Format: int32
             * @description 0 to 1,000,000; absent: what the settings say.
             */
            allowed?: number | null;
            limit: components["schemas"]["QuotaKind"];
            /** @description 1 to 500 characters; the tenant is shown it. */
            reason: string;
        };
        /** @description Something that an operator says in a ticket. */
        NewAnswer: {
            /** @description A note for operators: the tenant does not see it, and the state stays. */
            internal?: boolean;
            /** @description 1 to 16,384 bytes. */
            message: string;
            /** @description The ticket is solved with it. */
            solved?: boolean;
        };
        NewChannel: {
            allow_from?: string[];
            api_root?: string | null;
            kind: components["schemas"]["ChannelKind"];
            /** @description By name: `bot_token`, `app_token`, `token`. In an update: absent ones are kept as they are. */
            tokens?: {
                [key: string]: string;
            };
        };
        /** @description For which agent a payment page is made. */
        NewCheckout: {
            deployment: components["schemas"]["DeploymentId"];
            plan?: components["schemas"]["PlanName"] | null;
        };
        /** @description A new configuration. What is absent stays as it is. */
        NewConfig: {
            channels?: components["schemas"]["NewChannel"][] | null;
            /** @description Only check: nothing is written. */
            dry_run?: boolean;
            /**
             * Format: int64
             * @description Refuse (409) unless the current version is this one: nobody's change is lost.
             */
            expected_version?: number | null;
            provider?: components["schemas"]["NewProvider"] | null;
            text?: string | null;
        };
        /** @description Credits that an operator gives. */
        NewCredits: {
            /** @description 1 to 1,000,000,000; and no more than the account may still have. */
            amount: components["schemas"]["Credits"];
            /**
             * Format: int32
             * @description 1 to 3,660; absent: they do not end.
             */
            expires_in_days?: number | null;
            /** @description Why, 1 to 200 characters; the account's people see it. */
            note: string;
        };
        /** @description A new deployment. */
        NewDeployment: {
            channels?: components["schemas"]["NewChannel"][];
            /** @description The tenant's own OpenClaw configuration (JSON5); the template's when absent. */
            config?: string | null;
            name: components["schemas"]["DisplayName"];
            plan: components["schemas"]["PlanName"];
            provider?: components["schemas"]["NewProvider"] | null;
            slug?: components["schemas"]["Slug"] | null;
            template?: components["schemas"]["TemplateName"];
        };
        NewInvitation: {
            email: components["schemas"]["Email"];
            /** @description `admin`, `member` or `viewer`. */
            role: components["schemas"]["MemberRole"];
        };
        /** @description A look at somebody's account. */
        NewLook: {
            /**
             * Format: int32
             * @description How long it lasts at most: 1 to 240; 30 when absent.
             */
            minutes?: number | null;
            /** @description 1 to 500 characters; the tenant is shown it. */
            reason: string;
        };
        /** @description Hands the account over: the owner of before becomes an admin. */
        NewOwner: {
            /** @description One's own. Absent for who has none: then the sign-in must be younger than 15 minutes. */
            password?: string | null;
            /** @description A member of the account. */
            user: components["schemas"]["UserId"];
        };
        NewPasskey: {
            /** @description The browser's answer, as JSON. */
            credential: Record<string, never>;
            /** @description To tell it from others, 1 to 60 characters. */
            name: components["schemas"]["DisplayName"];
            token: string;
        };
        NewProvider: {
            /** @description Kept encrypted, never shown again, never given to the agent's container. In an update: absent keeps the one that is there. */
            api_key?: string | null;
            base_url?: string | null;
            kind: components["schemas"]["ProviderKind"];
            model: string;
        };
        /** @description The release that an agent is to run. */
        NewRelease: {
            /** @description Of one in the list of releases. */
            image: components["schemas"]["Digest"];
        };
        /** @description Something to say in a ticket. */
        NewReply: {
            /** @description 1 to 16,384 bytes. */
            message: string;
        };
        /** @description A secret's new text. */
        NewSecret: {
            /** @description 1 to 8192 bytes. */
            value: string;
        };
        /** @description A ticket to open. */
        NewTicket: {
            deployment?: components["schemas"]["DeploymentId"] | null;
            /** @description 1 to 16,384 bytes. */
            message: string;
            snapshot?: components["schemas"]["SnapshotId"] | null;
            /** @description 1 to 150 characters. Operators find tickets by it, so it is not sealed. */
            subject: string;
        };
        NewToken: {
            /**
             * Format: int32
             * @description 1 to 366; absent: it does not expire.
             */
            expires_in_days?: number | null;
            /** @description What it is for, 1 to 60 characters. */
            name: components["schemas"]["DisplayName"];
            /** @description At least one. */
            scopes: components["schemas"]["TokenScope"][];
        };
        /** @description Takes a release back. */
        NewWithdrawal: {
            /** @description 1 to 500 letters; tenants are shown it. */
            reason: string;
        };
        NotBilledOut: {
            amount: components["schemas"]["Money"];
            words: string;
        };
        /** @description Where in the agent to begin. */
        OpenAt: {
            /** @description A path of the agent, such as `/chat`; its first page when absent. */
            return?: string | null;
        };
        /** @description A link that signs its holder in to the agent, once, within a minute. */
        OpenOut: {
            expires_at: components["schemas"]["Timestamp"];
            url: string;
        };
        /** @enum {string} */
        Outcome: "started" | "done" | "failed" | "noted";
        /** @description A deployment with its owner. */
        OwnedDeploymentOut: components["schemas"]["DeploymentOut"] & {
            owner: components["schemas"]["Email"];
        };
        /** @description One page of a list. */
        Page_AccountOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                id: components["schemas"]["AccountId"];
                name: string;
                /** @description What the caller may do in it. */
                role: components["schemas"]["MemberRole"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_AuditEntryOut: {
            items: {
                account?: components["schemas"]["AccountId"] | null;
                /** @description Such as `token.create`. */
                action: string;
                /** @description An address of mail, `operator` and an address, or the name of a part of Vivier; absent when it was made unreadable. */
                actor?: string | null;
                at: components["schemas"]["Timestamp"];
                /** @description What was changed. Never a secret. */
                detail: Record<string, never>;
                /** @description The address that it came from; absent for this machine. */
                from?: string | null;
                /** @description SHA-256 over this line and the one before it, in hexadecimal. */
                hash: string;
                outcome: components["schemas"]["AuditOutcome"];
                /**
                 * Format: int64
                 * @description Its place in the chain of the whole installation, from 1.
                 */
                seq: number;
                /** @description The id of what it was done to. */
                subject: string;
                user?: components["schemas"]["UserId"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ConsoleAccountOut: {
            items: {
                closed_at?: components["schemas"]["Timestamp"] | null;
                created_at: components["schemas"]["Timestamp"];
                /**
                 * Format: int64
                 * @description Those that are not deleted.
                 */
                deployments: number;
                /**
                 * Format: int64
                 * @description Of these, those that an operator or billing holds.
                 */
                held: number;
                id: components["schemas"]["AccountId"];
                /** Format: int64 */
                members: number;
                name: string;
                /** Format: int64 */
                open_tickets: number;
                owner?: components["schemas"]["Email"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_CreditEntryOut: {
            items: {
                amount: components["schemas"]["Credits"];
                at: components["schemas"]["Timestamp"];
                expires_at?: components["schemas"]["Timestamp"] | null;
                grant?: components["schemas"]["CreditId"] | null;
                /** @description `crd_…` of a grant, `rdm_…` of what was taken or given back. */
                id: string;
                /** @description The invoice that it was taken for, or given back from. */
                invoice?: string | null;
                kind: components["schemas"]["CreditEntryKind"];
                source?: components["schemas"]["CreditSource"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_DeploymentOut: {
            items: {
                account: components["schemas"]["AccountId"];
                channels: components["schemas"]["ChannelSettings"][];
                created_at: components["schemas"]["Timestamp"];
                /** @description What does not work although it runs. */
                degraded?: components["schemas"]["Degradation"][];
                doing?: components["schemas"]["Action"] | null;
                expires_at?: components["schemas"]["Timestamp"] | null;
                follows?: components["schemas"]["ReleaseChannel"] | null;
                /** @description Who keeps it suspended whatever its owner wants; absent when nobody does. */
                holds?: components["schemas"]["Hold"][];
                id: components["schemas"]["DeploymentId"];
                image: components["schemas"]["Digest"];
                /** Format: int64 */
                last_known_good_revision?: number | null;
                limits: components["schemas"]["Limits"];
                name: components["schemas"]["DisplayName"];
                observed_at?: components["schemas"]["Timestamp"] | null;
                openclaw_version: string;
                plan: components["schemas"]["PlanName"];
                provider?: components["schemas"]["ProviderSettings"] | null;
                purge_at?: components["schemas"]["Timestamp"] | null;
                /**
                 * Format: int32
                 * @description Its place among those that wait for their turn, from 1; absent when it waits for nothing.
                 */
                queue_position?: number | null;
                /** @description Why it is in this state, in a sentence, where there is something to say; with the next step for a failure. */
                reason?: string | null;
                /** Format: int64 */
                revision: number;
                slug: components["schemas"]["Slug"];
                state: components["schemas"]["State"];
                template: components["schemas"]["TemplateName"];
                /** @description Where it is reached. */
                url: string;
                window?: components["schemas"]["Window"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_EventOut: {
            items: {
                action?: components["schemas"]["Action"] | null;
                /** @description Who asked: an address of mail, `system`, or `operator`. */
                actor?: string | null;
                at: components["schemas"]["Timestamp"];
                /**
                 * Format: int64
                 * @description How long a step took.
                 */
                duration_ms?: number | null;
                id: components["schemas"]["EventId"];
                kind: components["schemas"]["EventKind"];
                message: string;
                outcome: components["schemas"]["Outcome"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_HostOut: {
            items: {
                /** @description Whether a new deployment would be admitted, and why not. */
                admits: boolean;
                capacity?: components["schemas"]["Capacity"] | null;
                /** Format: int64 */
                deployments: number;
                /**
                 * Format: double
                 * @description New work is refused above this share of memory, 0 to 1.
                 */
                memory_ceiling: number;
                name: string;
                observed_at?: components["schemas"]["Timestamp"] | null;
                /** Format: int64 */
                queue_length: number;
                /** @description Whether it answered the last look, and when that was. */
                reachable: boolean;
                reason?: string | null;
                /** Format: int64 */
                reserved_cpu_millis: number;
                /**
                 * Format: int64
                 * @description What plans have promised, in bytes and thousandths of a core.
                 */
                reserved_memory_bytes: number;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_InvitationOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                email: components["schemas"]["Email"];
                /** @description Its link works no more; send it again. */
                expired: boolean;
                expires_at: components["schemas"]["Timestamp"];
                id: components["schemas"]["InvitationId"];
                /** @description The address of who invited. */
                invited_by: string;
                role: components["schemas"]["MemberRole"];
                /** @description When the mail was last sent. */
                sent_at: components["schemas"]["Timestamp"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_InvoiceOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                /**
                 * Format: int64
                 * @description Credits of the account that were taken off.
                 */
                credits: number;
                deployment?: components["schemas"]["DeploymentId"] | null;
                due: components["schemas"]["Money"];
                /** @description Stripe's name for it. */
                id: string;
                not_billed?: components["schemas"]["NotBilledOut"] | null;
                /** @description As it stands on the paper; absent for a draft. */
                number?: string | null;
                paid_at?: components["schemas"]["Timestamp"] | null;
                pdf?: string | null;
                /** @description `draft`, `open`, `paid`, `uncollectible` or `void`. */
                status: string;
                total: components["schemas"]["Money"];
                /** @description Where it is read, and paid while it is open. */
                url?: string | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_JobOut: {
            items: {
                account?: components["schemas"]["AccountId"] | null;
                /**
                 * Format: int64
                 * @description How often it has been begun.
                 */
                attempts: number;
                created_at: components["schemas"]["Timestamp"];
                ended_at?: components["schemas"]["Timestamp"] | null;
                /** @description Why it did not work the last time. */
                error?: string | null;
                id: components["schemas"]["JobId"];
                kind: components["schemas"]["JobKind"];
                /** @description When it is due, or was. */
                run_at: components["schemas"]["Timestamp"];
                /** @description Jobs of one serial key are done one after the other. */
                serial?: string | null;
                state: components["schemas"]["JobState"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LogLine: {
            items: {
                at: components["schemas"]["Timestamp"];
                /** @description `trace`, `debug`, `info`, `warn`, `error` or `fatal`, where the line says. */
                level?: string | null;
                subsystem?: string | null;
                /** @description At most 16 KiB; what was longer ends in `…`. */
                text: string;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LookOut: {
            items: {
                account: components["schemas"]["AccountId"];
                account_name: string;
                from: components["schemas"]["Timestamp"];
                id: components["schemas"]["LookId"];
                /** @description Whether it goes on at this moment. */
                now: boolean;
                /** @description Who looked. */
                operator: string;
                reason: string;
                /** @description When it ended, or will at the latest. */
                until: components["schemas"]["Timestamp"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_MarginOut: {
            items: {
                account: components["schemas"]["AccountId"];
                /** @description By the price list of the settings. */
                cost: components["schemas"]["Money"];
                /** @description Revenue without cost; below zero when it costs more. */
                margin: components["schemas"]["Money"];
                name: string;
                /** @description Paid on invoices. */
                revenue: components["schemas"]["Money"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_MemberOut: {
            items: {
                /** @description Since when they are a member. */
                created_at: components["schemas"]["Timestamp"];
                email: components["schemas"]["Email"];
                last_seen_at?: components["schemas"]["Timestamp"] | null;
                role: components["schemas"]["MemberRole"];
                user: components["schemas"]["UserId"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_OwnedDeploymentOut: {
            items: (components["schemas"]["DeploymentOut"] & {
                owner: components["schemas"]["Email"];
            })[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_QuarantineOut: {
            items: {
                container: string;
                deployment?: components["schemas"]["DeploymentId"] | null;
                /** @description When it is taken away for good. */
                discard_at: components["schemas"]["Timestamp"];
                name: string;
                since: components["schemas"]["Timestamp"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ReconciliationOut: {
            items: {
                at: components["schemas"]["Timestamp"];
                /**
                 * Format: int64
                 * @description How many differences there are.
                 */
                count: number;
                /** @description The first two hundred of each kind. */
                differences: components["schemas"]["Difference"][];
                id: components["schemas"]["ReconciliationId"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ReferralOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                decided_at?: components["schemas"]["Timestamp"] | null;
                /** @description What the reason was seen by, in words. */
                detail?: string | null;
                id: components["schemas"]["ReferralId"];
                reason?: components["schemas"]["ReferralRefusal"] | null;
                referred: components["schemas"]["AccountId"];
                referrer: components["schemas"]["AccountId"];
                state: components["schemas"]["ReferralState"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ReleaseChannelOut: {
            items: {
                /**
                 * Format: int64
                 * @description Of those, how many run something else than its release.
                 */
                behind: number;
                /**
                 * Format: int64
                 * @description Deployments that follow it, deleted ones left out.
                 */
                followers: number;
                /** @description What it has had, newest first, at most 20. */
                history: components["schemas"]["PromotionOut"][];
                name: components["schemas"]["ReleaseChannel"];
                promoted_at?: components["schemas"]["Timestamp"] | null;
                promoted_by?: string | null;
                release?: components["schemas"]["ReleaseRef"] | null;
                wave?: components["schemas"]["WaveId"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ReleaseChoice: {
            items: {
                /** @description Why the operator starts it although it is unscanned. */
                accepted?: string | null;
                created_at: components["schemas"]["Timestamp"];
                id: components["schemas"]["ReleaseId"];
                image: components["schemas"]["Digest"];
                /** @description New deployments get it. */
                is_default: boolean;
                /** @description What the operator says of it. */
                notes?: string | null;
                openclaw_version: string;
                /** @description Whether it was compared with known vulnerabilities. */
                verdict: components["schemas"]["Verdict"];
                withdrawn?: components["schemas"]["Withdrawal"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ReleaseOut: {
            items: {
                /** @description Why the operator starts it although it is unscanned. */
                accepted?: string | null;
                created_at: components["schemas"]["Timestamp"];
                /** Format: int64 */
                deployments: number;
                id: components["schemas"]["ReleaseId"];
                image: components["schemas"]["Digest"];
                /** @description New deployments get it. */
                is_default: boolean;
                node_version: string;
                /** @description What the operator says of it. */
                notes?: string | null;
                openclaw_version: string;
                /** @description The key that has signed it, as `sha256:` of its public half. */
                signed_by: string;
                /** Format: int64 */
                size_bytes: number;
                verdict: components["schemas"]["Verdict"];
                withdrawn?: components["schemas"]["Withdrawal"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_RevisionOut: {
            items: {
                author: string;
                /** Format: int64 */
                config_version: number;
                created_at: components["schemas"]["Timestamp"];
                current: boolean;
                ended_at?: components["schemas"]["Timestamp"] | null;
                image: components["schemas"]["Digest"];
                last_known_good: boolean;
                /** @description The last lines that its gateway wrote, when it had started and failed. At most 20, of at most 500 letters. */
                log?: string[];
                /** Format: int64 */
                number: number;
                openclaw_version: string;
                outcome: components["schemas"]["RevisionOutcome"];
                /** @description Why it failed. */
                reason?: string | null;
                /**
                 * Format: int64
                 * @description It began on the data of the snapshot from before this revision, and not on what was there.
                 */
                restores?: number | null;
                /** Format: int64 */
                secrets_version: number;
                snapshot?: components["schemas"]["Snapshot"] | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_SecretOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                /** @description Such as `channels.telegram.botToken` or `provider.apiKey`. */
                name: string;
                /** Format: int64 */
                version: number;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_SecretVersionOut: {
            items: {
                /** @description Who set it; absent when that was not written down yet. */
                author?: string | null;
                created_at: components["schemas"]["Timestamp"];
                /** @description The revisions that hold it, newest first, at most 20. */
                revisions: number[];
                revoked_at?: components["schemas"]["Timestamp"] | null;
                revoked_by?: string | null;
                state: components["schemas"]["SecretState"];
                /** Format: int64 */
                version: number;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_SessionOut: {
            items: {
                /** @description The name of the account that it works in. */
                account?: string | null;
                /** @description The address it was last seen from. */
                address?: string | null;
                /** @description The browser, in words, such as "Firefox on Linux". */
                browser?: string | null;
                created_at: components["schemas"]["Timestamp"];
                /** @description Whether it is the one that asks. */
                current: boolean;
                expires_at: components["schemas"]["Timestamp"];
                id: components["schemas"]["SessionId"];
                /** @description Coarse: written at most once an hour. */
                last_seen_at: components["schemas"]["Timestamp"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_TicketOut: {
            items: {
                account: components["schemas"]["AccountId"];
                /** @description The account's name. */
                account_name: string;
                closed_at?: components["schemas"]["Timestamp"] | null;
                created_at: components["schemas"]["Timestamp"];
                deployment?: components["schemas"]["DeploymentId"] | null;
                /** @description Whether the operator can see a snapshot of the agent. */
                has_snapshot: boolean;
                id: components["schemas"]["TicketId"];
                /**
                 * Format: int64
                 * @description What people call it by.
                 */
                number: number;
                opened_by: string;
                state: components["schemas"]["TicketState"];
                subject: string;
                /** @description When something was last said or done. */
                updated_at: components["schemas"]["Timestamp"];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_TokenOut: {
            items: {
                created_at: components["schemas"]["Timestamp"];
                expires_at?: components["schemas"]["Timestamp"] | null;
                /** @description The first characters, to tell tokens apart. */
                hint: string;
                id: components["schemas"]["TokenId"];
                last_used_at?: components["schemas"]["Timestamp"] | null;
                /** @description Who made it: it never may do more than they may. */
                made_by: components["schemas"]["Email"];
                name: string;
                scopes: components["schemas"]["TokenScope"][];
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_WaveOut: {
            items: {
                channel: components["schemas"]["ReleaseChannel"];
                created_at: components["schemas"]["Timestamp"];
                created_by: string;
                ended_at?: components["schemas"]["Timestamp"] | null;
                id: components["schemas"]["WaveId"];
                members: components["schemas"]["MemberCounts"];
                plan: components["schemas"]["WavePlan"];
                previous?: components["schemas"]["ReleaseRef"] | null;
                /** @description Why it halted. */
                reason?: string | null;
                release: components["schemas"]["ReleaseRef"];
                /**
                 * Format: int64
                 * @description The stage that it is in, from 1.
                 */
                stage: number;
                stages: components["schemas"]["StageOut"][];
                state: components["schemas"]["WaveState"];
                /** @description What it waits for at this moment, in a sentence. */
                waits_for?: string | null;
            }[];
            /** @description Give it as `cursor` to get what follows; absent at the end. */
            next_cursor?: string | null;
        };
        /** @description A passkey was added. */
        PasskeyAdded: {
            passkey: components["schemas"]["PasskeyOut"];
            /** @description With the first second factor: what helps when it is lost. Shown this one time. */
            recovery_codes?: string[] | null;
        };
        PasskeyAnswer: {
            /** @description The browser's answer, as JSON. */
            credential: Record<string, never>;
            token: string;
        };
        /** @description What a browser is to be asked (`navigator.credentials`), and the token that brings its answer back. */
        PasskeyChallenge: {
            /** @description `publicKey` of the options, as WebAuthn's JSON form: for `PublicKeyCredential.parseCreationOptionsFromJSON` and its kin. */
            options: Record<string, never>;
            token: string;
        };
        PasskeyId: string;
        PasskeyOut: {
            created_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["PasskeyId"];
            last_used_at?: components["schemas"]["Timestamp"] | null;
            name: components["schemas"]["DisplayName"];
        };
        PasskeyQuestion: {
            /** @description Of the first step, when the passkey is the second. */
            second?: string | null;
        };
        /** @description Ends every other session of the user. */
        PasswordChange: {
            current_password: string;
            /** @description 10 to 256 characters. */
            new_password: string;
        };
        PasswordReset: {
            /** @description 10 to 256 characters. */
            new_password: string;
            /** @description Out of the link. */
            token: string;
        };
        /** @description A plan, as far as it is not the installation's own (`[server.waves]`). */
        PlanChange: {
            /** Format: int32 */
            concurrency?: number | null;
            /** Format: int32 */
            max_failures?: number | null;
            /**
             * Format: int32
             * @description 0 to 100.
             */
            min_success_percent?: number | null;
            /**
             * Format: int32
             * @description Seconds, at most a week.
             */
            soak_seconds?: number | null;
            /** @description How many agents are reached by the end of each stage, such as `1`, `5%`, `25%`, `all`; 1 to 10, the last of which is `all`. */
            stages?: components["schemas"]["Size"][] | null;
        };
        /**
         * @description The plans, by name.
         * @enum {string}
         */
        PlanName: "trial" | "starter" | "pro" | "team";
        PlanOut: {
            /**
             * Format: int32
             * @description Deployments of this plan that one account may have.
             */
            deployments: number;
            /**
             * Format: int32
             * @description Hours after which a deployment of this plan ends; absent: never.
             */
            expires_after_hours?: number | null;
            limits: components["schemas"]["Limits"];
            /** Format: int32 */
            log_retention_days: number;
            model_budget?: components["schemas"]["Money"] | null;
            name: components["schemas"]["PlanName"];
            /** @description Whether an agent can be made with it or moved to it; those that have it keep it. */
            offered: boolean;
            price?: components["schemas"]["Money"] | null;
            /**
             * Format: int32
             * @description Minutes without a request after which an agent may be put to sleep; absent: never.
             */
            sleep_after_minutes?: number | null;
            title: string;
        };
        /** @description What went wrong, for the caller. */
        Problem: {
            /** @description A stable name of the kind of problem, such as `quota_exceeded`: what a program decides by. */
            code: string;
            /** @description What happened here, and what to do next. */
            detail: string;
            /** @description The fields that are wrong, where fields are wrong. */
            fields?: components["schemas"]["FieldProblem"][];
            limit?: components["schemas"]["LimitProblem"] | null;
            /** @description Give it to support: it finds the log lines of this request. */
            request_id?: string | null;
            /**
             * Format: int64
             * @description When to try again, in seconds, where waiting helps.
             */
            retry_after_seconds?: number | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description One line for a person. */
            title: string;
        };
        /** @description Gives a release to a channel. */
        Promote: {
            channel: components["schemas"]["ReleaseChannel"];
            plan?: components["schemas"]["PlanChange"] | null;
        };
        /** @description What came of a promotion. */
        Promoted: {
            channel: components["schemas"]["ReleaseChannelOut"];
            wave?: components["schemas"]["WaveOut"] | null;
        };
        /** @description A release that a channel got. */
        PromotionOut: {
            at: components["schemas"]["Timestamp"];
            by: string;
            release?: components["schemas"]["ReleaseRef"] | null;
        };
        /** @description What promoting a release would do. */
        PromotionPlan: {
            channel: components["schemas"]["ReleaseChannel"];
            /**
             * Format: int64
             * @description Followers that run something else.
             */
            moves: number;
            /** @description The plan of its wave, unless the request brings another. */
            plan: components["schemas"]["WavePlan"];
            release: components["schemas"]["ReleaseRef"];
            /** @description All of it in a sentence or two. */
            summary: string;
            /** @description How many agents are reached by the end of each stage. */
            targets: number[];
        };
        /** @description The evidence for one container. */
        Proof: {
            at: components["schemas"]["Timestamp"];
            checks: components["schemas"]["Check"][];
            /** @description The engine's id of the container that was read. */
            container: string;
            image: components["schemas"]["Digest"];
            /** @description When that container's process began: a restarted container needs a new proof. */
            started_at: components["schemas"]["Timestamp"];
        };
        /** @description The evidence of a deployment's seal. */
        ProofOut: {
            holds: boolean;
            proof: components["schemas"]["Proof"];
        };
        /** @enum {string} */
        ProviderKind: "openai" | "anthropic" | "openrouter" | "openai_compatible";
        ProviderName: {
            /** @description Begin at `/v1/auth/oidc/<name>`. */
            name: string;
            title: string;
        };
        ProviderOut: {
            default_base_url?: string | null;
            kind: components["schemas"]["ProviderKind"];
            suggested_models: string[];
            title: string;
        };
        /** @description The provider of one deployment, without its key. */
        ProviderSettings: {
            /** @description Overrides the provider's own address. Required for `openai_compatible`. */
            base_url?: string | null;
            kind: components["schemas"]["ProviderKind"];
            /** @description The provider's id of the model, such as `gpt-5-mini`. */
            model: string;
        };
        /** @description A container that carries our label and that no deployment owns. */
        QuarantineOut: {
            container: string;
            deployment?: components["schemas"]["DeploymentId"] | null;
            /** @description When it is taken away for good. */
            discard_at: components["schemas"]["Timestamp"];
            name: string;
            since: components["schemas"]["Timestamp"];
        };
        /**
         * @description What is counted against a limit.
         * @enum {string}
         */
        QuotaKind: "trial_deployments" | "starter_deployments" | "pro_deployments" | "team_deployments" | "deploys_per_hour" | "changes_per_hour" | "tokens" | "members" | "invitations_per_day" | "open_tickets" | "tickets_per_day";
        /** @description How often one address or account may call what is costly: a bucket that fills again evenly. */
        RateOut: {
            /**
             * Format: int32
             * @description At once, and in each period.
             */
            allowed: number;
            /** @description The `code` of the problem when it is used up. */
            limit: string;
            /** Format: int32 */
            period_seconds: number;
            title: string;
        };
        Ready: {
            /** @description What does not answer, such as `database`. */
            failing: string[];
            ready: boolean;
        };
        /**
         * @description What shows that the person at the keyboard is the one who signed in. Someone who has a password gives it; someone who has none must
         *     have signed in within the last 15 minutes.
         */
        Reassurance: {
            /** @description Of the authenticator app, or a recovery code; where an operation asks for it. */
            code?: string | null;
            password?: string | null;
        };
        /** @description What became of a webhook. */
        Received: {
            received: boolean;
        };
        ReconciliationId: string;
        /** @description One comparison. Nothing is repaired by it. */
        ReconciliationOut: {
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description How many differences there are.
             */
            count: number;
            /** @description The first two hundred of each kind. */
            differences: components["schemas"]["Difference"][];
            id: components["schemas"]["ReconciliationId"];
        };
        /** @description Codes that each stand in for the second factor once. They are shown this one time. */
        RecoveryCodes: {
            codes: string[];
        };
        /** @description Says whose referral brought this account here. */
        ReferralClaim: {
            /** @description 8 letters and digits. */
            code: string;
        };
        /** @description What became of this account's own claim. Why one was refused is for operators. */
        ReferralClaimOut: {
            created_at: components["schemas"]["Timestamp"];
            state: components["schemas"]["ReferralState"];
        };
        /** @description An account's own referral code. */
        ReferralCodeOut: {
            code: string;
            /** Format: int64 */
            credited: number;
            /** @description To be handed on. */
            link: string;
            /** Format: int64 */
            pending: number;
            /** @description What each side is given when the other's first invoice is paid. */
            reward: components["schemas"]["Credits"];
        };
        ReferralId: string;
        /** @description One referral, for an operator's review. */
        ReferralOut: {
            created_at: components["schemas"]["Timestamp"];
            decided_at?: components["schemas"]["Timestamp"] | null;
            /** @description What the reason was seen by, in words. */
            detail?: string | null;
            id: components["schemas"]["ReferralId"];
            reason?: components["schemas"]["ReferralRefusal"] | null;
            referred: components["schemas"]["AccountId"];
            referrer: components["schemas"]["AccountId"];
            state: components["schemas"]["ReferralState"];
        };
        /**
         * @description Why a referral gives nobody anything.
         * @enum {string}
         */
        ReferralRefusal: "self_referral" | "same_card" | "same_address_range" | "velocity";
        /** @enum {string} */
        ReferralState: "pending" | "credited" | "refused";
        /**
         * @description A line of releases that deployments can follow.
         * @enum {string}
         */
        ReleaseChannel: "stable" | "canary";
        /** @description A channel, and who follows it. */
        ReleaseChannelOut: {
            /**
             * Format: int64
             * @description Of those, how many run something else than its release.
             */
            behind: number;
            /**
             * Format: int64
             * @description Deployments that follow it, deleted ones left out.
             */
            followers: number;
            /** @description What it has had, newest first, at most 20. */
            history: components["schemas"]["PromotionOut"][];
            name: components["schemas"]["ReleaseChannel"];
            promoted_at?: components["schemas"]["Timestamp"] | null;
            promoted_by?: string | null;
            release?: components["schemas"]["ReleaseRef"] | null;
            wave?: components["schemas"]["WaveId"] | null;
        };
        /** @description A release that an agent may run. */
        ReleaseChoice: {
            /** @description Why the operator starts it although it is unscanned. */
            accepted?: string | null;
            created_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["ReleaseId"];
            image: components["schemas"]["Digest"];
            /** @description New deployments get it. */
            is_default: boolean;
            /** @description What the operator says of it. */
            notes?: string | null;
            openclaw_version: string;
            /** @description Whether it was compared with known vulnerabilities. */
            verdict: components["schemas"]["Verdict"];
            withdrawn?: components["schemas"]["Withdrawal"] | null;
        };
        ReleaseId: string;
        ReleaseOut: {
            /** @description Why the operator starts it although it is unscanned. */
            accepted?: string | null;
            created_at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            deployments: number;
            id: components["schemas"]["ReleaseId"];
            image: components["schemas"]["Digest"];
            /** @description New deployments get it. */
            is_default: boolean;
            node_version: string;
            /** @description What the operator says of it. */
            notes?: string | null;
            openclaw_version: string;
            /** @description The key that has signed it, as `sha256:` of its public half. */
            signed_by: string;
            /** Format: int64 */
            size_bytes: number;
            verdict: components["schemas"]["Verdict"];
            withdrawn?: components["schemas"]["Withdrawal"] | null;
        };
        /** @description A release, in short. */
        ReleaseRef: {
            id: components["schemas"]["ReleaseId"];
            image: components["schemas"]["Digest"];
            openclaw_version: string;
        };
        ResetRequest: {
            email: components["schemas"]["Email"];
        };
        /** @description How a wave is reverted. */
        Revert: {
            data?: components["schemas"]["RollbackData"] | null;
        };
        /** @description What reverting a wave would do. */
        RevertPlan: {
            /** @description Those that would be brought back. */
            agents: components["schemas"]["RevertedOut"][];
            /** @description All of it in a sentence or two. */
            summary: string;
        };
        /** @description What reverting a wave would do to one deployment. */
        RevertedOut: {
            deployment: components["schemas"]["DeploymentId"];
            plan: components["schemas"]["RollbackPlan"];
            slug: components["schemas"]["Slug"];
        };
        /** @description Configuration version + release + secrets version, numbered per deployment, immutable. */
        RevisionOut: {
            author: string;
            /** Format: int64 */
            config_version: number;
            created_at: components["schemas"]["Timestamp"];
            current: boolean;
            ended_at?: components["schemas"]["Timestamp"] | null;
            image: components["schemas"]["Digest"];
            last_known_good: boolean;
            /** @description The last lines that its gateway wrote, when it had started and failed. At most 20, of at most 500 letters. */
            log?: string[];
            /** Format: int64 */
            number: number;
            openclaw_version: string;
            outcome: components["schemas"]["RevisionOutcome"];
            /** @description Why it failed. */
            reason?: string | null;
            /**
             * Format: int64
             * @description It began on the data of the snapshot from before this revision, and not on what was there.
             */
            restores?: number | null;
            /** Format: int64 */
            secrets_version: number;
            snapshot?: components["schemas"]["Snapshot"] | null;
        };
        /** @enum {string} */
        RevisionOutcome: "pending" | "good" | "failed" | "superseded";
        /** @description Which revision to go back to; the last known good one when absent. */
        Rollback: {
            data?: components["schemas"]["RollbackData"] | null;
            /** Format: int64 */
            revision?: number | null;
        };
        /**
         * @description What becomes of the data when an earlier revision is wanted again.
         * @enum {string}
         */
        RollbackData: "keep" | "restore";
        /** @description What going back would do. */
        RollbackPlan: {
            /** Format: int64 */
            config_version: number;
            /** @description What happens to the data unless the request says otherwise. */
            data: components["schemas"]["RollbackData"];
            loses_since?: components["schemas"]["Timestamp"] | null;
            openclaw_version: string;
            /** @description It is another release than the one that is wanted now. */
            other_release: boolean;
            /**
             * Format: int64
             * @description The revision whose content comes back, as a new revision.
             */
            revision: number;
            /** @description Secrets of that revision whose text was revoked: today's takes their place, or they are left out. */
            revoked?: string[];
            snapshot?: components["schemas"]["Snapshot"] | null;
            /** @description All of it in a sentence or two. */
            summary: string;
        };
        SecondFactor: {
            /** @description Six digits of the authenticator app, or a recovery code. */
            code: string;
            /** @description Of the first step. */
            token: string;
        };
        /** @description The first step of a sign-in held; now the second. */
        SecondStep: {
            expires_at: components["schemas"]["Timestamp"];
            /** @description What is taken. */
            kinds: components["schemas"]["FactorKind"][];
            /** @description Stands for the first step, for a few minutes and a few tries. */
            token: string;
        };
        /** @description A secret, by name only. */
        SecretOut: {
            created_at: components["schemas"]["Timestamp"];
            /** @description Such as `channels.telegram.botToken` or `provider.apiKey`. */
            name: string;
            /** Format: int64 */
            version: number;
        };
        /** @enum {string} */
        SecretState: "in_use" | "superseded" | "revoked" | "deleted";
        /** @description One version of a secret. Never its text. */
        SecretVersionOut: {
            /** @description Who set it; absent when that was not written down yet. */
            author?: string | null;
            created_at: components["schemas"]["Timestamp"];
            /** @description The revisions that hold it, newest first, at most 20. */
            revisions: number[];
            revoked_at?: components["schemas"]["Timestamp"] | null;
            revoked_by?: string | null;
            state: components["schemas"]["SecretState"];
            /** Format: int64 */
            version: number;
        };
        /** @description How the caller signs in. */
        SecurityOut: {
            app_since?: components["schemas"]["Timestamp"] | null;
            email: components["schemas"]["Email"];
            email_verified_at?: components["schemas"]["Timestamp"] | null;
            has_password: boolean;
            identities: components["schemas"]["IdentityOut"][];
            new_email?: components["schemas"]["Email"] | null;
            passkeys: components["schemas"]["PasskeyOut"][];
            /** @description Whether this installation's address lets browsers use passkeys. */
            passkeys_possible: boolean;
            /** Format: int64 */
            recovery_codes_left: number;
            /** @description Whether some things wait until it is. */
            verification_needed: boolean;
        };
        SessionId: string;
        /** @description Where someone is signed in. */
        SessionOut: {
            /** @description The name of the account that it works in. */
            account?: string | null;
            /** @description The address it was last seen from. */
            address?: string | null;
            /** @description The browser, in words, such as "Firefox on Linux". */
            browser?: string | null;
            created_at: components["schemas"]["Timestamp"];
            /** @description Whether it is the one that asks. */
            current: boolean;
            expires_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["SessionId"];
            /** @description Coarse: written at most once an hour. */
            last_seen_at: components["schemas"]["Timestamp"];
        };
        /** @description Ways to sign in that this installation offers beside the password. */
        SignInOptions: {
            passkeys: boolean;
            providers: components["schemas"]["ProviderName"][];
        };
        /** @description A password travels in only. */
        Signup: {
            email: components["schemas"]["Email"];
            /** @description What the link of an invitation's mail carries: makes its user a member of that account. */
            invitation?: string | null;
            /** @description 10 to 256 characters. */
            password: string;
            /** @description The one-time token from the operator's link: makes its user the first operator. */
            setup_token?: string | null;
        };
        /** @enum {string} */
        SignupMode: "open" | "closed";
        Size: string;
        Slug: string;
        /** @description A copy of a deployment's data at a moment when nothing wrote to it. */
        Snapshot: {
            /**
             * Format: int64
             * @description Of the data; on disk it may take less.
             */
            bytes: number;
            method: components["schemas"]["CopyMethod"];
            /**
             * Format: int64
             * @description The revision that was about to start: this is the data from before it.
             */
            number: number;
            taken_at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            took_ms: number;
        };
        SnapshotId: string;
        /** @description A snapshot to look at before it is sent. */
        SnapshotPreview: {
            /** @description Until then a ticket can be opened with it; without one it is forgotten. */
            expires_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["SnapshotId"];
            /** @description Exactly what the operator would see. */
            snapshot: components["schemas"]["SupportSnapshot"];
        };
        /**
         * @description Where a deployment stands with its bill.
         * @enum {string}
         */
        Stage: "unpaid" | "good" | "grace" | "suspending" | "suspended" | "resuming" | "ending" | "ended";
        /** @description One stage of a wave. */
        StageOut: {
            began_at?: components["schemas"]["Timestamp"] | null;
            ended_at?: components["schemas"]["Timestamp"] | null;
            /** @description Of those that it began with itself. */
            members: components["schemas"]["MemberCounts"];
            size: components["schemas"]["Size"];
            /**
             * Format: int64
             * @description How many agents are reached by its end, those of the stages before included.
             */
            target: number;
        };
        /**
         * @description What the owner is told.
         * @enum {string}
         */
        State: "requested" | "provisioning" | "configuring" | "starting" | "running" | "updating" | "restarting" | "suspended" | "failed" | "terminated";
        /** @description CPU and memory of one agent now. */
        Stats: {
            at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            cpu_limit_millis: number;
            /**
             * Format: int64
             * @description Thousandths of a core, over about the last second.
             */
            cpu_millis: number;
            /**
             * Format: int64
             * @description Bytes in use without the page cache that can be dropped.
             */
            memory_bytes: number;
            /** Format: int64 */
            memory_limit_bytes: number;
            /** Format: int64 */
            network_received_bytes: number;
            /** Format: int64 */
            network_sent_bytes: number;
            /** Format: int64 */
            pids: number;
        };
        SubscriptionOut: {
            /** @description It has a subscription that can be cancelled, or taken back. */
            can_cancel: boolean;
            /** @description A payment page can be made for it. */
            can_pay: boolean;
            /** @description It ends with its period. */
            cancels: boolean;
            deployment: components["schemas"]["DeploymentId"];
            /** @description The stage in a sentence, with the next step where there is one. */
            explanation: string;
            moving_to?: components["schemas"]["PlanName"] | null;
            name: components["schemas"]["DisplayName"];
            pay_until?: components["schemas"]["Timestamp"] | null;
            period_ends_at?: components["schemas"]["Timestamp"] | null;
            plan: components["schemas"]["PlanName"];
            price?: components["schemas"]["Money"] | null;
            slug: components["schemas"]["Slug"];
            stage: components["schemas"]["Stage"];
            /** @description What keeps the next step from being done; it is tried again. */
            trouble?: string | null;
        };
        /** @description What an operator is shown of an agent: without a secret. */
        SupportSnapshot: {
            /** @description The tenant's document, redacted. */
            config: string;
            /** @description The last events, newest first, redacted. */
            events: components["schemas"]["EventOut"][];
            /** @description The last lines of the log, redacted. */
            log: string[];
            name: string;
            openclaw_version: string;
            plan: string;
            reason?: string | null;
            /** Format: int64 */
            revision: number;
            slug: string;
            state: string;
            taken_at: components["schemas"]["Timestamp"];
        };
        Switch: {
            /** @description One that the user is a member of. */
            account: components["schemas"]["AccountId"];
        };
        /** @enum {string} */
        TemplateName: "assistant" | "telegram" | "discord" | "slack" | "blank";
        TemplateOut: {
            channel?: components["schemas"]["ChannelKind"] | null;
            description: string;
            name: components["schemas"]["TemplateName"];
            title: string;
        };
        /** @description A ticket with all that was said in it. */
        TicketDetail: components["schemas"]["TicketOut"] & {
            /** @description Oldest first. */
            messages: components["schemas"]["TicketMessageOut"][];
            snapshot?: components["schemas"]["SupportSnapshot"] | null;
            snapshot_destroyed_at?: components["schemas"]["Timestamp"] | null;
        };
        TicketId: string;
        TicketMessageOut: {
            at: components["schemas"]["Timestamp"];
            author: string;
            from_operator: boolean;
            /** @description A note of the operators'. */
            internal: boolean;
            message: string;
        };
        TicketOut: {
            account: components["schemas"]["AccountId"];
            /** @description The account's name. */
            account_name: string;
            closed_at?: components["schemas"]["Timestamp"] | null;
            created_at: components["schemas"]["Timestamp"];
            deployment?: components["schemas"]["DeploymentId"] | null;
            /** @description Whether the operator can see a snapshot of the agent. */
            has_snapshot: boolean;
            id: components["schemas"]["TicketId"];
            /**
             * Format: int64
             * @description What people call it by.
             */
            number: number;
            opened_by: string;
            state: components["schemas"]["TicketState"];
            subject: string;
            /** @description When something was last said or done. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /**
         * @description Where a ticket stands.
         * @enum {string}
         */
        TicketState: "open" | "waiting" | "solved" | "closed";
        /** Format: date-time */
        Timestamp: string;
        /** @description A token just made: the only time that its text is shown. */
        TokenCreated: components["schemas"]["TokenOut"] & {
            /** @description `viv_…`; keep it, it is not shown again. */
            secret: string;
        };
        TokenFieldOut: {
            name: string;
            /** @description What it looks like. */
            shape: string;
            title: string;
        };
        TokenId: string;
        TokenOut: {
            created_at: components["schemas"]["Timestamp"];
            expires_at?: components["schemas"]["Timestamp"] | null;
            /** @description The first characters, to tell tokens apart. */
            hint: string;
            id: components["schemas"]["TokenId"];
            last_used_at?: components["schemas"]["Timestamp"] | null;
            /** @description Who made it: it never may do more than they may. */
            made_by: components["schemas"]["Email"];
            name: string;
            scopes: components["schemas"]["TokenScope"][];
        };
        /**
         * @description What a bearer token may do.
         * @enum {string}
         */
        TokenScope: "read" | "write" | "chat";
        /** @description What was used in some time. */
        UsageAmounts: {
            /**
             * Format: double
             * @description Of processors.
             */
            cpu_seconds: number;
            /**
             * Format: int64
             * @description That agents sent: to visitors, channels and model providers.
             */
            egress_bytes: number;
            /**
             * Format: int64
             * @description That agents received.
             */
            ingress_bytes: number;
            /**
             * Format: double
             * @description Memory in use, over time: 2 GB for half an hour is 1. A GB has 1,073,741,824 bytes.
             */
            memory_gb_hours: number;
            /**
             * Format: int64
             * @description Absent: not metered.
             */
            model_tokens?: number | null;
            /**
             * Format: int64
             * @description In which an agent could be reached.
             */
            running_seconds: number;
            /**
             * Format: double
             * @description Data on the disk, over time.
             */
            storage_gb_hours: number;
        };
        /** @description What an account used. */
        UsageOut: {
            /** @description Most running time first. */
            deployments: components["schemas"]["DeploymentUsage"][];
            /** @description The beginning of the first part, in UTC. */
            from: components["schemas"]["Timestamp"];
            /** @description Every hour or day in which something was used, oldest first. */
            series: components["schemas"]["UsagePoint"][];
            step: components["schemas"]["UsageStep"];
            /** @description The end of the last part. */
            to: components["schemas"]["Timestamp"];
            total: components["schemas"]["UsageAmounts"];
        };
        /** @description One hour or day. */
        UsagePoint: components["schemas"]["UsageAmounts"] & {
            /** @description In UTC. */
            starts_at: components["schemas"]["Timestamp"];
        };
        /**
         * @description How long the parts are that usage is told in.
         * @enum {string}
         */
        UsageStep: "hour" | "day";
        /** @description Deletes the person. */
        UserDeletion: {
            /** @description One's own mail address, typed as it stands. */
            email: components["schemas"]["Email"];
            password?: string | null;
        };
        UserId: string;
        /** @description A person who signs in. */
        UserOut: {
            created_at: components["schemas"]["Timestamp"];
            email: components["schemas"]["Email"];
            email_verified_at?: components["schemas"]["Timestamp"] | null;
            id: components["schemas"]["UserId"];
            /** @description Whether they are an operator of this installation. */
            operator: boolean;
        };
        /**
         * @description What the gate made of a release's known vulnerabilities.
         * @enum {string}
         */
        Verdict: "passed" | "failed" | "unscanned";
        /** @description A wave with everybody in it, in the order in which they are taken. */
        WaveDetail: components["schemas"]["WaveOut"] & {
            agents: components["schemas"]["WaveMemberOut"][];
        };
        WaveId: string;
        /** @description One deployment in a wave. */
        WaveMemberOut: {
            /** Format: int64 */
            back?: number | null;
            /** Format: int64 */
            before?: number | null;
            begun_at?: components["schemas"]["Timestamp"] | null;
            decided_at?: components["schemas"]["Timestamp"] | null;
            deployment: components["schemas"]["DeploymentId"];
            name: components["schemas"]["DisplayName"];
            owner: components["schemas"]["Email"];
            /** @description Why it failed or was skipped. */
            reason?: string | null;
            /**
             * Format: int64
             * @description The revision that it got, the one that it had, and the one that brought it back.
             */
            revision?: number | null;
            slug: components["schemas"]["Slug"];
            /**
             * Format: int64
             * @description The stage that began with it, from 1.
             */
            stage?: number | null;
            state: components["schemas"]["MemberState"];
            window?: components["schemas"]["Window"] | null;
        };
        /** @description A release on its way to the followers of a channel. */
        WaveOut: {
            channel: components["schemas"]["ReleaseChannel"];
            created_at: components["schemas"]["Timestamp"];
            created_by: string;
            ended_at?: components["schemas"]["Timestamp"] | null;
            id: components["schemas"]["WaveId"];
            members: components["schemas"]["MemberCounts"];
            plan: components["schemas"]["WavePlan"];
            previous?: components["schemas"]["ReleaseRef"] | null;
            /** @description Why it halted. */
            reason?: string | null;
            release: components["schemas"]["ReleaseRef"];
            /**
             * Format: int64
             * @description The stage that it is in, from 1.
             */
            stage: number;
            stages: components["schemas"]["StageOut"][];
            state: components["schemas"]["WaveState"];
            /** @description What it waits for at this moment, in a sentence. */
            waits_for?: string | null;
        };
        /** @description How a wave grows, and what stops it. */
        WavePlan: {
            /**
             * Format: int32
             * @description Agents that may be on their way at the same time.
             * @default 2
             */
            concurrency?: number;
            /**
             * Format: int32
             * @description The wave stops at this many failures, whatever the share.
             * @default 3
             */
            max_failures?: number;
            /**
             * Format: int32
             * @description The share of agents, 0 to 100, that must work with the release. The wave stops as soon as a stage cannot reach it any more.
             * @default 90
             */
            min_success_percent?: number;
            /**
             * Format: int32
             * @description Seconds that a stage must have been quiet before the next one begins.
             * @default 600
             */
            soak_seconds?: number;
            /**
             * @description How many agents are reached by the end of each stage, such as `1`, `5%`, `25%`, `all`. The last is `all`. One failure in the
             *     first stage, the canary, stops the wave.
             * @default [
             *       "1",
             *       "5%",
             *       "25%",
             *       "all"
             *     ]
             */
            stages?: components["schemas"]["Size"][];
        };
        /**
         * @description How far a wave is.
         * @enum {string}
         */
        WaveState: "running" | "paused" | "halted" | "finished" | "aborted" | "reverting" | "reverted";
        Window: string;
        /** @description A release that was taken back: it is not started any more. */
        Withdrawal: {
            at: components["schemas"]["Timestamp"];
            /** @description In the operator's words; shown to tenants. */
            reason: string;
        };
    };
    responses: {
        /** @description The request is malformed: the JSON, an id of the path, or the query's form */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Nobody is signed in, or no longer */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The plan is paid for first: make a payment page with `POST /v1/billing/checkout` */
        PaymentRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Signed in, but not allowed: `role_missing`, `no_account`, `scope_missing`, `session_required`, `token_required`, `wrong_origin`, `signup_closed`, `email_unverified`, `sign_in_again`, or a limit of the account */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such thing, or it is another account's */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Its state does not allow it now; `detail` names the next step */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than 1 MiB */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is not JSON */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Fields are wrong: `fields` names each by its path; or an Idempotency-Key belongs to another request */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A limit is reached; `code` says which, `Retry-After` when to come back */
        TooMany: {
            headers: {
                /** @description Seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A fault of the server; `request_id` finds its log lines */
        Internal: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It cannot be done at this moment: `no_image`, `host_full`, `host_unreachable` or `busy` */
        Unavailable: {
            headers: {
                /** @description Seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alive"];
                };
            };
            500: components["responses"]["Internal"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The numbers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            500: components["responses"]["Internal"];
            /** @description Not ready */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
        };
    };
    edit_account: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountPatch"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountDeletion"];
            };
        };
        responses: {
            /** @description It is closed; sign in again to work in another */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountDeleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    export_account: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document, to be kept as a file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    leave_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Left; sign in again */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    hand_over: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOwner"];
            };
        };
        responses: {
            /** @description It is theirs */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_own_accounts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every account that one is a member of, the one last worked in first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AccountOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    create_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAccount"];
            };
        };
        responses: {
            /** @description The account */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_audit: {
        parameters: {
            query?: {
                /** @description Part of the name of who acted, whatever the case. */
                q?: string;
                /** @description An action such as `token.create`, or all of a kind: `token.` */
                action?: string;
                /** @description The id of what it was done to, such as `dep_…`. */
                subject?: string;
                outcome?: components["schemas"]["AuditOutcome"];
                /** @description What was done to the things of this account; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description From this time on. */
                since?: components["schemas"]["Timestamp"];
                /** @description Before this time. */
                until?: components["schemas"]["Timestamp"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 500; 100 when absent. An export has no limit. */
                limit?: number;
                /** @description Of an export: one JSON object in each line, or a table with a head. `ndjson` when absent. */
                format?: "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditEntryOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    export_audit: {
        parameters: {
            query?: {
                /** @description Part of the name of who acted, whatever the case. */
                q?: string;
                /** @description An action such as `token.create`, or all of a kind: `token.` */
                action?: string;
                /** @description The id of what it was done to, such as `dep_…`. */
                subject?: string;
                outcome?: components["schemas"]["AuditOutcome"];
                /** @description What was done to the things of this account; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description From this time on. */
                since?: components["schemas"]["Timestamp"];
                /** @description Before this time. */
                until?: components["schemas"]["Timestamp"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 500; 100 when absent. An export has no limit. */
                limit?: number;
                /** @description Of an export: one JSON object in each line, or a table with a head. `ndjson` when absent. */
                format?: "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    enrol_app: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description What the app must be told */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppEnrolment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    confirm_app: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AppConfirmation"];
            };
        };
        responses: {
            /** @description The recovery codes; none when there were some already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    disable_app: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description It is not asked for any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_email: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailChange"];
            };
        };
        responses: {
            /** @description A mail is on its way to the new address */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    finish_email_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailLink"];
            };
        };
        responses: {
            /** @description It is the address to sign in with */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    undo_email_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailLink"];
            };
        };
        responses: {
            /** @description The old address is back */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    link_identity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Its name */
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description Where the browser goes now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkAddress"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    unlink_identity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Its name */
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description It signs in no more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    show_invitation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationToken"];
            };
        };
        responses: {
            /** @description The invitation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationShown"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            /** @description The link is unknown, used, taken back or too old */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    accept_invitation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationToken"];
            };
        };
        responses: {
            /** @description The account, and the role in it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            /** @description The link is unknown, used, taken back or too old */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Who is signed in now; the session is in the cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            /** @description The password is right; now the second factor, with `POST /v1/auth/second` or a passkey */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecondStep"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    end_look: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user, and the account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    begin_oidc: {
        parameters: {
            query?: {
                /** @description A path of this server to go on to. */
                next?: string;
            };
            header?: never;
            path: {
                /** @description Its name */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the provider */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    finish_oidc: {
        parameters: {
            query?: {
                code?: string;
                state?: string;
                error?: string;
            };
            header?: never;
            path: {
                /** @description Its name */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Onwards, or back to the sign-in page */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    sign_in_options: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the sign-in page offers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInOptions"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    add_passkey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPasskey"];
            };
        };
        responses: {
            /** @description The passkey */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyAdded"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    new_passkey_options: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description For `navigator.credentials.create` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyChallenge"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    passkey_sign_in: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyAnswer"];
            };
        };
        responses: {
            /** @description Who is signed in now; the session is in the cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    passkey_options: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasskeyQuestion"];
            };
        };
        responses: {
            /** @description For `navigator.credentials.get` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyChallenge"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    remove_passkey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The passkey */
                id: components["schemas"]["PasskeyId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description It signs in no more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description Changed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    new_recovery_codes: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reassurance"];
            };
        };
        responses: {
            /** @description Shown this one time */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    request_reset: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetRequest"];
            };
        };
        responses: {
            /** @description If somebody has this address, a mail is on its way to it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    finish_reset: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordReset"];
            };
        };
        responses: {
            /** @description It is set; sign in with it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    second_step: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecondFactor"];
            };
        };
        responses: {
            /** @description Who is signed in now; the session is in the cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_security: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everything that signs you in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    signup: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Signup"];
            };
        };
        responses: {
            /** @description Who is signed in now; the session is in the cookie */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    switch_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Switch"];
            };
        };
        responses: {
            /** @description Who is signed in, and where they work now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserDeletion"];
            };
        };
        responses: {
            /** @description There is no such person any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    verify_email: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailLink"];
            };
        };
        responses: {
            /** @description It is confirmed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resend_verification: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_billing: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was last read at the payment provider */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Cancel"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    show_card: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where the card is shown */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingLink"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    checkout: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCheckout"];
            };
        };
        responses: {
            /** @description Where it is paid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingLink"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_invoices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last hundred, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_InvoiceOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    portal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where they are */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingLink"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    refresh_billing: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is read in a moment */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Received"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    catalogue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What can be chosen */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalogue"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_credits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What there is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreditsOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    credits_history: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_CreditEntryOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    referral_code: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The code */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralCodeOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    claim_referral: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReferralClaim"];
            };
        };
        responses: {
            /** @description What became of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralClaimOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_deployments: {
        parameters: {
            query?: {
                /** @description Only those in this state. `terminated` implies `deleted`. */
                state?: components["schemas"]["State"];
                /** @description Part of the name or the slug, whatever the case; at most 100 characters. */
                q?: string;
                /** @description Also those that are deleted and can still be restored. */
                deleted?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["DeploymentId"];
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    create_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDeployment"];
            };
        };
        responses: {
            /** @description The agent is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was last seen */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It is going */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    edit_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentPatch"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            402: components["responses"]["PaymentRequired"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_config: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The configuration */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_config: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConfig"];
            };
        };
        responses: {
            /** @description What the check says (`dry_run`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigCheck"];
                };
            };
            /** @description It is being applied */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_config_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
                /** @description The number of the version */
                n: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The configuration as it was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before: what is older. */
                cursor?: components["schemas"]["EventId"];
                /** @description 1 to 500; 100 when absent. */
                limit?: number;
                /** @description Answer with server-sent events (`text/event-stream`): the last 50, oldest first, or those after `Last-Event-ID`; then each as it comes. */
                follow?: boolean;
            };
            header?: {
                /** @description The id of the last event that was seen, for `follow=true` */
                "Last-Event-ID"?: string | null;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, or a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_EventOut"];
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    follow_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Follow"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_logs: {
        parameters: {
            query?: {
                /** @description How many of the last lines, 0 to 10000; 200 when absent. */
                tail?: number;
                /** @description Answer with server-sent events (`text/event-stream`): the tail first, then each line as it comes. */
                follow?: boolean;
                /** @description `text`: a file to download. Not together with `follow`. */
                format?: "json" | "text";
            };
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines, or a stream of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_LogLine"];
                    "text/event-stream": string;
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    open_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["OpenAt"] | null;
            };
        };
        responses: {
            /** @description The link */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_proof: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last proof */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProofOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_release: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRelease"];
            };
        };
        responses: {
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    restart_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    restore_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resume_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retry_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_revisions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The revisions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_RevisionOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    plan_rollback: {
        parameters: {
            query?: {
                /** @description The last one that is known to work, when absent. */
                revision?: number;
            };
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RollbackPlan"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rollback_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Rollback"] | null;
            };
        };
        responses: {
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_secrets: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Names and versions, never texts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SecretOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    set_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
                /** @description `provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>` */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSecret"];
            };
        };
        responses: {
            /** @description It is being delivered */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
                /** @description `provider.apiKey` or `custom.<name>` */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is being taken away */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_secret_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
                /** @description `provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>` */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SecretVersionOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_secret_version: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
                /** @description `provider.apiKey`, `channels.<kind>.<key>` or `custom.<name>` */
                name: string;
                /** @description The number of the version */
                n: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretVersionOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_stats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the agent uses */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    take_support_snapshot: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Exactly what would be sent */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotPreview"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    suspend_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_invitations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newest first; expired ones can be sent again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_InvitationOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInvitation"];
            };
        };
        responses: {
            /** @description The mail is on its way */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revoke_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The invitation */
                id: components["schemas"]["InvitationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its link is worth nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resend_invitation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The invitation */
                id: components["schemas"]["InvitationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The mail is on its way */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_limits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every limit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitsOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_looks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last fifty, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_LookOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_members: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everyone, the owner first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MemberOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The member */
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    change_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The member */
                id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MemberPatch"];
            };
        };
        responses: {
            /** @description It is so */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_accounts: {
        parameters: {
            query?: {
                /** @description Part of the account's name or of a member's address; or the account's id. */
                q?: string;
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["AccountId"];
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ConsoleAccountOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_any_account: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleAccountDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    operator_billing: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was last read */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BillingOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    account_credits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What there is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreditsOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    give_credits: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCredits"];
            };
        };
        responses: {
            /** @description The account as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleAccountDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    account_limits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every limit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitOut"][];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    set_limit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAccountLimit"];
            };
        };
        responses: {
            /** @description The account as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleAccountDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    begin_look: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewLook"];
            };
        };
        responses: {
            /** @description It has begun */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LookOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resume_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Because"];
            };
        };
        responses: {
            /** @description What was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountHold"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    suspend_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The account */
                id: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Because"];
            };
        };
        responses: {
            /** @description What was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountHold"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_all_audit: {
        parameters: {
            query?: {
                /** @description Part of the name of who acted, whatever the case. */
                q?: string;
                /** @description An action such as `token.create`, or all of a kind: `token.` */
                action?: string;
                /** @description The id of what it was done to, such as `dep_…`. */
                subject?: string;
                outcome?: components["schemas"]["AuditOutcome"];
                /** @description What was done to the things of this account; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description From this time on. */
                since?: components["schemas"]["Timestamp"];
                /** @description Before this time. */
                until?: components["schemas"]["Timestamp"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 500; 100 when absent. An export has no limit. */
                limit?: number;
                /** @description Of an export: one JSON object in each line, or a table with a head. `ndjson` when absent. */
                format?: "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditEntryOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    export_all_audit: {
        parameters: {
            query?: {
                /** @description Part of the name of who acted, whatever the case. */
                q?: string;
                /** @description An action such as `token.create`, or all of a kind: `token.` */
                action?: string;
                /** @description The id of what it was done to, such as `dep_…`. */
                subject?: string;
                outcome?: components["schemas"]["AuditOutcome"];
                /** @description What was done to the things of this account; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description From this time on. */
                since?: components["schemas"]["Timestamp"];
                /** @description Before this time. */
                until?: components["schemas"]["Timestamp"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 500; 100 when absent. An export has no limit. */
                limit?: number;
                /** @description Of an export: one JSON object in each line, or a table with a head. `ndjson` when absent. */
                format?: "ndjson" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rows, oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    verify_audit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditReport"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_channels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stable first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReleaseChannelOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_all_deployments: {
        parameters: {
            query?: {
                /** @description Only those in this state. `terminated` implies `deleted`. */
                state?: components["schemas"]["State"];
                /** @description Part of the name or the slug, whatever the case; at most 100 characters. */
                q?: string;
                /** @description Also those that are deleted and can still be restored. */
                deleted?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["DeploymentId"];
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_OwnedDeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    operator_resume: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    operator_suspend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The deployment */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            /** @description It was begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_hosts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every host, as it was last seen */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_HostOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_jobs: {
        parameters: {
            query?: {
                /** @description Only those in this state. */
                state?: components["schemas"]["JobState"];
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["JobId"];
                /** @description 1 to 100; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_JobOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    discard_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job */
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retry_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The job */
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_margins: {
        parameters: {
            query?: {
                /** @description From this time on; thirty days ago when absent. */
                since?: components["schemas"]["Timestamp"];
                /** @description Before this time; now when absent. */
                until?: components["schemas"]["Timestamp"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Those that have brought or cost something */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MarginOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_quarantine: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stopped, and kept for a while */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_QuarantineOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_reconciliations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last thirty, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReconciliationOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reconcile_now: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_referrals: {
        parameters: {
            query?: {
                state?: components["schemas"]["ReferralState"];
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["ReferralId"];
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReferralOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_releases: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReleaseOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    plan_promotion: {
        parameters: {
            query: {
                channel: components["schemas"]["ReleaseChannel"];
            };
            header?: never;
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromotionPlan"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    promote_release: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Promote"];
            };
        };
        responses: {
            /** @description It was begun, or is done */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Promoted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    withdraw_release: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWithdrawal"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reinstate_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_all_tickets: {
        parameters: {
            query?: {
                /** @description Part of the subject or of the account's name; or a ticket's number. */
                q?: string;
                state?: components["schemas"]["TicketState"];
                /** @description Only this account's; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TicketOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_any_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With all that was said, notes included */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    operator_close_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    answer_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAnswer"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    operator_reopen_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_waves: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: components["schemas"]["WaveId"];
                /** @description 1 to 100; 20 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_WaveOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_wave: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaveDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    abort_wave: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaveDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    pause_wave: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaveDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resume_wave: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaveDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    plan_revert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevertPlan"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revert_wave: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The wave */
                id: components["schemas"]["WaveId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Revert"] | null;
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaveDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    choose_release: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The releases */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReleaseChoice"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_release_provenance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The signed statement */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.dsse.envelope.v1+json": Record<string, never>;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_release_sbom: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The release */
                id: components["schemas"]["ReleaseId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.cyclonedx+json": Record<string, never>;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every session, the one last seen first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SessionOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    end_other_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One is signed in here alone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_tickets: {
        parameters: {
            query?: {
                /** @description Part of the subject or of the account's name; or a ticket's number. */
                q?: string;
                state?: components["schemas"]["TicketState"];
                /** @description Only this account's; a tenant sees its own in any case. */
                account?: components["schemas"]["AccountId"];
                /** @description `next_cursor` of the page before. */
                cursor?: number;
                /** @description 1 to 200; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TicketOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    open_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTicket"];
            };
        };
        responses: {
            /** @description The ticket */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With all that was said */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    close_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    write_in_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReply"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reopen_ticket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The ticket */
                id: components["schemas"]["TicketId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    list_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TokenOut"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description The token, with its text */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenCreated"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_current_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is worth nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    delete_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token */
                id: components["schemas"]["TokenId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is worth nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    get_usage: {
        parameters: {
            query?: {
                /** @description From the hour or day that this moment is in; 30 parts before `to` when absent. RFC 3339. */
                from?: string;
                /** @description To the end of the hour or day that this moment is in; now when absent. RFC 3339. */
                to?: string;
                /** @description `day` when absent. At most 400 days or 744 hours at once, in UTC. */
                step?: components["schemas"]["UsageStep"];
                /** @description Only of this one. */
                deployment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sums */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageOut"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    export_usage: {
        parameters: {
            query?: {
                /** @description From the hour or day that this moment is in; 30 parts before `to` when absent. RFC 3339. */
                from?: string;
                /** @description To the end of the hour or day that this moment is in; now when absent. RFC 3339. */
                to?: string;
                /** @description `day` when absent. At most 400 days or 744 hours at once, in UTC. */
                step?: components["schemas"]["UsageStep"];
                /** @description Only of this one. */
                deployment?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Comma-separated, with a heading */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["TooMany"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
