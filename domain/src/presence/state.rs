//! The free JSON that a presence shows: opaque below its top-level keys.

use std::sync::Arc;

use indexmap::IndexMap;

/// An ordered map from key to raw JSON text. A patch replaces texts, so numbers, order and any
/// key name stay exactly as they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    entries: Arc<IndexMap<Arc<str>, Arc<str>>>,
}

impl State {
    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys (as text, not as JSON) and values (as JSON text), in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.entries.iter()
    }

    /// Its size in bytes as JSON text without spaces, escapes in keys not counted.
    pub fn bytes(&self) -> usize {
        let entries = self.entries.iter();
        let texts: usize = entries
            .map(|(key, value)| key.len() + value.len() + 4)
            .sum();
        texts + 2 - usize::from(!self.is_empty())
    }

    /// Merges shallowly: each top-level key of `patch` replaces the value here; `null` is a
    /// value like any other. `None` if that changes nothing.
    #[must_use]
    pub fn patched(&self, patch: &State) -> Option<State> {
        let changes = |(key, value)| self.entries.get::<Arc<str>>(key) != Some(value);
        if !patch.entries.iter().any(changes) {
            return None;
        }
        let mut entries = IndexMap::clone(&self.entries);
        for (key, value) in patch.entries.iter() {
            entries.insert(key.clone(), value.clone());
        }
        Some(State {
            entries: Arc::new(entries),
        })
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for State {
    /// Of a key given twice the last value counts, at the first place, as in JavaScript.
    fn from_iter<T: IntoIterator<Item = (K, V)>>(iter: T) -> Self {
        let entries = iter.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self {
            entries: Arc::new(entries.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(entries: &[(&str, &str)]) -> State {
        entries.iter().copied().collect()
    }

    #[test]
    fn a_patch_replaces_values_and_keeps_order() {
        let before = state(&[("b", "1"), ("a", "1.50")]);
        let after = before
            .patched(&state(&[("c", "null"), ("b", "2")]))
            .unwrap();
        assert_eq!(after, state(&[("b", "2"), ("a", "1.50"), ("c", "null")]));
        let keys: Vec<_> = after.iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["b", "a", "c"]);
    }

    #[test]
    fn a_patch_that_changes_nothing_is_none() {
        let before = state(&[("a", "1"), ("b", "{}")]);
        assert_eq!(before.patched(&state(&[("b", "{}")])), None);
        assert_eq!(before.patched(&state(&[])), None);
        assert!(before.patched(&state(&[("a", "1.0")])).is_some());
    }

    #[test]
    fn the_size_is_that_of_the_json_text() {
        assert_eq!(state(&[]).bytes(), "{}".len());
        assert_eq!(
            state(&[("a", "1"), ("bc", "[2]")]).bytes(),
            r#"{"a":1,"bc":[2]}"#.len()
        );
    }
}
