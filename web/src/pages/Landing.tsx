import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { isStatus } from "../api/problem";
import { catalogueQuery, meQuery } from "../api/queries";
import type { PlanOut } from "../api/types";
import { bytes, cores, money, count } from "../lib/format";
import { useTitle } from "../lib/hooks";
import { buttonClass, cx, ProblemNotice, Skeleton } from "../ui/basics";

const POINTS = [
  {
    title: "Sealed",
    text: "Each agent lives in a container and a network of its own. It reaches its model, its chat channels and nothing else, and you can read the evidence.",
    icon: "M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3",
  },
  {
    title: "Under its own name",
    text: "A name you choose is its address. Open it and you are in OpenClaw's own chat, signed in, with no token to copy and no device to pair.",
    icon: "M4 12h16M12 4c3 2.500 3 13.500 0 16M12 4c-3 2.500-3 13.500 0 16M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16",
  },
  {
    title: "Your key stays out of it",
    text: "Your model key is kept encrypted and added on the way to the provider. The agent itself never holds it, and nothing ever shows it again.",
    icon: "M14.500 9.500a4 4 0 1 0-4.200 4L10 15H8v2H6v2H4v-2.500l5-5M15 8h.01",
  },
  {
    title: "Hard to break",
    text: "Every change is checked first and versioned. If one does not work, the agent returns to what did, by itself.",
    icon: "M4 12a8 8 0 1 0 2.500-5.800M4 4v4h4M12 8v4l3 2",
  },
];

export default function Landing() {
  useTitle("");
  const catalogue = useQuery(catalogueQuery);
  const me = useQuery({ ...meQuery, retry: false });
  const signedOut = isStatus(me.error, 401) || !me.data;
  const closed = catalogue.data?.signup === "closed";
  return (
    <>
      <section className="relative overflow-hidden bg-[#0a2c35] text-[#eaf5f3]">
        <div className="mx-auto grid max-w-6xl items-center gap-8 px-4 pt-12 pb-28 sm:px-6 sm:pt-20 sm:pb-36 md:grid-cols-[1.25fr_1fr]">
          <div>
            <h1 className="text-4xl leading-[1.08] sm:text-6xl">Your own OpenClaw agent, sealed, under its own name, in a minute.</h1>
            <p className="mt-5 max-w-xl text-lg text-[#c3dcdb]">
              Sign up, paste a model key, click once, and talk to it: in the browser, in Telegram, Discord or Slack. No servers to look after.
            </p>
            <div className="mt-7 flex flex-wrap items-center gap-3">
              {signedOut ? (
                <>
                  {!closed && (
                    <Link to="/signup" className="inline-flex min-h-12 items-center rounded-[10px] bg-[#ff8a70] px-6 text-base font-semibold text-[#2b0d06] no-underline hover:bg-[#ffa08a] focus-visible:outline-white">
                      Get your agent
                    </Link>
                  )}
                  <Link to="/login" className="inline-flex min-h-12 items-center rounded-[10px] border border-[#6d9aa0] px-6 font-semibold text-[#eaf5f3] no-underline hover:bg-[#123d48] focus-visible:outline-white">
                    Log in
                  </Link>
                </>
              ) : (
                <Link to="/agents" className="inline-flex min-h-12 items-center rounded-[10px] bg-[#ff8a70] px-6 text-base font-semibold text-[#2b0d06] no-underline hover:bg-[#ffa08a] focus-visible:outline-white">
                  To your agents
                </Link>
              )}
            </div>
            {closed && signedOut && <p className="mt-3 text-[#c3dcdb]">This Vivier takes new accounts by invitation only. Ask whoever runs it.</p>}
            <p className="mt-6 max-w-xl text-[#c3dcdb]">
              <strong className="text-[#eaf5f3]">You need a model key:</strong> an API key from OpenAI, Anthropic or OpenRouter, or any server that speaks the same
              language as OpenAI's. What the model costs, its provider bills to you.
            </p>
          </div>
          <Tank />
        </div>
        <svg className="swell absolute inset-x-0 -bottom-px h-20 w-[112%]" viewBox="0 0 1200 80" preserveAspectRatio="none" aria-hidden="true">
          <path d="M0 42c100-26 200-26 300 0s200 26 300 0 200-26 300 0 200 26 300 0v38H0z" fill="#1f7a83" opacity=".45" />
          <path d="M0 54c80-20 160-20 240 0s160 20 240 0 160-20 240 0 160 20 240 0 160-20 240 0v26H0z" fill="#1f7a83" opacity=".55" />
          <path d="M0 66c120-14 240-14 360 0s240 14 360 0 240-14 480 0v14H0z" fill="var(--paper)" />
        </svg>
      </section>

      <section aria-labelledby="why" className="mx-auto w-full max-w-6xl px-4 py-10 sm:px-6">
        <h2 id="why" className="text-2xl sm:text-3xl">
          What a vivier does
        </h2>
        <p className="mt-2 max-w-prose text-muted">
          A vivier is the tank that keeps lobsters alive. This one keeps <em>OpenClaw</em> agents: fed, watched, apart from one another, and within reach.
        </p>
        <ul className="mt-6 grid gap-x-8 gap-y-6 sm:grid-cols-2">
          {POINTS.map(({ title, text, icon }) => (
            <li key={title} className="flex gap-4">
              <span className="grid size-11 shrink-0 place-items-center rounded-full bg-teal-soft text-teal">
                <svg viewBox="0 0 24 24" className="size-6" fill="none" stroke="currentColor" strokeWidth="1.700" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
                  <path d={icon} />
                </svg>
              </span>
              <div>
                <h3 className="text-lg">{title}</h3>
                <p className="text-muted">{text}</p>
              </div>
            </li>
          ))}
        </ul>
      </section>

      <section aria-labelledby="plans" className="mx-auto w-full max-w-6xl px-4 pt-4 pb-16 sm:px-6">
        <h2 id="plans" className="text-2xl sm:text-3xl">
          Plans
        </h2>
        <p className="mt-2 text-muted">What one agent may use. You can move an agent to another plan later.</p>
        <div className="mt-5">
          {catalogue.data ? <Plans plans={catalogue.data.plans} /> : catalogue.error ? <ProblemNotice error={catalogue.error} onRetry={() => void catalogue.refetch()} /> : <Skeleton className="h-48 w-full" />}
        </div>
        {catalogue.data && (
          <p className="mt-6 text-[0.8125rem] text-muted">
            Vivier {catalogue.data.version}
            {catalogue.data.openclaw_version ? `, with OpenClaw ${catalogue.data.openclaw_version}` : ""}
          </p>
        )}
        {signedOut && !closed && (
          <Link to="/signup" className={cx(buttonClass("primary"), "mt-6")}>
            Get your agent
          </Link>
        )}
      </section>
    </>
  );
}

