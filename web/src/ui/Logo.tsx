/** The mark: a tank, its water line, and a claw. Drawn here, owned by the project. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0d3540" />
      <path d="M5 13.5c2.2-2.4 4.6-2.4 7 0s5 2.4 7.4 0 5-2.4 7.6 0V23a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4z" fill="#1f7a83" />
      <path
        d="M16 24.500c-1.600-2.600-2-5-.9-7.400-3 .2-5.600-1.700-5.900-4.900-.3-3 1.600-5.600 4.500-6.600-.5 2.100 0 3.600 1.500 4.600.3-1.900 1.300-3.300 3.200-4.200 3 1.600 4.300 4.500 3.300 7.300-.7 2.100-2.300 3.400-4.300 3.800-.8 2.400-.9 4.700-1.400 7.400z"
        fill="#ff7d62"
      />
    </svg>
  );
}

export function Logo() {
  return (
    <span className="inline-flex items-center gap-2">
      <Mark className="size-8" />
      <span className="font-display text-xl font-semibold tracking-tight">Vivier</span>
    </span>
  );
}
