/** The addresses of the dashboard. What only some visitors need is loaded when they go there. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, redirect } from "@tanstack/react-router";
import { Button, Empty, Notice, PageSkeleton, buttonClass } from "./ui/basics";
import { Inside, Page, Root } from "./ui/Shell";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const given = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } => (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Broken });

const landing = createRoute({ getParentRoute: () => root, path: "/", component: lazyRouteComponent(() => import("./pages/Landing")) });
const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>) => ({ ...given("next", text(search["next"])), ...given("problem", text(search["problem"])) }),
  component: lazyRouteComponent(() => import("./pages/Sign"), "Login"),
});
const signup = createRoute({
  getParentRoute: () => root,
  path: "/signup",
  validateSearch: (search: Record<string, unknown>) => given("next", text(search["next"])),
  component: lazyRouteComponent(() => import("./pages/Sign"), "Signup"),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (search: Record<string, unknown>) => given("token", text(search["token"])),
  component: lazyRouteComponent(() => import("./pages/Sign"), "Setup"),
});

const linked = (path: string, page: "Forgot" | "Reset" | "Verify" | "NewEmail" | "UndoEmail") =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(() => import("./pages/Links"), page) });
const forgot = createRoute({ getParentRoute: () => root, path: "/forgot", component: lazyRouteComponent(() => import("./pages/Links"), "Forgot") });
const links = [linked("/reset", "Reset"), linked("/verify", "Verify"), linked("/email", "NewEmail"), linked("/undo", "UndoEmail")];
const invitation = createRoute({ getParentRoute: () => root, path: "/invitation", component: lazyRouteComponent(() => import("./pages/Invitation")) });

const inside = createRoute({ getParentRoute: () => root, id: "inside", component: Inside });
const agents = createRoute({ getParentRoute: () => inside, path: "/agents", component: lazyRouteComponent(() => import("./pages/Agents")) });
const create = createRoute({
  getParentRoute: () => inside,
  path: "/agents/new",
  validateSearch: (search: Record<string, unknown>) => given("template", text(search["template"])),
  component: lazyRouteComponent(() => import("./pages/Create")),
});
const agent = createRoute({
  getParentRoute: () => inside,
  path: "/agents/$id",
  validateSearch: (search: Record<string, unknown>) => given("tab", text(search["tab"])),
  component: lazyRouteComponent(() => import("./pages/agent/Agent")),
});
const account = createRoute({
  getParentRoute: () => inside,
  path: "/account",
  validateSearch: (search: Record<string, unknown>) => given("problem", text(search["problem"])),
  component: lazyRouteComponent(() => import("./pages/Account")),
});
const billing = createRoute({
  getParentRoute: () => inside,
  path: "/billing",
  validateSearch: (search: Record<string, unknown>) => ({ ...given("paid", text(search["paid"])), ...given("card", text(search["card"])) }),
  component: lazyRouteComponent(() => import("./pages/Billing")),
});
const usage = createRoute({ getParentRoute: () => inside, path: "/usage", component: lazyRouteComponent(() => import("./pages/Usage")) });
const operator = createRoute({ getParentRoute: () => inside, path: "/operator", component: lazyRouteComponent(() => import("./pages/Operator")) });
const audit = createRoute({ getParentRoute: () => inside, path: "/audit", component: lazyRouteComponent(() => import("./pages/Audit")) });
const operatorAudit = createRoute({ getParentRoute: () => inside, path: "/operator/audit", component: lazyRouteComponent(() => import("./pages/Audit"), "OperatorAudit") });
const tickets = createRoute({ getParentRoute: () => inside, path: "/tickets", component: lazyRouteComponent(() => import("./pages/tickets/Tickets")) });
const ticket = createRoute({ getParentRoute: () => inside, path: "/tickets/$id", component: lazyRouteComponent(() => import("./pages/tickets/Ticket")) });
const operatorTickets = createRoute({ getParentRoute: () => inside, path: "/operator/tickets", component: lazyRouteComponent(() => import("./pages/tickets/Tickets"), "OperatorTickets") });
const operatorTicket = createRoute({ getParentRoute: () => inside, path: "/operator/tickets/$id", component: lazyRouteComponent(() => import("./pages/tickets/Ticket"), "OperatorTicket") });
const accounts = createRoute({ getParentRoute: () => inside, path: "/operator/accounts", component: lazyRouteComponent(() => import("./pages/operator/Accounts")) });
const oneAccount = createRoute({ getParentRoute: () => inside, path: "/operator/accounts/$id", component: lazyRouteComponent(() => import("./pages/operator/Accounts"), "OneAccount") });
const books = createRoute({ getParentRoute: () => inside, path: "/operator/books", component: lazyRouteComponent(() => import("./pages/operator/Books")) });
// The word of the API leads to the page of the same things.
const deployments = createRoute({
  getParentRoute: () => root,
  path: "/deployments",
  beforeLoad: () => {
    throw redirect({ to: "/agents" });
  },
});
const deployment = createRoute({
  getParentRoute: () => root,
  path: "/deployments/$id",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/agents/$id", params });
  },
});

const routeTree = root.addChildren([landing, login, signup, setup, invitation, forgot, ...links, deployments, deployment, inside.addChildren([agents, create, agent, account, billing, usage, operator, audit, operatorAudit, tickets, ticket, operatorTickets, operatorTicket, accounts, oneAccount, books])]);

export const router = createRouter({
  routeTree,
  // JSON in the address would quote plain texts such as ?token=123; ours are all plain.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const plain = new URLSearchParams(Object.entries(search).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : []))).toString();
    return plain === "" ? "" : `?${plain}`;
  },
  defaultPendingComponent: Pending,
  defaultPendingMs: 150,
  scrollRestoration: true,
});

function Pending() {
  return (
    <Page>
      <PageSkeleton />
    </Page>
  );
}

function NotFound() {
  return (
    <Page narrow>
      <Empty page title="There is no such page">
        <p>The address may be mistyped, or what it named is gone.</p>
        <Link to="/agents" className={`${buttonClass("primary")} mt-4`}>
          To your agents
        </Link>
      </Empty>
    </Page>
  );
}

function Broken({ error }: { error: unknown }) {
  // After an upgrade the old page asks for files that are no more.
  const stale = /dynamically imported module|module script failed|Importing a module/i.test(error instanceof Error ? error.message : "");
  return (
    <Page narrow>
      <Notice tone="bad" title={stale ? "Vivier has been upgraded" : "This page broke"} alert>
        <p>{stale ? "Reload to get the new dashboard." : "Reload it. If it happens again, tell whoever runs this Vivier what you did."}</p>
        <Button small className="mt-2" onClick={() => window.location.reload()}>
          Reload
        </Button>
      </Notice>
    </Page>
  );
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
