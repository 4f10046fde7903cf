/** The frame around every page: skip link, head, navigation, the banner of a lost connection. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { isStatus, isUnreachable } from "../api/problem";
import { endLook } from "../api/console";
import { catalogueQuery, logout, meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { timeOfDay } from "../lib/format";
import { chooseTheme, chosenTheme, type Theme } from "../lib/theme";
import { Switcher } from "../pages/account/Switcher";
import { Button, buttonClass, cx, PageSkeleton, ProblemNotice, Spinner } from "./basics";
import { Logo } from "./Logo";
import { complain, Toasts } from "./toasts";

export function Root() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A new page: the reader's place is its top, for eyes and for screen readers.
  useEffect(() => {
    if (first.current) first.current = false;
    else if (!path.startsWith("/agents/") || !document.activeElement?.matches("[role=tab]")) main.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="card absolute top-2 left-2 z-50 -translate-y-24 px-4 py-2 focus:translate-y-0">
        Skip to the content
      </a>
      <Head />
      <LookBanner />
      <ConnectionBanner />
      <main id="main" ref={main} tabIndex={-1} className="flex grow flex-col outline-none">
        <Outlet />
      </main>
      <Toasts />
    </div>
  );
}

const navLink = "rounded-lg px-3 py-2 max-[400px]:px-1.5 font-semibold text-ink no-underline hover:bg-sunken aria-[current=page]:bg-teal-soft aria-[current=page]:text-teal";

function Head() {
  const me = useQuery({ ...meQuery, retry: false });
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 sm:px-6">
        <Link to={me.data ? "/agents" : "/"} className="mr-auto inline-flex rounded-lg text-ink no-underline" aria-label="Vivier, home">
          <Logo />
        </Link>
        <ThemeSwitch />
        {me.data ? <SignedIn me={me.data} /> : isStatus(me.error, 401) ? <SignedOut /> : null}
      </div>
    </header>
  );
}

function SignedIn({ me }: { me: Me }) {
  const client = useQueryClient();
  const router = useRouter();
  const billing = useQuery(catalogueQuery).data?.billing ?? false;
  const leave = async (): Promise<void> => {
    try {
      await logout();
    } catch (error) {
      if (!isStatus(error, 401)) return complain(error);
    }
    await router.navigate({ to: "/login" });
    client.clear();
  };
  return (
    <>
      <nav aria-label="Main" className="order-last flex w-full flex-wrap gap-1 sm:order-none sm:w-auto">
        <Link to="/agents" className={navLink} activeProps={{ "aria-current": "page" }}>
          Agents
        </Link>
        <Link to="/tickets" className={navLink} activeProps={{ "aria-current": "page" }}>
          Help
        </Link>
        {me.user.operator && (
          <Link to="/operator" className={navLink} activeProps={{ "aria-current": "page" }}>
            Operator
          </Link>
        )}
        {billing && (
          <Link to="/billing" className={navLink} activeProps={{ "aria-current": "page" }}>
            Billing
          </Link>
        )}
        <Link to="/usage" className={navLink} activeProps={{ "aria-current": "page" }}>
          Usage
        </Link>
        <Link to="/account" className={navLink} activeProps={{ "aria-current": "page" }} title={me.user.email}>
          Account
        </Link>
      </nav>
      <Switcher me={me} />
      <Button look="quiet" small onClick={() => void leave()}>
        Log out
      </Button>
    </>
  );
}

/** An operator looks at somebody's account: on every page, as long as it lasts. */
function LookBanner() {
  const me = useQuery({ ...meQuery, retry: false }).data;
  const client = useQueryClient();
  const router = useRouter();
  if (!me?.look) return null;
  const leave = async (): Promise<void> => {
    try {
      await endLook();
    } catch (error) {
      if (!isStatus(error, 404)) return complain(error);
    }
    await client.resetQueries();
    await router.navigate({ to: "/operator" });
  };
  return (
    <div role="status" className="border-b border-amber bg-amber-soft text-ink">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center justify-between gap-3 px-4 py-2 sm:px-6">
        <p className="[overflow-wrap:anywhere]">
          You look at <span className="font-semibold">{me.look.account_name}</span> until {timeOfDay(me.look.until)} and can change nothing. The customer sees that you do, and why: {me.look.reason}
        </p>
        <Button small onClick={() => void leave()}>
          End the look
        </Button>
      </div>
    </div>
  );
}

