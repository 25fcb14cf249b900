//! Paths into a session: JSON pointers (RFC 6901) that are known to lead somewhere, so that a typo is
//! not taken for an absent field.

use serde_json::Value;

use crate::report;

/// What is wrong with `pointer` as a path into a session; `None` where it can lead somewhere.
pub(super) fn flaw(pointer: &str) -> Option<String> {
    let Some(path) = pointer.strip_prefix('/') else {
        return Some(format!("`{pointer}` is no path into a session: it begins with /, like /tls/alpn"));
    };
    let schema = report::schema();
    let mut here = definition(&schema, "Session");
    let mut walked = String::new();
    for token in path.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        let Some(next) = here.and_then(|node| child(&schema, node, &token)) else {
            return Some(no_such(&schema, here, &walked, &token));
        };
        here = Some(next);
        walked = format!("{walked}/{token}");
    }
    None
}

fn no_such(schema: &Value, here: Option<&Value>, walked: &str, token: &str) -> String {
    let place = if walked.is_empty() { "a session" } else { walked };
    let nodes = here.map(|node| variants(schema, node)).unwrap_or_default();
    let names: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node.get("properties")?.as_object())
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect();
    let near = super::table::nearest(token, names.iter().copied());
    let hint = match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None if names.is_empty() && nodes.iter().any(|node| node.get("items").is_some()) => {
            "; it is a list: go on with a number from 0".to_owned()
        }
        None => String::new(),
    };
    format!("there is no `{token}` in {place}{hint}")
}

fn definition<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    schema.get("$defs")?.get(name)
}

/// The node itself, what it refers to, and its alternatives.
fn variants<'s>(schema: &'s Value, node: &'s Value) -> Vec<&'s Value> {
    let mut found = vec![node];
    let mut index = 0;
    while let Some(node) = found.get(index).copied() {
        index += 1;
        let reference = node.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
        found.extend(reference.and_then(|name| definition(schema, name)));
        for key in ["anyOf", "oneOf", "allOf"] {
            found.extend(node.get(key).and_then(Value::as_array).into_iter().flatten());
        }
    }
    found
}

fn child<'s>(schema: &'s Value, node: &'s Value, token: &str) -> Option<&'s Value> {
    let is_index = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    variants(schema, node).into_iter().find_map(|node| {
        let field = node.get("properties").and_then(|properties| properties.get(token));
        field.or_else(|| node.get("items").filter(|_| is_index))
    })
}

/// A value as a difference shows it.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(absent)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.len() > 4 => format!("a list of {}", items.len()),
        Some(Value::Object(_)) => "(present)".to_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_path_of_a_real_session_is_allowed() {
        fn walk(value: &Value, path: &str, paths: &mut Vec<String>) {
            if !path.is_empty() {
                paths.push(path.to_owned());
            }
            match value {
                Value::Object(fields) => {
                    fields.iter().for_each(|(key, one)| walk(one, &format!("{path}/{key}"), paths));
                }
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(index, one)| walk(one, &format!("{path}/{index}"), paths));
                }
                _ => {}
            }
        }
        let mut paths = Vec::new();
        walk(&serde_json::to_value(sample::expired()).expect("JSON"), "", &mut paths);
        paths.dedup();
        assert!(paths.len() > 100);
        for path in paths.iter().step_by(7) {
            assert_eq!(flaw(path), None, "{path}");
        }
    }

    #[test]
    fn a_typo_is_told() {
        assert!(flaw("tls/alpn").expect("a flaw").contains("begins with /"));
        assert_eq!(flaw("/tls/apln").expect("a flaw"), "there is no `apln` in /tls; did you mean `alpn`?");
        assert!(flaw("/certificates/client/subject").expect("a flaw").contains("a number from 0"));
        assert_eq!(flaw("/hello_retry_request"), None);
        assert!(flaw("/tls/alpn/0").is_some());
    }
}
