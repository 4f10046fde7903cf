/** What was used in each hour or day, drawn by uPlot. Loaded only where something is plotted. */
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useThemeChange } from "../lib/hooks";

interface Props {
  label: string;
  /** Seconds since the epoch, one for each part, evenly spaced. */
  times: number[];
  values: number[];
  unit: string;
  /** The length of a part, in seconds. */
  step: number;
}

const HEIGHT = 130;
const pad = (value: number): string => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** In UTC, as the parts are: an hour of summer time has no bar of its own. */
function tick(seconds: number, step: number): string {
  const at = new Date(seconds * 1000);
  return step < 86_400 ? `${pad(at.getUTCHours())}:00` : `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()] ?? ""}`;
}

export default function Bars({ label, times, values, unit, step }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const theme = useThemeChange();
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const most = Math.max(...values, 0) || 1;
    const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
    const bars = UPlot.paths.bars;
    const made = new UPlot(
      {
        width: Math.max(element.clientWidth, 100),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 6, 0, 0],
        scales: { y: { range: [0, most * 1.05] }, x: { time: true, range: [first - step / 2, last + step / 2] } },
        axes: [
          { ...axis, size: 22, space: 60, incrs: [step, step * 2, step * 3, step * 6, step * 7, step * 12, step * 14, step * 30], values: (_, ticks) => ticks.map((each) => tick(each, step)) },
          { ...axis, size: 50, splits: [0, most / 2, most], values: (_, ticks) => ticks.map((each) => (each >= 10 ? String(Math.round(each)) : String(Number(each.toFixed(2))))) },
        ],
        series: [{}, { stroke: colour("--teal"), fill: colour("--teal-soft"), width: 1, points: { show: false }, ...(bars ? { paths: bars({ size: [0.7, 40] }) } : {}) }],
      },
      [times, values],
      element,
    );
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [times, values, step, theme]);
  return <div ref={frame} role="img" aria-label={`${label}, in ${unit}`} className="w-full overflow-hidden" style={{ height: HEIGHT }} />;
}
