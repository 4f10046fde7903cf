import { useQuery } from "@tanstack/react-query";
import { isStatus } from "../../api/problem";
import { proofQuery } from "../../api/queries";
import type { Deployment } from "../../api/types";
import { moment, shortDigest } from "../../lib/format";
import { Card, cx, Empty, Notice, ProblemNotice, Skeleton } from "../../ui/basics";

export default function Proof({ agent }: { agent: Deployment }) {
  const { data, error, refetch } = useQuery(proofQuery(agent.id));
  if (!data) {
    if (isStatus(error, 404) || isStatus(error, 409)) {
      return <Empty title="No proof yet">The proof is taken from the running container before the agent is let out of the door. Come back when it runs.</Empty>;
    }
    return error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64 w-full" />;
  }
  const { proof, holds } = data;
  const sorted = [...proof.checks].sort((left, right) => Number(left.holds) - Number(right.holds));
  return (
    <Card title="Proof of the seal">
      <p className="mb-4 max-w-prose text-muted">
        Nothing here is assumed: each line was read back from the running container and compared with what was asked for. An agent whose proof does not hold is not reachable.
      </p>
      <Notice tone={holds ? "good" : "bad"} title={holds ? `All ${proof.checks.length} checks hold` : `${proof.checks.filter((check) => !check.holds).length} of ${proof.checks.length} checks do not hold`}>
        Taken {moment(proof.at)} from container <span className="font-mono">{proof.container.slice(0, 12)}</span>, image <span className="font-mono">{shortDigest(proof.image)}</span>.
      </Notice>
      <div className="mt-4 overflow-x-auto" tabIndex={0} role="region" aria-label="Evidence">
        <table className="w-full min-w-[36rem] text-left">
          <thead className="text-[0.8125rem] text-muted">
            <tr>
              <th scope="col" className="py-2 pr-3 font-semibold">Holds</th>
              <th scope="col" className="py-2 pr-3 font-semibold">What</th>
              <th scope="col" className="py-2 pr-3 font-semibold">Expected</th>
              <th scope="col" className="py-2 font-semibold">Found</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((check) => (
              <tr key={check.name} className="border-t border-line align-top">
                <td className={cx("py-2 pr-3 font-semibold", check.holds ? "text-good" : "text-bad")}>{check.holds ? "yes" : "NO"}</td>
                <th scope="row" className="py-2 pr-3 font-semibold">{check.name.replaceAll("_", " ")}</th>
                <td className="py-2 pr-3 font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{check.expected}</td>
                <td className="py-2 font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{check.found}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
