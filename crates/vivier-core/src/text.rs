//! Types that travel as text: written by their `Display`, read by their `FromStr`, in JSON and TOML alike.

/// Gives `$name` serde's traits by way of its text; with a second argument also its schema for the API's document.
macro_rules! travels_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
    ($name:ident, pattern: $pattern:expr, format: $format:expr) => {
        $crate::text::travels_as_text!($name);

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::wire::text_schema($pattern, $format)
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use travels_as_text;
