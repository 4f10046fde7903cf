//! Requests made from the schemas of `openapi.json`: one that is right, and as many as can be that are wrong.

use serde_json::{Map, Value, json};

/// The document that is checked in.
pub fn document() -> Value {
    serde_json::from_str(include_str!("../../../../../openapi.json")).expect("openapi.json is JSON")
}

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub value: Value,
}

pub fn operations() -> Vec<Operation> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").clone();
    paths
        .into_iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().expect("an item").clone();
            item.into_iter().map(move |(method, value)| Operation {
                id: value["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                value,
            })
        })
        .collect()
}

impl Operation {
    /// Whether it says that it needs nobody to be signed in.
    pub fn is_public(&self) -> bool {
        self.value["security"].as_array().is_some_and(|needs| needs.iter().any(|need| need.as_object().is_some_and(Map::is_empty)))
    }

    /// The scope that a token needs; `None`: no token will do.
    pub fn scope(&self) -> Option<String> {
        let needs = self.value["security"].as_array()?;
        needs.iter().find_map(|need| need["bearer"][0].as_str().map(str::to_owned))
    }

    pub fn body_schema(&self) -> Option<&Value> {
        self.value.get("requestBody").map(|body| &body["content"]["application/json"]["schema"])
    }

    pub fn parameters(&self, place: &str) -> Vec<&Value> {
        self.value["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == place).collect()
    }

    pub fn documents(&self, status: u16) -> bool {
        self.value["responses"].get(status.to_string()).is_some()
    }
}

/// A reference followed, and the null of an optional thing left out.
pub fn resolve(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let mut found = document["components"]["schemas"][name].clone();
        found["x-name"] = json!(name);
        return resolve(document, &found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = choices.iter().find(|choice| choice["type"] != "null").expect("something beside null");
        if choices.iter().any(|choice| choice["type"] == "null") {
            let mut found = resolve(document, choice);
            found["x-nullable"] = json!(true);
            return found;
        }
    }
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array().cloned() {
        schema["type"] = types.iter().find(|kind| *kind != "null").cloned().unwrap_or_default();
        schema["x-nullable"] = json!(true);
    }
    schema
}

/// A value that the schema and our rules accept. `field`: the name of the property that it is for.
pub fn example(document: &Value, schema: &Value, field: &str) -> Value {
    let schema = resolve(document, schema);
    let unique = uuid::Uuid::new_v4().simple().to_string();
    match field {
        "email" => return json!(format!("{unique}@example.com")),
        // Of somebody else.
        "user" => return json!("usr_01kb00000000000000000000zz"),
        "account" => return json!("acc_01kb00000000000000000000zz"),
        "password" | "current_password" => return json!(super::api::PASSWORD),
        "new_password" => return json!("another horse battery"),
        "slug" => return json!(format!("agent-{}", &unique[..12])),
        "base_url" | "api_root" => return json!("https://models.example.com/v1"),
        "model" => return json!("gpt-5-mini"),
        "api_key" => return json!("sk-canary-in-the-contract"),
        "tokens" => return json!({ "bot_token": "123456789:AAabcdefghijklmnopqrstuvwxyz012345678" }),
        "allow_from" => return json!(["42"]),
        "config" | "text" => return json!("{}"),
        "expires_in_days" => return json!(30),
        "deployment" => return json!("dep_01k0000000000000000000000a"),
        "return" => return json!("/chat"),
        "window" => return json!("sat,sun 22:00-04:00 Europe/Berlin"),
        "stages" => return json!(["1", "5%", "all"]),
        "revision" | "expected_version" => return json!(1),
        "image" => return json!(crate::support::store::image("2026.9.6", 1).image),
        // Nothing has been kept yet that could be put back.
        "data" => return json!("keep"),
        // What is not seen cannot be sent.
        "snapshot" => return Value::Null,
        _ => {}
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            Value::Object(
                properties
                    .iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "setup_token" | "invitation"))
                    .map(|(name, schema)| (name.clone(), example(document, schema, name)))
                    .collect(),
            )
        }
        Some("array") => json!([example(document, &schema["items"], "")]),
        Some("integer") => json!(1),
        Some("number") => json!(1.0),
        Some("boolean") => json!(true),
        _ => json!("a name"),
    }
}

/// A body with one thing wrong.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Where, as the problem must name it; the beginning of it for a key that is missing or unknown.
    pub path: String,
    pub body: Value,
    /// It can never be accepted: a type that does not fit, a field that is missing or unknown.
    pub certain: bool,
}

/// Every property and item of `right`, wrong in every way of its type.
pub fn mutants(document: &Value, schema: &Value, right: &Value) -> Vec<Mutant> {
    let mut found = Vec::new();
    walk(document, schema, right, right, &mut Vec::new(), &mut found);
    found
}

#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

fn render(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

fn at<'a>(body: &'a mut Value, steps: &[Step]) -> &'a mut Value {
    steps.iter().fold(body, |node, step| match step {
        Step::Key(key) => &mut node[key.as_str()],
        Step::Index(index) => &mut node[*index],
    })
}

fn walk(document: &Value, schema: &Value, root: &Value, node: &Value, steps: &mut Vec<Step>, found: &mut Vec<Mutant>) {
    let schema = resolve(document, schema);
    let mut put = |steps: &[Step], value: Value, certain: bool, path: String| {
        let mut body = root.clone();
        *at(&mut body, steps) = value;
        found.push(Mutant { path, body, certain });
    };
    let kind = schema["type"].as_str().unwrap_or_default().to_owned();
    let here = render(steps);
    for (other, value) in
        [("boolean", json!(true)), ("number", json!(7.5)), ("string", json!("a\u{7}b")), ("object", json!({ "x": { "y": [] } })), ("array", json!([[[]]]))]
    {
        if other != kind && !(kind == "integer" && other == "number" && steps.is_empty()) {
            put(steps, value, true, here.clone());
        }
    }
    if schema["x-nullable"] != json!(true) {
        put(steps, Value::Null, !steps.is_empty(), here.clone());
    }
    match kind.as_str() {
        "string" => {
            let long = "a".repeat(70_000);
            for text in [
                "",
                " ",
                "\u{202e}evil",
                "../../etc/passwd",
                "a\r\nSet-Cookie: x=y",
                "<script>",
                "{{7*7}}",
                "'; DROP TABLE accounts; --",
                "\u{0}",
                "xn--80ak6aa92e",
                &long,
            ] {
                put(steps, json!(text), false, here.clone());
            }
        }
        "integer" => {
            for value in [json!(-1), json!(0), json!(i64::MAX), json!(u64::MAX), json!(1e300)] {
                put(steps, value, false, here.clone());
            }
        }
        "array" => {
            put(steps, Value::Array(vec![node[0].clone(); 5_000]), false, here.clone());
            steps.push(Step::Index(0));
            walk(document, &schema["items"], root, &node[0], steps, found);
            steps.pop();
        }
        "object" => {
            let Some(properties) = schema["properties"].as_object() else { return };
            let mut more = node.clone();
            more["unknown_field"] = json!(1);
            put(steps, more, true, here.clone());
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let mut less = node.clone();
                less.as_object_mut().expect("an object").shift_remove(name);
                put(steps, less, true, here.clone());
            }
            for (name, property) in properties.clone() {
                if let Some(child) = node.get(&name) {
                    steps.push(Step::Key(name));
                    walk(document, &property, root, child, steps, found);
                    steps.pop();
                }
            }
        }
        _ => {}
    }
}
