/** One curve under its limit, drawn by uPlot. Loaded only where something is plotted. */
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useThemeChange } from "../lib/hooks";

interface Props {
  label: string;
  /** Seconds since the epoch. */
  times: number[];
  values: number[];
  limit: number;
  unit: string;
}

const HEIGHT = 120;
/** All of it, at least a minute. Read from the data: uPlot's own guess for a single point is a whole day. */
function lastMinute(times: readonly number[]): [number, number] {
  const end = times.at(-1) ?? 60;
  return [Math.min(times[0] ?? end, end - 60), end];
}

const pad = (value: number): string => String(value).padStart(2, "0");

export default function Plot({ label, times, values, limit, unit }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const data = useRef<[number[], number[]]>([times, values]);
  const theme = useThemeChange();

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const made = new UPlot(
      {
        width: Math.max(element.clientWidth, 100),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 6, 0, 0],
        scales: { y: { range: [0, limit * 1.05] }, x: { time: true, range: () => lastMinute(data.current[0]) } },
        axes: [
          { ...axis, size: 22, space: 70, values: (_, ticks) => ticks.map((tick) => ((date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`)(new Date(tick * 1000))) },
          { ...axis, size: 46, splits: [0, limit / 2, limit], values: (_, ticks) => ticks.map((tick) => (tick >= 10 ? String(Math.round(tick)) : String(Number(tick.toFixed(2))))) },
        ],
        series: [{}, { stroke: colour("--teal"), fill: colour("--teal-soft"), width: 2, points: { show: (self) => (self.data[0]?.length ?? 0) < 3, size: 5, fill: colour("--teal") } }],
      },
      data.current,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [limit, theme]);

  useEffect(() => {
    data.current = [times, values];
    plot.current?.setData(data.current);
  }, [times, values]);

  return <div ref={frame} role="img" aria-label={`${label}, in ${unit}`} className="w-full overflow-hidden" style={{ height: HEIGHT }} />;
}
