//! Migrations are embedded: a changed one must rebuild the crate. So is the dashboard; while it has not been built, a page
//! stands in for it that says how.

use std::path::Path;

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
    <title>Vivier</title>\n<h1>Vivier runs, without its dashboard</h1>\n\
    <p>The dashboard was not built when this program was. Build both with <code>make build</code>, or the dashboard alone with\n\
    <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>, then build this program again.</p>\n\
    <p>The API answers at <code>/v1</code>; it is described in <a href=\"/openapi.json\">openapi.json</a>.</p>\n</html>\n";

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    if !dist.join("index.html").exists() {
        let made = std::fs::create_dir_all(&dist).and_then(|()| std::fs::write(dist.join("index.html"), PLACEHOLDER));
        if let Err(error) = made {
            println!("cargo:warning=no page can stand in for the dashboard in {}: {error}", dist.display());
        }
    }
}
