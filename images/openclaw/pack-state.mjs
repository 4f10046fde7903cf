// Copies OpenClaw's state database without what only the build saw (its events and config health), compacted.
// Usage: pack-state.mjs FROM TO
import { DatabaseSync } from "node:sqlite";

const [from, to] = process.argv.slice(2);
const db = new DatabaseSync(from);
const tables = new Set(db.prepare("select name from sqlite_master where type = 'table'").all().map((row) => row.name));
for (const table of ["diagnostic_events", "config_health_entries"]) {
  if (tables.has(table)) db.exec(`delete from "${table}"`);
}
const index = db.prepare("select value_json from config_machine_state where state_key = 'plugins.installedIndex'").get();
if (!index) throw new Error("the state database holds no plugin install records");
db.prepare("vacuum into ?").run(to);
db.close();
