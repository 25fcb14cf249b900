//! Moments are published as text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Rfc3339;

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// In a schema it is text.
impl JsonSchema for Rfc3339 {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_as_text() {
        for text in ["2026-11-24T14:00:00Z", "at half past seven on a \"Wednesday\", or about then"] {
            let moment = Rfc3339::from(text.to_owned());
            let json = serde_json::to_string(&moment).expect("serialised");
            assert_eq!(json, serde_json::to_string(text).expect("serialised"));
            assert_eq!(serde_json::from_str::<Rfc3339>(&json).expect("read"), moment);
        }
    }
}
