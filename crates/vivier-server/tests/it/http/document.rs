//! `openapi.json` at the root says what the code does.

#[test]
fn the_checked_in_document_is_the_one_that_the_code_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let made = vivier_server::http::routes::document();
    assert_eq!(made, vivier_server::http::routes::document(), "the order must be the same every time");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &made).expect("the document can be written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == made,
        "openapi.json is not what the code makes; run `UPDATE_OPENAPI=1 cargo nextest run -p vivier-server http::document` and look at the change"
    );
}
