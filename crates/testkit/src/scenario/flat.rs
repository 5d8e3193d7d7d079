//! Tables whose key says what they are, as serde's externally tagged enums are written. What else a variant has stands beside
//! that key instead of inside its value: `{ drip = "03 00", every_ms = 50 }`. A variant of that kind has the key itself for a
//! field.
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, IgnoredAny, MapAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// What is said nowhere else of such tables.
pub(super) struct Shape {
    /// The keys that stand beside another one, each with that one.
    pub(super) beside: &'static [(&'static str, &'static str)],
    /// What is wrong with a table of no key, or of two that do not belong together.
    pub(super) one: &'static str,
}

/// Reads such a table. Values are read where they stand, so that an error names their place.
pub(super) fn read<'de, T, D>(deserializer: D, shape: &'static Shape) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Table { shape, read: PhantomData })
}

struct Table<T> {
    shape: &'static Shape,
    read: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table ({})", self.shape.one)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(Tagged { map, keys: Keys { shape: self.shape, tags: &[] } })
    }
}

/// The keys that there are.
#[derive(Clone, Copy)]
struct Keys {
    shape: &'static Shape,
    tags: &'static [&'static str],
}

impl Keys {
    /// What a table with this key is.
    fn tag_of<E: serde::de::Error>(self, key: &str) -> Result<&str, E> {
        let tag = self.beside().find(|(own, _)| *own == key).map_or(key, |(_, tag)| tag);
        if self.tags.contains(&tag) {
            return Ok(tag);
        }
        let with_beside = |tag: &&'static str| {
            let tag = *tag;
            let others = self.beside().filter(move |(_, own)| *own == tag);
            std::iter::once(tag).chain(others.map(|(key, _)| key)).map(|key| format!("`{key}`"))
        };
        let all: Vec<String> = self.tags.iter().flat_map(with_beside).collect();
        Err(E::custom(format_args!("unknown field `{key}`, expected one of {}", all.join(", "))))
    }

    fn beside(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.shape.beside.iter().copied()
    }
}

/// The table as an enum.
struct Tagged<A> {
    map: A,
    keys: Keys,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Tagged<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.map)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        tags: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_enum(Self { keys: Keys { tags, ..self.keys }, ..self })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Tagged<A> {
    type Error = A::Error;
    type Variant = Contents<A>;

    fn variant_seed<V: DeserializeSeed<'de>>(mut self, seed: V) -> Result<(V::Value, Contents<A>), A::Error> {
        let Some((key, tag, variant)) = self.map.next_key_seed(First { keys: self.keys, seed })? else {
            return Err(A::Error::custom(self.keys.shape.one));
        };
        Ok((variant, Contents { key: Some(key), tag, map: self.map, keys: self.keys }))
    }
}

/// The first key of a table, what the table is by it, and the variant of that.
struct First<V> {
    keys: Keys,
    seed: V,
}

impl<'de, V: DeserializeSeed<'de>> DeserializeSeed<'de> for First<V> {
    type Value = (String, String, V::Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        let tag = self.keys.tag_of(&key)?.to_owned();
        let variant = self.seed.deserialize(StrDeserializer::new(&tag))?;
        Ok((key, tag, variant))
    }
}

/// Another key of a table that is `tag`: one that stands beside it, or one too many.
struct Further<'a, K> {
    keys: Keys,
    tag: &'a str,
    seed: K,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Further<'_, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        if self.keys.tag_of::<D::Error>(&key)? != self.tag {
            return Err(D::Error::custom(self.keys.shape.one));
        }
        self.seed.deserialize(StrDeserializer::new(&key))
    }
}

/// What a variant has: the value of its key, or the whole table.
struct Contents<A> {
    /// The key that was read already.
    key: Option<String>,
    tag: String,
    map: A,
    keys: Keys,
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Contents<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom(self.keys.shape.one))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, A::Error> {
        let value = self.map.next_value_seed(seed)?;
        // Nothing stands beside it.
        let further = Further { keys: self.keys, tag: "", seed: PhantomData::<IgnoredAny> };
        self.map.next_key_seed(further)?;
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom(self.keys.shape.one))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Contents<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.key.take() {
            Some(key) => seed.deserialize(StrDeserializer::new(&key)).map(Some),
            None => self.map.next_key_seed(Further { keys: self.keys, tag: &self.tag, seed }),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