function Plans({ plans: all }: { plans: PlanOut[] }) {
  const plans = all.filter((plan) => plan.offered);
  const priced = plans.some((plan) => plan.price);
  return (
    <div className="card overflow-x-auto" tabIndex={0} role="region" aria-label="Table of plans">
      <table className="w-full min-w-[34rem] text-left">
        <thead className="text-[0.8125rem] text-muted">
          <tr>
            {["Plan", ...(priced ? ["Price"] : []), "Processor", "Memory", "Storage", "Logs kept", "Runs"].map((head) => (
              <th key={head} scope="col" className="px-4 py-3 font-semibold">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plans.map((plan) => (
            <tr key={plan.name} className="border-t border-line">
              <th scope="row" className="px-4 py-3 font-display text-lg font-semibold">
                {plan.title}
              </th>
              {priced && <td className="px-4 py-3">{plan.price && plan.price.amount > 0 ? `${money(plan.price)} a month` : "free"}</td>}
              <td className="px-4 py-3">{cores(plan.limits.cpu_millis)}</td>
              <td className="px-4 py-3">{bytes(plan.limits.memory_bytes)}</td>
              <td className="px-4 py-3">{bytes(plan.limits.storage_bytes)}</td>
              <td className="px-4 py-3">{count(plan.log_retention_days, "day")}</td>
              <td className="px-4 py-3">{plan.expires_after_hours ? `for ${count(plan.expires_after_hours, "hour")}` : "until you stop it"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The picture: a tank with a lobster in it. */
function Tank() {
  return (
    <svg viewBox="0 0 320 260" className="mx-auto hidden w-full max-w-sm md:block" aria-hidden="true">
      <rect x="14" y="22" width="292" height="216" rx="26" fill="#0d3f4b" stroke="#4d9097" strokeWidth="3" />
      <path d="M16 86c30-16 60-16 96 0s64 16 98 0 62-16 94 0v126a24 24 0 0 1-24 24H40a24 24 0 0 1-24-24z" fill="#1b6b75" />
      <path d="M16 86c30-16 60-16 96 0s64 16 98 0 62-16 94 0" fill="none" stroke="#8fd3d1" strokeWidth="3" />
      <g fill="none" stroke="#ff8a70" strokeWidth="5" strokeLinecap="round">
        <path d="M150 150c-14-26-34-34-58-32M150 150c-6-32 2-50 14-66M118 166l-22 6M120 180l-22 14M128 192l-16 20M196 178l14 16M184 188l8 20M206 166l20 8" />
      </g>
      <path d="M128 150c8-16 42-22 64-8s34 26 54 26c4-8 14-12 22-10-2 8-2 12 0 20 6 4 8 12 6 18-10-2-18-6-22-12-22 8-62 20-96 8-26-9-36-26-28-42z" fill="#ff7d62" />
      <path d="M168 142c-6 16-4 34 4 52M190 144c-5 15-3 32 4 46M211 154c-4 11-3 22 2 32" fill="none" stroke="#c94a31" strokeWidth="3.500" strokeLinecap="round" />
      <path d="M94 118c-18 4-32-6-34-22-2-14 6-26 18-32-2 10 0 18 8 24 2-10 8-16 18-20 12 10 14 34-10 50z" fill="#ff7d62" />
      <path d="M164 84c-8-14-4-30 8-38 10-6 22-6 32 0-8 5-12 12-12 20 8-4 16-4 24 0-2 16-26 30-52 18z" fill="#ff7d62" transform="translate(0 14)" />
      <circle cx="140" cy="150" r="5" fill="#0a2c35" />
      <g fill="#a9dedb" opacity=".8">
        <circle cx="262" cy="120" r="5" />
        <circle cx="274" cy="104" r="3.500" />
        <circle cx="256" cy="98" r="2.500" />
      </g>
    </svg>
  );
}