function SignedOut() {
  return (
    <nav aria-label="Main" className="flex gap-2">
      <Link to="/login" className={buttonClass("quiet", true)}>
        Log in
      </Link>
      <Link to="/signup" className={cx(buttonClass("primary", true), "max-[420px]:hidden")}>
        Sign up
      </Link>
    </nav>
  );
}

const THEMES: Record<Theme, { next: Theme; title: string; path: string }> = {
  system: { next: "light", title: "Theme: as the system", path: "M4 5h16v11H4zM9 20h6M12 16v4" },
  light: { next: "dark", title: "Theme: light", path: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M19 5l-1.400 1.400M6.400 17.600 5 19" },
  dark: { next: "system", title: "Theme: dark", path: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z" },
};

function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  const { next, title, path } = THEMES[theme];
  return (
    <button
      type="button"
      className="grid size-9 place-items-center rounded-lg text-muted hover:bg-sunken hover:text-ink"
      aria-label={`${title}. Change to ${next === "system" ? "the system's" : next}.`}
      title={title}
      onClick={() => {
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 24 24" className="size-5" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        <path d={path} />
      </svg>
    </button>
  );
}

/** Appears when the server stops answering, asks every two seconds, and disappears by itself; then everything is asked anew. */
function ConnectionBanner() {
  const client = useQueryClient();
  const [lost, setLost] = useState(false);
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type === "updated" && event.action.type === "error" && isUnreachable(event.action.error)) setLost(true);
        if (event.type === "updated" && event.action.type === "failed" && isUnreachable(event.action.error)) setLost(true);
      }),
    [client],
  );
  useEffect(() => {
    if (!lost) return undefined;
    const timer = setInterval(() => {
      fetch("/v1/catalogue", { cache: "no-store" }).then(
        (response) => {
          if (!response.ok) return;
          setLost(false);
          void client.invalidateQueries();
        },
        () => undefined, // Still away: the next tick asks again.
      );
    }, 2000);
    return () => clearInterval(timer);
  }, [lost, client]);
  return (
    <div role="status" aria-live="polite">
      {lost && (
        <div className="flex items-center justify-center gap-2 bg-amber-soft px-4 py-2 text-center font-medium text-amber">
          <Spinner />
          Reconnecting to Vivier… Your agents keep running.
        </div>
      )}
    </div>
  );
}

export function Page({ children, narrow = false }: { children: ReactNode; narrow?: boolean }) {
  return <div className={cx("mx-auto w-full px-4 py-6 sm:px-6 sm:py-8", narrow ? "max-w-3xl" : "max-w-6xl")}>{children}</div>;
}

/** Pages behind the sign-in. Who is signed out goes to the login and comes back to where they were. */
export function Inside() {
  const me = useQuery(meQuery);
  const here = useRouterState({ select: (state) => state.location.href });
  if (isStatus(me.error, 401)) return <Navigate to="/login" search={{ next: here }} replace />;
  if (me.isPending) {
    return (
      <Page>
        <PageSkeleton />
      </Page>
    );
  }
  if (me.error && !me.data) {
    return (
      <Page narrow>
        <ProblemNotice error={me.error} onRetry={() => void me.refetch()} />
      </Page>
    );
  }
  // Whoever is a member of no account sees nothing else until they make one or are invited to one.
  if (me.data && !me.data.account && here !== "/account") return <Navigate to="/account" replace />;
  return <Outlet />;
}
