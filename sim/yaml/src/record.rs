//! Records: a mapping with known keys, declared once for the reader and for the JSON Schema.

/// What is special about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It must be there.
    Required,
    /// Known only where the reader allows extensions to a format of another project.
    Extension,
}

/// Declares a record: the struct with its documentation, its reader and its JSON Schema.
///
/// Every field is optional in the struct, since reading goes on after a mistake; a required one
/// that is absent has been noted by then. `given` holds the keys that were there, null or not.
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $ty:ty = $key:literal $([$($flag:ident),*])?,
            )*
        }
    ) => {
        #[derive(Clone, Debug, Default, schemars::JsonSchema)]
        $(#[$meta])*
        #[schemars(deny_unknown_fields)]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[schemars(rename = $key)]
                $vis $field: Option<$ty>,
            )*
            /// Where the mapping begins.
            #[schemars(skip)]
            $vis place: $crate::Place,
            /// The keys that were there.
            #[schemars(skip)]
            $vis given: Vec<$crate::Spanned<String>>,
        }

        impl $name {
            /// Every key with its flags.
            $vis const KEYS: &'static [(&'static str, &'static [$crate::Flag])] =
                &[$(($key, &[$($($crate::Flag::$flag),*)?])),*];
        }

        impl $crate::FromNode for $name {
            fn from_node(
                node: &$crate::Node,
                reader: &mut $crate::Reader,
            ) -> Option<Self> {
                let mut record = Self { place: node.place, ..Self::default() };
                for entry in reader.record_entries(node, Self::KEYS) {
                    record.given.push(entry.key.clone());
                    if entry.value.is_null() {
                        continue;
                    }
                    match entry.key.value.as_str() {
                        $($key => {
                            record.$field =
                                <$ty as $crate::FromNode>::from_node(&entry.value, reader);
                        })*
                        _ => {}
                    }
                }
                Some(record)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{Map, Reader, Spanned, Unknown, parse};

    record! {
        /// A door.
        struct Door {
            /// Its colour.
            #[schemars(required)]
            colour: Spanned<String> = "colour" [Required],
            /// How many hinges.
            hinge_count: u32 = "hinge-count",
            /// Ours only.
            secret: bool = "secret" [Extension],
            /// Doors in the door.
            flaps: Map<String> = "flaps",
        }
    }

    fn read(text: &str, extensions: bool) -> (Door, Vec<String>) {
        use crate::FromNode;
        let documents = parse(text, 0).expect("yaml");
        let mut reader = Reader::new(Unknown::Refused, extensions);
        let door = Door::from_node(&documents[0], &mut reader).expect("records are always read");
        let said = |mistake: &crate::Mistake| {
            format!(
                "{} ({})",
                mistake.message,
                mistake.help.clone().unwrap_or_default()
            )
        };
        (door, reader.mistakes.iter().map(said).collect())
    }

    #[test]
    fn every_mistake_is_gathered() {
        let (door, mistakes) = read(
            "hinge_count: 3\nhinge-count: many\nflaps: [a]\nflaps: {a: b}\nsecret: true\n",
            false,
        );
        assert!(door.colour.is_none());
        assert_eq!(door.place.start, 0);
        insta::assert_snapshot!(mistakes.join("\n"), @"
        `flaps` is given twice ()
        `colour` is missing ()
        unknown key `hinge_count` (a similar key is given already: `hinge-count`)
        unknown key `secret` (known here: colour, hinge-count, flaps)
        expected a whole number, found a text ()
        expected a mapping of names, found a list ()
        ");
    }

    #[test]
    fn a_right_record_is_read_whole() {
        let (door, mistakes) = read("colour: red\nhinge-count: 3\nsecret: true\nflaps:\n", true);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(
            door.colour.map(|colour| colour.value).as_deref(),
            Some("red")
        );
        assert_eq!((door.hinge_count, door.secret), (Some(3), Some(true)));
        assert!(door.flaps.is_none());
        assert_eq!(door.given.len(), 4);
    }

    #[test]
    fn the_schema_knows_the_same_keys() {
        let schema = schemars::schema_for!(Door);
        let properties = schema
            .get("properties")
            .and_then(|keys| keys.as_object())
            .expect("an object");
        let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        let mut known: Vec<&str> = Door::KEYS.iter().map(|&(key, _)| key).collect();
        known.sort_unstable();
        let mut keys_sorted = keys;
        keys_sorted.sort_unstable();
        assert_eq!(keys_sorted, known);
        assert_eq!(schema.get("required"), Some(&serde_json::json!(["colour"])));
    }
}
